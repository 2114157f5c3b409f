"""The Telegram channel: fetches photos, delivers answers, and raises errors that stages handle."""

from __future__ import annotations

import json
import time
from io import BytesIO

import pytest
from PIL import Image

from attrai.errors import (
    FetchFailed,
    FileTooLarge,
    PhotoUnavailable,
    TryLater,
    Unconfirmed,
    Undeliverable,
)
from attrai.job import Failure, Job, Score
from attrai.locales import text
from attrai.telegram import Destination, Seal, limiter
from attrai.telegram.address import seal_address
from attrai.telegram.answer_texts import caption
from attrai.telegram.channel import TelegramChannel
from attrai.telegram.limits import fits_photo
from telegram_sandbox import Faults, Sandbox, running
from tests.sandbox.conftest import picture
from tests.telegram.conftest import SEAL
from tests.telegram.served import connect


def scored(job: Job, count: int, *, found: int | None = None, locale: str = "en") -> Job:
    """Return the job with `count` scored faces, of `found` faces in total."""
    scores = tuple(Score(value=1 + number % 10, spread=1.26) for number in range(count))
    return job.with_(
        faces=job.faces * count, scores=scores, faces_found=found or count, locale=locale
    )


def test_one_face_in_words(job: Job) -> None:
    """The caption of one face is its score, in the user's language."""
    assert caption(job) == "7.2 / 10"
    assert caption(job.with_(locale="ru")) == "7,2 из 10"


def test_many_faces_in_words(job: Job) -> None:
    """The caption of several faces lists scores from left to right and how many were left out."""
    assert caption(scored(job, 3)) == "3 faces, left to right: 1.0; 2.0; 3.0"
    assert caption(scored(job, 2, locale="ru")) == "2 лица, слева направо: 1,0; 2,0"
    assert caption(scored(job, 2, found=7)).endswith("\nFound 7 faces, showing the 2 largest.")


@pytest.mark.parametrize(
    ("values", "english", "russian", "key"),
    [
        ([None], "", "", "only-minors"),
        ([None, None], "", "", "only-minors"),
        (
            [1, None],
            "2 faces, left to right: 1.0; no score",
            "2 лица, слева направо: 1,0; без оценки",
            "minors",
        ),
        (
            [None, 2, 3, None, None],
            "5 faces, left to right: no score; 2.0; 3.0; no score; no score",
            "5 лиц, слева направо: без оценки; 2,0; 3,0; без оценки; без оценки",
            "minors",
        ),
    ],
)
def test_minors_in_words(
    job: Job, values: list[float | None], english: str, russian: str, key: str
) -> None:
    """The caption gives a minor's face no score, and says why, whatever the other faces get."""
    scores = [None if value is None else Score(value=value, spread=1) for value in values]
    count = len(values)
    rated = job.with_(faces=job.faces * count, scores=scores, faces_found=count)
    for locale, words in (("en", english), ("ru", russian)):
        why = text(key, locale, count=values.count(None))
        assert caption(rated.with_(locale=locale)) == f"{words}\n{why}".strip()
        left_out = text("faces-left-out", locale, found=60, shown=count)
        more = caption(rated.with_(locale=locale, faces_found=60))
        assert sorted(more.splitlines()) == sorted(filter(None, [words, left_out, why]))


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_caption_fits(channel: TelegramChannel, sandbox: Sandbox, job: Job, locale: str) -> None:
    """The caption of very many faces is cut to Telegram's limit."""
    crowd = scored(job, 200, found=300, locale=locale)
    assert len(caption(crowd)) == 1024
    channel.deliver(crowd, picture())
    assert sandbox.messages(1)[-1].caption == caption(crowd)
    left_out = text("faces-left-out", locale, found=300, shown=200)
    assert caption(crowd).endswith(f"…\n{left_out}")
    young = scored(job, 200, locale=locale).with_(scores=(Score(value=5, spread=1), *[None] * 199))
    assert len(caption(young)) == 1024
    assert caption(young).endswith("…\n" + text("minors", locale, count=199))


