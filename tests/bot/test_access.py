"""Who may use the bot, how often, and what the others are told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from attrai import logs
from attrai.bot.access import TELL_AGAIN_SECONDS, Refusal, Rules
from attrai.bot.request_types import Origin
from attrai.job import Failure
from attrai.ledger import keys
from attrai.ledger.constants import QUOTA_SECONDS
from attrai.settings import Settings
from attrai.telegram import Button, Destination, limiter
from telegram_sandbox import CallbackAnswer
from tests.bot.conftest import ADMIN, WAIT, Product, running_product
from tests.bot.parts import Parts, parts
from tests.bot.test_answer_buttons import ASKER, answered, press
from tests.bot.test_conversation import PHOTO, answers, jpeg
from tests.ledger.test_ledger import advance_time
from tests.sandbox.conftest import picture

ANN, BOB, EVE = 7_001_002_003_001, 7_001_002_003_002, 7_001_002_003_003
GROUP, OTHER_GROUP = -100_700_100_200_301, -100_700_100_200_302
NOT_FOR_THEM = "Sorry, this bot isn't open to everyone, so I can't help you here."


@pytest.fixture(autouse=True)
def quick_chats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the rate limits per chat negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)


def refusals(settings: dict[str, object], *, blocked: bool = False) -> dict[str, bool]:
    """Return who is refused: for each pair of a user and a chat, whether they are told why."""
    rules = Rules(Settings.model_validate({"admins": "9", **settings}))
    found = {}
    for user, chat in ((1, 1), (2, 2), (9, 9), (1, -5), (2, -5), (9, -5), (1, -6)):
        refusal = rules.refusal(Origin(chat, 1, user, "en"), blocked=blocked)
        if refusal is not None:
            found[f"{user}@{chat}"] = bool(refusal.words)
    return found


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, {}),
        ({"allowed": "1"}, {"2@2": True, "2@-5": False}),
        ({"allowed": "-5"}, {"1@1": True, "2@2": True, "1@-6": False}),
        ({"blocked": "1"}, {"1@1": True, "1@-5": False, "1@-6": False}),
        ({"blocked": "-5"}, {"1@-5": False, "2@-5": False}),
        ({"blocked": "2", "allowed": "2,1"}, {"2@2": True, "2@-5": False}),
        ({"blocked": "9"}, {}),
        ({"groups": "off"}, dict.fromkeys(["1@-5", "2@-5", "9@-5", "1@-6"], False)),
        ({"maintenance": "Soon."}, dict.fromkeys(["1@1", "2@2", "1@-5", "2@-5", "1@-6"], True)),
    ],
)  # fmt: skip
def test_rules(settings: dict[str, object], refused: dict[str, bool]) -> None:
    """The settings say who is refused; in groups nobody is told why but during maintenance."""
    assert refusals(settings) == refused


def test_who_is_blocked() -> None:
    """Whoever an operator has blocked is refused, in groups silently; operators are not."""
    assert refusals({}, blocked=True) == {
        "1@1": True,
        "2@2": True,
        "1@-5": False,
        "2@-5": False,
        "1@-6": False,
    }


def test_not_allowed_comes_before_maintenance() -> None:
    """Whoever may not use the bot doesn't get the maintenance message."""
    rules = Rules(Settings.model_validate({"allowed": "1", "maintenance": "Soon."}))
    assert rules.refusal(Origin(2, 1, 2, "en"), blocked=False) == Refusal(NOT_FOR_THEM, rarely=True)
    assert rules.refusal(Origin(1, 1, 1, "en"), blocked=False) == Refusal("Soon.")


def test_strangers_are_told_once() -> None:
    """Who isn't allowed gets one text for many photos, and another one only after an hour."""
    with parts(allowed=str(ANN)) as bot:
        eve = bot.sandbox.user(EVE)
        for _ in range(3):
            eve.send_photo(picture())
            eve.send_text("/start")
            bot.receive()
        assert bot.said(EVE) == [NOT_FOR_THEM]
        (told,) = bot.redis.scan_iter(keys.TOLD + "*")
        assert 0 < bot.redis.ttl(told) <= TELL_AGAIN_SECONDS
        bot.redis.delete(told)
        eve.send_text("hello?")
        bot.receive()
        assert bot.said(EVE) == [NOT_FOR_THEM] * 2
        assert not bot.queued("ingest")
        assert not bot.queued("deliver")
        assert bot.ledger.in_flight() == 0
        bot.sandbox.user(ANN).send_photo(picture())
        bot.receive()
        assert len(bot.queued("ingest")) == 1


