"""Graylog over TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from testing.certificates import self_signed
from testing.gelf import GelfReceiver
from testing.waiting import wait_for
from tests.logs.conftest import UNREACHABLE, Output, count, numbers

log = structlog.get_logger("attrai.test")


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
