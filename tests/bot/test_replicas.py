"""Several bots that share a webhook: each progress message is kept by one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from attrai.bot import progress, replicas
from attrai.telegram import limiter
from telegram_sandbox.state import Json
from tests.bot.parts import Parts, parts
from tests.bot.test_progress import answer, takes
from tests.sandbox.conftest import picture

_URL = "https://bot.invalid/"


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Create a replica with a negligible rate limit, which looks at the others at every check."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_CHECK_SECONDS", 0)
    monkeypatch.setattr(replicas, "_RENEW_SECONDS", 0)
    with parts(webhook_url=_URL) as bot:
        takes(bot, 30)
        yield bot


@contextmanager
def beside(bot: Parts) -> Iterator[Parts]:
    """Create another replica."""
    with parts(bot.redis, bot.sandbox, webhook_url=_URL) as another:
        yield another


@pytest.fixture
def two(one: Parts) -> Iterator[Parts]:
    """Create another replica."""
    with beside(one) as another:
        yield another


def deleted(bot: Parts) -> int:
    """Return how many messages the replicas deleted."""
    return [call.method for call in bot.sandbox.calls].count("deleteMessage")


def updates(bot: Parts) -> list[Json]:
    """Return the updates that wait."""
    return bot.sandbox.state.updates.peek(100)


def dies(bot: Parts) -> None:
    """Have a replica say no more that it is alive."""
    bot.progress._replica.leave()  # type: ignore[union-attr]  # it is one
    bot.progress._replica.renew = lambda: False  # type: ignore[method-assign, union-attr]


def test_each_keeps_its_own(one: Parts, two: Parts) -> None:
    """A replica leaves the messages of another one that is alive alone; each is deleted once."""
    for number, bot in enumerate((one, two), 1):
        one.sandbox.user(number).send_photo(picture())
        bot.receive()
    for bot in (one, two, one, two):
        bot.refresh()
    assert (len(one.said(1)), len(one.said(2)), deleted(one)) == (1, 1, 0)
    answer(two)
    assert (len(one.said(1)), deleted(one)) == (1, 0)
    one.refresh()
    assert (one.said(1), len(one.said(2)), deleted(one)) == ([], 1, 1)
    answer(one)
    two.refresh()
    assert (one.said(2), deleted(one)) == ([], 2)
    assert not one.redis.exists("attrai:notices", "attrai:notices:bots", "attrai:notices:joined")


def test_an_album_has_one_message(one: Parts, two: Parts) -> None:
    """Photos of an album that come to several replicas have one message, until all are answered."""
    for bot in (one, two):
        one.sandbox.user().send_photo(picture(), album="1")
        bot.receive()
    assert len(one.said()) == 1
    takes(one, 6000)
    two.refresh()
    one.refresh()
    (shown,) = one.said()
    assert shown.startswith("Rating your 2 photos, ")
    answer(one)
    two.refresh()
    assert len(one.said()) == 1
    answer(two)
    one.refresh()
    assert one.said() == []
    assert deleted(one) == 1
    assert not one.redis.exists("attrai:notices", "attrai:notices:bots", "attrai:notices:joined")


def test_a_repeated_update(one: Parts, two: Parts) -> None:
    """A photo whose update comes to another replica once more has one message."""
    one.sandbox.user().send_photo(picture())
    (update,) = updates(one)
    one.receive()
    one.sandbox.inject({"message": update["message"]})
    two.receive()
    assert len(one.said()) == 1
    answer(one)
    two.refresh()
    assert one.said() == []
    assert deleted(one) == 1


def test_a_replica_that_is_gone(one: Parts, two: Parts) -> None:
    """The message of a replica that is gone is adopted by one other, and deleted once."""
    one.sandbox.user().send_photo(picture())
    one.receive()
    dies(one)
    with beside(one) as three:
        two.refresh()
        three.refresh()
        assert len(one.said()) == 1
        job = one.redis.zrange("attrai:jobs", 0, 0)[0].decode()
        admitted = one.ledger.admitted(job)
        assert admitted is not None
        one.ledger.finish(admitted)
        for bot in (two, three, two, three):
            bot.refresh()
    assert one.said() == []
    assert deleted(one) == 1
    assert not one.redis.exists("attrai:notices", "attrai:notices:bots")


def test_a_replica_that_went_before_it_announced(one: Parts, two: Parts) -> None:
    """A photo whose replica went before it sent a message gets one from the next replica."""
    one.sandbox.user().send_photo(picture())
    (update,) = updates(one)
    request = one.parser.parse(update)
    assert request is not None
    one.dispatcher.receive(request)
    dies(one)
    two.receive()
    assert len(one.said()) == 1
    answer(two)
    assert one.said() == []


def test_what_is_kept(one: Parts) -> None:
    """No id of Telegram's is in what replicas tell each other."""
    one.sandbox.user(77001122).send_photo(picture(), album="13000000000000001")
    one.receive()
    kept = [*one.redis.keys(), *one.redis.hgetall("attrai:notices:bots").values()]
    kept += [one.redis.get(key) for key in one.redis.keys("attrai:notices:claim:*")]
    assert any(key.startswith(b"attrai:notices:claim:") for key in kept)
    assert not any(b"77001122" in key or b"13000000000000001" in key for key in kept)
