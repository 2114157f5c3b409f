"""Request handling: admits photos, refuses unsuitable ones with a reason, and answers commands."""

from __future__ import annotations

import structlog

from attrai.actors.intake import Intake
from attrai.bot.jobs import JobMaker
from attrai.bot.progress import ProgressMessages
from attrai.bot.replies import Replies
from attrai.bot.request_types import CommandRequest, MessageRequest, OtherMessage, PhotoRequest
from attrai.errors import BrokenImage, FileTooLarge, NotAnImage, TooSmall, UserError
from attrai.job import Failure, Job
from attrai.locales import text, time_until
from attrai.render import renderer_names
from attrai.settings import Settings
from attrai.telegram import Pseudonyms
from attrai.telegram.files import GET_FILE_MB, is_telegrams

log = structlog.get_logger(__name__)

DEFAULT_RENDERER = "boxes"
#: MIME types of documents that may turn out to be images.
_UNKNOWN_TYPES = (None, "", "application/octet-stream")


class RequestHandler:
    """Handler of photos, commands and other messages. A request may safely be handled again."""

    def __init__(
        self,
        settings: Settings,
        pseudonyms: Pseudonyms,
        jobs: JobMaker,
        intake: Intake,
        progress: ProgressMessages,
        replies: Replies,
    ) -> None:
        self._settings = settings
        self._pseudonyms = pseudonyms
        self._jobs = jobs
        self._intake = intake
        self._progress = progress
        self._replies = replies
        self._limit_mb = settings.max_file_mb
        if is_telegrams(settings.telegram_api_url):
            self._limit_mb = min(self._limit_mb, GET_FILE_MB)
        self._styles = renderer_names()

    def receive(self, request: MessageRequest) -> None:
        """Handle a request. When this returns, a photo's job is in the pipeline.

        The caller should retry after these errors.

        Raises:
            dramatiq.errors.BrokerConnectionError: RabbitMQ can't be reached.
            redis.RedisError: Redis can't be reached.
        """
        if isinstance(request, PhotoRequest):
            self._receive_photo(request)
        else:
            self._reply(request)

    def _receive_photo(self, request: PhotoRequest) -> None:
        job = self._jobs.from_photo(request, self._renderer_from_caption(request.words))
        failure = self._check_metadata(request)
        if failure:
            self._refuse(job, failure)
            return
        admission = self._intake.submit(job)
        # The one record that says whose photo it is, so that an operator can block them.
        log.info("received", job=job.id, user=job.user, admission=admission)
        if admission == "admitted" or (admission == "repeated" and self._is_in_flight(job)):
            asker = self._pseudonyms.asker(request.origin.chat, request.origin.user)
            self._progress.announce(job.id, request.origin, request.album, asker)
        elif reached := self._intake.limit_reached(admission, job.user):
            self._refuse(job, Failure(code=admission, details=reached.details(job.locale)))

    def _is_in_flight(self, job: Job) -> bool:
        """Return whether a repeated job is being processed, not one that was refused before."""
        started = self._intake.ledger.admitted(job.id)
        return started is not None and started.failure is None

    def _refuse(self, job: Job, failure: Failure) -> None:
        # A refusal goes through the pipeline, where it survives a crash as a picture does.
        self._intake.submit(job.with_(failure=failure))

    def _check_metadata(self, request: PhotoRequest) -> Failure | None:
        """Return why the photo can be refused from Telegram's metadata alone, or None."""
        file = request.file
        sides = [side for side in (file.width, file.height) if side is not None]
        error: UserError | None = None
        if file.mime not in _UNKNOWN_TYPES and not str(file.mime).startswith("image/"):
            error = NotAnImage()
        elif file.bytes == 0:
            error = BrokenImage()
        elif file.bytes is not None and file.bytes > self._limit_mb * 10**6:
            error = FileTooLarge(limit_mb=self._limit_mb)
        elif sides and min(sides) < self._settings.min_photo_side:
            error = TooSmall(limit=self._settings.min_photo_side)
        return error.failure() if error else None

    def _renderer_from_caption(self, words: str) -> str:
        """Return the first renderer named by a word of the caption, or the default one."""
        said = words.lower().split()
        return next((name for name in self._styles if name in said), DEFAULT_RENDERER)

    def _reply(self, request: CommandRequest | OtherMessage) -> None:
        hint = isinstance(request, OtherMessage)
        self._replies.post(request.origin, self._reply_text(request), hint=hint)

    def _reply_text(self, request: CommandRequest | OtherMessage) -> str:
        locale = request.origin.locale
        match request:
            case CommandRequest(name="start" | "settings" as name):
                return text(name, locale)
            case CommandRequest(name="privacy"):
                when = time_until(self._settings.job_seconds, locale)
                return text("privacy", locale, when=when)
            case CommandRequest(name="styles"):
                styles = "\n".join(
                    text("style-line", locale, name=name, style=_style(name, locale))
                    for name in self._styles
                )
                return text("styles", locale, styles=styles, default=DEFAULT_RENDERER)
            case CommandRequest(name="rate"):
                return text("rate-what", locale)
            case CommandRequest():
                photos = self._settings.max_active
                return text("help", locale, photos=photos, limit_mb=self._limit_mb)
            case OtherMessage():
                return text("no-video" if request.moving else "no-photo", locale)


def _style(name: str, locale: str) -> str:
    try:
        return text(f"style-{name}", locale)
    except KeyError:
        return text("style-other", locale)
