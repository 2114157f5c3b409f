"""Pseudonyms of users, chats and messages, which can't be traced back without the bot's token."""

from __future__ import annotations

import hashlib

from attrai.job import job_id

#: Length of the pseudonym of whoever a button belongs to: 64 bits, of a button's 64 bytes.
_ASKER_DIGITS = 16


class Pseudonyms:
    """Keyed hashes of Telegram's ids. They stay the same as long as the bot keeps its token."""

    def __init__(self, token: str) -> None:
        self._key = hashlib.blake2b(token.encode(), digest_size=32, person=b"attrai").hexdigest()

    def user(self, user: int) -> str:
        """Return the pseudonym of a user."""
        return job_id("user", self._key, user)

    def chat(self, chat: int) -> str:
        """Return the pseudonym of a chat."""
        return job_id("chat", self._key, chat)

    def album_in(self, chat: int, album: str) -> str:
        """Return the pseudonym of an album in a chat."""
        return job_id("album", self._key, chat, album)

    def asker(self, chat: int, user: int) -> str:
        """Return a short pseudonym of a user in a chat, which fits into a button's data."""
        return job_id("asker", self._key, chat, user)[:_ASKER_DIGITS]

    def press(self, chat: int, message: int, query: str) -> str:
        """Return the job id for the press of a button under a message."""
        return job_id("telegram", self._key, chat, message, query)

    def album(self, album: str) -> str:
        """Return the pseudonym of an album."""
        return job_id("album", self._key, album)

    def update(self, number: int) -> str:
        """Return the pseudonym of an update."""
        return job_id("update", self._key, number)

    def job(self, chat: int, message: int) -> str:
        """Return the job id for a message, which is the same when its update is repeated."""
        return job_id("telegram", self._key, chat, message)

    def reply(self, chat: int, user: int) -> str:
        """Return the pseudonym of the reply that is on its way to a user in a chat."""
        return job_id("reply", self._key, chat, user)
