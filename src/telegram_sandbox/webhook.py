"""A bot's webhook."""

from __future__ import annotations

from dataclasses import dataclass, field

#: The number of connections if the bot doesn't choose one, and the most that it may choose.
DEFAULT_CONNECTIONS, MAX_CONNECTIONS = 40, 100


@dataclass
class Webhook:
    """Where a bot gets its updates, and how the last attempt to send them failed."""

    url: str
    secret: str = ""
    max_connections: int = DEFAULT_CONNECTIONS
    #: The certificate to trust, in PEM, or None to trust what the system trusts.
    certificate: bytes | None = field(default=None, repr=False)
    #: When an update could not be sent, as a Unix time, and why.
    last_error: tuple[int, str] | None = None
