"""The protocol of a channel: where photos come from and answers go; and the installed channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from attrai.job import Failure, Job
from attrai.plugins import Plugins


class Channel(Protocol):
    """A front end. Its methods are called from several threads.

    To add one, register a function under the entry point group `attrai.channels`, by the name that
    stands in the `channel` of its jobs. It is called with the `Settings`, a client of Redis and the
    photo store, and returns the channel, or None where the settings don't set it up.
    """

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Return the bytes of the job's photo, or `max_bytes` and one more of a larger file.

        Raises:
            UserError: there is no way to get them; the user is told why.
            TryLater: the stage is to be tried again later.
            FetchFailed: as above, but not for ever. The next attempt finds in the job how often
                this happened.
            PhotoReleased: the photo was released; only a `HoldingChannel` raises it.
        """
        ...

    def deliver(self, job: Job, picture: bytes) -> None:
        """Send the rated picture, a JPEG; the scores are in the job.

        Raises:
            UserError: there is no way to send it.
            TryLater: the stage is to be tried again later.
            Unconfirmed: as above, and the picture may have arrived. The next attempt finds in the
                job how often this happened.
        """
        ...

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Say why there is no picture; raises as `deliver` does."""
        ...


class PhotoReleased(Exception):
    """The channel no longer holds the photo: another copy of the job's message passed ingest."""


@runtime_checkable
class HoldingChannel(Channel, Protocol):
    """A channel that holds photos itself until they are fetched."""

    def release(self, job: Job) -> None:
        """Delete the job's photo, which ingest has passed on. May be called again."""
        ...


class Member(NamedTuple):
    """A photo of an album whose answer is ready."""

    #: Its number in the album, from 1.
    place: int
    job: Job
    #: None if the job has failed.
    picture: bytes | None


class NotTogether(Exception):
    """The photos of an album can't be answered together. Each one may still be answered alone."""


@runtime_checkable
class AlbumChannel(Channel, Protocol):
    """A channel that answers several photos at once."""

    def deliver_album(self, members: Sequence[Member], unconfirmed_sends: int) -> None:
        """Send the pictures as one answer, and say why photos have none.

        Args:
            members: at least two photos of one album, in order.
            unconfirmed_sends: the number of times that the answer was sent without a word whether
                it arrived.

        Raises:
            NotTogether: there is no way to send them at once.
            TryLater: as in `Channel.deliver`.
            Unconfirmed: as in `Channel.deliver`.
        """
        ...


CHANNELS = Plugins(
    "channel",
    "attrai.channels",
    Channel,  # type: ignore[type-abstract]  # nobody creates it
)
