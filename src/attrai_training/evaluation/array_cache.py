"""Arrays in files of a cache, which a damaged file leaves to be computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attrai.storage import write_atomically


def read_arrays(file: Path, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """Return the arrays in a file by name; None if it is missing or damaged."""
    try:
        # On a damaged file numpy would leave a handle of its own open.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
            return {name: content[name] for name in names}
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged file makes numpy raise nearly anything
        return None


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file, in a folder that exists.

    Raises:
        OSError: the file can't be written.
    """
    buffer = BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # may be an option, to its stubs
    write_atomically(file, buffer.getvalue())