def test_a_photo_is_answered(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """The photo is fetched, and the picture replies to it with the score in the caption."""
    assert channel.fetch(job, 10**6) == sandbox.messages(1)[0].photo
    channel.deliver(job, picture())
    answer = sandbox.messages(1)[-1]
    assert answer.sender == "bot"
    assert answer.photo
    assert answer.document is None
    assert answer.caption == "7.2 / 10"
    assert answer.reply_to == message


def test_pictures_that_are_no_photos(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """A picture that exceeds the dimensions of photos is sent as a document, unchanged."""
    for size, as_photo in (
        ((5000, 5000), True),
        ((5001, 5000), False),
        ((2000, 100), True),
        ((2001, 100), False),
        ((100, 2001), False),
    ):
        file = BytesIO()
        Image.new("L", size).save(file, "JPEG")
        rated = file.getvalue()
        assert fits_photo(rated) == as_photo
        channel.deliver(job, rated)
        answer = sandbox.messages(1)[-1]
        assert bool(answer.photo) == as_photo
        assert answer.document == (None if as_photo else rated)
        assert answer.document_name == (None if as_photo else "rated.jpg")
        assert answer.caption == "7.2 / 10"
        assert answer.reply_to == message


def test_a_heavy_picture(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """A picture that exceeds the file size of photos is sent as a document."""
    heavy = picture() + bytes(10**7)
    channel.deliver(job, heavy)
    assert sandbox.messages(1)[-1].document == heavy


def test_a_file_that_is_too_large(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """A file that Telegram refuses to serve for its size raises FileTooLarge."""
    sandbox.user().send_document(bytes(20 * 2**20 + 1), "a.png", "image/png")
    file_id = sandbox.state.messages(1)[-1]["document"]["file_id"]
    large = job.with_(source=SEAL.seal(file_id))
    with pytest.raises(FileTooLarge) as raised:
        channel.fetch(large, 20 * 10**6)
    assert raised.value.details == {"limit_mb": 20}


def test_a_file_that_is_gone(channel: TelegramChannel, job: Job) -> None:
    """A file that Telegram does not know raises PhotoUnavailable, without Telegram's words."""
    with pytest.raises(PhotoUnavailable) as raised:
        channel.fetch(job.with_(source=SEAL.seal("unknown")), 10**6)
    assert raised.value.details == {}


def test_nobody_to_answer(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """An answer to a deleted photo, or to a user who blocked the bot, is undeliverable."""
    sandbox.user().delete(message)
    with pytest.raises(Undeliverable, match="message to be replied not found"):
        channel.deliver(job, picture())
    sandbox.user(2).block()
    blocked = job.with_(address=seal_address(Destination(2, 1), SEAL), id="0" * 32)
    with pytest.raises(Undeliverable, match="blocked"):
        channel.send_failure(blocked, Failure(code="no-face"))


def test_patience(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """After a 429 nothing is sent to the chat for the time it names, but photos are fetched."""
    sandbox.faults = Faults(rate_limited=1, retry_after=60)
    began = time.monotonic()
    with pytest.raises(TryLater) as raised:
        channel.deliver(job, picture())
    assert raised.value.seconds == 60
    sandbox.faults = Faults()
    calls = len(sandbox.calls)
    for send in (
        lambda: channel.deliver(job, picture()),
        lambda: channel.send_failure(job, Failure(code="no-face")),
    ):
        with pytest.raises(TryLater) as raised:
            send()
        assert raised.value.seconds is not None
        # The time that Telegram named, less the time that has passed.
        assert raised.value.seconds >= 60 - (time.monotonic() - began)
    assert len(sandbox.calls) == calls
    assert channel.fetch(job, 10**6)


def test_a_refused_token(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """Jobs are retried while Telegram refuses the token, which the operator has to fix."""
    sandbox.token = "1:another"  # noqa: S105 - it opens nothing
    for call in (
        lambda: channel.fetch(job, 10**6),
        lambda: channel.deliver(job, picture()),
    ):
        with pytest.raises(TryLater, match="refuses the bot's token"):
            call()


def test_failure_messages(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """Failure messages are in the user's language; unknown codes become an internal error."""
    for failure, locale, words in (
        (Failure(code="no-face"), "en", "No face found."),
        (Failure(code="too-small", details={"limit": 64}), "ru", "не меньше 64 пикселей"),
        (Failure(code="of-next-year"), "en", "Something went wrong on our side."),
        (Failure(code="too-small"), "en", "Something went wrong on our side."),
        (Failure(code="of-next-year"), "ru", "нас что-то сломалось."),
        (Failure(code="no-face"), "nl", "No face found."),
    ):
        channel.send_failure(job.with_(locale=locale), failure)
        answer = sandbox.messages(1)[-1]
        assert words in str(answer.text)
        assert answer.reply_to == message


def test_a_job_of_a_version_that_did_not_seal(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """A job that was admitted before an upgrade is fetched and answered."""
    plain = job.with_(address={"chat": 1, "message": message}, source=SEAL.open(job.source))
    assert channel.fetch(plain, 10**6) == sandbox.messages(1)[0].photo
    channel.deliver(plain, picture())
    assert sandbox.messages(1)[-1].reply_to == message


def test_another_token(sandbox: Sandbox, job: Job) -> None:
    """A job that was admitted under another token ends, as nobody can read whom to answer."""
    with running(sandbox) as url:
        channel = TelegramChannel(connect(url), Seal("1:another"))
        with pytest.raises(PhotoUnavailable):
            channel.fetch(job, 10**6)
        with pytest.raises(Undeliverable, match="another token"):
            channel.deliver(job, picture())
        with pytest.raises(Undeliverable, match="another token"):
            channel.send_failure(job, Failure(code="no-face"))


def pictures(sandbox: Sandbox) -> int:
    """Return how many pictures a user got."""
    return sum(bool(message.photo) for message in sandbox.messages(1) if message.sender == "bot")


def test_replies_that_are_lost(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """A picture that Telegram never confirms is sent twice, then three times a text says so."""
    sandbox.faults = Faults(garbled=1, methods={"sendPhoto", "sendMessage"})
    for sends in range(5):
        with pytest.raises(Unconfirmed):
            channel.deliver(job.with_(unconfirmed_sends=sends), picture())
    again = job.with_(unconfirmed_sends=5)
    channel.deliver(again, picture())
    channel.send_failure(again, Failure(code="no-face"))
    assert pictures(sandbox) == 2
    texts = [message.text for message in sandbox.messages(1) if message.text]
    assert len(texts) == 3
    assert all("send the photo again" in words for words in texts)
    assert len(sandbox.messages(1)) == 6  # the photo as well


def test_a_picture_that_may_be_missing(
    channel: TelegramChannel, sandbox: Sandbox, job: Job
) -> None:
    """After two pictures without a reply the user is told, by one message that is confirmed."""
    channel.deliver(job.with_(unconfirmed_sends=2), picture())
    _, answer = sandbox.messages(1)
    assert answer.text == text("perhaps-sent")
    assert answer.reply_to


def test_while_replies_are_lost(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """A picture that may have arrived is not sent again before Telegram replies to anything."""
    sandbox.faults = Faults(drop_after=1)
    for _ in range(5):
        with pytest.raises(TryLater) as raised:
            channel.deliver(job.with_(unconfirmed_sends=1), picture())
        assert not isinstance(raised.value, Unconfirmed)
    assert pictures(sandbox) == 0
    sandbox.faults = Faults()
    channel.deliver(job.with_(unconfirmed_sends=1), picture())
    assert pictures(sandbox) == 1


def test_a_file_that_is_unavailable(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """A file that is temporarily unavailable is fetched again, at growing intervals, five times."""
    sandbox.faults = Faults(
        refused=1, refusal="wrong file_id or the file is temporarily unavailable"
    )
    for failed in range(5):
        with pytest.raises(FetchFailed) as raised:
            channel.fetch(job.with_(failed_fetches=failed), 10**6)
        assert raised.value.seconds == 2**failed
    with pytest.raises(PhotoUnavailable):
        channel.fetch(job.with_(failed_fetches=5), 10**6)
    sandbox.faults = Faults()
    assert channel.fetch(job, 10**6) == sandbox.messages(1)[0].photo


def test_an_address_of_the_first_version(channel: TelegramChannel, job: Job) -> None:
    """An address without the fields that came later is read."""
    sealed = SEAL.seal(json.dumps({"chat": 5, "message": 6}))
    assert channel._open_address(job.with_(address=sealed)).to == Destination(5, 6)


@pytest.mark.parametrize("topic", [None, 1, 7])
@pytest.mark.parametrize("spoiler", [False, True])
def test_addresses(
    channel: TelegramChannel,
    job: Job,
    topic: int | None,
    spoiler: bool,  # noqa: FBT001
) -> None:
    """An address is sealed, comes back as it was, and holds what earlier versions read."""
    to = Destination(123456789, 6, topic, even_if_deleted=spoiler)
    sealed = seal_address(to, SEAL, spoiler=spoiler)
    assert "123456789" not in sealed
    address = channel._open_address(job.with_(address=sealed))
    assert (address.to, address.spoiler) == (to, spoiler)
    opened = json.loads(SEAL.open(sealed))
    assert (opened["chat"], opened["message"]) == (123456789, 6)


def test_a_spoiler(channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int) -> None:
    """The picture of a photo under a spoiler is under one too, and no other is."""
    channel.deliver(job, picture())
    address = seal_address(Destination(1, message), SEAL, spoiler=True)
    channel.deliver(job.with_(address=address), picture())
    assert [answer.spoiler for answer in sandbox.messages(1)[1:]] == [False, True]


@pytest.mark.parametrize("refusal", ["IMAGE_PROCESS_FAILED", "PHOTO_INVALID_DIMENSIONS"])
def test_a_picture_that_is_no_photo_to_telegram(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int, refusal: str
) -> None:
    """A picture that Telegram refuses as a photo is sent as a document, in the same slot."""
    sandbox.faults = Faults(refused=1, refusal=refusal, methods={"sendPhoto"})
    rated = picture()
    channel.deliver(job, rated)
    answer = sandbox.messages(1)[-1]
    assert (answer.document, answer.caption, answer.reply_to) == (rated, "7.2 / 10", message)
    # Not even as a document: the scores are sent.
    sandbox.faults = Faults(refused=1, refusal=refusal, methods={"sendPhoto", "sendDocument"})
    channel.deliver(job, rated)
    answer = sandbox.messages(1)[-1]
    assert (answer.text, answer.reply_to) == ("7.2 / 10", message)
    assert len(sandbox.messages(1)) == 3


def test_a_group_without_pictures(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bot may send no pictures it sends the scores, and without texts nothing."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 60)  # all of it takes one slot
    group = sandbox.group()
    asked = sandbox.user().send_photo(picture(), chat=group.id)
    there = job.with_(address=seal_address(Destination(group.id, asked), SEAL))
    group.forbid("photos")
    channel.deliver(there, picture())
    answer = sandbox.messages(group.id)[-1]
    assert (answer.text, answer.photo, answer.reply_to) == ("7.2 / 10", None, asked)


def test_a_group_without_texts(channel: TelegramChannel, sandbox: Sandbox, job: Job) -> None:
    """Where the bot may send nothing the answer is undeliverable, and tried once."""
    group = sandbox.group()
    asked = sandbox.user().send_photo(picture(), chat=group.id)
    there = job.with_(address=seal_address(Destination(group.id, asked), SEAL))
    group.forbid("photos", "documents", "text messages")
    with pytest.raises(Undeliverable, match="not enough rights to send text messages"):
        channel.deliver(there, picture())
    assert [call.method for call in sandbox.calls] == ["sendPhoto", "sendMessage"]


def test_a_group_that_became_a_supergroup(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers to a group that became a supergroup go there, in one slot and without a reply."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    group = sandbox.group()
    asked = sandbox.user().send_photo(picture(), chat=group.id)
    there = job.with_(address=seal_address(Destination(group.id, asked), SEAL))
    supergroup = group.become_supergroup(-1001)
    channel.deliver(there, picture())
    channel.send_failure(there, Failure(code="no-face"))
    *_, photo, failure = sandbox.messages(supergroup.id)
    assert (photo.caption, photo.reply_to) == ("7.2 / 10", None)
    assert photo.photo
    assert failure.text == text("no-face")
    assert [message.sender for message in sandbox.messages(group.id)] == ["user", "user"]


@pytest.mark.parametrize("topic", [1, 7])
def test_topics(
    channel: TelegramChannel,
    sandbox: Sandbox,
    job: Job,
    topic: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Answers go to the topic of the photo; the general one is not named."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    forum = sandbox.group(forum=True)
    asked = sandbox.user().send_photo(picture(), chat=forum.id, topic=forum.topic(topic))
    there = job.with_(address=seal_address(Destination(forum.id, asked, topic), SEAL))
    channel.deliver(there, picture())
    channel.send_failure(there, Failure(code="no-face"))
    assert [message.topic for message in sandbox.messages(forum.id)] == [
        None if topic == 1 else topic
    ] * 3


def test_an_answer_to_what_was_deleted(
    channel: TelegramChannel, sandbox: Sandbox, job: Job, message: int
) -> None:
    """What only a deleted command asked for is answered all the same."""
    sandbox.user().delete(message)
    to = Destination(1, message, even_if_deleted=True)
    channel.deliver(job.with_(address=seal_address(to, SEAL)), picture())
    (answer,) = sandbox.messages(1)
    assert (answer.caption, answer.reply_to) == ("7.2 / 10", None)
