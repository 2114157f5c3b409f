"""What a process that decodes and its parent tell each other; see `attrai.images.isolated`.

Each message is a JSON object, in one write to a pipe that is short enough to arrive as a whole.

    request   wanted: "photo" or "pixels"; length: of the file in the shared memory
    answers   filtered: whether system calls are filtered; once, when it is ready
              start, stop, size: where in the shared memory the result lies, its width and height
              refused, details: the code and the details of a `UserError`
              failed: any other exception, as text
"""

from __future__ import annotations

import json
import os
from typing import Any

#: Longest message in bytes: a pipe passes so many on as a whole (PIPE_BUF).
_MAX_MESSAGE_BYTES = 4096
#: Longest text in a message. It is only logged.
_MAX_TEXT = 200


def send(pipe: int, message: dict[str, Any]) -> None:
    """Write a message to a pipe."""
    os.write(pipe, json.dumps(message).encode())


def receive(pipe: int) -> Any:
    """Return the next message in a pipe, which from a child may be anything.

    Raises:
        EOFError: the other side has ended.
        ValueError: it is no JSON.
    """
    message = os.read(pipe, _MAX_MESSAGE_BYTES)
    if not message:
        raise EOFError
    return json.loads(message)


def shorten(value: Any) -> Any:
    """Return a number as it is, and anything else as a text of limited length."""
    return value if isinstance(value, int | float) else str(value)[:_MAX_TEXT]


def shorten_all(details: dict[str, Any]) -> dict[str, float | str]:
    """Return the details of a refusal with texts of limited length."""
    return {str(shorten(key)): shorten(value) for key, value in details.items()}
