"""Reads a photo from a request, from a form or as the body itself, and no more than may be."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import NoReturn

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from attrai.api.problems import INVALID, Problem
from attrai.errors import BrokenImage, FileTooLarge, NotAnImage

#: The name of the form's only field.
FIELD = "photo"
#: Maximum seconds until a body has come, and without any of it.
_BODY_SECONDS, _SILENCE_SECONDS = 60, 10
#: How many bytes a form may have beside the photo.
_FORM_BYTES = 10_000
#: Raw bodies of these types are photos of any format: their content tells which.
_RAW_TYPES = ("", "application/octet-stream")


async def read_upload(request: Request, limit_mb: int) -> bytes:
    """Return the photo in the body of a request.

    Raises:
        Problem: there is none, it is too large, or it came too slowly.
        ClientDisconnect: the client went away.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    max_bytes = limit_mb * 10**6
    too_large = Problem.of(FileTooLarge(limit_mb=limit_mb).failure())
    if kind == b"multipart/form-data":
        form = _Form(options.get(b"boundary", b""))
        body = await _read(request, max_bytes + _FORM_BYTES, too_large)
        photo = form.parse(body)
    elif kind.startswith(b"image/") or kind.decode("latin-1") in _RAW_TYPES:
        photo = await _read(request, max_bytes, too_large)
    else:
        raise Problem.of(NotAnImage().failure())
    if len(photo) > max_bytes:
        raise too_large
    if not photo:
        raise Problem.of(BrokenImage().failure())
    return photo


async def _read(request: Request, max_bytes: int, too_large: Problem) -> bytes:
    """Return the body of a request."""
    # A client that asks before it sends hears of it before.
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    body = bytearray()
    chunks = request.stream()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return bytes(body)
                body += chunk
                if len(body) > max_bytes:
                    raise too_large
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "too-slow",
            "The photo did not arrive in time.",
            headers={"Connection": "close"},
        ) from None


class _Form:
    """A parser of a form with one field."""

    def __init__(self, boundary: bytes) -> None:
        self._photo: bytearray | None = None
        self._header, self._value = b"", b""
        self._disposition = b""
        self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_to_header,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            _refuse("the header Content-Type has no boundary")

    def parse(self, body: bytes) -> bytes:
        """Return the photo in a form.

        Raises:
            Problem: the form is malformed, or has other fields.
        """
        try:
            self._parser.write(body)
            self._parser.finalize()
        except FormParserError:
            _refuse("the form is malformed")
        if not self._complete:
            _refuse("the form is incomplete")
        if self._photo is None:
            _refuse(f"the form has no field {FIELD!r}")
        return bytes(self._photo)

    def _begin_part(self) -> None:
        self._disposition = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != FIELD.encode() or self._photo is not None:
            _refuse(f"the form has a field beside {FIELD!r}; parameters belong to the URL")
        self._photo = bytearray()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._photo is not None:
            self._photo += memoryview(data)[start:end]

    def _end(self) -> None:
        self._complete = True


def _refuse(why: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, INVALID, f"{why[0].upper()}{why[1:]}.")
