"""What Telegram is told about a webhook: the secret to send, and the certificate to trust."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

#: The header in which Telegram sends the secret.
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name


def webhook_secret(token: str) -> str:
    """Return the secret with which Telegram authenticates itself to the webhook.

    It is derived from the bot's token, so all replicas know it and nobody has to store it.
    """
    return blake2b(token.encode(), digest_size=32, person=b"attrai webhook").hexdigest()


def certificate_to_upload(path: Path) -> bytes | None:
    """Return the certificate in a file of PEM if it is self-signed, so that Telegram trusts it.

    The file may hold its key as well, which is not returned.

    Raises:
        OSError: the file can't be read.
        ValueError: there is no certificate in it.
    """
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    if certificate.issuer != certificate.subject:
        return None
    return certificate.public_bytes(Encoding.PEM)
