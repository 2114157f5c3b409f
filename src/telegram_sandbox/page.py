"""The chat page's endpoints: an event stream of a user's chat, and the user's actions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from telegram_sandbox.errors import ActionRefused
from telegram_sandbox.events import Event
from telegram_sandbox.message import is_from_bot
from telegram_sandbox.parameters import MAX_UPLOAD, BodyTooLarge, limit_body, read_form
from telegram_sandbox.sandbox import Sandbox
from telegram_sandbox.state import Json, State
from telegram_sandbox.users import User
from telegram_sandbox.waiting import inbox, wait_for_first

#: The maximum number of photos or documents in one request.
MAX_FILES = 10
#: Seconds between the comments that keep an event stream open.
KEEP_ALIVE_SECONDS = 15
#: Milliseconds after which a browser reconnects to a lost event stream.
_RECONNECT_MS = 500
_PAGE_EVENTS = (
    "message",
    "edited",
    "deleted",
    "action",
    "commands",
    "description",
    "blocked",
    "pressed",
)
#: The media types that a browser may display; any other file could run an untrusted script.
_DISPLAYED_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}


class _Block(BaseModel):
    user: int
    blocked: bool


class _Delete(BaseModel):
    user: int
    id: int


class _Press(BaseModel):
    user: int
    id: int
    data: str


class Page:
    """The HTTP endpoints that the chat page calls."""

    def __init__(self, sandbox: Sandbox, stopping: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping

    async def events(self, request: Request) -> Response:
        """Stream a user's chat as server-sent events: the history first, then every change."""
        try:
            user_id = int(request.query_params.get("user", "1"))
        except ValueError:
            return _refusal("user must be a number")
        self._sandbox.user(user_id)
        return EventSourceResponse(
            self._stream(user_id),
            ping=KEEP_ALIVE_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="still here"),
        )

    # sse-starlette ends a stream on a signal to the process. This server runs in a thread and stops
    # without one, so the generator ends by itself.
    async def _stream(self, user_id: int) -> AsyncIterator[ServerSentEvent]:
        state = self._sandbox.state
        with inbox(state, *_PAGE_EVENTS, chat=user_id) as events:
            yield ServerSentEvent(retry=_RECONNECT_MS)
            with state.lock:
                pending = [
                    Event("message", user_id, message) for message in state.messages(user_id)
                ]
                pending += [
                    Event("commands", user_id),
                    Event("blocked", user_id, state.has_blocked(user_id)),
                    Event("description", user_id),
                ]
            while True:
                for event in pending:
                    yield _server_sent_event(event, user_id, state)
                if self._stopping.is_set():
                    return
                await wait_for_first(events.wait(), self._stopping.wait())
                pending = events.take()

    async def send(self, request: Request) -> Response:
        """Send a text, photos, stickers or documents as the user; answer with the message ids."""
        try:
            form = await read_form(limit_body(request, MAX_FILES * MAX_UPLOAD), MAX_FILES)
        except (BodyTooLarge, ValueError) as error:
            return _refusal(str(error) or "too much at once")
        try:
            user_id = int(str(form.get("user", "1")))
            user = self._sandbox.user(user_id, str(form.get("language") or "") or None)
            ids = await run_in_threadpool(self._send, user, form)
        except ValueError as error:
            return _refusal(str(error))
        finally:
            await form.close()
        return JSONResponse({"ids": ids})

    def _send(self, user: User, form: FormData) -> list[int]:
        photos, stickers, documents = (
            _uploads(form, kind) for kind in ("photo", "sticker", "document")
        )
        caption = str(form.get("caption") or "") or None
        text = str(form.get("text") or "").strip()
        spoiler = "spoiler" in form
        if len(photos) > 1:
            return user.send_album([data for _, data in photos], caption, spoiler=spoiler)
        if photos:
            [(file, data)] = photos
            if _mime(file) == "image/gif":  # as the apps do
                return [user.send_animation(data, caption)]
            return [user.send_photo(data, caption, spoiler=spoiler)]
        if stickers:
            return [user.send_sticker(data) for _, data in stickers]
        if documents:
            album = self._sandbox.state.new_album() if len(documents) > 1 else None
            captions = [caption, *[None] * len(documents)]
            return [
                user.send_document(data, file.filename or "file", _mime(file), each, album=album)
                for (file, data), each in zip(documents, captions, strict=False)
            ]
        if text:
            return [user.send_text(text)]
        raise ActionRefused("there is nothing to send")

    async def block(self, request: Request) -> Response:
        """Block or unblock the bot as the user."""
        try:
            body = _Block.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(str(error))
        user = self._sandbox.user(body.user)
        (user.block if body.blocked else user.unblock)()
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        """Delete a message for everyone, as the user."""
        try:
            body = _Delete.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(str(error))
        return JSONResponse({"deleted": self._sandbox.user(body.user).delete(body.id)})

    async def press(self, request: Request) -> Response:
        """Press a button as the user, and answer with the id of the press."""
        try:
            body = _Press.model_validate_json(await request.body())
            return JSONResponse({"press": self._sandbox.user(body.user).press(body.id, body.data)})
        except ValueError as error:
            return _refusal(str(error))

    async def file(self, request: Request) -> Response:
        """Serve a stored file: a picture for display, anything else as a download."""
        file = self._sandbox.state.files.get(request.path_params["file_id"])
        if file is None:
            return Response("Not Found", 404)
        if file.mime in _DISPLAYED_TYPES:
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
        raise ActionRefused(f"a file may have {MAX_UPLOAD // 2**20} MB")
    return uploads


