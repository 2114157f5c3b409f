"""What can go wrong, in two families.

A `UserError` is about the photo that somebody sent: he is told, and the job is over. Its
`code` is the key of a text in `attrai/texts` and its details fill that text's placeholders.

Everything else that is raised is a fault of ours: it is logged, tried again, and ends in an
apology.
"""

from __future__ import annotations

from typing import ClassVar

from attrai.contract import Failure

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


class LabelsError(Exception):
    """Labelled photos are unusable as a whole; the message is one line that says why."""
