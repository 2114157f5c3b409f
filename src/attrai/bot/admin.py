"""What the bot tells the operator, who asks by /admin in a chat of his own with it."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec

from redis import Redis

from attrai.bot.sender import BackgroundSender
from attrai.bot.updates import CommandRequest, Origin, Request
from attrai.ledger import Ledger
from attrai.ledger.history import History, read_history
from attrai.locales import duration, text
from attrai.monitoring.bottleneck import advice
from attrai.monitoring.queues import Queues
from attrai.monitoring.snapshot import Snapshot, take
from attrai.settings import Settings
from attrai.telegram import Telegram, open_pseudonyms

COMMAND = "admin"
#: The days that the chart shows one by one; its distributions are today's.
_DAYS = 30
#: How often an answer is tried.
_TRIES = 5


class AdminCommands:
    """Answers those whose numbers are in the settings; nobody else learns that it is there."""

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
        self._ledger = ledger
        self._queues = queues
        self._telegram = telegram
        self._sender = sender

    def receive(self, request: Request) -> bool:
        """Answers in the background what is for the admin; whether it was."""
        origin = request.origin
        # A chat with one person has that person's number: in a group others would read along.
        if (
            isinstance(request, CommandRequest)
            and request.name == COMMAND
            and origin.user in self._admins
            and origin.chat == origin.user
        ):
            self._sender.post(partial(self._answer, origin), tries=_TRIES)
            return True
        return False

    def _answer(self, origin: Origin) -> None:
        history = read_history(self._redis, _DAYS)
        words = report(take(self._redis, self._ledger, self._queues), history.today, origin.locale)
        if find_spec("matplotlib") is None:
            self._telegram.send_text(origin.chat, words, reply_to=origin.message)
            return
        from attrai.monitoring.charts import draw  # noqa: PLC0415 - an extra, and slow to import

        self._telegram.send_photo(
            origin.chat,
            draw(history.today, history),
            words,
            reply_to=origin.message,
            turn=self._pseudonyms.job(origin.chat, origin.message),
        )


def report(snapshot: Snapshot, today: History, locale: str) -> str:
    """A snapshot in a few lines; short enough for a caption."""
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
            full=_known(snapshot.full_users),
            dead=_known(snapshot.dead_letters),
            dropped=_known(snapshot.dropped_logs),
        )
    )
    return "\n".join([*lines, advice(snapshot, locale)]).rstrip()


def _known(value: float | None) -> float | str:
    return "?" if value is None else round(value)
