"""The buttons under answers: draw the photo in another style, send a file, delete the answer."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial

from attrai.actors.intake import Intake
from attrai.bot.buttons import Buttons, Reply
from attrai.bot.permission import Permission
from attrai.bot.updates import ButtonRequest
from attrai.job import Job
from attrai.locales import text, time_until
from attrai.render import renderer_names
from attrai.settings import Settings
from attrai.telegram import Destination, Rejected, Telegram, open_pseudonyms, open_seal
from attrai.telegram.address import seal_address
from attrai.telegram.answer_buttons import DELETE, FILE, STYLE, read
from attrai.telegram.channel import NAME


class AnswerButtons:
    """Handlers of the buttons under answers.

    A press of a style is a job like that of a photo: the photo is fetched from the message that the
    answer replies to, so nothing is kept for it.
    """

    def __init__(
        self, settings: Settings, telegram: Telegram, intake: Intake, permission: Permission
    ) -> None:
        self._telegram = telegram
        self._pseudonyms = open_pseudonyms(settings)
        self._seal = open_seal(settings)
        self._intake = intake
        self._permission = permission
        self._styles = renderer_names()

    def register(self, buttons: Buttons) -> None:
        """Have presses of these buttons handled."""
        buttons.register(STYLE, self._permission.of(self._draw))
        buttons.register(FILE, self._permission.of(self._draw))
        buttons.register(DELETE, self._permission.of(self._delete))

    def _draw(self, request: ButtonRequest) -> Reply | Callable[[], Reply]:
        origin, pressed = request.origin, read(request.data)
        if request.replied is None or request.replied.file is None:
            return partial(self._withdraw, request)
        if pressed.rest not in self._styles:
            return Reply(text("press-old", origin.locale))
        is_style, now = pressed.prefix == STYLE, time.time()
        address = seal_address(
            Destination(origin.chat, request.replied.message, origin.topic),
            self._seal,
            asker=pressed.asker,
            styles=self._styles,
            edit=origin.message if is_style else None,
            as_file=not is_style,
            spoiler=request.replied.spoiler,
        )
        job = Job(
            id=self._pseudonyms.press(origin.chat, origin.message, request.query),
            channel=NAME,
            address=address,
            user=self._pseudonyms.user(origin.user),
            locale=origin.locale,
            source=self._seal.seal(request.replied.file.id),
            renderer=pressed.rest,
            admitted_at=now,
            queued_at=now,
        )
        photo = self._pseudonyms.job(origin.chat, request.replied.message)
        admission, ledger = self._intake.submit(job, photo), self._intake.ledger
        waits: dict[str, Callable[[str], float]] = {
            "daily-limit": ledger.next_daily,
            "user-busy": ledger.estimates.next_slot,
            "busy": lambda _: ledger.estimates.eta(),
        }
        if admission not in waits:
            return Reply(text("press-taken", job.locale))
        when = time_until(waits[admission](job.user), job.locale)
        return Reply(text("press-busy", job.locale, when=when), alert=True)

    def _withdraw(self, request: ButtonRequest) -> Reply:
        """Take the buttons away, as the photo is gone."""
        with contextlib.suppress(Rejected):  # they are gone already
            self._telegram.edit_keyboard(request.origin.chat, request.origin.message, ())
        return Reply(text("press-photo-gone", request.origin.locale))

    def _delete(self, request: ButtonRequest) -> Callable[[], Reply]:
        return partial(self._delete_now, request)

    def _delete_now(self, request: ButtonRequest) -> Reply:
        try:
            self._telegram.delete(request.origin.chat, request.origin.message)
        except Rejected as error:
            if "not found" not in str(error):  # as when the press came twice
                return Reply(text("press-undeletable", request.origin.locale), alert=True)
        return Reply()
