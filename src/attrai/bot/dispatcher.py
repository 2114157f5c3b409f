"""The way of a request: past the gate, and to the part of the bot that it is for."""

from __future__ import annotations

from attrai.bot.access import Access
from attrai.bot.admin import AdminCommands
from attrai.bot.answer_buttons import AnswerButtons
from attrai.bot.blocklist import Blocklist
from attrai.bot.buttons import Buttons
from attrai.bot.cancelling import Cancelling
from attrai.bot.jobs import JobMaker
from attrai.bot.language import PREFIX as LANGUAGE
from attrai.bot.language import Languages
from attrai.bot.permission import Permission
from attrai.bot.progress import ProgressMessages
from attrai.bot.replies import Replies
from attrai.bot.request_types import ButtonRequest, Request
from attrai.bot.requests import RequestHandler
from attrai.bot.services import BotServices
from attrai.bot.status_report import StatusReport
from attrai.monitoring.queues import Queues


class Dispatcher:
    """The handlers of one bot's requests."""

    def __init__(self, bot: BotServices, progress: ProgressMessages, queues: Queues) -> None:
        ledger, blocklist = bot.intake.ledger, Blocklist(bot.redis)
        replies = Replies(bot.telegram, bot.pseudonyms, bot.sender)
        jobs = JobMaker(bot.pseudonyms, bot.seal)
        self.requests = RequestHandler(
            bot.settings, bot.pseudonyms, jobs, bot.intake, progress, replies
        )
        status = StatusReport(bot.redis, ledger, queues)
        self.admin = AdminCommands(
            bot.settings, bot.pseudonyms, blocklist, status, bot.telegram, replies
        )
        self.languages = Languages(bot.redis, bot.pseudonyms, bot.telegram, replies)
        self.buttons = Buttons(bot.telegram, bot.sender)
        self.buttons.register(LANGUAGE, self.languages.press)
        permission = Permission(bot.telegram, bot.pseudonyms)
        answers = AnswerButtons(bot.telegram, bot.pseudonyms, jobs, bot.intake, permission)
        answers.register(self.buttons)
        Cancelling(ledger, progress, permission).register(self.buttons)
        self.access = Access(
            bot.settings, bot.redis, bot.pseudonyms, blocklist, self.buttons, replies
        )

    def receive(self, request: Request) -> None:
        """Handle a request, which may be handled again.

        Raises the errors of `RequestHandler.receive`.
        """
        with self.buttons.answer_in_outages(request):
            request = self.languages.apply(request)
            if self.access.admits(request):
                self._handle(request)

    def _handle(self, request: Request) -> None:
        if isinstance(request, ButtonRequest):
            self.buttons.receive(request)
        elif not self.languages.receive(request) and not self.admin.receive(request):
            self.requests.receive(request)
