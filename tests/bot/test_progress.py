"""ProgressMessages: one per photo or album, updated with the estimate, deleted when answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import structlog

from attrai.bot import progress
from attrai.telegram import Seal, limiter
from telegram_sandbox import Faults
from tests.bot.parts import Parts, parts
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Create a bot with a negligible rate limit that updates estimates at every check."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_CHECK_SECONDS", 0)
    with parts() as bot:
        takes(bot, 30)
        yield bot


def takes(bot: Parts, seconds: float) -> None:
    """Set the measured service time of the detect stage."""
    bot.redis.hset("attrai:service", "detect", seconds)


def answer(bot: Parts) -> None:
    """Answer the oldest job in flight, then check the progress messages."""
    job_id = bot.redis.zrange("attrai:jobs", 0, 0)[0].decode()
    job = bot.ledger.admitted(job_id)
    assert job is not None
    assert bot.ledger.finish(job)
    bot.refresh()


def test_a_photo_has_one_progress_message(bot: Parts) -> None:
    """A progress message replies to the photo, says how long it takes, and is then deleted."""
    takes(bot, 30)
    message = bot.sandbox.user().send_photo(picture())
    bot.receive()
    (shown,) = (m for m in bot.sandbox.messages(1) if m.sender == "bot")
    assert shown.text == "Rating your photo, about 30 seconds."
    assert shown.reply_to == message
    bot.refresh()
    assert len(bot.said()) == 1
    answer(bot)
    assert bot.said() == []
    assert not bot.redis.exists("attrai:notices")


def test_an_album_has_one_progress_message(bot: Parts) -> None:
    """The progress message of an album counts its photos and exists until all are answered."""
    takes(bot, 600)
    bot.sandbox.user(1, "ru").send_album([picture()] * 2)
    bot.receive()
    assert bot.said() == ["Оцениваю 2 фото, примерно 20 минут."]
    answer(bot)
    assert len(bot.said()) == 1
    answer(bot)
    assert bot.said() == []


def test_an_album_that_comes_in_parts(bot: Parts) -> None:
    """A photo that arrives after its album's progress message joins that message."""
    person = bot.sandbox.user()
    for _ in range(2):
        person.send_photo(picture(), album="1")
        bot.receive()
        assert len(bot.said()) == 1
    answer(bot)
    assert len(bot.said()) == 1
    answer(bot)
    assert bot.said() == []


def test_an_estimate_is_updated(bot: Parts) -> None:
    """A message is edited when its estimate is far off, and left alone when it is about right."""
    takes(bot, 6000)
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    takes(bot, 7000)  # less than half as long again, even when some of the 6000 s have passed
    bot.refresh()
    (shown,) = (m for m in bot.sandbox.messages(1) if m.sender == "bot")
    assert not shown.edited
    takes(bot, 600)
    bot.refresh()
    assert bot.said() == ["Rating your photo, about 10 minutes."]
    calls = len(bot.sandbox.calls)
    bot.refresh()
    assert len(bot.sandbox.calls) == calls


def test_an_answer_that_is_faster(bot: Parts) -> None:
    """A photo that is answered before its progress message is sent gets none."""
    bot.sandbox.user().send_photo(picture())
    (request,) = bot.pending_requests()
    bot.dispatcher.requests.receive(request)
    answer(bot)
    bot.flush()
    bot.refresh()
    assert bot.said() == []
    assert "sendMessage" not in {call.method for call in bot.sandbox.calls}


def test_what_is_soon_is_shown(bot: Parts) -> None:
    """For an estimate of a few seconds, the chat shows that a picture is being sent."""
    person = bot.sandbox.user()
    for seconds, shown in ((600, 0), (2, 1)):
        takes(bot, seconds)
        person.send_photo(picture())
        bot.receive()
        assert [call.method for call in bot.sandbox.calls].count("sendChatAction") == shown


