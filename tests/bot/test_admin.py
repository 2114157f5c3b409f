"""/admin shows the status of the service to operators only."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from attrai.bot.request_types import CommandRequest, Origin
from attrai.telegram import limiter, open_pseudonyms
from tests.bot.conftest import ADMIN
from tests.bot.parts import Parts, parts
from tests.sandbox.conftest import picture


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Create a bot whose rate limit per chat is negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    with parts() as bot:
        yield bot


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "Photos in flight: 1.",
                "Today: 1 photo from 1 person.",
                "ingest: 1 waiting, 0 workers",
            ],
        ),
        ("ru", ["Фото в обработке: 1.", "Сегодня: 1 фото от 1 человека.", "ingest: ждёт 1"]),
    ],
)
def test_the_operator_gets_status_and_chart(bot: Parts, language: str, words: list[str]) -> None:
    """The operator gets the charts as a photo, captioned with the status in their language."""
    bot.sandbox.user(1).send_photo(picture())
    bot.receive()
    asked = bot.sandbox.user(ADMIN, language).send_text("/admin")
    bot.receive()
    answer = bot.sandbox.messages(ADMIN)[-1]
    assert answer.reply_to == asked
    assert answer.photo is not None
    with Image.open(BytesIO(answer.photo)) as charts:
        assert min(charts.size) > 500
    for line in words:
        assert line in (answer.caption or "")
    assert "{" not in (answer.caption or "")


def test_nobody_else_learns_of_it(bot: Parts) -> None:
    """Other users get the help text, as for any unknown command."""
    for command in ("/admin", "/nonsense"):
        bot.sandbox.user(5).send_text(command)
        bot.receive()
    first, second = bot.said(5)
    assert first == second
    assert "Send me a photo" in first


def test_not_in_a_group(bot: Parts) -> None:
    """In a group, /admin is an unknown command even to the operator, as others read it."""
    assert not bot.dispatcher.admin.receive(CommandRequest(Origin(-100, 1, ADMIN, "en"), "admin"))
    assert not bot.dispatcher.admin.receive(CommandRequest(Origin(ADMIN, 1, ADMIN, "en"), "help"))
    with parts(admins="-100") as other:  # nor to who writes as a group that is an operator
        assert not other.dispatcher.admin.receive(
            CommandRequest(Origin(-100, 1, -100, "en"), "admin")
        )


def test_without_matplotlib(bot: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib, the status is sent as a text message."""
    monkeypatch.setattr("attrai.bot.status_report.find_spec", lambda _: None)
    assert importlib.util.find_spec("matplotlib") is not None
    bot.sandbox.user(ADMIN).send_text("/admin")
    bot.receive()
    assert "Photos in flight: 0." in bot.said(ADMIN)[0]


def test_the_operator_stays_unnamed(bot: Parts) -> None:
    """The operator's id appears neither in Redis keys nor in the repr of the settings."""
    bot.sandbox.user(ADMIN).send_text("/admin")
    bot.receive()
    assert all(str(ADMIN).encode() not in key for key in bot.redis.scan_iter())
    assert str(ADMIN) not in repr(bot.settings)


PSEUDONYM = "0123456789abcdef" * 2
WHOM = "Whom? Write /admin block or /admin unblock with a pseudonym"


def ask(bot: Parts, words: str, reply_to: int | None = None, language: str = "en") -> str:
    """Send the bot a command as the operator, and return its answer."""
    asked = bot.sandbox.user(ADMIN, language).send_text(words, reply_to=reply_to)
    bot.receive()
    answer = bot.sandbox.messages(ADMIN)[-1]
    assert answer.reply_to == asked
    return str(answer.text)


def test_blocking_by_pseudonym(bot: Parts) -> None:
    """The operator blocks and unblocks the pseudonym in a photo's record."""
    ann = bot.sandbox.user(5)
    ann.send_photo(picture())
    bot.receive()
    (job,) = bot.queued("ingest")
    assert ask(bot, f"/admin block {job.user}") == f"Blocked: {job.user}"
    ann.send_photo(picture())
    bot.receive()
    assert len(bot.queued("ingest")) == 1
    assert "isn't open to everyone" in bot.said(5)[-1]
    assert ask(bot, f"/admin unblock {job.user}") == f"No longer blocked: {job.user}"
    ann.send_photo(picture())
    bot.receive()
    assert len(bot.queued("ingest")) == 2


