"""The handlers of requests to the HTTP interface."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from attrai.api.documents import ID_PATTERN, KEY_PATTERN, MAX_WAIT_SECONDS, PhotoDocument
from attrai.api.keys import ANYONE, ApiKeys, Client
from attrai.api.photos import Found, Photos, not_found
from attrai.api.problems import (
    INVALID,
    PENDING,
    UNAUTHORIZED,
    Problem,
    accepted_locale,
    seconds,
)
from attrai.api.uploads import read_upload
from attrai.api.waiting import Waiting
from attrai.locales import locales, time_until
from attrai.render import renderer_names

DEFAULT_RENDERER = "boxes"
#: How many photos are uploaded at a time, each of which is in memory meanwhile, and how many of
#: them by one client, so that slow ones don't hold up others; and the maximum seconds that more
#: wait for their turn.
_UPLOADS, _UPLOADS_EACH, _TURN_SECONDS = 8, 4, 10
_ID, _KEY = re.compile(ID_PATTERN), re.compile(KEY_PATTERN)

#: Calls a function in a thread, and returns what it returns.
InThread = Callable[..., Awaitable[Any]]


class _Asked(NamedTuple):
    """What every request says."""

    client: Client
    locale: str
    wait: int


class Routes:
    """The handlers of requests about photos."""

    def __init__(
        self,
        photos: Photos,
        keys: ApiKeys | None,
        waiting: Waiting,
        in_thread: InThread,
        limit_mb: int,
    ) -> None:
        """Prepare to handle requests.

        Args:
            photos: what the requests are about.
            keys: the accepted keys; None if none is asked for.
            waiting: those who wait for results.
            in_thread: calls what waits for servers.
            limit_mb: the maximum size of a photo.
        """
        self._photos = photos
        self._keys = keys
        self._waiting = waiting
        self._in_thread = in_thread
        self._limit_mb = limit_mb
        self._uploads = asyncio.Semaphore(_UPLOADS)
        #: By client, of whom there are as many as keys.
        self._uploads_of = defaultdict[str, asyncio.Semaphore](
            lambda: asyncio.Semaphore(_UPLOADS_EACH)
        )
        self._renderers = renderer_names()

    async def post(self, request: Request) -> Response:
        """Take a photo, and answer with its result if the client waits for that."""
        asked = self._asked(request, {"renderer", "locale", "wait"})
        renderer = _choice(request, "renderer", self._renderers, DEFAULT_RENDERER)
        locale = _choice(request, "locale", locales(), asked.locale)
        key = request.headers.get("idempotency-key")
        if key is not None and not _KEY.fullmatch(key):
            raise _invalid("Idempotency-Key", "1 to 255 letters, digits or marks")
        async with self._turn(asked.client, locale):
            photo = await read_upload(request, self._limit_mb)
            found = await self._in_thread(
                self._photos.admit, asked.client, photo, renderer, locale, key
            )
        if not found.done and asked.wait:
            await self._waiting.until_finished(found.job.id, asked.wait)
            # A job that Redis has lost goes on from its message.
            found = await self._find(asked.client, found.job.id) or found
        if found.done and asked.wait:
            if found.job.failure:
                raise Problem.of(found.job.failure)
            if _prefers_picture(request.headers.get("accept", "*/*")):
                return await self._picture(found)
        return _photo(found, asked.locale, HTTPStatus.OK if found.done else HTTPStatus.ACCEPTED)

    async def photo(self, request: Request) -> Response:
        """Answer what became of a photo, or delete it."""
        return await (self._delete if request.method == "DELETE" else self._get)(request)

    async def _get(self, request: Request) -> Response:
        asked = self._asked(request, {"wait"})
        found = await self._wait_for(request, asked)
        locale = accepted_locale(request.headers.get("accept-language"), found.job.locale)
        return _photo(found, locale, HTTPStatus.OK)

    async def picture(self, request: Request) -> Response:
        """Answer with the picture, and delete it once it has arrived."""
        asked = self._asked(request, {"wait"})
        found = await self._wait_for(request, asked)
        if not found.done:
            raise Problem(
                HTTPStatus.CONFLICT,
                PENDING,
                "The photo is still being processed.",
                retry_after=found.eta,
            )
        if found.job.failure:
            raise Problem.of(found.job.failure)
        return await self._picture(found)

    async def _delete(self, request: Request) -> Response:
        asked = self._asked(request, set())
        await self._in_thread(self._photos.delete, asked.client, _id(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _asked(self, request: Request, parameters: Collection[str]) -> _Asked:
        """Return what a request says.

        Raises:
            Problem: it has no valid key, or a parameter other than these.
        """
        client: Client | None = ANYONE
        if self._keys is not None:
            client = self._keys.client(request.headers.get("authorization", ""))
        if client is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                UNAUTHORIZED,
                "Send a valid API key: Authorization: Bearer KEY.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        names = [name for name, _ in request.query_params.multi_items()]
        for name in names:
            if name not in parameters:
                raise Problem(HTTPStatus.BAD_REQUEST, INVALID, f"There is no parameter {name!r}.")
            if names.count(name) > 1:
                raise Problem(HTTPStatus.BAD_REQUEST, INVALID, f"{name!r} is there twice.")
        wait = request.query_params.get("wait", "0")
        if not re.fullmatch("[0-9]{1,4}", wait) or int(wait) > MAX_WAIT_SECONDS:
            raise _invalid("wait", f"a whole number of seconds from 0 to {MAX_WAIT_SECONDS}")
        return _Asked(client, accepted_locale(request.headers.get("accept-language")), int(wait))

    @asynccontextmanager
    async def _turn(self, client: Client, locale: str) -> AsyncIterator[None]:
        """Wait for one of the few uploads at a time."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(_TURN_SECONDS):
                    await stack.enter_async_context(self._uploads_of[client.user])
                    await stack.enter_async_context(self._uploads)
            except TimeoutError:
                raise Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "busy",
                    values={"when": time_until(_TURN_SECONDS, locale)},
                    retry_after=_TURN_SECONDS,
                ) from None
            yield

    async def _wait_for(self, request: Request, asked: _Asked) -> Found:
        """Return the photo that a request names, once its result is there or the wait is over."""
        found = await self._find(asked.client, _id(request))
        if found and not found.done and asked.wait:
            await self._waiting.until_finished(found.job.id, asked.wait)
            found = await self._find(asked.client, found.job.id)
        if found is None:
            raise not_found()
        return found

    async def _find(self, client: Client, id_: str) -> Found | None:
        found: Found | None = await self._in_thread(self._photos.find, client, id_)
        return found

    async def _picture(self, found: Found) -> Response:
        content = await self._in_thread(self._photos.picture, found.job.id)
        if content is None:  # it was fetched a moment ago
            raise not_found()

        async def forget() -> None:
            await self._in_thread(self._photos.forget, found.job.id)

        return _Picture(content, forget)


