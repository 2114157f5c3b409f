"""The Telegram channel: photos come from messages, and answers reply to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

from attrai.errors import INTERNAL, FileTooLarge, SourceUnreadable, TryLater, Undeliverable
from attrai.job import Failure, Job, Score
from attrai.locales import text
from attrai.telegram import Rejected, Telegram, TokenRefused

NAME = "telegram"
#: The keys in a job's address.
CHAT, MESSAGE = "chat", "message"

#: What sendPhoto takes (https://core.telegram.org/bots/api#sendphoto).
_PHOTO_BYTES, _PHOTO_SIDES, _PHOTO_RATIO = 10 * 10**6, 10_000, 20
#: The longest caption that Telegram takes, in characters.
_CAPTION = 1024
#: The name of a picture that is sent as a file.
_FILE_NAME = "rated.jpg"
#: What the operator has to mend is tried again after so many seconds.
_MENDING = 60


class TelegramChannel:
    """`Job.source` is a file's id, `Job.address` the chat and the message to answer."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Downloads the photo."""
        with _for_stages():
            try:
                return self._telegram.download(job.source, max_bytes)
            except Rejected as error:
                if "too big" in str(error):
                    raise FileTooLarge(limit_mb=max_bytes / 10**6) from error
                raise SourceUnreadable(reason=str(error)) from error

    def deliver(self, job: Job, picture: bytes) -> None:
        """Sends the picture, with the scores in words for who can't see it."""
        chat, message = address_of(job)
        with _for_stages():
            if fits_photo(picture):
                self._telegram.send_photo(
                    chat, picture, caption(job), reply_to=message, turn=job.id
                )
            else:
                self._telegram.send_document(
                    chat, picture, _FILE_NAME, caption(job), reply_to=message, turn=job.id
                )

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Sends the reason why there is no picture."""
        chat, message = address_of(job)
        try:
            reason = text(failure.code, job.locale, **failure.details)
        except KeyError:  # of a worker of another version
            reason = text(INTERNAL.code, job.locale)
        with _for_stages():
            self._telegram.send_text(chat, reason, reply_to=message, turn=job.id)


def fits_photo(picture: bytes) -> bool:
    """Whether Telegram takes the picture as a photo, not only as a file."""
    with Image.open(BytesIO(picture)) as image:
        width, height = image.size
    return (
        len(picture) <= _PHOTO_BYTES
        and width + height <= _PHOTO_SIDES
        and max(width, height) <= _PHOTO_RATIO * min(width, height)
    )


def caption(job: Job) -> str:
    """The scores of a job in words."""
    locale, scores = job.locale, job.scores
    if len(scores) == 1:
        words = text("rated-one", locale, **_values(scores[0]))
    else:
        items = [text("rated-item", locale, **_values(score)) for score in scores]
        words = text("rated-many", locale, count=len(scores), scores="; ".join(items))
    if job.faces_found > len(scores):
        words += "\n" + text("faces-left-out", locale, found=job.faces_found, shown=len(scores))
    return words if len(words) <= _CAPTION else words[: _CAPTION - 1] + "…"


def _values(score: Score) -> dict[str, float]:
    return {"score": score.value, "spread": score.spread}


def address_of(job: Job) -> tuple[int, int]:
    """The chat of a job, and the message there that is to be answered."""
    return int(job.address[CHAT]), int(job.address[MESSAGE])


@contextmanager
def _for_stages() -> Iterator[None]:
    """Turns Telegram's errors into those that a stage knows what to do with."""
    try:
        yield
    except Rejected as error:
        # The user blocked the bot, or deleted the photo: there is nobody to tell.
        raise Undeliverable(reason=str(error)) from error
    except TokenRefused as error:
        raise TryLater("Telegram refuses the bot's token", _MENDING) from error
