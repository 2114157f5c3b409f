"""What the sandbox refuses: to a bot in Telegram's words, to a user in its own."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """The answer to a call that failed."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        body = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(reason: str) -> ApiError:
    """The answer to a call that can't be carried out."""
    return ApiError(400, f"Bad Request: {reason}")


class Refused(ValueError):
    """A user can't do this, as in Telegram's own apps; the message says why."""
