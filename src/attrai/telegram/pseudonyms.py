"""Names for people, chats and messages that nobody can trace back without the bot's token."""

from __future__ import annotations

import hashlib

from attrai.job import job_id


class Pseudonyms:
    """The same name for the same number, as long as the bot keeps its token."""

    def __init__(self, token: str) -> None:
        self._key = hashlib.blake2b(token.encode(), digest_size=32, person=b"attrai").hexdigest()

    def user(self, user: int) -> str:
        """Stands for a person."""
        return job_id("user", self._key, user)

    def chat(self, chat: int) -> str:
        """Stands for a chat."""
        return job_id("chat", self._key, chat)

    def job(self, chat: int, message: int) -> str:
        """The id of the job that a message asks for, whenever it comes again."""
        return job_id("telegram", self._key, chat, message)
