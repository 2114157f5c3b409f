"""What a message may be before dramatiq sees it, and how little of it the logs hold."""

from __future__ import annotations

import logging
import time
from typing import Annotated, Any

import dramatiq
from dramatiq.common import dq_name
from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: How far in the future a delayed message may be due, in milliseconds: a consumer holds it in its
#: memory until then.
_MAX_DELAY_MS = 24 * 3600 * 1000

_Count = Annotated[int, Field(ge=0)]


class HostileMessage(Exception):
    """A message that dramatiq must not see. The text quotes nothing of it."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class _Options(_Strict):
    """The options that dramatiq's middleware sets here; any other could change what it does."""

    eta: _Count | None = None
    delay: _Count | None = None
    retries: _Count = 0
    requeue_timestamp: _Count = 0
    traceback: str = ""


class _Envelope(_Strict):
    """The fields of `dramatiq.Message`, with the one argument of a stage's actor."""

    queue_name: str
    actor_name: str
    args: tuple[dict[str, Any]]
    kwargs: Annotated[dict[str, Any], Field(max_length=0)]
    options: _Options
    message_id: str = Field(pattern=r"^[0-9A-Za-z-]{1,64}$")
    message_timestamp: _Count


def read_message(body: bytes, queue: str, actors: dict[str, dramatiq.Actor[Any, Any]]) -> Any:
    """Return the message in `body`, which came from `queue`.

    dramatiq believes what it reads: a wrong type ends its consuming thread's loop with an error
    before the message is acknowledged, so that it comes back and the queue stands still for ever.

    Args:
        body: what RabbitMQ delivered.
        queue: the name of a queue or its queue of delayed messages.
        actors: the actors of this process, by name.

    Raises:
        HostileMessage: it is no message for one of these actors in this queue.
    """
    try:
        envelope = _Envelope.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False, include_url=False)[0]
        # The first part of the place is a name of ours, the others may be the sender's.
        raise HostileMessage(f"{problem['type']} in {_field(problem['loc'])}") from None
    actor = actors.get(envelope.actor_name)
    if envelope.queue_name != queue:
        raise HostileMessage("the queue in it is another one")
    if actor is None or queue not in (actor.queue_name, dq_name(actor.queue_name)):
        raise HostileMessage("the actor in it is none of this queue")
    eta = envelope.options.eta
    if (eta is not None) != (queue != actor.queue_name):
        raise HostileMessage("delayed messages belong into their own queue, and others don't")
    if eta is not None and eta > time.time() * 1000 + _MAX_DELAY_MS:
        raise HostileMessage("it is delayed for longer than a day")
    return dramatiq.Message(
        **(dict(envelope) | {"options": envelope.options.model_dump(exclude_unset=True)})
    )


def hide_messages(record: logging.LogRecord) -> bool:
    """Hide the content of messages in a log record; a filter that lets every record through.

    dramatiq's records hold whole messages, and pika's warning of a message that was returned to
    its publisher quotes the body, which is the only bytes that pika logs.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(map(_hidden, record.args))
    return True


def _hidden(argument: object) -> object:
    if isinstance(argument, dramatiq.Message | dramatiq.MessageProxy):
        return argument.message_id
    return f"<{len(argument)} bytes>" if isinstance(argument, bytes) else argument


def _field(place: tuple[int | str, ...]) -> str:
    return str(place[0]) if place and place[0] in _Envelope.model_fields else "message"