def test_who_is_not_told_yet() -> None:
    """While the text can't be sent it doesn't count as told."""
    with parts(allowed=str(ANN)) as bot:
        eve = bot.sandbox.user(EVE)
        eve.send_text("hello")
        (request,) = bot.pending_requests()
        eve.block()
        assert not bot.dispatcher.access.admits(request)
        bot.flush()
        assert not list(bot.redis.scan_iter(keys.TOLD + "*"))
        eve.unblock()
        assert not bot.dispatcher.access.admits(request)
        bot.flush()
        assert bot.said(EVE) == [NOT_FOR_THEM]


def test_strangers_in_their_language() -> None:
    """The text is in the language of who reads it."""
    with parts(allowed=str(ANN)) as bot:
        bot.sandbox.user(EVE, "ru").send_text("привет")
        bot.receive()
        assert bot.said(EVE) == [
            "Извините, этот бот доступен не всем, и помочь вам здесь я не могу."
        ]


def test_groups() -> None:
    """A group that is allowed is answered, whoever asks there, and another one gets silence."""
    with parts(allowed=str(GROUP)) as bot:
        eve = bot.sandbox.user(EVE)
        for number in (GROUP, OTHER_GROUP):
            bot.sandbox.group(number)
            photo = eve.send_photo(picture(), "@attrai_sandbox_bot", chat=number)
            eve.send_text("/rate", chat=number, reply_to=photo)
            eve.send_text("/help@attrai_sandbox_bot", chat=number)
            bot.receive()
        assert len(bot.queued("ingest")) == 2
        assert len(bot.said(GROUP)) == 1
        assert bot.said(OTHER_GROUP) == []


def test_no_groups() -> None:
    """Without groups the bot answers nothing there, not even operators, and goes on in private."""
    with parts(groups="off") as bot:
        bot.sandbox.group(GROUP)
        for user in (ANN, ADMIN):
            person = bot.sandbox.user(user)
            photo = person.send_photo(picture(), "@attrai_sandbox_bot", chat=GROUP)
            person.send_text("/rate", chat=GROUP, reply_to=photo)
            person.send_text("/help@attrai_sandbox_bot", chat=GROUP)
        bot.receive()
        assert not bot.queued("ingest")
        assert bot.said(GROUP) == []
        bot.sandbox.user(ANN).send_photo(picture())
        bot.receive()
        assert len(bot.queued("ingest")) == 1


def test_maintenance() -> None:
    """During maintenance each request gets the operator's text instead, but not an operator's."""
    with parts(maintenance="Back at 5 pm.") as bot:
        ann, admin = bot.sandbox.user(ANN), bot.sandbox.user(ADMIN)
        for number, send in enumerate(
            (lambda: ann.send_photo(picture()), lambda: ann.send_text("/start"), ann.send_voice), 1
        ):
            sent = send()
            bot.receive()
            assert bot.said(ANN) == ["Back at 5 pm."] * number
            assert bot.sandbox.messages(ANN)[-1].reply_to == sent
        assert not bot.queued("ingest")
        admin.send_photo(picture())
        admin.send_text("/start")
        bot.receive()
        assert len(bot.queued("ingest")) == 1
        assert "Hello!" in bot.said(ADMIN)[0]


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"allowed": str(ANN)}, NOT_FOR_THEM),
        ({"maintenance": "x" * 1000}, "x" * 199 + "…"),
    ],
)
def test_a_press_is_answered_too(settings: dict[str, object], shown: str) -> None:
    """Whoever presses a button in vain sees why, each time, in as many words as fit."""
    with parts(**settings) as bot:
        eve = bot.sandbox.user(EVE)
        asked = eve.send_text("hello")
        bot.receive()
        message = bot.telegram.send_text(
            Destination(EVE, asked), "Which?", keyboard=((Button("one", "a:1"),),)
        )
        for _ in range(2):
            pressed = eve.press(message.message, "a:1")
            bot.receive()
            assert bot.sandbox.wait_for_answer(pressed, 0) == CallbackAnswer(shown, alert=True)


def test_what_is_ones_own_can_be_taken_away() -> None:
    """Whoever may no longer use the bot may still delete an answer, but not have it drawn anew."""
    with parts() as bot:
        answer = answered(bot)
        with parts(bot.redis, bot.sandbox, blocked=str(ASKER)) as later:
            assert press(later, answer, "Ranking") == CallbackAnswer(NOT_FOR_THEM, alert=True)
            assert press(later, answer, "Delete") == CallbackAnswer("", alert=False)
            assert answer.id not in {message.id for message in later.sandbox.messages(ASKER)}


@pytest.fixture
def daily() -> Iterator[Parts]:
    """Create a bot with a limit of one photo a day."""
    with parts(daily=1) as bot:
        yield bot


