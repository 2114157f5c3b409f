"""The /admin command for operators, in their private chat with the bot.

Without a word after it, it shows the status of the service. `/admin block` and `/admin unblock`
take a pseudonym, or the author of the forwarded message that they reply to, and `/admin blocked`
lists the pseudonyms of those who are blocked.
"""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from importlib.util import find_spec

from redis import Redis

from attrai.bot.blocklist import Blocklist
from attrai.bot.sender import BackgroundSender
from attrai.bot.updates import CommandRequest, Origin, Request
from attrai.ledger import Ledger
from attrai.ledger.history import History, read_history
from attrai.locales import duration, text
from attrai.monitoring.bottleneck import bottleneck_hint
from attrai.monitoring.queues import Queues
from attrai.monitoring.snapshot import Snapshot, take
from attrai.settings import Settings
from attrai.telegram import Telegram, open_pseudonyms

COMMAND = "admin"
#: Number of days in the chart's time series; its distributions cover today only.
_DAYS = 30
#: Maximum number of attempts to send the status.
_MAX_ATTEMPTS = 5
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
        redis: Redis,
        ledger: Ledger,
        queues: Queues,
        telegram: Telegram,
        sender: BackgroundSender,
    ) -> None:
        self._admins = settings.admins or frozenset()
        self._pseudonyms = open_pseudonyms(settings)
        self._redis = redis
        self._blocklist = Blocklist(redis)
        self._ledger = ledger
        self._queues = queues
        self._telegram = telegram
        self._sender = sender

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
                self._reply(origin, self._block_or_list(request))
            else:
                self._sender.post(partial(self._send_status, origin), max_attempts=_MAX_ATTEMPTS)
            return True
        return False

    def _reply(self, origin: Origin, words: str) -> None:
        send = partial(self._telegram.send_text, origin.destination, words)
        self._sender.reply(origin.chat, origin.user, send)

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
        today = date.fromisoformat(self._ledger.today())
        history = read_history(self._redis, _DAYS, today=today)
        words = report(take(self._redis, self._ledger, self._queues), history.today, origin.locale)
        if find_spec("matplotlib") is None:
            self._telegram.send_text(origin.destination, words)
            return
        from attrai.monitoring.charts import draw  # noqa: PLC0415 - optional, and slow to import

        self._telegram.send_photo(
            origin.destination,
            draw(history.today, history),
            words,
            turn=self._pseudonyms.job(origin.chat, origin.message),
        )


def report(snapshot: Snapshot, today: History, locale: str) -> str:
    """Return a text summary of the snapshot that is short enough for a photo caption."""
    lines = [
        text("admin-down", locale, part=fault.part, reason=fault.reason)
        for fault in snapshot.faults
    ]
    if snapshot.in_flight is not None and snapshot.eta is not None:
        wait = duration(snapshot.eta, locale)
        lines.append(text("admin", locale, photos=snapshot.in_flight, wait=wait))
    lines.append(text("admin-today", locale, requests=today.requests, users=today.users))
    lines += [
        text(
            "admin-stage",
            locale,
            stage=stage.name,
            waiting=_known(stage.waiting),
            workers=_known(stage.workers),
            per_minute=_known(stage.per_minute),
        )
        for stage in snapshot.stages
    ]
    lines.append(
        text(
            "admin-counts",
            locale,
            full=_known(snapshot.users_at_limit),
            dead=_known(snapshot.dead_letters),
            dropped=_known(snapshot.dropped_logs),
        )
    )
    return "\n".join([*lines, bottleneck_hint(snapshot, locale)]).rstrip()


def _known(value: float | None) -> float | str:
    return "?" if value is None else round(value)
