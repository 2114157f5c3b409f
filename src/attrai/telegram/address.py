"""The address of an answer: where it goes, and which buttons it has."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from attrai.job import Job
from attrai.telegram.destination import Destination
from attrai.telegram.seal import Seal


class Address(BaseModel):
    """Where an answer goes. Sealed in `Job.address`, so its fields are optional for other versions.

    A version that doesn't know a field leaves it out: its answer is then a plain reply.
    """

    model_config = ConfigDict(frozen=True)

    chat: int
    #: The message to reply to, if any.
    message: int | None
    #: Whose buttons they are (`Pseudonyms.asker`); without it the answer has none.
    asker: str | None = None
    #: All styles that buttons offer. Empty if `message` doesn't hold the photo, which is fetched
    #: from there to draw it again.
    styles: tuple[str, ...] = ()
    #: The answer of an earlier job, which the picture replaces.
    edit: int | None = None
    #: Whether the picture is sent as a document, which Telegram doesn't compress.
    as_file: bool = False
    #: As in `Destination`.
    topic: int | None = None
    even_if_deleted: bool = False
    #: Whether the picture is hidden under a spoiler, as the photo was.
    spoiler: bool = False

    @property
    def to(self) -> Destination:
        """Where the answer goes."""
        return Destination(self.chat, self.message, self.topic, self.even_if_deleted)


def seal_address(to: Destination, seal: Seal, **optional: Any) -> str:
    """Return the address of the answers to a message, with the optional fields of `Address`.

    Other versions read it too, so it says only what differs from the usual.
    """
    address = Address(
        chat=to.chat,
        message=to.reply_to,
        topic=to.topic,
        even_if_deleted=to.even_if_deleted,
        **optional,
    )
    return seal.seal(address.model_dump_json(exclude_defaults=True))


def open_address(job: Job, seal: Seal) -> Address:
    """Return where the answers to a job go.

    Raises:
        SealBroken: the job was admitted under another token.
    """
    address = job.address  # a dict if a version that didn't seal admitted the job
    opened = json.loads(seal.open(address)) if isinstance(address, str) else address
    return Address.model_validate(opened)
