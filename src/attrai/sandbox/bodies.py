"""Reading what a request carries, no more than is wanted."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

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
