"""Photos as files, and what keeps them from being read."""

from __future__ import annotations

from pathlib import Path

from attrai.errors import SourceUnreadable


def read_photo(path: Path, max_bytes: int) -> bytes:
    """Return the first `max_bytes` of a file and one more byte, or the whole of a smaller file.

    Raises:
        SourceUnreadable: there is no such file, or it is no regular file, or can't be read.
    """
    try:
        if path.exists() and not path.is_file():
            # A pipe or a device would be waited for without end.
            raise SourceUnreadable(reason="not a regular file")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise SourceUnreadable(reason=reason_of(error)) from error


def reason_of(error: OSError) -> str:
    """Return the system's reason for an error, for use within a sentence."""
    return (error.strerror or str(error)).lower()
