"""RequestHandler: admits and refuses photos, answers commands, and is idempotent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from attrai.bot.dispatcher import Dispatcher
from attrai.bot.request_types import CommandRequest, Origin
from attrai.job import Failure
from attrai.monitoring.queues import EmbeddedQueues
from attrai.render import renderer_names
from attrai.telegram import Pseudonyms, Seal, limiter
from tests.bot.parts import MAX_ACTIVE, MAX_PENDING, Parts, parts
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Create a bot whose rate limit per chat is negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    with parts() as bot:
        yield bot


def document(size: int | None, mime: str | None) -> dict[str, object]:
    """Return an update with a document that has this metadata but no content."""
    said = {"file_id": "a", "file_unique_id": "b", "file_size": size, "mime_type": mime}
    return update(document={key: value for key, value in said.items() if value is not None})


def update(**content: object) -> dict[str, object]:
    """Return an update with a message in a private chat."""
    return {
        "message": {
            "message_id": 1,
            "date": 1,
            "chat": {"id": 1, "type": "private"},
            "from": {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": "en"},
            **content,
        }
    }


def photo(width: int, height: int, size: int = 1000) -> dict[str, object]:
    """Return an update with a photo of these dimensions and this file size."""
    said = {"file_id": "a", "file_unique_id": "b", "file_size": size}
    return update(photo=[{**said, "width": width, "height": height}])


def test_a_photo_starts(bot: Parts) -> None:
    """A photo is queued for ingest with everything the answer needs, under pseudonyms."""
    bot.redis.hset("attrai:service", "detect", 30)  # seconds, long enough for a progress message
    person = bot.sandbox.user(987654321, "ru")
    message = person.send_photo(picture())
    bot.receive()
    (job,) = bot.queued("ingest")
    assert job.channel == "telegram"
    seal = Seal(TOKEN)
    assert json.loads(seal.open(str(job.address))) == {
        "chat": 987654321,
        "message": message,
        "asker": Pseudonyms(TOKEN).asker(987654321, 987654321),
        "styles": renderer_names(),
    }
    assert (job.locale, job.renderer, job.failure) == ("ru", "boxes", None)
    assert "987654321" not in str(job.to_message())
    assert (
        bot.telegram.download(seal.open(job.source), 10**6)
        == bot.sandbox.messages(person.id)[0].photo
    )
    assert len(bot.said(person.id)) == 1


_UNFIT = [
    (document(0, "image/png"), Failure(code="broken-image")),
    (
        document(20_000_001, "image/png"),
        Failure(code="file-too-large", details={"limit_mb": 20}),
    ),
    (document(1000, "application/pdf"), Failure(code="not-an-image")),
    (document(0, "application/pdf"), Failure(code="not-an-image")),
    (document(1000, "video/mp4"), Failure(code="not-an-image")),
    (photo(63, 1280), Failure(code="too-small", details={"limit": 64})),
    (photo(1280, 1), Failure(code="too-small", details={"limit": 64})),
    (photo(1280, 1280, 20_000_001), Failure(code="file-too-large", details={"limit_mb": 20})),
]


def test_what_need_not_be_fetched(bot: Parts) -> None:
    """A photo that can be refused from its metadata goes straight to deliver."""
    for sent, failure in _UNFIT:
        bot.sandbox.user()
        bot.sandbox.inject(sent)
        bot.receive()
        assert [job.failure for job in bot.queued("deliver")] == [failure]
        assert bot.queued("ingest") == []
        assert bot.said() == []
        bot.forget()


@pytest.mark.parametrize(("url", "limit"), [("https://api.telegram.org/", 20), (None, 50)])
def test_the_largest_file(bot: Parts, url: str | None, limit: int) -> None:
    """From Telegram's own server bots get 20 MB; from another one as much as is accepted."""
    given = {"max_file_mb": 50} | ({"telegram_api_url": url} if url else {})
    settings = bot.settings.model_copy(update=given)
    services = replace(bot.services, settings=settings)
    dispatcher = Dispatcher(services, bot.progress, EmbeddedQueues(bot.broker.queues))
    person = bot.sandbox.user()
    dispatcher.receive(
        CommandRequest(Origin(person.id, person.send_text("/help"), 1, "en"), "help")
    )
    bot.flush()
    assert f"{limit} MB" in bot.said()[-1]


_UNKNOWN = [
    document(20_000_000, "image/png"),
    document(1, "image/x-unheard-of"),
    document(1, None),
    document(None, None),
    document(None, "application/octet-stream"),
    photo(64, 64),
]


def test_what_has_to_be_looked_at(bot: Parts) -> None:
    """A file whose metadata does not rule out a photo goes to ingest."""
    for sent in _UNKNOWN:
        bot.sandbox.user()
        bot.sandbox.inject(sent)
        bot.receive()
        assert len(bot.queued("ingest")) == 1
        assert bot.queued("deliver") == []
        bot.forget()


_CAPTIONS = [
    (None, "boxes"),
    ("ranking", "ranking"),
    ("Please: SPOTLIGHT !", "spotlight"),
    ("my rankings", "boxes"),
    ("unknown", "boxes"),
]


