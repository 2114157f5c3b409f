"""The Telegram channel: fetches photos from messages and replies to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from attrai.channels import Member, NotTogether
from attrai.errors import (
    FetchFailed,
    FileTooLarge,
    PhotoUnavailable,
    TryLater,
    Undeliverable,
)
from attrai.job import Failure, Job
from attrai.locales import text
from attrai.telegram import (
    ContentRefused,
    Keyboard,
    NotPermitted,
    Rejected,
    Seal,
    SealBroken,
    Telegram,
    TokenRefused,
)
from attrai.telegram.address import Address, open_address
from attrai.telegram.album import album_caption, in_order
from attrai.telegram.answer_buttons import answer_keyboard
from attrai.telegram.answer_texts import caption, failure_text
from attrai.telegram.files import GET_FILE_MB
from attrai.telegram.limits import CAPTION, TEXT, fits_photo

log = structlog.get_logger(__name__)

NAME = "telegram"
#: File name of a picture that is sent as a document.
_FILE_NAME = "rated.jpg"
#: Seconds between retries of a problem that the operator has to fix.
_TOKEN_RETRY_SECONDS = 60
#: How often a picture is sent without a reply, and then any answer, before it counts as delivered.
_MAX_UNCONFIRMED_PICTURES, _MAX_UNCONFIRMED_SENDS = 2, 5
#: In Telegram's description of an error that may be over soon or never, how often the photo is then
#: fetched again, and after how many seconds first; each time that doubles.
_UNAVAILABLE = "temporarily unavailable"
_MAX_FAILED_FETCHES, _FETCH_RETRY_SECONDS = 5, 1.0
#: Why a seal is broken, for the log: the bot's token was replaced.
_SEAL_BROKEN = "sealed with another token"


class TelegramChannel:
    """The channel between jobs and Telegram.

    `Job.source` is a Telegram file id, and `Job.address` an `Address`, both sealed.
    """

    def __init__(self, telegram: Telegram, seal: Seal) -> None:
        self._telegram = telegram
        self._seal = seal

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        """Download the photo of a job.

        A larger file is cut after `max_bytes` + 1 bytes.

        Raises:
            FileTooLarge: Telegram says that the file is too big to download.
            SourceOutOfReach: the files of a Bot API server of one's own can't be read here.
            PhotoUnavailable: Telegram refuses the download for another reason, or the job was
                admitted under another token.
            TryLater: Telegram is unavailable, or refuses the token.
            FetchFailed: the photo is unavailable, which may be over soon.
        """
        try:
            file_id = job.source if _is_plain(job) else self._seal.open(job.source)
        except SealBroken:
            log.warning("not fetched", reason=_SEAL_BROKEN)
            raise PhotoUnavailable from None
        with _translate_errors():
            try:
                return self._telegram.download(file_id, max_bytes)
            except Rejected as error:
                if "too big" in str(error):
                    limit_mb = min(max_bytes / 10**6, GET_FILE_MB)
                    raise FileTooLarge(limit_mb=limit_mb) from error
                if _UNAVAILABLE in str(error) and job.failed_fetches < _MAX_FAILED_FETCHES:
                    seconds = _FETCH_RETRY_SECONDS * 2**job.failed_fetches
                    raise FetchFailed(str(error), seconds) from error
                log.warning("not fetched", reason=str(error))
                raise PhotoUnavailable from error

    def deliver(self, job: Job, picture: bytes) -> None:
        """Send the picture, with the scores in the caption for users who can't see it.

        A picture that Telegram doesn't take as a photo is sent as a document, and where the chat
        permits no pictures, the scores are sent alone. A picture that was sent twice without a
        reply is not sent again; the user is told that it may be missing.

        Raises:
            Undeliverable: Telegram rejects the message, as when the user blocked the bot, or the
                job was admitted under another token.
            TryLater: Telegram is unavailable, rate limited, or refuses the token.
            Unconfirmed: the answer may have arrived.
        """
        address = self._open_address(job)
        if self._has_arrived(job):
            return
        keyboard = answer_keyboard(address, job.renderer, job.locale)
        with _translate_errors():
            if address.edit is not None:
                # An edit that may have arrived does no harm when it is repeated.
                self._telegram.edit_picture(
                    address.chat,
                    address.edit,
                    picture,
                    caption(job),
                    keyboard,
                    file_name=_file_name(address, picture),
                    turn=job.id,
                    spoiler=address.spoiler,
                )
            elif job.unconfirmed_sends >= _MAX_UNCONFIRMED_PICTURES:
                words = text("perhaps-sent", job.locale)
                self._telegram.send_text(address.to, words, turn=job.id)
            else:
                self._send_picture(address, picture, caption(job), job.id, keyboard)

    def _send_picture(
        self, address: Address, picture: bytes, words: str, turn: str, keyboard: Keyboard = ()
    ) -> None:
        to = address.to
        refused = False
        try:
            if _file_name(address, picture) is None:
                try:
                    self._telegram.send_photo(
                        to,
                        picture,
                        words,
                        turn=turn,
                        keyboard=keyboard,
                        spoiler=address.spoiler,
                    )
                except ContentRefused as error:
                    log.warning("not taken as a photo", reason=str(error))
                    refused = True
                else:
                    return
            self._telegram.send_document(
                to, picture, _FILE_NAME, words, turn=turn, keyboard=keyboard, instead=refused
            )
        except (NotPermitted, ContentRefused) as error:
            log.warning("sent without the picture", reason=str(error))
            self._telegram.send_text(to, words, turn=turn, instead=True)

    def send_failure(self, job: Job, failure: Failure) -> None:
        """Send the user a message that says why there is no picture.

        Raises:
            Undeliverable: Telegram rejects the message, as when the user blocked the bot, or the
                job was admitted under another token.
            TryLater: Telegram is unavailable, rate limited, or refuses the token.
            Unconfirmed: the answer may have arrived.
        """
        address = self._open_address(job)
        reason = failure_text(failure, job.locale)
        if self._has_arrived(job):
            return
        to = address.to
        if address.edit is not None and failure.code == PhotoUnavailable.code:
            reason = text("press-photo-gone", job.locale)
            to = to._replace(reply_to=address.edit)
            with _translate_errors(), suppress(Rejected):  # it has none
                self._telegram.edit_keyboard(address.chat, address.edit, ())
        with _translate_errors():
            self._telegram.send_text(to, reason, turn=job.id)

    def deliver_album(self, members: Sequence[Member], unconfirmed_sends: int) -> None:
        """Send the pictures as an album that replies to its first message, with one caption.

        If one of them is beyond Telegram's limits for photos all are sent as documents, which an
        album can't mix with photos. One picture is sent as a single photo, and none as a text.

        Raises:
            NotTogether: Telegram rejects the album, or it was admitted under another token.
            TryLater: Telegram is unavailable, rate limited, or refuses the token.
            Unconfirmed: the answer may have arrived.
        """
        try:
            addressed = in_order([(self._open_address(member.job), member) for member in members])
            first = addressed[0][1].job.with_(unconfirmed_sends=unconfirmed_sends)
            if not self._has_arrived(first):
                with _translate_errors():
                    self._send_album(addressed, unconfirmed_sends)
        except Undeliverable as error:
            raise NotTogether(str(error)) from error

    def _send_album(
        self, addressed: Sequence[tuple[Address, Member]], unconfirmed_sends: int
    ) -> None:
        (address, first), *_ = addressed
        pictures = [
            (member.picture, address.spoiler)
            for address, member in addressed
            if member.picture is not None
        ]
        # The turn of an album that has grown since is of no use: it was booked for fewer messages.
        turn = f"{first.job.album}:{len(pictures)}"
        members = [member for _, member in addressed]
        words = album_caption(members, CAPTION if pictures else TEXT)
        perhaps_sent = unconfirmed_sends >= _MAX_UNCONFIRMED_PICTURES
        if perhaps_sent:
            words = text("perhaps-sent-album", first.job.locale)
        if perhaps_sent or not pictures:
            self._telegram.send_text(address.to, words, turn=turn)
        elif len(pictures) == 1:
            ((picture, spoiler),) = pictures
            address = address.model_copy(update={"spoiler": spoiler})
            self._send_picture(address, picture, words, turn)
        else:
            as_photos = all(fits_photo(picture) for picture, _ in pictures)
            file_name = None if as_photos else _FILE_NAME
            self._telegram.send_album(address.to, pictures, words, file_name=file_name, turn=turn)

    def _has_arrived(self, job: Job) -> bool:
        """Return whether an answer that was sent before without a reply is taken for delivered.

        While replies of Telegram are lost nothing is sent again, as it may have arrived.

        Raises:
            TryLater: Telegram does not reply yet.
        """
        if not job.unconfirmed_sends:
            return False
        with _translate_errors():
            self._telegram.me()
        if job.unconfirmed_sends < _MAX_UNCONFIRMED_SENDS:
            return False
        log.warning("taken for delivered", job=job.id, sends=job.unconfirmed_sends)
        return True

    def _open_address(self, job: Job) -> Address:
        """Return where the answers to a job go."""
        try:
            return open_address(job, self._seal)
        except SealBroken:
            raise Undeliverable(reason=_SEAL_BROKEN) from None


def _is_plain(job: Job) -> bool:
    """Return whether a version that didn't seal admitted the job."""
    return isinstance(job.address, dict)


def _file_name(address: Address, picture: bytes) -> str | None:
    """Return the name of the file that a picture is sent as, or None if it is sent as a photo."""
    return _FILE_NAME if address.as_file or not fits_photo(picture) else None


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Convert errors of the Telegram client to those that a stage handles."""
    try:
        yield
    except Rejected as error:
        # The user blocked the bot or deleted the photo, so nobody can be told.
        raise Undeliverable(reason=str(error)) from error
    except TokenRefused as error:
        raise TryLater("Telegram refuses the bot's token", _TOKEN_RETRY_SECONDS) from error