def test_what_is_done_at_once_needs_no_words(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimate below two seconds has no progress message unless the photo takes longer."""
    now = time.monotonic()
    monkeypatch.setattr(progress, "_now", lambda: now)
    takes(bot, 1)
    bot.sandbox.user(1).send_photo(picture())
    bot.receive()
    answer(bot)
    assert [call.method for call in bot.sandbox.calls].count("sendChatAction") == 1
    bot.sandbox.user(2).send_photo(picture())
    bot.receive()
    bot.refresh()
    assert "sendMessage" not in {call.method for call in bot.sandbox.calls}

    now += 2.1  # seconds
    bot.refresh()
    calls = [call for call in bot.sandbox.calls if call.method == "sendMessage"]
    assert [call.chat_id for call in calls] == [2]
    answer(bot)
    assert not bot.redis.exists("attrai:notices")


def test_a_bot_that_is_started_again(bot: Parts) -> None:
    """A restarted bot deletes the progress messages of the last one, and repeats none."""
    person = bot.sandbox.user()
    person.send_album([picture()] * 2)
    bot.receive()
    with parts(bot.redis, bot.sandbox) as successor:
        successor.refresh()
        person.send_photo(picture(), album=bot.sandbox.messages(1)[0].album)
        assert len(successor.said()) == 1
        answer(successor)
        assert len(successor.said()) == 1
        answer(successor)
        assert successor.said() == []
    assert not bot.redis.exists("attrai:notices")


@pytest.mark.parametrize(
    "saved",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"chat": "77001122"}',
        b'{"chat": 77001122, "locale": "en", "album": null, "jobs": ["x"], "message": null}',
        b'{"chat": 77001122, "locale": "en", "album": null, "jobs": 5, "message": 1}',
    ],
)
def test_an_unreadable_progress_message(bot: Parts, saved: bytes) -> None:
    """A saved progress message that can't be read is logged and deleted; the others are kept."""
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    for first in ("0" * 32, b"\xff\xfe"):
        bot.redis.hset("attrai:notices", first, saved)
    with structlog.testing.capture_logs() as records, parts(bot.redis, bot.sandbox) as successor:
        assert bot.redis.hlen("attrai:notices") == 1
        assert len(successor.said()) == 1
        answer(successor)
        assert successor.said() == []
    unreadable = [each for each in records if each["event"] == "unreadable progress message"]
    assert [each["job"] for each in unreadable] == ["0" * 32, "\ufffd\ufffd"]
    assert "77001122" not in str(records)
    assert not bot.redis.exists("attrai:notices")


def test_progress_messages_of_other_releases(bot: Parts) -> None:
    """A progress message of an older bot is read, and a newer bot's new fields are kept."""
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    ((first, sealed),) = bot.redis.hgetall("attrai:notices").items()
    seal = Seal(TOKEN)
    saved = json.loads(seal.open(sealed.decode()))
    recorded = {"chat", "topic", "locale", "album", "jobs", "message", "estimated_seconds", "at"}
    assert set(saved) == recorded | {"asker"}
    del saved["asker"]  # which the oldest don't have
    newer = {**saved, "novelty": {"a": [1]}}
    bot.redis.hset("attrai:notices", first, seal.seal(json.dumps(newer)))
    with parts(bot.redis, bot.sandbox) as successor:
        takes(successor, 600)
        successor.refresh()
        kept = json.loads(seal.open((bot.redis.hget("attrai:notices", first) or b"").decode()))
        assert kept["estimated_seconds"] != newer["estimated_seconds"]
        assert kept["novelty"] == newer["novelty"]
        answer(successor)
        assert successor.said() == []


def test_two_messages_for_one_photo(bot: Parts) -> None:
    """Saved messages that name the same photo are both deleted."""
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    ((_, saved),) = bot.redis.hgetall("attrai:notices").items()
    bot.redis.hset("attrai:notices", "0" * 32, saved)
    with parts(bot.redis, bot.sandbox) as successor:
        answer(successor)
        assert successor.said() == []
    assert not bot.redis.exists("attrai:notices")


def test_what_was_answered_meanwhile(bot: Parts) -> None:
    """A restarted bot deletes the progress message of a photo that was answered meanwhile."""
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    (job,) = bot.queued("ingest")
    bot.ledger.finish(job)
    with parts(bot.redis, bot.sandbox) as successor:
        assert len(successor.said()) == 1
        successor.refresh()
        assert successor.said() == []


@pytest.mark.parametrize("fault", ["rate_limited", "server_error", "drop_before"])
def test_a_progress_message_that_is_not_sent(bot: Parts, fault: str) -> None:
    """A photo is processed even if its progress message can't be sent, and later ones are sent."""
    person = bot.sandbox.user()
    bot.sandbox.faults = Faults(**{fault: 1}, methods={"sendMessage"}, retry_after=0)
    person.send_photo(picture())
    bot.receive()
    bot.refresh()
    assert len(bot.queued("ingest")) == 1
    assert bot.said() == []
    bot.sandbox.faults = Faults()
    bot.redis.delete(*bot.redis.scan_iter("attrai:sends*"))  # the hold after a 429
    person.send_photo(picture())
    bot.receive()
    assert len(bot.said()) == 1
    answer(bot)
    answer(bot)
    assert bot.said() == []


def test_a_user_who_is_faster(bot: Parts) -> None:
    """A progress message is forgotten if the user has deleted it or blocked the bot."""
    person = bot.sandbox.user()
    for _ in range(2):
        person.send_photo(picture())
        bot.receive()
        person.delete(bot.sandbox.messages(1)[-1].id)
        answer(bot)
        assert not bot.redis.exists("attrai:notices")
    person.send_photo(picture())
    bot.receive()
    person.block()
    answer(bot)
    assert not bot.redis.exists("attrai:notices")


def test_deleting_is_tried_again(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting a progress message is retried, and left to the next bot after five failures."""
    monkeypatch.setattr("attrai.bot.sender._RETRY_MIN_SECONDS", 0)
    bot.sandbox.user().send_photo(picture())
    bot.receive()
    bot.sandbox.faults = Faults(server_error=1, methods={"deleteMessage"})
    answer(bot)
    assert [call.method for call in bot.sandbox.calls].count("deleteMessage") == 5
    bot.sandbox.faults = Faults()
    with parts(bot.redis, bot.sandbox) as successor:
        successor.refresh()
        assert successor.said() == []


def test_a_group_that_becomes_a_supergroup(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress message for a group that became a supergroup goes there, and is deleted there."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    group = bot.sandbox.group()
    bot.sandbox.user().send_photo(picture(), "/rate", chat=group.id)
    (request,) = bot.pending_requests()
    bot.dispatcher.requests.receive(request)
    supergroup = group.become_supergroup(-1001)
    bot.flush()
    assert bot.said(supergroup.id) == ["Rating your photo, about 30 seconds."]
    takes(bot, 600)
    bot.refresh()
    assert bot.said(supergroup.id) == ["Rating your photo, about 10 minutes."]
    answer(bot)
    assert bot.said(supergroup.id) == []


def test_a_progress_message_of_before(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress message from before its group moved is forgotten, and deletes no other's."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    group = bot.sandbox.group()
    bot.sandbox.user().send_photo(picture(), "/rate", chat=group.id)
    bot.receive()
    supergroup = group.become_supergroup(-1001)
    answer(bot)
    assert not bot.redis.exists("attrai:notices")
    deleted = [call for call in bot.sandbox.calls if call.method == "deleteMessage"]
    assert [(call.chat_id, call.status) for call in deleted] == [(group.id, 400)]
    assert len(bot.sandbox.messages(supergroup.id)) == 1


@pytest.mark.parametrize("topic", [1, 7])
def test_a_progress_message_in_a_topic(
    bot: Parts, monkeypatch: pytest.MonkeyPatch, topic: int
) -> None:
    """A progress message goes to its photo's topic, and so does the action."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    takes(bot, 3)
    forum = bot.sandbox.group(forum=True)
    photo = bot.sandbox.user().send_photo(
        picture(), "/rate", chat=forum.id, topic=forum.topic(topic)
    )
    bot.receive()
    (shown,) = (m for m in bot.sandbox.messages(forum.id) if m.sender == "bot")
    assert (shown.topic, shown.reply_to) == (None if topic == 1 else topic, photo)
    actions = [call for call in bot.sandbox.calls if call.method == "sendChatAction"]
    assert [(call.topic, call.status) for call in actions] == [(topic, 200)]


def actions(bot: Parts) -> list[tuple[int | None, int | None]]:
    """Return the chats and topics of the chat actions so far."""
    calls = [call for call in bot.sandbox.calls if call.method == "sendChatAction"]
    return [(call.chat_id, call.topic) for call in calls]


def test_the_action_is_shown_until_the_answer(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chat action is repeated before it disappears, once per chat, until the answer is due."""
    now = time.monotonic()
    monkeypatch.setattr(progress, "_now", lambda: now)
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    takes(bot, 1.5)
    forum = bot.sandbox.group(forum=True)
    bot.sandbox.user(1).send_album([picture()] * 2)
    bot.sandbox.user(2).send_photo(picture(), "/rate", chat=forum.id, topic=forum.topic())
    bot.receive()
    places = [(1, None), (forum.id, 7)]
    assert sorted(actions(bot), key=str) == sorted(places, key=str)
    for times in (2, 3):
        now += 4
        bot.refresh()
        assert len(actions(bot)) == 2 * (times - 1)
        now += 0.6
        bot.refresh()
        bot.refresh()
        assert sorted(actions(bot)[-2:], key=str) == sorted(places, key=str)
        assert len(actions(bot)) == 2 * times
    for _ in range(3):
        answer(bot)
    now += 5
    bot.refresh()
    assert len(actions(bot)) == 6