def test_a_caption_names_the_renderer(bot: Parts) -> None:
    """A word of the caption selects the renderer, regardless of case."""
    for caption, renderer in _CAPTIONS:
        bot.sandbox.user().send_photo(picture(), caption)
        bot.receive()
        assert [job.renderer for job in bot.queued("ingest")] == [renderer]
        bot.forget()


def test_a_busy_user(bot: Parts) -> None:
    """A user with too many photos in flight is told the limit and when a slot is free."""
    person = bot.sandbox.user()
    bot.redis.hset("attrai:service", "detect", 40)
    for _ in range(MAX_ACTIVE + 1):
        person.send_photo(picture())
        bot.receive()
    assert len(bot.queued("ingest")) == MAX_ACTIVE
    (refused,) = bot.queued("deliver")
    details = {"limit": MAX_ACTIVE, "when": "in 40 seconds"}
    assert refused.failure == Failure(code="user-busy", details=details)
    assert len(bot.said()) == MAX_ACTIVE


def test_a_full_queue(bot: Parts) -> None:
    """When the queue is full, a photo is refused with the time that the queue takes to clear."""
    bot.redis.hset("attrai:service", "detect", 100)
    for number in range(MAX_PENDING + 1):
        bot.sandbox.user(number + 1, "ru").send_photo(picture())
        bot.receive()
    assert len(bot.queued("ingest")) == MAX_PENDING
    (refused,) = bot.queued("deliver")
    assert refused.failure == Failure(code="busy", details={"when": "через 9 минут"})


def test_who_is_refused_again_and_again(bot: Parts) -> None:
    """A user with 20 refusals in flight gets no more answers."""
    person = bot.sandbox.user()
    for _ in range(25):
        person.send_document(b"", "a.png", "image/png")
    bot.receive()
    assert len(bot.queued("deliver")) == 20
    assert bot.ledger.in_flight() == 20


def test_a_repeated_update(bot: Parts) -> None:
    """A repeated update is the same job, with one progress message."""
    bot.redis.hset("attrai:service", "detect", 30)
    bot.sandbox.user().send_photo(picture())
    (request,) = bot.pending_requests()
    for _ in range(3):
        bot.dispatcher.requests.receive(request)
        bot.flush()
    assert len({job.id for job in bot.queued("ingest")}) == 1
    assert bot.ledger.in_flight() == 1
    assert len(bot.said()) == 1
    (job, *_) = bot.queued("ingest")
    assert bot.ledger.finish(job)
    bot.refresh()
    queued = len(bot.queued("ingest"))
    bot.dispatcher.requests.receive(request)
    bot.flush()
    assert len(bot.queued("ingest")) == queued
    assert bot.said() == []


def test_a_refused_update_comes_again(bot: Parts) -> None:
    """A refused photo stays refused when its update is repeated, even if a slot is free by then."""
    person = bot.sandbox.user()
    for _ in range(MAX_ACTIVE + 1):
        person.send_photo(picture())
    *admitted, refused = bot.pending_requests()
    for request in (*admitted, refused):
        bot.dispatcher.requests.receive(request)
    jobs = bot.queued("ingest")
    for job in jobs:
        bot.ledger.finish(job)
    bot.dispatcher.requests.receive(refused)
    bot.refresh()
    bot.flush()
    assert bot.said() == []
    assert bot.queued("ingest") == jobs
    assert {(job.id, job.failure and job.failure.code) for job in bot.queued("deliver")} == {
        (bot.queued("deliver")[0].id, "user-busy")
    }
    assert bot.ledger.finish(bot.queued("deliver")[0])
    bot.dispatcher.requests.receive(refused)
    assert bot.ledger.in_flight() == 0


_COMMANDS = [
    ("en", "/start", "the average rating a few hundred people would give"),
    ("en", "/start", "never of children"),
    ("ru", "/start", "никогда — детей"),
    ("en", "/help", "I take up to 2 photos from you at a time, each up to 20 MB."),
    ("en", "/help", "to see by how much (±), write the word ranking in the photo's caption"),
    ("ru", "/help", "насколько (±), напишите в подписи к фото слово ranking"),
    ("en", "/unknown", "I take up to 2 photos"),
    ("en", "/privacy", "in 30 minutes at the latest"),
    ("ru", "/privacy", "не позже чем через 30 минут"),
    ("en", "/styles", "spotlight: bright faces"),
    ("en", "/styles", "The default is boxes."),
    ("en", "/settings", "the language I answer in"),
    ("ru", "/settings", "язык моих ответов"),
    ("en", "/rate", "Reply to a photo with /rate"),
    ("ru", "hello", "Это не фото"),
    ("nl", "hello", "That's not a photo"),
]


def test_commands(bot: Parts) -> None:
    """Commands are answered in the user's language, and other texts by instructions."""
    for language, sent, words in _COMMANDS:
        message = bot.sandbox.user(1, language).send_text(sent)
        bot.receive()
        (answer,) = (m for m in bot.sandbox.messages(1) if m.id > message)
        assert words in str(answer.text)
        assert answer.reply_to == message


def test_nothing_names_the_user(bot: Parts) -> None:
    """Redis keys contain no user id, and no value contains the token."""
    bot.sandbox.user(987654321).send_photo(picture())
    bot.receive()
    keys = b" ".join(bot.redis.scan_iter())
    assert b"987654321" not in keys
    assert all(TOKEN not in str(bot.redis.dump(key)) for key in bot.redis.scan_iter())
