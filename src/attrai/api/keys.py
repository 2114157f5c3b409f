"""API keys: who a request is from. Of a key, only hashes are held in memory."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from hashlib import blake2b
from typing import NamedTuple

from attrai.errors import SettingsError
from attrai.job import job_id
from attrai.settings import Settings

#: A shorter key could be guessed.
MIN_KEY_LENGTH = 16
_SEPARATORS = re.compile(r"[,\s]+")
_USABLE = re.compile(r"[\x21-\x7e]+")


class Client(NamedTuple):
    """Who a request is from."""

    #: The pseudonym under which limits are kept and logs are written.
    user: str
    #: What the ids of this client's photos are derived from.
    secret: str

    def job(self, idempotency_key: str) -> str:
        """Return the id of the photo that a client names by a key of its own."""
        return job_id("api", self.secret, idempotency_key)


#: Whoever uses an API without keys, which listens on this machine only.
ANYONE = Client("local", "local")


class ApiKeys:
    """The keys that are accepted."""

    def __init__(self, keys: Collection[str]) -> None:
        self._clients = [(_digest(key, b"key"), _client(key)) for key in keys]

    def client(self, authorization: str) -> Client | None:
        """Return who proves themselves by the header `Authorization: Bearer KEY`, or None."""
        scheme, _, key = authorization.partition(" ")
        digest = _digest(key.strip(), b"key")
        # All keys are compared, whichever it is, so that the time tells nothing.
        found = [client for known, client in self._clients if hmac.compare_digest(known, digest)]
        return found[0] if found and scheme.lower() == "bearer" else None


def keys_in(settings: Settings) -> list[str]:
    """Return the API keys in the settings.

    Raises:
        SettingsError: one is too short, or can't be in a header.
    """
    if settings.api_keys is None:
        return []
    keys = [key for key in _SEPARATORS.split(settings.api_keys.get_secret_value()) if key]
    if any(len(key) < MIN_KEY_LENGTH or not _USABLE.fullmatch(key) for key in keys):
        raise SettingsError(
            f"ATTRAI_API_KEYS: each key has at least {MIN_KEY_LENGTH} letters, digits or marks; "
            "`openssl rand -hex 32` prints one"
        )
    return keys


def _client(key: str) -> Client:
    return Client(job_id("api user", _digest(key, b"user").hex()), _digest(key, b"job").hex())


def _digest(key: str, purpose: bytes) -> bytes:
    return blake2b(
        key.encode("utf-8", "replace"), digest_size=32, person=b"attrai " + purpose
    ).digest()
