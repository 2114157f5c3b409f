"""The language that the bot writes to a person in: the one of their Telegram, or one they chose."""

from __future__ import annotations

from functools import partial
from typing import cast

from redis import Redis

from attrai.bot.buttons import Reply
from attrai.bot.replies import Replies
from attrai.bot.request_types import ButtonRequest, CommandRequest, Request
from attrai.ledger import keys
from attrai.locales import locales, text
from attrai.telegram import Button, Keyboard, Pseudonyms, Rejected, Telegram

COMMAND = "language"
#: Prefix of the buttons' data; after the colon stands a language, or `_AUTOMATIC`.
PREFIX = "l"
_AUTOMATIC = "auto"
#: Seconds since a person's last request after which their choice is forgotten: a year.
_REMEMBERED_SECONDS = 365 * 86400
#: Number of buttons side by side; names of languages are short.
_COLUMNS = 2


class Languages:
    """The languages that people chose with /language, kept in Redis by their pseudonym."""

    def __init__(
        self, redis: Redis, pseudonyms: Pseudonyms, telegram: Telegram, replies: Replies
    ) -> None:
        self._redis = redis
        self._pseudonyms = pseudonyms
        self._telegram = telegram
        self._replies = replies

    def apply(self, request: Request) -> Request:
        """Return a request in the language that its author chose, if they did.

        Requests about the language itself stay in that of Telegram, which may be chosen again.

        Raises:
            redis.RedisError: Redis can't be reached. As nothing can be answered without it, the
                request has to wait rather than be answered in another language.
        """
        if _is_about_language(request):
            return request
        chosen = self._chosen(request.origin.user)
        if chosen is None:
            return request
        return request._replace(origin=request.origin._replace(locale=chosen))

    def receive(self, request: Request) -> bool:
        """Answer a /language request in the background; return False if it is not one.

        `/language de` and `/language Deutsch` choose a language, anything else offers all of them.
        """
        if not isinstance(request, CommandRequest) or request.name != COMMAND:
            return False
        origin = request.origin
        choice = _find(request.words)
        keyboard: Keyboard = ()
        if choice:
            words = self._choose(origin.user, choice, origin.locale)
        else:
            chosen = self._chosen(origin.user)
            locale = chosen or origin.locale
            words, keyboard = text("language", locale), _keyboard(chosen or _AUTOMATIC, locale)
        self._replies.post(origin, words, keyboard)
        return True

    def press(self, request: ButtonRequest) -> Reply | partial[Reply]:
        """Choose the language on a button, for whoever pressed it.

        In a private chat the answer takes the place of the question. In a group the question stays,
        for the next one to press.
        """
        origin = request.origin
        words = self._choose(origin.user, request.data.partition(":")[2], origin.locale)
        if not request.private:
            return Reply(words)
        return partial(self._replace_question, origin.chat, origin.message, words)

    def _replace_question(self, chat: int, message: int, words: str) -> Reply:
        try:
            self._telegram.edit_text(chat, message, words)
        except Rejected:  # it is deleted, or was replaced by an earlier press
            return Reply(words)
        return Reply()

    def _chosen(self, user: int) -> str | None:
        """Return the language a person chose, and remember it for another year."""
        found = self._redis.getex(self._key(user), ex=_REMEMBERED_SECONDS)
        chosen = cast("bytes | None", found)
        # A later version may have known more languages.
        return chosen.decode() if chosen and chosen.decode() in locales() else None

    def _choose(self, user: int, choice: str, automatic: str) -> str:
        """Remember or forget a choice, and return the text that confirms it."""
        if choice not in locales():
            self._redis.delete(self._key(user))
            return text("language-automatic-set", automatic)
        self._redis.set(self._key(user), choice, ex=_REMEMBERED_SECONDS)
        return text("language-set", choice)

    def _key(self, user: int) -> str:
        return keys.LANGUAGE + self._pseudonyms.user(user)


def _is_about_language(request: Request) -> bool:
    if isinstance(request, ButtonRequest):
        return request.data.startswith(f"{PREFIX}:")
    return isinstance(request, CommandRequest) and request.name == COMMAND


def _find(words: str) -> str | None:
    """Return the language that words name, by its code or as it calls itself."""
    said = words.strip().casefold()
    code = said.replace("_", "-").partition("-")[0]
    if code == _AUTOMATIC or code in locales():
        return code
    return next(
        (each for each in locales() if text("language-name", each).casefold() == said), None
    )


def _keyboard(chosen: str, locale: str) -> Keyboard:
    labels = {_AUTOMATIC: text("language-automatic", locale)}
    labels |= {each: text("language-name", each) for each in locales()}
    buttons = [
        Button(f"✓ {label}" if choice == chosen else label, f"{PREFIX}:{choice}")
        for choice, label in labels.items()
    ]
    return [buttons[start : start + _COLUMNS] for start in range(0, len(buttons), _COLUMNS)]
