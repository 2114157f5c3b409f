"""Whole files or none."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Makes `path` hold `content`, or leaves it as it was.

    Raises:
        OSError: it can't be written; nothing else is left behind.
    """
    temporary = path.with_name(f".attrai-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
