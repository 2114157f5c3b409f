"""The two client libraries, each behind the same few names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiogram
import aiogram.client.session.aiohttp
import aiogram.client.telegram
import aiogram.exceptions
import telegram
import telegram.error
import telegram.request

from tests.waiting import PATIENCE_S


@dataclass(frozen=True)
class Library:
    """What differs between the libraries; the methods of their bots are called alike."""

    #: An asynchronous context with a bot, of the sandbox's address and token.
    bot: Callable[[str, str], Any]
    #: The module with its types, such as BotCommand.
    types: Any
    #: A file to send, of its bytes and name.
    upload: Callable[[bytes, str], Any]
    #: Its exceptions by the status of the answer; 0 for a connection that broke.
    errors: dict[int, type[Exception]]

    def __str__(self) -> str:
        return str(self.types.__name__.partition(".")[0])


@asynccontextmanager
async def _aiogram_bot(url: str, token: str) -> AsyncIterator[aiogram.Bot]:
    server = aiogram.client.telegram.TelegramAPIServer.from_base(url)
    session = aiogram.client.session.aiohttp.AiohttpSession(api=server, timeout=PATIENCE_S)
    async with aiogram.Bot(token, session=session) as bot:
        yield bot


def _patient_request() -> telegram.request.HTTPXRequest:
    """Return what makes calls without the library's 5 seconds."""
    return telegram.request.HTTPXRequest(
        connect_timeout=PATIENCE_S,
        pool_timeout=PATIENCE_S,
        read_timeout=PATIENCE_S,
        write_timeout=PATIENCE_S,
        media_write_timeout=PATIENCE_S,
    )


@asynccontextmanager
async def _ptb_bot(url: str, token: str) -> AsyncIterator[telegram.Bot]:
    # Without `initialize`, which would call getMe and spoil what a test counts.
    bot = telegram.Bot(
        token,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=_patient_request(),
        get_updates_request=_patient_request(),
    )
    try:
        yield bot
    finally:
        for request in bot._request:
            await request.shutdown()


AIOGRAM = Library(
    bot=_aiogram_bot,
    types=aiogram.types,
    upload=aiogram.types.BufferedInputFile,
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
PYTHON_TELEGRAM_BOT = Library(
    bot=_ptb_bot,
    types=telegram,
    upload=telegram.InputFile,
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
LIBRARIES = (AIOGRAM, PYTHON_TELEGRAM_BOT)
