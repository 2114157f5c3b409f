"""A progress message: the photos it is about, its text, and when its estimate is off."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from attrai.locales import duration, text
from attrai.telegram import Keyboard, chat_interval
from attrai.telegram.answer_buttons import progress_keyboard

#: An estimate is updated when it is off by more than this many seconds, and by more than this
#: fraction of the estimated time left.
_UPDATE_MIN_SECONDS, _UPDATE_MIN_FRACTION = 10.0, 0.5


class ProgressMessage(BaseModel):
    """A progress message about a photo, or about the photos of an album."""

    model_config = ConfigDict(extra="allow")  # of a newer bot, which finds it again

    chat: int
    locale: str
    album: str | None
    jobs: list[str]
    #: The topic of a forum.
    topic: int | None = None
    #: Whose photos they are (`Pseudonyms.asker`); None if an earlier version sent the message.
    asker: str | None = None
    #: Telegram's id of the message; None until it is sent.
    message: int | None = None
    #: The estimate in seconds, and the Unix time at which it was made.
    estimated_seconds: float = 0
    at: float = 0

    def set_estimate(self, remaining: Mapping[str, float]) -> None:
        """Set the estimate to the seconds until the last of the jobs is answered."""
        self.estimated_seconds, self.at = self.estimate(remaining), time.time()

    def error(self, remaining: Mapping[str, float]) -> float:
        """Return by how many seconds the message's estimate differs from a new one."""
        return abs(self.estimate(remaining) - self.seconds_left())

    def seconds_left(self) -> float:
        """Return the seconds that the estimate still promises."""
        return max(0.0, self.estimated_seconds - (time.time() - self.at))

    def estimate(self, remaining: Mapping[str, float]) -> float:
        """Return the estimated seconds until the last of the jobs is answered.

        Args:
            remaining: seconds until each job in flight is answered, by job id.
        """
        open_jobs = [remaining[job] for job in self.jobs if job in remaining]
        # A chat's messages are rate limited, and the answer follows this one.
        return max([*open_jobs, chat_interval(self.chat) if open_jobs else 0])

    def needs_update(self, remaining: Mapping[str, float]) -> bool:
        """Return whether the estimate is so far off that the message should be updated."""
        return self.error(remaining) > max(
            _UPDATE_MIN_SECONDS, _UPDATE_MIN_FRACTION * self.seconds_left()
        )

    def keyboard(self) -> Keyboard:
        """Return the buttons of the message."""
        return progress_keyboard(self.asker, self.jobs[0], self.locale) if self.asker else ()

    def message_text(self) -> str:
        """Return the text of the message in the user's language."""
        wait = duration(self.estimated_seconds, self.locale)
        return text("progress", self.locale, photos=len(self.jobs), wait=wait)
