"""Where a run of training stands, kept so that it can go on after an interruption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from attrai.photos import write_atomically


class Checkpoint:
    """A file that holds the state of one run."""

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        """`run` is all that the state depends on; another one has another file."""
        key = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
        self._path = folder / f"training-{key[:32]}.pt"

    def read(self) -> dict[str, Any] | None:
        """The state; None where there is none, or it is damaged."""
        try:
            # Tensors and plain values only: a file from elsewhere can run no code.
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 - a damaged file makes torch raise nearly anything
            return None
        return state

    def write(self, state: Mapping[str, Any]) -> None:
        """Keeps the state in place of the last one.

        Raises:
            OSError: the file can't be written; the last state is still there.
        """
        buffer = BytesIO()
        torch.save(dict(state), buffer)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, buffer.getvalue())

    def delete(self) -> None:
        """The run is over."""
        self._path.unlink(missing_ok=True)