def test_the_daily_limit(daily: Parts) -> None:
    """A photo above the limit is refused with the time until the next one."""
    ann, bob = daily.sandbox.user(ANN), daily.sandbox.user(BOB)
    ann.send_photo(picture())
    daily.receive()
    advance_time(daily.redis, 3600)
    ann.send_photo(picture())
    bob.send_photo(picture())
    daily.receive()
    assert len(daily.queued("ingest")) == 2
    (refused,) = daily.queued("deliver")
    assert refused.failure == Failure(
        code="daily-limit", details={"limit": 1, "when": "in 23 hours"}
    )
    advance_time(daily.redis, QUOTA_SECONDS - 3600)
    ann.send_photo(picture())
    daily.receive()
    assert len(daily.queued("ingest")) == 3


def test_what_does_not_count(daily: Parts) -> None:
    """A photo whose update is repeated counts once, and one that isn't rated not at all."""
    ann = daily.sandbox.user(ANN)
    ann.send_document(b"%PDF", "cv.pdf", "application/pdf")
    ann.send_photo(picture())
    unfit, first = daily.pending_requests()
    for _ in range(3):
        daily.dispatcher.requests.receive(unfit)
        daily.dispatcher.requests.receive(first)
    (job,) = {job.id: job for job in daily.queued("ingest")}.values()
    assert {failed.failure and failed.failure.code for failed in daily.queued("deliver")} == {
        "not-an-image"
    }
    assert daily.ledger.finish(job.with_(failure=Failure(code="no-face")))
    ann.send_photo(picture())
    *_, second = daily.pending_requests()
    daily.dispatcher.requests.receive(second)
    (job,) = [queued for queued in daily.queued("ingest") if queued.id != job.id]
    for _ in range(2):
        daily.ledger.finish(job)
    ann.send_photo(picture())
    *_, third = daily.pending_requests()
    daily.dispatcher.requests.receive(third)
    assert daily.queued("deliver")[-1].failure == Failure(
        code="daily-limit", details={"limit": 1, "when": "in 24 hours"}
    )


def test_another_style_is_no_other_photo(daily: Parts) -> None:
    """Whoever has used up the limit may still have the same photo drawn in another style."""
    answer = answered(daily)
    assert press(daily, answer, "Ranking") == CallbackAnswer("One moment…", alert=False)
    assert len(daily.queued("ingest")) == 1
    daily.sandbox.user(ASKER).send_photo(picture())
    daily.receive()
    assert len(daily.queued("ingest")) == 1


def test_a_record_says_whose_photo_it_is() -> None:
    """The log has the pseudonym by which an operator can block someone, and no number."""
    stream = io.StringIO()
    logs.configure("info", stream)
    try:
        with parts() as bot:
            bot.sandbox.user(ANN).send_photo(picture())
            bot.receive()
            (job,) = bot.queued("ingest")
    finally:
        logs.configure("warning", io.StringIO())
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    (record,) = [record for record in records if record["event"] == "received"]
    assert (record["job"], record["user"]) == (job.id, job.user)
    assert str(ANN) not in stream.getvalue()


@pytest.fixture(
    scope="module",
    name="guarded",
    params=["embedded", pytest.param("servers", marks=pytest.mark.servers)],
)
def guarded_product(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """Run the product for one person, who may send one photo a day, and for no groups."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_product(
        request, folder, ATTRAI_ALLOWED=str(ANN), ATTRAI_DAILY="1", ATTRAI_GROUPS="off"
    ) as product:
        yield product


@pytest.mark.slow
def test_a_guarded_bot(guarded: Product) -> None:
    """Through the whole product, only who is allowed is served, once a day, until blocked."""
    sandbox = guarded.sandbox
    ann, eve, admin = sandbox.user(ANN), sandbox.user(EVE), sandbox.user(ADMIN)
    sandbox.group(GROUP)
    ann.send_photo(PHOTO, "@attrai_sandbox_bot", chat=GROUP)
    for _ in range(3):
        eve.send_photo(PHOTO)

    def answer(message: int, chat: int = ANN) -> str:
        found = sandbox.wait_for(chat, lambda found: bool(answers(found, message)), WAIT)
        (one,) = answers(found, message)
        return one.caption if one.photo else f"{one.text}"

    assert "No face found" in answer(ann.send_photo(jpeg(300, 300)))
    # The photo without a face is forgotten a moment after its answer.
    while (words := answer(ann.send_photo(PHOTO))).startswith("That's all for today"):
        pass
    assert "/ 10" in words
    assert answer(ann.send_photo(PHOTO)) == (
        "That's all for today: I rate up to 1 photo a day for you. "
        "Please send this one again in 24 hours."
    )
    forwarded = admin.forward(ann.send_text("/help"), of=ANN)
    assert answer(admin.send_text("/admin block", reply_to=forwarded), ADMIN).startswith(
        "Blocked: "
    )
    assert answer(ann.send_text("/help")) == NOT_FOR_THEM
    assert [m.text for m in sandbox.messages(EVE) if m.sender == "bot"] == [NOT_FOR_THEM]
    assert GROUP not in {call.chat_id for call in sandbox.calls}
