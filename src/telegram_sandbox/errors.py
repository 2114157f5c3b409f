"""Errors that the sandbox answers with.

Bots get Telegram's own wording, users of the chat page the sandbox's.
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error answer of the Bot API: a status code, a description and response parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the error answer."""
        body = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(reason: str) -> ApiError:
    """Return the error answer 400, "Bad Request", with a reason."""
    return ApiError(400, f"Bad Request: {reason}")


class UnreadablePicture(Exception):
    """The bytes can't be decoded as a picture."""


class ActionRefused(ValueError):
    """An action that Telegram's own apps would not let a user take; the message says why."""