def test_blocking_by_a_forwarded_message(bot: Parts) -> None:
    """The operator blocks and unblocks the author of a message that they forwarded to the bot."""
    ann = bot.sandbox.user(5)
    message = ann.send_text("hello")
    bot.receive()
    forwarded = bot.sandbox.user(ADMIN).forward(message, of=5)
    pseudonym = open_pseudonyms(bot.settings).user(5)
    assert ask(bot, "/admin block", forwarded) == f"Blocked: {pseudonym}"
    ann.send_text("/help")
    bot.receive()
    assert "isn't open to everyone" in bot.said(5)[-1]
    assert ask(bot, "/admin unblock", forwarded) == f"No longer blocked: {pseudonym}"
    ann.send_text("/help")
    bot.receive()
    assert "Send me a photo" in bot.said(5)[-1]


def test_blocking_who_writes_as_a_chat(bot: Parts) -> None:
    """The operator blocks whoever writes on behalf of a group, also by quoting a message there."""
    group = bot.sandbox.group(-100)
    pseudonym = open_pseudonyms(bot.settings).user(-100)
    message = group.anonymous_admin().send_photo(picture(), "@attrai_sandbox_bot", chat=-100)
    bot.receive()
    admin = bot.sandbox.user(ADMIN)
    forwarded = admin.forward(message, of=-100)
    assert ask(bot, "/admin block", forwarded) == f"Blocked: {pseudonym}"
    asked = admin.send_text("/admin unblock", quoting=(-100, message))
    bot.receive()
    answer = bot.sandbox.messages(ADMIN)[-1]
    assert (answer.reply_to, answer.text) == (asked, f"No longer blocked: {pseudonym}")


def test_who_can_not_be_blocked(bot: Parts) -> None:
    """The operator is told how to name someone if they don't, or if the author is hidden."""
    ann = bot.sandbox.user(5)
    message = ann.send_text("hello")
    bot.receive()
    admin = bot.sandbox.user(ADMIN)
    hidden = admin.forward(message, of=5, hidden=True)
    reply = admin.forward(bot.sandbox.messages(5)[-1].id, of=5)
    own = admin.send_text("hello")
    for words, reply_to in (
        ("/admin block", None),
        ("/admin block", hidden),
        ("/admin block", reply),
        ("/admin block", own),
        ("/admin block 5", None),
        ("/admin block @ann", None),
        (f"/admin block {PSEUDONYM} {PSEUDONYM}", None),
        (f"/admin ban {PSEUDONYM}", None),
    ):
        assert ask(bot, words, reply_to).startswith(WHOM), words
    assert ask(bot, "/admin blocked") == "Nobody is blocked."


def test_who_is_blocked(bot: Parts) -> None:
    """The operator sees the pseudonyms of the blocked, the newest first, in one message."""
    for _ in range(2):
        assert ask(bot, f"/admin block {PSEUDONYM}") == f"Blocked: {PSEUDONYM}"
    assert ask(bot, "/admin blocked") == f"Blocked: 1\n{PSEUDONYM}"
    numbers = [f"{number:032x}" for number in range(200)]
    for number in numbers:
        ask(bot, f"/admin block {number.upper()}", language="ru")
    heading, *listed = ask(bot, "/admin blocked").splitlines()
    assert heading == "Blocked: 201"
    assert listed == numbers[:-101:-1]


def test_the_blocked_stay_so(bot: Parts) -> None:
    """A block outlasts the bot's process, and Redis has no number of whom it is about."""
    number = 7_001_002_003_004
    message = bot.sandbox.user(number).send_text("hello")
    bot.receive()
    ask(bot, "/admin block", bot.sandbox.user(ADMIN).forward(message, of=number))
    with parts(bot.redis, bot.sandbox) as next_bot:
        next_bot.sandbox.user(number).send_text("/help")
        next_bot.receive()
        assert "isn't open to everyone" in next_bot.said(number)[-1]
    stored = [part for key in bot.redis.scan_iter() for part in (key, bot.redis.dump(key))]
    assert not [part for part in stored if str(number).encode() in part]


def test_only_the_operator_blocks(bot: Parts) -> None:
    """To others, and in groups, /admin block is an unknown command."""
    bot.sandbox.user(5).send_text(f"/admin block {PSEUDONYM}")
    bot.sandbox.group(-100)
    bot.sandbox.user(ADMIN).send_text(f"/admin@attrai_sandbox_bot block {PSEUDONYM}", chat=-100)
    bot.receive()
    assert "Send me a photo" in bot.said(5)[0]
    assert ask(bot, "/admin blocked") == "Nobody is blocked."
