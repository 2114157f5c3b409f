"""The whole bot by webhook, embedded and over the queues."""

from __future__ import annotations

import itertools
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis import Redis

from attrai.job import STAGES
from telegram_sandbox import Faults, Sandbox, running
from testing.certificates import self_signed
from testing.connections import serving
from testing.proxies import forward
from testing.servers.server import HOST, Server, listening, reserved_port
from testing.waiting import wait_for
from tests.bot.conftest import WAIT, Program
from tests.bot.test_conversation import NOTICE, PHOTO, answers

pytestmark = pytest.mark.slow


def test_embedded(tmp_path: Path) -> None:
    """An embedded bot with a certificate of its own answers photos and commands by webhook.

    A bot that polls comes after it, and deletes the webhook.
    """
    sandbox = Sandbox()
    ann = sandbox.user()
    certificate = self_signed(tmp_path)
    with running(sandbox) as url, reserved_port() as port:
        polling = {"ATTRAI_TELEGRAM_TOKEN": sandbox.token, "ATTRAI_TELEGRAM_API_URL": url}
        environment = polling | {
            "ATTRAI_WEBHOOK_URL": f"https://localhost:{port}/here",
            "ATTRAI_WEBHOOK_PORT": str(port),
            "ATTRAI_WEBHOOK_CERT": str(certificate),
        }
        with Program("bot", "--embedded", environment=environment) as bot:
            asked = [ann.send_text("/help"), ann.send_photo(PHOTO)]
            for message in asked:
                sandbox.wait_for(1, lambda found, to=message: bool(answers(found, to)), WAIT)
        assert bot.process.returncode == 128 + 15
        waiting = ann.send_photo(PHOTO)
        with Program("bot", "--embedded", environment=polling):
            sandbox.wait_for(1, lambda found: bool(answers(found, waiting)), WAIT)
        assert sandbox.state.webhook is None
    assert all(len(answers(sandbox.messages(1), to)) == 1 for to in [*asked, waiting])


@pytest.mark.servers
@pytest.mark.parametrize("server", ["redis", "rabbit"])
def test_an_outage(
    request: pytest.FixtureRequest, tmp_path: Path, amqp_url: str, redis_url: str, server: str
) -> None:
    """A photo whose update comes while a server is away is answered once, when that is back."""
    away: Server = request.getfixturevalue(f"{server}_server")
    (tmp_path / "photos").mkdir()
    sandbox = Sandbox()
    sandbox.webhook_retry_seconds = 0.05
    with running(sandbox) as url, reserved_port() as port, ExitStack() as stack:
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
            "ATTRAI_BROKER_URL": amqp_url,
            "ATTRAI_REDIS_URL": redis_url,
            "ATTRAI_WEBHOOK_URL": f"http://127.0.0.1:{port}/",
            "ATTRAI_WEBHOOK_PORT": str(port),
            "TMPDIR": str(tmp_path),
        }
        for command in (["bot"], *(["worker", stage] for stage in STAGES)):
            stack.enter_context(Program(*command, environment=environment))
        wait_for(lambda: sandbox.state.webhook)
        before = sandbox.user(1).send_photo(PHOTO)
        sandbox.wait_for(1, lambda found: bool(answers(found, before)), WAIT)
        away.stop()
        during = sandbox.user(1).send_photo(PHOTO)
        assert sandbox.pending_updates() == 1
        away.start()
        sandbox.wait_for(1, lambda found: bool(answers(found, during)), WAIT)
        wait_for(lambda: sandbox.pending_updates() == 0)
    for message in (before, during):
        (answer,) = answers(sandbox.messages(1), message)
        assert answer.photo is not None


@contextmanager
def balancing(*ports: int) -> Iterator[int]:
    """Forward each connection to the next of the ports that listen, and return the port."""
    turns = itertools.count()

    def serve(client: socket.socket) -> None:
        up = [port for port in ports if listening(port)]
        with socket.create_connection((HOST, up[next(turns) % len(up)])) as server:
            forward(client, server)

    with serving(serve) as port:
        yield port


@pytest.mark.servers
def test_two_replicas(tmp_path: Path, amqp_url: str, redis_url: str) -> None:
    """Photos that two replicas get are answered once each, though one is killed meanwhile.

    Telegram misses many of the replicas' answers. No progress message is left, and the replica that
    is ended keeps no one waiting.
    """
    (tmp_path / "photos").mkdir()
    sandbox = Sandbox(faults=Faults(drop_after=0.2, methods={"webhook"}))
    sandbox.webhook_retry_seconds = 0.05
    people = [sandbox.user(number) for number in range(1, 13)]
    with ExitStack() as stack:
        url = stack.enter_context(running(sandbox))
        first, second = (stack.enter_context(reserved_port()) for _ in range(2))
        shared = stack.enter_context(balancing(first, second))
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
            "ATTRAI_BROKER_URL": amqp_url,
            "ATTRAI_REDIS_URL": redis_url,
            "ATTRAI_WEBHOOK_URL": f"http://127.0.0.1:{shared}/",
            "TMPDIR": str(tmp_path),
        }

        def notices() -> int:
            messages = [m for person in people for m in sandbox.messages(person.id)]
            return sum(bool(NOTICE.search(message.text or "")) for message in messages)

        def answered(chat: int, request: list[int]) -> int:
            """Count the answers to the messages of a request, of which an album has one for all."""
            messages = sandbox.messages(chat)
            return sum(len(answers(messages, message)) for message in request)

        def bot(port: int) -> Program:
            return Program("bot", environment=environment | {"ATTRAI_WEBHOOK_PORT": str(port)})

        one, two = (stack.enter_context(bot(port)) for port in (first, second))
        wait_for(lambda: listening(first) and listening(second) and sandbox.state.webhook)
        # One of each person: progress messages that would have to wait for others are left out.
        sent = [(person.id, [person.send_photo(PHOTO)]) for person in people[:8]]
        sent += [(person.id, person.send_album([PHOTO] * 3)) for person in people[8:]]
        wait_for(lambda: sandbox.pending_updates() == 0)
        # With all of them sent, none is on its way whose id the killed replica could not save.
        redis = stack.enter_context(Redis.from_url(redis_url))
        wait_for(lambda: redis.hlen("attrai:notices") == notices() == len(sent))
        one.process.send_signal(signal.SIGKILL)
        one.wait()
        for stage in STAGES:
            stack.enter_context(Program("worker", stage, environment=environment))
        sent += [(person.id, [person.send_text("/privacy")]) for person in people]
        wait_for(lambda: all(answered(*request) >= len(request[1]) for request in sent))
        wait_for(lambda: notices() == 0)
        two.process.terminate()
        assert two.wait() == 128 + signal.SIGTERM
    assert [answered(*request) for request in sent] == [1] * 8 + [3] * 4 + [1] * 12
    assert list((tmp_path / "photos").iterdir()) == []
    assert not any("Traceback" in line for program in (one, two) for line in program.output)
