"""aiogram and python-telegram-bot behind a common interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from testing.waiting import PATIENCE_S


@dataclass(frozen=True)
class Library:
    """The differences between the client libraries.

    The methods of their bots have the same names.
    """

    #: Takes the sandbox's URL and token, and returns an async context manager that yields a bot.
    bot: Callable[[str, str], Any]
    #: The module with the library's types, such as BotCommand.
    types: Any
    #: Takes bytes and a file name, and returns a file that the bot can send.
    upload: Callable[[bytes, str], Any]
    #: Takes a bot and a file, and returns the file's bytes.
    download: Callable[[Any, Any], Awaitable[bytes]]
    #: The library's exceptions by HTTP status; 0 is a broken connection.
    errors: dict[int, type[Exception]]


def aiogram() -> Library:
    """Return the interface to aiogram, importing it, which takes seconds."""
    import aiogram.client.session.aiohttp  # noqa: PLC0415 - takes seconds
    import aiogram.client.telegram  # noqa: PLC0415 - takes seconds
    import aiogram.exceptions  # noqa: PLC0415 - takes seconds

    @asynccontextmanager
    async def bot(url: str, token: str) -> AsyncIterator[aiogram.Bot]:
        server = aiogram.client.telegram.TelegramAPIServer.from_base(url)
        session = aiogram.client.session.aiohttp.AiohttpSession(api=server, timeout=PATIENCE_S)
        async with aiogram.Bot(token, session=session) as opened:
            yield opened

    async def download(opened: aiogram.Bot, file: aiogram.types.File) -> bytes:
        downloaded = await opened.download_file(file.file_path)
        return bytes(downloaded.read())

    return Library(
        bot=bot,
        types=aiogram.types,
        upload=aiogram.types.BufferedInputFile,
        download=download,
        errors={
            0: aiogram.exceptions.TelegramNetworkError,
            400: aiogram.exceptions.TelegramBadRequest,
            401: aiogram.exceptions.TelegramUnauthorizedError,
            403: aiogram.exceptions.TelegramForbiddenError,
            409: aiogram.exceptions.TelegramConflictError,
            429: aiogram.exceptions.TelegramRetryAfter,
            500: aiogram.exceptions.TelegramServerError,
        },
    )


def python_telegram_bot() -> Library:
    """Return the interface to python-telegram-bot, importing it."""
    import telegram.error  # noqa: PLC0415 - only for the tests that use it
    import telegram.request  # noqa: PLC0415 - only for the tests that use it

    def patient_request() -> telegram.request.HTTPXRequest:
        """Return an HTTP client with `PATIENCE_S` instead of the library's timeout of 5 seconds."""
        return telegram.request.HTTPXRequest(
            connect_timeout=PATIENCE_S,
            pool_timeout=PATIENCE_S,
            read_timeout=PATIENCE_S,
            write_timeout=PATIENCE_S,
            media_write_timeout=PATIENCE_S,
        )

    @asynccontextmanager
    async def bot(url: str, token: str) -> AsyncIterator[telegram.Bot]:
        # Not initialised: `initialize` calls getMe, which would show in the calls that tests count.
        opened = telegram.Bot(
            token,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=patient_request(),
            get_updates_request=patient_request(),
        )
        try:
            yield opened
        finally:
            for request in opened._request:
                await request.shutdown()

    async def download(_: telegram.Bot, file: telegram.File) -> bytes:
        return bytes(await file.download_as_bytearray())

    return Library(
        bot=bot,
        types=telegram,
        # Attached, as it has to be in an album.
        upload=partial(telegram.InputFile, attach=True),
        download=download,
        errors={
            0: telegram.error.NetworkError,
            400: telegram.error.BadRequest,
            401: telegram.error.InvalidToken,
            403: telegram.error.Forbidden,
            409: telegram.error.Conflict,
            429: telegram.error.RetryAfter,
            500: telegram.error.NetworkError,
        },
    )
