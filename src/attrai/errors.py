"""What can go wrong, in two families.

A `UserError` is about the photo that somebody sent: he is told, and the job is over. Its
`code` is the key of a text in `attrai/texts` and its details fill that text's placeholders.

Everything else that is raised is a fault of ours: it is logged, tried again, and ends in an
apology.

How photos end, in four kinds.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from attrai.job import Failure

#: The failure of a job that we could not process through no fault of its photo.
INTERNAL = Failure(code="internal")
#: The failure of a job that was not answered in time.
TIMED_OUT = Failure(code="timed-out")


class UserError(Exception):
    """The photo, or where it lies, is at fault; the message is for logs only."""

    code: ClassVar[str]

    def __init__(self, **details: float | str) -> None:
        super().__init__(", ".join(f"{key}={value}" for key, value in details.items()))
        self.details = details

    def failure(self) -> Failure:
        """What the job carries to its answer."""
        return Failure(code=self.code, details=self.details)


class SourceUnreadable(UserError):
    """The photo can't be read from where it is said to be. Details: `reason`."""

    code = "source-unreadable"


class FileTooLarge(UserError):
    """The file has too many bytes. Details: `limit_mb`."""

    code = "file-too-large"


class NotAnImage(UserError):
    """The bytes are in none of the formats that we read."""

    code = "not-an-image"


class BrokenImage(UserError):
    """The file is a known format, but it is damaged or ends too early."""

    code = "broken-image"


class TooManyPixels(UserError):
    """The photo's width times height is too large. Details: `limit_megapixels`."""

    code = "too-many-pixels"


class TooSmall(UserError):
    """The photo's shorter side is too short. Details: `limit`, in pixels."""

    code = "too-small"


class NoFace(UserError):
    """No face was found on the photo."""

    code = "no-face"


class Undeliverable(UserError):
    """The answer can't be put where it belongs. Details: `reason`."""

    code = "undeliverable"


class SettingsError(Exception):
    """A setting is unusable; the message is one line that names the variable."""


class CannotStart(Exception):
    """The process can't do its work, and waiting is of no use; the message says why."""


class TryLater(Exception):
    """The other side can't be reached, or asks for patience: of `seconds`, where it says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


#: With its picture; through no fault of ours without (no face on it, or we could not take it, or
#: could not give it back); or through ours.
Outcome = Literal["rated", "no-face", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def outcome_of(code: str) -> Outcome:
    """The kind that an answer is of: by the code of its failure, or `rated`."""
    if code == "rated":
        return "rated"
    if code == NoFace.code:
        return "no-face"
    return "failed" if code in (INTERNAL.code, TIMED_OUT.code) else "refused"
