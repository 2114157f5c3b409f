"""Simulated users of the bot, through the endpoints of the sandbox's chat page."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

from verification.deployment import TOKEN

_TIMEOUT = 20


class Users:
    """Users numbered from 1, who send photos in turn and read the bot's answers."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._users = range(1, number + 1)
        #: The photos that were sent, as (user, message id).
        self.sent: list[tuple[int, int]] = []

    def bot_listens(self) -> bool:
        """Return whether the bot has set its commands, which it does when it starts to listen."""
        try:
            return any(name == "commands" and data for name, data in self._history(1))
        except OSError:
            return False

    def gets_updates_by_webhook(self) -> bool:
        """Return whether the bot has set a webhook."""
        address = f"{self._url}/bot{TOKEN}/getWebhookInfo"
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:  # noqa: S310 - as above
            return bool(json.load(answer)["result"]["url"])

    def send(self, photo: bytes) -> None:
        """Send a photo as the next user."""
        user = self._users[len(self.sent) % len(self._users)]
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="user"\r\n\r\n{user}\r\n'
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        request = urllib.request.Request(  # noqa: S310 - the sandbox is ours
            f"{self._url}/page/messages",
            head.encode() + photo + f"\r\n--{boundary}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - as above
            (message,) = json.load(answer)["ids"]
        self.sent.append((user, message))

    def answers(self) -> Counter[tuple[int, int]]:
        """Return the number of pictures sent in answer to each photo."""
        found: Counter[tuple[int, int]] = Counter()
        for user in self._users:
            for name, message in self._history(user):
                if name == "message" and message["from"] == "bot" and "photo" in message:
                    found[user, message.get("reply_to")] += 1
        return found

    def unanswered(self) -> list[str]:
        """Return the bot's other answers to photos that were not answered by a picture."""
        answered = self.answers()
        missing = [photo for photo in self.sent if photo not in answered]
        return [
            f"{user}/{photo}: {message.get('text')}"
            for user, photo in missing
            for name, message in self._history(user)
            if name == "message" and message.get("reply_to") == photo
        ]

    def _history(self, user: int) -> Iterator[tuple[str, Any]]:
        """Yield the events of a user's chat, as the page receives them when it is opened."""
        address = f"{self._url}/page/events?user={user}"
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as stream:  # noqa: S310 - as above
            name = ""
            for line in stream:
                kind, _, value = line.decode().strip().partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    yield name, json.loads(value)
                    if name == "blocked":  # the last event of the history
                        return
