"""Reading what a request carries, no more than is wanted.

The parameters of a call, however a client encodes them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from telegram_sandbox.errors import ApiError, bad_request

#: What a form needs beside its files, in bytes.
_FORM_OVERHEAD = 2**20


class TooLong(Exception):
    """A request's body is longer than is read."""


def limited(request: Request, most: int) -> Request:
    """The request, reading which raises `TooLong` beyond `most` bytes and a form's overhead."""
    left = most + _FORM_OVERHEAD
    receive: Receive = request.receive

    async def receive_limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLong
        return message

    return Request(request.scope, receive_limited)


async def read_form(request: Request, most_files: int) -> FormData:
    """The request's form.

    Raises:
        ValueError: it is malformed or has more than `most_files` files.
        TooLong: see `limited`.
    """
    try:
        return await request.form(max_files=most_files)
    except HTTPException as error:
        raise ValueError(error.detail) from error


#: The largest upload, in bytes.
MAX_UPLOAD = 50 * 2**20
_MAX_FILES = 20


@dataclass(frozen=True)
class Upload:
    """A file that a bot sends."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Parameters:
    """Values by name: of JSON as they are, of a query or form as text; and uploaded files."""

    values: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    @classmethod
    async def read(cls, request: Request) -> Self:
        """The parameters that the request carries.

        Raises:
            ApiError: the body is too long or malformed.
        """
        values: dict[str, Any] = dict(request.query_params)
        files: dict[str, Upload] = {}
        request = limited(request, MAX_UPLOAD)
        try:
            if request.headers.get("content-type", "").startswith("application/json"):
                content = await request.json()
                if not isinstance(content, dict):
                    raise bad_request("can't parse JSON object")
                values |= content
            else:
                form = await read_form(request, _MAX_FILES)
                for name, value in form.items():
                    if isinstance(value, UploadFile):
                        files[name] = Upload(
                            value.filename or "file",
                            value.content_type or "application/octet-stream",
                            await value.read(),
                        )
                    else:
                        values[name] = value
                await form.close()
        except TooLong:
            raise ApiError(413, "Request Entity Too Large") from None
        except ValueError as error:
            raise bad_request(f"can't parse the request: {error}") from error
        return cls(values, files)

    def text(self, name: str) -> str:
        """The text of that name, "" without one."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """The whole number of that name.

        Raises:
            ApiError: it is none, or there is none and no default.
        """
        value = default if self.text(name) == "" else self.values[name]
        try:
            return int(value)  # type: ignore[arg-type]  # what it may be is found out here
        except (TypeError, ValueError, OverflowError):
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def flag(self, name: str) -> bool:
        """Whether that name is set to true."""
        return self.text(name).lower() in {"true", "1"}

    def json(self, name: str, kind: type, default: Any) -> Any:
        """The object or array of that name, which must be a `kind`.

        Raises:
            ApiError: it is something else.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str):
            with suppress(ValueError):
                value = json.loads(value)
        if not isinstance(value, kind):
            raise bad_request(f"can't parse {name} JSON object")
        return value

    def file(self, name: str) -> Upload | str:
        """The uploaded file of that name, or the file id.

        Raises:
            ApiError: there is neither.
        """
        value = self.text(name)
        upload = self.files.get(value.removeprefix("attach://") if value else name)
        if upload is None and (not value or value.startswith("attach://")):
            raise bad_request(f"there is no {name} in the request")
        return upload or value
