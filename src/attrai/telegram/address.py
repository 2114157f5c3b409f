"""The address of an answer: where it goes, and which buttons it has."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from attrai.telegram.destination import Destination


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
    #: All styles that buttons offer. Empty if `message` doesn't hold the photo, as to draw it again
    #: it is fetched from there.
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
