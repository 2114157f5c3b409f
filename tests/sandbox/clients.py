"""The two client libraries, each behind the same few names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from testing.waiting import PATIENCE_S


@dataclass(frozen=True)
class Library:
    """What differs between the libraries; the methods of their bots are called alike."""

    #: An asynchronous context with a bot, of the sandbox's address and token.
    bot: Callable[[str, str], Any]
    #: The module with its types, such as BotCommand.
    types: Any
    #: A file to send, of its bytes and name.
    upload: Callable[[bytes, str], Any]
    #: Downloads a file of the bot: its bytes.
    download: Callable[[Any, Any], Awaitable[bytes]]
    #: Its exceptions by the status of the answer; 0 for a connection that broke.
    errors: dict[int, type[Exception]]


def aiogram() -> Library:
    """The library aiogram, which takes seconds to import."""
    import aiogram.client.session.aiohttp  # noqa: PLC0415 - it takes seconds
    import aiogram.client.telegram  # noqa: PLC0415 - as above
    import aiogram.exceptions  # noqa: PLC0415 - as above

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
    """The library python-telegram-bot."""
    import telegram.error  # noqa: PLC0415 - as above
    import telegram.request  # noqa: PLC0415 - as above

    def patient_request() -> telegram.request.HTTPXRequest:
        """Return what makes calls without the library's 5 seconds."""
        return telegram.request.HTTPXRequest(
            connect_timeout=PATIENCE_S,
            pool_timeout=PATIENCE_S,
            read_timeout=PATIENCE_S,
            write_timeout=PATIENCE_S,
            media_write_timeout=PATIENCE_S,
        )

    @asynccontextmanager
    async def bot(url: str, token: str) -> AsyncIterator[telegram.Bot]:
        # Without `initialize`, which would call getMe and spoil what a test counts.
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
        upload=telegram.InputFile,
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
