"""Encryption of whatever names people, so that RabbitMQ and Redis hold nothing readable.

Messages, the ledger and their files on disk outlive an answer: Redis's append-only file and
RabbitMQ's message store keep what was deleted until they are compacted.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken


class SealBroken(Exception):
    """Raised for a text that was not sealed with this bot's token, or was changed since."""


class Seal:
    """Authenticated encryption with a key derived from the bot's token.

    Only processes that talk to Telegram have the token: the bot, ingest and deliver. The encryption
    is Fernet, AES-128 in CBC mode with an HMAC (https://github.com/fernet/spec). The same text
    sealed twice gives two different results.
    """

    def __init__(self, token: str) -> None:
        key = blake2b(token.encode(), digest_size=32, person=b"attrai seal").digest()
        self._fernet = Fernet(urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        """Encrypt a text; the result consists of letters, digits, `-`, `_` and `=`."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` returned.

        Raises:
            SealBroken: It was sealed with another token, or changed since.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeEncodeError):
            raise SealBroken from None
