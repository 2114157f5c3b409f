"""The file `.env` in the working directory, which the processes of the service read."""

from __future__ import annotations

import logging
import os
import stat
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from attrai.errors import SettingsError

_NAME = ".env"
#: A larger file is none of settings.
_MAX_BYTES = 1_000_000


def find_env_file() -> Path | None:
    """Return the path of `.env` if there is one.

    Only this user's and root's are accepted: in a folder that others can write to, such as /tmp,
    anybody could put one, and send what the service knows to a server of theirs.

    Raises:
        SettingsError: the file can't be used.
    """
    try:
        # A pipe without a writer would block.
        descriptor = os.open(_NAME, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if not os.access(".", os.X_OK, effective_ids=True):  # no file of this folder can be opened
            return None
        raise _unusable(str(error.strerror)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unusable("this is no file")
        if status.st_uid not in (os.geteuid(), 0):
            raise _unusable("it belongs to another user")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MAX_BYTES:
        raise _unusable(f"it is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unusable("it is no text in UTF-8") from None
    for line in parse_stream(StringIO(text)):
        if line.error and "ATTRAI_" in line.original.string.upper():
            raise _unusable(f"line {line.original.line} can't be read; is a quote missing?")
    # It would warn of lines for other programs, on stderr and without the name of the file.
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    return Path(_NAME).absolute()


def _unusable(reason: str) -> SettingsError:
    return SettingsError(f"{Path(_NAME).absolute()}: {reason}")
