"""The buttons under answers: draw the photo in another style, send a file, delete the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from attrai.actors.intake import Intake
from attrai.bot.buttons import Buttons, Reply
from attrai.bot.jobs import JobMaker
from attrai.bot.permission import Permission
from attrai.bot.request_types import ButtonRequest
from attrai.locales import text
from attrai.render import renderer_names
from attrai.telegram import Pseudonyms, Rejected, Telegram
from attrai.telegram.answer_buttons import DELETE, FILE, STYLE, parse_data


class AnswerButtons:
    """Handlers of the buttons under answers.

    A press of a style is a job like that of a photo: the photo is fetched from the message that the
    answer replies to, so nothing is kept for it.
    """

    def __init__(
        self,
        telegram: Telegram,
        pseudonyms: Pseudonyms,
        jobs: JobMaker,
        intake: Intake,
        permission: Permission,
    ) -> None:
        self._telegram = telegram
        self._pseudonyms = pseudonyms
        self._jobs = jobs
        self._intake = intake
        self._permission = permission
        self._styles = renderer_names()

    def register(self, buttons: Buttons) -> None:
        """Have presses of these buttons handled."""
        buttons.register(STYLE, self._permission.guard(self._draw))
        buttons.register(FILE, self._permission.guard(self._draw))
        buttons.register(DELETE, self._permission.guard(self._delete))

    def _draw(self, request: ButtonRequest) -> Reply | Callable[[], Reply]:
        origin = request.origin
        if request.replied is None or request.replied.file is None:
            return partial(self._remove_buttons, request)
        if parse_data(request.data).rest not in self._styles:
            return Reply(text("press-old", origin.locale))
        job = self._jobs.from_press(request, request.replied, request.replied.file)
        photo = self._pseudonyms.job(origin.chat, request.replied.message)
        admission = self._intake.submit(job, photo)
        reached = self._intake.limit_reached(admission, job.user)
        if reached is None:
            return Reply(text("press-taken", job.locale))
        return Reply(text("press-busy", job.locale, **reached.details(job.locale)), alert=True)

    def _remove_buttons(self, request: ButtonRequest) -> Reply:
        """Remove the buttons, as the photo is gone."""
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
