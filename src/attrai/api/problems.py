"""Errors as JSON (RFC 9457), with the codes that the bot's answers have, and in the same words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from attrai.errors import INTERNAL, TIMED_OUT, BrokenImage, FileTooLarge, NotAnImage
from attrai.job import Failure
from attrai.locales import choose_locale, locales, text

MEDIA_TYPE = "application/problem+json"
#: Codes of what is wrong with a request and not with its photo, for which the bot has no text.
BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, PENDING = (
    "bad-request",
    "unauthorized",
    "not-found",
    "pending",
)
INVALID, IN_PROGRESS, REUSED, GONE = "invalid", "in-progress", "idempotency-key-reused", "gone"

#: The statuses of photos that were refused. Any other is `UNPROCESSABLE_ENTITY`.
_STATUSES = {
    FileTooLarge.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotAnImage.code: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    BrokenImage.code: HTTPStatus.UNPROCESSABLE_ENTITY,
    INTERNAL.code: HTTPStatus.INTERNAL_SERVER_ERROR,
    TIMED_OUT.code: HTTPStatus.GATEWAY_TIMEOUT,
}


class Problem(Exception):
    """Why a request is not answered as it was meant to be."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str | None = None,
        *,
        values: Mapping[str, float | str] | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a problem.

        Args:
            status: of the answer.
            code: tells programs what is wrong.
            detail: tells a developer, in English; None if the bot has a text for this code.
            values: what stands in the placeholders of that text.
            retry_after: seconds after which the request may succeed.
            headers: more headers of the answer.
        """
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.values = values or {}
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = seconds(retry_after)

    @classmethod
    def of(cls, failure: Failure) -> Problem:
        """Return why a photo has no picture."""
        status = _STATUSES.get(failure.code, HTTPStatus.UNPROCESSABLE_ENTITY)
        return cls(status, failure.code, values=failure.details)

    def content(self, locale: str) -> dict[str, Any]:
        """Return the members of the problem."""
        return {
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.detail or _text(self.code, locale, self.values),
        }

    def response(self, locale: str) -> JSONResponse:
        """Return the answer."""
        headers = {"Content-Language": "en" if self.detail else locale, **self.headers}
        return JSONResponse(
            self.content(locale), self.status, headers=headers, media_type=MEDIA_TYPE
        )


def _text(code: str, locale: str, values: Mapping[str, float | str]) -> str:
    """Return the text of a failure. A worker of a newer version may have sent one without."""
    try:
        return text(code, locale, **values)
    except KeyError:
        return text(INTERNAL.code, locale)


def seconds(duration: float) -> str:
    """Return a duration as the header `Retry-After` has it."""
    return str(max(1, math.ceil(duration)))


def accepted_locale(header: str | None, default: str = "en") -> str:
    """Return the language to answer in, by the header `Accept-Language` (RFC 9110)."""
    wanted = []
    for place, part in enumerate((header or "").split(",")):
        tag, _, weight = part.partition(";")
        wanted.append((-_weight(weight), place, tag.strip()))
    for negative, _, tag in sorted(wanted):
        if negative < 0 and tag.replace("_", "-").split("-")[0].lower() in locales():
            return choose_locale(tag)
    return default


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