class _Picture(Response):
    """A picture, which is forgotten once its client has received all of it."""

    media_type = "image/jpeg"

    def __init__(self, content: bytes, forget: Callable[[], Awaitable[None]]) -> None:
        super().__init__(content)
        self._forget = forget

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the picture."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        # Before the answer ends, so that who has it finds the picture gone.
        if scope["method"] != "HEAD" and await scope["state"]["connection"].all_received():
            await self._forget()
        await send({"type": "http.response.body", "body": b""})


def _photo(found: Found, locale: str, status: HTTPStatus) -> Response:
    document = PhotoDocument.of(found, locale)
    headers = {"Content-Language": locale}
    if status == HTTPStatus.ACCEPTED:
        headers["Location"] = document.links.self
    if not found.done:
        headers["Retry-After"] = seconds(found.eta)
    return JSONResponse(document.model_dump(mode="json"), status, headers=headers)


def _id(request: Request) -> str:
    id_ = str(request.path_params["id"])
    if not _ID.fullmatch(id_):
        raise not_found()
    return id_


def _choice(request: Request, name: str, choices: Collection[str], default: str) -> str:
    chosen = request.query_params.get(name, default)
    if chosen not in choices:
        raise _invalid(name, f"one of {', '.join(choices)}")
    return chosen


def _invalid(name: str, what: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, INVALID, f"{name} has to be {what}.")


def _prefers_picture(accept: str) -> bool:
    """Return whether a client prefers a picture to JSON (RFC 9110), or has no preference."""
    return _quality(accept, "image/jpeg") >= _quality(accept, "application/json")


def _quality(accept: str, media_type: str) -> float:
    """Return the weight of the most specific range that has a media type."""
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    best = (-1, 0.0)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges:
            best = max(best, (ranges.index(name), _weight(parameters)))
    return best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