def _mime(file: UploadFile) -> str:
    return file.content_type or "application/octet-stream"


def _refusal(reason: str) -> Response:
    return JSONResponse({"error": reason}, 422)


def _server_sent_event(event: Event, user_id: int, state: State) -> ServerSentEvent:
    data: Any
    match event.name:
        case "message" | "edited":
            data = _page_message(event.data)
        case "deleted":
            data = {"id": event.data}
        case "commands":
            data = state.commands.visible_to(state.user(user_id)["language_code"])
        case "description":
            language = state.user(user_id)["language_code"]
            data = {"description": state.profile.visible_to("description", language)}
        case "pressed":
            data = event.data
        case name:
            data = {name: event.data}
    # Not JSONServerSentEvent: a text may hold lone surrogates, which it could not encode.
    return ServerSentEvent(json.dumps(data), event=event.name)


def _page_message(message: Json) -> Json:
    """Return the fields of a message that the page shows, without empty ones."""
    fields = {
        "id": message["message_id"],
        "from": "bot" if is_from_bot(message) else "user",
        "date": message["date"],
        "text": message.get("text"),
        "caption": message.get("caption"),
        "reply_to": message.get("reply_to_message", {}).get("message_id"),
        "album": message.get("media_group_id"),
        "edited": "edit_date" in message or None,
    }
    if origin := message.get("forward_origin"):
        fields["forwarded"] = _name_of(origin)
    if shown := _picture_of(message):
        fields |= {"photo": _url(shown), "width": shown["width"], "height": shown["height"]}
    if "has_media_spoiler" in message:
        fields["spoiler"] = True
    if "reply_markup" in message:
        fields["buttons"] = [
            [{"text": key["text"], **_action(key)} for key in row]
            for row in message["reply_markup"]["inline_keyboard"]
        ]
    document = message.get("document")
    if document and "animation" not in message:
        fields["document"] = {
            "url": _url(document),
            "name": document["file_name"],
            "size": document["file_size"],
        }
    return {key: value for key, value in fields.items() if value is not None}


def _picture_of(message: Json) -> Json | None:
    """Return the picture that the page shows of a message, if any."""
    if "photo" in message:
        largest: Json = message["photo"][-1]
        return largest
    if "sticker" in message and not message["sticker"]["is_animated"]:
        sticker: Json = message["sticker"]
        return sticker
    moving = message.get("animation") or message.get("video_note") or {}
    return moving.get("thumbnail")


def _name_of(origin: Json) -> str:
    """Return the name that stands in a MessageOrigin."""
    if "sender_user" in origin:
        return str(origin["sender_user"]["first_name"])
    if "sender_user_name" in origin:
        return str(origin["sender_user_name"])
    return str(origin["chat" if "chat" in origin else "sender_chat"]["title"])


def _action(key: Json) -> Json:
    return {"url": key["url"]} if "url" in key else {"data": key["callback_data"]}


def _url(file: Json) -> str:
    return f"/page/files/{file['file_id']}"
