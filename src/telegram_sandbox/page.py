"""The chat page's endpoints: what a user sees as a stream of events, and what he does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from telegram_sandbox.errors import Refused
from telegram_sandbox.parameters import MAX_UPLOAD, TooLong, limited, read_form
from telegram_sandbox.sandbox import Sandbox
from telegram_sandbox.state import Event, Json, State
from telegram_sandbox.users import User
from telegram_sandbox.waiting import first_of, inbox

#: How many photos or documents may be sent at once.
MAX_FILES = 10
#: Seconds between signs of life on a stream on which nothing happens.
KEEP_ALIVE = 15
#: A browser that lost the stream asks for it again after so many milliseconds.
_RECONNECT = 500
_SEEN = ("message", "edited", "deleted", "action", "commands", "blocked")
#: What a browser may show; anything else could be a page with scripts of a stranger.
_SHOWN = {"image/jpeg", "image/png", "image/webp", "image/gif"}


class _Block(BaseModel):
    user: int
    blocked: bool


class _Delete(BaseModel):
    user: int
    id: int


class Page:
    """The endpoints that the chat page calls."""

    def __init__(self, sandbox: Sandbox, stopping: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping

    async def events(self, request: Request) -> Response:
        """Streams what is in a user's chat, then what happens there."""
        try:
            user_id = int(request.query_params.get("user", "1"))
        except ValueError:
            return _refusal("user must be a number")
        self._sandbox.user(user_id)
        return StreamingResponse(
            self._stream(user_id),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _stream(self, user_id: int) -> AsyncIterator[str]:
        state = self._sandbox.state
        with inbox(state, *_SEEN, chat=user_id) as news:
            yield f"retry: {_RECONNECT}\n\n"
            with state.lock:
                seen = [Event("message", user_id, message) for message in state.messages(user_id)]
                seen += [
                    Event("commands", user_id),
                    Event("blocked", user_id, state.has_blocked(user_id)),
                ]
            while not self._stopping.is_set():
                for event in seen:
                    yield _encoded(event, user_id, state)
                await first_of(news.filled(), self._stopping.wait(), seconds=KEEP_ALIVE)
                seen = news.take()
                if not seen:
                    yield ": still here\n\n"

    async def send(self, request: Request) -> Response:
        """Sends a text, or photos or documents, as the user."""
        try:
            form = await read_form(limited(request, MAX_FILES * MAX_UPLOAD), MAX_FILES)
        except (TooLong, ValueError) as error:
            return _refusal(str(error) or "too much at once")
        try:
            user_id = int(str(form.get("user", "1")))
            person = self._sandbox.user(user_id, str(form.get("language") or "") or None)
            ids = await run_in_threadpool(self._send, person, form)
        except ValueError as error:
            return _refusal(str(error))
        finally:
            await form.close()
        return JSONResponse({"ids": ids})

    def _send(self, person: User, form: FormData) -> list[int]:
        photos, documents = (_uploads(form, kind) for kind in ("photo", "document"))
        caption = str(form.get("caption") or "") or None
        text = str(form.get("text") or "").strip()
        if len(photos) > 1:
            return person.send_album([data for _, data in photos], caption)
        if photos:
            return [person.send_photo(photos[0][1], caption)]
        if documents:
            album = self._sandbox.state.new_album() if len(documents) > 1 else None
            captions = [caption, *[None] * len(documents)]
            return [
                person.send_document(data, file.filename or "file", _mime(file), said, album=album)
                for (file, data), said in zip(documents, captions, strict=False)
            ]
        if text:
            return [person.send_text(text)]
        raise Refused("there is nothing to send")

    async def block(self, request: Request) -> Response:
        """The user blocks the bot, or unblocks it."""
        try:
            wanted = _Block.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(str(error))
        person = self._sandbox.user(wanted.user)
        (person.block if wanted.blocked else person.unblock)()
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        """The user deletes a message for everyone."""
        try:
            wanted = _Delete.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(str(error))
        return JSONResponse({"deleted": self._sandbox.user(wanted.user).delete(wanted.id)})

    async def file(self, request: Request) -> Response:
        """A picture to show, or a document to save."""
        file = self._sandbox.state.files.get(request.path_params["file_id"])
        if file is None:
            return Response("Not Found", 404)
        if file.mime in _SHOWN:
            return Response(file.data, media_type=file.mime)
        disposition = f"attachment; filename*=utf-8''{quote(file.name)}"
        return Response(
            file.data,
            media_type="application/octet-stream",
            headers={"Content-Disposition": disposition},
        )


def _uploads(form: FormData, kind: str) -> list[tuple[UploadFile, bytes]]:
    uploads = [
        (file, file.file.read()) for file in form.getlist(kind) if isinstance(file, UploadFile)
    ]
    if any(len(data) > MAX_UPLOAD for _, data in uploads):
        raise Refused(f"a file may have {MAX_UPLOAD // 2**20} MB")
    return uploads


def _mime(file: UploadFile) -> str:
    return file.content_type or "application/octet-stream"


def _refusal(reason: str) -> Response:
    return JSONResponse({"error": reason}, 422)


def _encoded(event: Event, user_id: int, state: State) -> str:
    data: Any
    match event.name:
        case "message" | "edited":
            data = _seen(event.data)
        case "deleted":
            data = {"id": event.data}
        case "commands":
            data = state.commands.seen_in(state.user(user_id)["language_code"])
        case name:
            data = {name: event.data}
    return f"event: {event.name}\ndata: {json.dumps(data)}\n\n"


def _seen(message: Json) -> Json:
    """What the page shows of a message."""
    seen = {
        "id": message["message_id"],
        "from": "bot" if message["from"]["is_bot"] else "user",
        "date": message["date"],
        "text": message.get("text"),
        "caption": message.get("caption"),
        "reply_to": message.get("reply_to_message", {}).get("message_id"),
        "album": message.get("media_group_id"),
        "edited": "edit_date" in message or None,
    }
    if "photo" in message:
        largest = message["photo"][-1]
        seen |= {"photo": _url(largest), "width": largest["width"], "height": largest["height"]}
    if document := message.get("document"):
        seen["document"] = {
            "url": _url(document),
            "name": document["file_name"],
            "size": document["file_size"],
        }
    return {key: value for key, value in seen.items() if value is not None}


def _url(file: Json) -> str:
    return f"/page/files/{file['file_id']}"
