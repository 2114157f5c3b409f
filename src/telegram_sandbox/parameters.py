"""The parameters of a Bot API call in any encoding, read with a limit on the body's size."""

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

#: Bytes allowed for the parts of a form other than its files.
_FORM_OVERHEAD = 2**20


class BodyTooLarge(Exception):
    """A request's body exceeds its limit."""


def limit_body(request: Request, max_bytes: int) -> Request:
    """Return the request with a limit on its body.

    Reading more than `max_bytes` plus 1 MiB, the overhead of a form, raises `BodyTooLarge`.
    """
    left = max_bytes + _FORM_OVERHEAD
    receive: Receive = request.receive

    async def receive_limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge
        return message

    return Request(request.scope, receive_limited)


async def read_form(request: Request, max_files: int) -> FormData:
    """Return the request's form.

    Raises:
        ValueError: the form is malformed or has more than `max_files` files.
        BodyTooLarge: the body exceeds the limit set by `limit_body`.
    """
    try:
        return await request.form(max_files=max_files)
    except HTTPException as error:
        raise ValueError(error.detail) from error


#: The largest upload, in bytes.
MAX_UPLOAD = 50 * 2**20
_MAX_FILES = 20


@dataclass(frozen=True)
class Upload:
    """A file that a bot uploads."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Parameters:
    """The parameters of a call by name, and its uploaded files.

    Values from JSON keep their types; those from a query or form are text.
    """

    values: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    @classmethod
    async def read(cls, request: Request) -> Self:
        """Read the parameters from a request's query and its JSON or form body.

        Raises:
            ApiError: the body is malformed, or longer than `MAX_UPLOAD` and a form's overhead.
        """
        values: dict[str, Any] = dict(request.query_params)
        files: dict[str, Upload] = {}
        request = limit_body(request, MAX_UPLOAD)
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
        except BodyTooLarge:
            raise ApiError(413, "Request Entity Too Large") from None
        except ValueError as error:
            raise bad_request(f"can't parse the request: {error}") from error
        return cls(values, files)

    def text(self, name: str) -> str:
        """Return a parameter as text, "" if it is absent."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a parameter as an integer, or `default` if it is absent.

        Raises:
            ApiError: the value is not an integer, or it is absent and there is no default.
        """
        value = default if self.text(name) == "" else self.values[name]
        try:
            return int(value)  # type: ignore[arg-type]  # a wrong type raises TypeError
        except (TypeError, ValueError, OverflowError):
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def flag(self, name: str) -> bool:
        """Return whether a parameter is "true" or "1", in any case."""
        return self.text(name).lower() in {"true", "1"}

    def json(self, name: str, kind: type, default: Any) -> Any:
        """Return a parameter's JSON object or array, or `default` if it is absent.

        Raises:
            ApiError: the value is not an instance of `kind`.
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
        """Return the uploaded file of a parameter, or the file id that it holds.

        The parameter may also refer to an upload of another name, as `attach://<name>`.

        Raises:
            ApiError: there is neither an upload nor a file id.
        """
        value = self.text(name)
        upload = self.files.get(value.removeprefix("attach://") if value else name)
        if upload is None and (not value or value.startswith("attach://")):
            raise bad_request(f"there is no {name} in the request")
        return upload or value
