"""Pictures as files, and what keeps them from being written."""

from __future__ import annotations

from pathlib import Path

from attrai.errors import Undeliverable
from attrai.images.files import reason_of
from attrai.storage import write_atomically


def write_picture(path: Path, picture: bytes) -> None:
    """Write a picture over an older one, and create the folders above it.

    Raises:
        Undeliverable: it can't be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, picture)
    except OSError as error:
        raise Undeliverable(reason=reason_of(error)) from error
