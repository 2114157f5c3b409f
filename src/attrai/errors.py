"""What a user is told, what is tried again later, and what stops a start.

A `UserError` is about the photo that somebody sent: they are told, and the job is over. Its `code`
is the key of a message in `attrai/locales`, and its details fill the placeholders of that message.

Any other exception in a stage is our fault: it is logged, the stage is tried again, and in the
end the user is told that something went wrong.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from attrai.job import Failure

#: The failure of a job that we could not process through no fault of its photo.
INTERNAL = Failure(code="internal")
#: The failure of a job that was not answered in time.
TIMED_OUT = Failure(code="timed-out")


class UserError(Exception):
    """The photo, or the place where it lies, is at fault. The exception's text is for logs only."""

    code: ClassVar[str]

    def __init__(self, **details: float | str) -> None:
        super().__init__(", ".join(f"{key}={value}" for key, value in details.items()))
        self.details = details

    def failure(self) -> Failure:
        """Return the failure with which the job ends."""
        return Failure(code=self.code, details=self.details)


class SourceUnreadable(UserError):
    """The photo can't be read from its source. Details: `reason`."""

    code = "source-unreadable"


class SourceOutOfReach(UserError):
    """The operator has to make photos readable; their user can do nothing about it."""

    code = INTERNAL.code


class PhotoUnavailable(UserError):
    """The channel doesn't hand out the photo."""

    code = "photo-unavailable"


class FileTooLarge(UserError):
    """The file has too many bytes. Details: `limit_mb`."""

    code = "file-too-large"


class NotAnImage(UserError):
    """The bytes are in no supported format, or in a variant of one that can't be decoded."""

    code = "not-an-image"


class BrokenImage(UserError):
    """The file has a supported format but is damaged or truncated."""

    code = "broken-image"


class UnreadableImage(UserError):
    """The file crashed its decoder, or took it too long or too much memory. Details: `reason`."""

    code = "unreadable-image"


class TooManyPixels(UserError):
    """The photo's width times its height is too large. Details: `limit_megapixels`."""

    code = "too-many-pixels"


class TooSmall(UserError):
    """The photo's shorter side is too short. Details: `limit`, in pixels."""

    code = "too-small"


class NoFace(UserError):
    """No face was found on the photo."""

    code = "no-face"


class Undeliverable(UserError):
    """The answer can't be delivered. Details: `reason`."""

    code = "undeliverable"


class TryLater(Exception):
    """The other side can't be reached, or asks to wait for `seconds`, if it says how long."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class FetchFailed(TryLater):
    """A photo can't be fetched now, and perhaps never."""


class Unconfirmed(TryLater):
    """An answer was sent, but whether it arrived is unknown: the connection or the reply broke."""


class ChannelMissing(TryLater):
    """This process has no such channel; another one may, or this one after its next start."""


class StoreUnavailable(OSError):
    """The server of the photo store can't be reached, fails, or refuses the request."""


class SettingsError(Exception):
    """A setting is unusable. The message is one line that names the variable."""


class CannotStart(Exception):
    """The process can't work, and waiting would not help. The message is one line that says why."""


#: The code of a job that its user gave up.
CANCELLED = "cancelled"
#: How a job ends: with its picture; without one through no fault of ours, because there is no face
#: on the photo, because we could not accept the photo or deliver the picture, or because its user
#: gave it up; or through ours.
Outcome = Literal["rated", "no-face", "refused", "cancelled", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def outcome_of(code: str) -> Outcome:
    """Return the outcome of a job from its failure's code, or from `rated` without a failure."""
    if code == "rated":
        return "rated"
    if code == NoFace.code:
        return "no-face"
    if code == CANCELLED:
        return "cancelled"
    return "failed" if code in (INTERNAL.code, TIMED_OUT.code) else "refused"
