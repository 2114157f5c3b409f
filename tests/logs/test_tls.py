"""Graylog over TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from testing.gelf import GelfReceiver
from testing.waiting import wait_for
from tests.logs.conftest import UNREACHABLE, Output, count, numbers

log = structlog.get_logger("attrai.test")


def self_signed(folder: Path) -> Path:
    """A file with a key and a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_tls(output: Output, tmp_path: Path) -> None:
    """Records reach a Graylog over TLS only with a trusted certificate, also after a restart."""
    path = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    with GelfReceiver(context) as receiver:
        output.configure(gelf_url=f"{receiver.url}?ca={path}")
        expected = count(range(1000))
        wait_for(lambda: numbers(receiver) == expected)
        receiver.restart()
        expected += count(range(1000, 2000))
        wait_for(lambda: numbers(receiver) == expected)
        output.configure(gelf_url=receiver.url)
        log.info("secret")
        wait_for(lambda: output.records(UNREACHABLE))
    assert "CERTIFICATE_VERIFY_FAILED" in output.records(UNREACHABLE)[-1]["reason"]
    assert numbers(receiver) == receiver.texts() == expected
    assert receiver.invalid == []
