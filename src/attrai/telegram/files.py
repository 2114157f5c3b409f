"""Files that people send: how large they may be, and where a Bot API server has them.

A server of one's own that was started with `--local` downloads a file by itself, however large it
is, and says where on its disk it is. Started without, the official server gives files to nobody.
"""

from __future__ import annotations

import os
import stat
import time
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests
import structlog

from attrai.errors import SourceOutOfReach, TryLater

log = structlog.get_logger(__name__)

#: Maximum size of a file that Telegram's own server gives to bots, in millions of bytes
#: (https://core.telegram.org/bots/api#getfile).
GET_FILE_MB = 20
#: Timeout in seconds of a connection, and maximum total time of a download.
_TIMEOUT, _DOWNLOAD_TIMEOUT = 15, 40
_CHUNK = 65536
_TELEGRAMS = "api.telegram.org"
#: What the server adds to the token in the name of the folder of a bot in the test environment.
_TEST_SUFFIX = ":T"


def is_telegrams(url: str) -> bool:
    """Return whether a Bot API server is Telegram's own."""
    return urlsplit(url).hostname == _TELEGRAMS


def download(url: str, max_bytes: int) -> bytes:
    """Return the content of a file that a Bot API server gives, cut after `max_bytes` + 1 bytes.

    The length that the server declares is not trusted.

    Raises:
        SourceOutOfReach: a server of one's own gives no files, which is logged.
        TryLater: the server fails, or takes too long.
        requests.RequestException, urllib3.exceptions.HTTPError: it can't be reached, or breaks off.
    """
    deadline = time.monotonic() + _DOWNLOAD_TIMEOUT
    content = bytearray()
    # No content encoding, as a few compressed bytes may expand far beyond the limit.
    plain = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=_TIMEOUT, headers=plain) as response:
        if response.status_code == HTTPStatus.NOT_FOUND and not is_telegrams(url):
            log.error(
                "the Bot API server gives no files: start it with --local, and mount its folder "
                "here at the same path"
            )
            raise SourceOutOfReach
        if not response.ok:
            # The path is valid for an hour. The next attempt gets a new one.
            raise TryLater(f"HTTP {response.status_code} for a file")
        # `iter_content` waits for a whole chunk, so a slow server could pass the deadline.
        while chunk := response.raw.read1(_CHUNK):
            content += chunk
            if len(content) > max_bytes:
                return bytes(content[: max_bytes + 1])
            if time.monotonic() > deadline:
                raise TryLater("a download takes too long")
    return bytes(content)


def read_local(path: str, token: str, max_bytes: int) -> bytes:
    """Return the first `max_bytes` + 1 bytes of a file of the Bot API server on this machine.

    Only a regular file in the folder that is named like the bot's token is read, whatever the
    server says: no device, and nothing that a link leads to.

    Raises:
        SourceOutOfReach: it can't be read, which is logged.
    """
    names = (token, token + _TEST_SUFFIX)
    folder = next((parent for parent in Path(path).parents if parent.name in names), None)
    try:
        return _read(folder, Path(path), max_bytes)
    except OSError as error:
        log.error(  # noqa: TRY400 - a traceback has the path, which names the token
            "the Bot API server's files can't be read: mount its folder here at the same path, "
            "readable for this user",
            folder=str(folder.parent) if folder else None,
            reason=error.strerror,
        )
        raise SourceOutOfReach from None


def _read(folder: Path | None, path: Path, max_bytes: int) -> bytes:
    if folder is None:
        raise OSError(None, "a file is outside this bot's folder")
    if path.resolve() != folder.resolve() / path.relative_to(folder):
        raise OSError(None, "a link")
    # Without O_NONBLOCK, opening a pipe would wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "no regular file")
        return file.read(max_bytes + 1)
