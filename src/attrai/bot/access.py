"""Who may use the bot, and what the others are told."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from redis import Redis

from attrai.bot.blocklist import Blocklist
from attrai.bot.buttons import Buttons, Reply
from attrai.bot.replies import Replies
from attrai.bot.request_types import ButtonRequest, Origin, Request
from attrai.ledger import keys
from attrai.locales import text
from attrai.settings import Settings
from attrai.telegram import Pseudonyms
from attrai.telegram.answer_buttons import CANCEL, DELETE, parse_data
from attrai.telegram.limits import PRESS_ANSWER, shorten

#: Seconds before someone who may not use the bot is told so again.
TELL_AGAIN_SECONDS = 3600
#: The buttons that remove something of one's own, which is always allowed.
_REMOVING = (CANCEL, DELETE)


class Refusal(NamedTuple):
    """What is said to someone whose request is not processed; nothing if it is empty."""

    words: str = ""
    #: Whether it is said only once in a while, and not in answer to each request.
    rarely: bool = False


class Rules:
    """The rules that the settings make."""

    def __init__(self, settings: Settings) -> None:
        self._admins = settings.admins or frozenset()
        self._allowed = settings.allowed
        self._blocked = settings.blocked or frozenset()
        self._groups = settings.groups == "on"
        self._maintenance = settings.maintenance

    def refusal(self, origin: Origin, *, blocked: bool) -> Refusal | None:
        """Return how a request is refused, or None if it is to be processed.

        Args:
            origin: who asks, and where.
            blocked: whether an operator has blocked them.
        """
        in_group = origin.chat < 0
        if in_group and not self._groups:
            return Refusal()
        if origin.user in self._admins:
            return None
        numbers = {origin.user, origin.chat}
        allowed = self._allowed is None or not numbers.isdisjoint(self._allowed)
        if blocked or not allowed or not numbers.isdisjoint(self._blocked):
            # Others in a group need not learn of it.
            return (
                Refusal() if in_group else Refusal(text("not-allowed", origin.locale), rarely=True)
            )
        return Refusal(self._maintenance) if self._maintenance else None


class Access:
    """The gate that each request passes first."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        pseudonyms: Pseudonyms,
        blocklist: Blocklist,
        buttons: Buttons,
        replies: Replies,
    ) -> None:
        self._rules = Rules(settings)
        self._pseudonyms = pseudonyms
        self._redis = redis
        self._blocklist = blocklist
        self._buttons = buttons
        self._replies = replies

    def admits(self, request: Request) -> bool:
        """Return whether a request is to be processed; otherwise answer it as the rules say.

        Raises:
            redis.RedisError: Redis can't be reached.
        """
        origin = request.origin
        if isinstance(request, ButtonRequest) and parse_data(request.data).prefix in _REMOVING:
            return True
        blocked = self._pseudonyms.user(origin.user) in self._blocklist
        refusal = self._rules.refusal(origin, blocked=blocked)
        if refusal is None:
            return True
        if isinstance(request, ButtonRequest):
            words = shorten(refusal.words, PRESS_ANSWER)
            self._buttons.answer(request, Reply(words, alert=bool(words)))
        elif refusal.words:
            self._replies.call(origin, partial(self._tell, origin, refusal))
        return False

    def _tell(self, origin: Origin, refusal: Refusal) -> None:
        told = keys.TOLD + self._pseudonyms.user(origin.user)
        if refusal.rarely and self._redis.exists(told):
            return
        self._replies.send(origin, refusal.words)
        if refusal.rarely:
            self._redis.set(told, 1, ex=TELL_AGAIN_SECONDS)
