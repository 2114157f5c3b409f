"""The /admin command for operators, in their private chat with the bot.

Without a word after it, it shows the status of the service. `/admin block` and `/admin unblock`
take a pseudonym, or the author of the forwarded message that they reply to, and `/admin blocked`
lists the pseudonyms of those who are blocked.
"""

from __future__ import annotations

import re
from functools import partial

from attrai.bot.blocklist import Blocklist
from attrai.bot.replies import Replies
from attrai.bot.request_types import CommandRequest, Origin, Request
from attrai.bot.status_report import StatusReport
from attrai.locales import text
from attrai.settings import Settings
from attrai.telegram import Pseudonyms, Telegram

COMMAND = "admin"
#: A pseudonym of a user.
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
#: Maximum number of blocked people to list: a text has at most 4096 characters.
_MAX_LISTED = 100


class AdminCommands:
    """Handler of the /admin command.

    Only users whose ids are in `Settings.admins` get an answer. To everyone else the command looks
    like an unknown one.
    """

    def __init__(
        self,
        settings: Settings,
        pseudonyms: Pseudonyms,
        blocklist: Blocklist,
        status: StatusReport,
        telegram: Telegram,
        replies: Replies,
    ) -> None:
        self._admins = settings.admins or frozenset()
        self._pseudonyms = pseudonyms
        self._blocklist = blocklist
        self._status = status
        self._telegram = telegram
        self._replies = replies

    def receive(self, request: Request) -> bool:
        """Answer an /admin request in the background; return False if the request is not one.

        Raises:
            redis.RedisError: Redis can't be reached.
        """
        origin = request.origin
        # A private chat has the user's own id. In a group, others would see the answer; a group's
        # anonymous administrators have its negative id.
        if (
            isinstance(request, CommandRequest)
            and request.name == COMMAND
            and origin.user in self._admins
            and origin.chat == origin.user > 0
        ):
            if request.words:
                self._replies.post(origin, self._block_or_list(request))
            else:
                self._replies.call(origin, partial(self._send_status, origin))
            return True
        return False

    def _block_or_list(self, request: CommandRequest) -> str:
        """Do what the words after the command say, and return the answer."""
        locale = request.origin.locale
        match request.words.lower().split():
            case ["blocked"]:
                listed = self._blocklist.newest(_MAX_LISTED)
                heading = text("admin-block-list", locale, count=len(self._blocklist))
                return "\n".join([heading, *listed])
            case ["block", *named] if user := self._user(request, named):
                self._blocklist.block(user)
                return text("admin-blocked", locale, user=user)
            case ["unblock", *named] if user := self._user(request, named):
                self._blocklist.unblock(user)
                return text("admin-unblocked", locale, user=user)
            case _:
                return text("admin-block-whom", locale)

    def _user(self, request: CommandRequest, named: list[str]) -> str | None:
        """Return the pseudonym of the person whom a command is about, or None if it doesn't say."""
        match named:
            case [name] if _PSEUDONYM.fullmatch(name):
                return name
            case [] if request.author is not None:
                return self._pseudonyms.user(request.author)
            case _:
                return None

    def _send_status(self, origin: Origin) -> None:
        words, chart = self._status.write(origin.locale)
        turn = self._pseudonyms.job(origin.chat, origin.message)
        if chart is None:
            self._telegram.send_text(origin.destination, words, turn=turn)
        else:
            self._telegram.send_photo(origin.destination, chart, words, turn=turn)
