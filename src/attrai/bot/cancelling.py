"""The button under a progress message, which cancels its photos."""

from __future__ import annotations

from attrai.bot.buttons import Buttons, Reply
from attrai.bot.permission import Permission
from attrai.bot.progress import ProgressMessages
from attrai.bot.request_types import ButtonRequest
from attrai.ledger import Ledger
from attrai.locales import text
from attrai.telegram.answer_buttons import CANCEL, parse_data


class Cancelling:
    """The handler of the button. The progress message goes once its photos count as answered."""

    def __init__(self, ledger: Ledger, progress: ProgressMessages, permission: Permission) -> None:
        self._ledger = ledger
        self._progress = progress
        self._permission = permission

    def register(self, buttons: Buttons) -> None:
        """Have presses of the button handled."""
        buttons.register(CANCEL, self._permission.guard(self._cancel))

    def _cancel(self, request: ButtonRequest) -> Reply:
        first = parse_data(request.data).rest
        cancelled = self._ledger.cancel(self._progress.jobs_of(first))
        key = "press-cancelled" if cancelled else "press-too-late"
        return Reply(text(key, request.origin.locale))
