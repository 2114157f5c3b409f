"""An album is answered by one album: in order, with one caption that ranks its photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import pytest
from PIL import Image

from attrai.channels import AlbumChannel, Member, NotTogether
from attrai.errors import TryLater, Unconfirmed
from attrai.job import Face, Failure, Job, Score, job_id
from attrai.locales import text
from attrai.processes.embedded import embedded_redis
from attrai.telegram import Destination, Seal, limiter
from attrai.telegram.address import seal_address
from attrai.telegram.album import album_caption
from attrai.telegram.channel import TelegramChannel
from telegram_sandbox import Faults, Message, Sandbox, running
from testing.waiting import PATIENCE_S
from tests.sandbox.conftest import picture
from tests.telegram.served import TOKEN, connect

SEAL = Seal(TOKEN)
NO_FACE = Failure(code="no-face")
#: Scores of a photo, None for a minor's; or why it has none.
Rated = list[float | None] | Failure

Make = Callable[..., list[Member]]


@pytest.fixture
def album(make_job: Callable[..., Job], face: Face) -> Make:
    """Return a function that makes the photos of an album, which are the messages 1, 2, ..."""

    def make(
        *photos: Rated,
        chat: int = 1,
        first: int = 1,
        spoilers: Sequence[int] = (),
        **changes: object,
    ) -> list[Member]:
        members = []
        for place, found in enumerate(photos, 1):
            job = make_job(
                id=job_id("telegram", place),
                channel="telegram",
                address=seal_address(
                    Destination(chat, first + place - 1), SEAL, spoiler=place in spoilers
                ),
                album="an-album",
                **changes,
            )
            if isinstance(found, Failure):
                members.append(Member(place, job.with_(failure=found), None))
                continue
            scores = [None if value is None else Score(value=value, spread=1) for value in found]
            count = {"faces_found": len(found), **changes}["faces_found"]
            rated = job.with_(faces=[face] * len(found), scores=scores, faces_found=count)
            # The width tells the pictures apart.
            members.append(Member(place, rated, picture(100 + place, 100)))
        return members

    return make


def test_photos_are_ranked(album: Make) -> None:
    """The caption lists photos from the highest score to the lowest, by their numbers."""
    members = album([5.04], [7.24], [6.5])
    assert album_caption(members, 1024) == "1. Photo 2: 7.2\n2. Photo 3: 6.5\n3. Photo 1: 5.0"
    russian = album([5.04], [7.24], locale="ru")
    assert album_caption(russian, 1024) == "1. Фото 2: 7,2\n2. Фото 1: 5,0"


def test_several_faces_on_a_photo(album: Make) -> None:
    """A photo stands where its highest score puts it, followed by its next scores."""
    members = album([5.0, 8.0, 6.0], [7.0], [1, 2, 3, 4, 5, 6])
    assert album_caption(members, 1024).splitlines() == [
        "1. Photo 1: 8.0; 6.0; 5.0",
        "2. Photo 2: 7.0",
        "3. Photo 3: 6.0; 5.0; 4.0; 3.0; 2.0…",
    ]


def test_photos_without_a_picture(album: Make) -> None:
    """Each reason is told once, with the photos that it is about; one rank needs no number."""
    broken = Failure(code="broken-image")
    lines = album_caption(album(NO_FACE, [7.0], broken, NO_FACE), 1024).splitlines()
    assert lines[0] == "Photo 2: 7.0"
    assert lines[1].startswith("Photo 1, Photo 4: No face found.")
    assert lines[2].startswith("Photo 3: The image is damaged")
    unknown = album_caption(album(Failure(code="of-next-year"), NO_FACE), 1024)
    assert unknown.startswith("Photo 1: Something went wrong on our side.")


def test_minors_on_photos(album: Make) -> None:
    """A photo with minors alone has no rank, and why is said once for all."""
    lines = album_caption(album([None], [7.0, None], [6.0]), 1024).splitlines()
    assert lines[:3] == ["1. Photo 2: 7.0", "2. Photo 3: 6.0", "Photo 1: no score"]
    assert lines[3].startswith("2 faces look too young")
    assert len(lines) == 4


def test_faces_that_were_left_out(album: Make) -> None:
    """Photos with too many faces are named."""
    caption = album_caption(album([7.0], [6.0], faces_found=60), 1024)
    assert caption.endswith("Photo 1, Photo 2: Found 60 faces, showing the largest.")


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_caption_fits(album: Make, locale: str) -> None:
    """A caption with ten different reasons is cut to Telegram's limit."""
    codes = ["no-face", "broken-image", "unreadable-image", "timed-out", "internal", "not-an-image"]
    failures = [Failure(code=code) for code in codes]
    limits = [Failure(code="too-small", details={"limit": limit}) for limit in range(4)]
    caption = album_caption(album(*failures, *limits, locale=locale), 700)
    assert len(caption) == 700
    assert caption.endswith("…")


@pytest.fixture
def sandbox() -> Sandbox:
    """Create a sandbox with a user who has sent ten messages."""
    sandbox = Sandbox(TOKEN)
    for number in range(10):
        sandbox.user(1).send_text(str(number))
    return sandbox


@pytest.fixture
def channel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[TelegramChannel]:
    """Create a channel to the sandbox whose rate limit per chat is negligible."""
    monkeypatch.setattr(limiter, "CHAT_INTERVAL_SECONDS", 0.01)
    with running(sandbox) as url:
        yield TelegramChannel(connect(url, patience=PATIENCE_S), SEAL)


def answers(sandbox: Sandbox) -> list[Message]:
    """Return what the bot sent to the user."""
    return [message for message in sandbox.messages(1) if message.sender == "bot"]


def widths(messages: list[Message]) -> list[int]:
    """Return the widths of the pictures in messages."""
    sent = [message.photo or message.document or b"" for message in messages]
    return [Image.open(BytesIO(data)).width for data in sent]


def test_an_album_is_answered(channel: TelegramChannel, sandbox: Sandbox, album: Make) -> None:
    """Pictures come in the order of their messages, in reply to the first, with one caption."""
    members = album([5.0], NO_FACE, [7.0], [6.0], first=3, spoilers=[3])
    assert isinstance(channel, AlbumChannel)
    channel.deliver_album([members[2], members[0], members[3], members[1]], 0)
    sent = answers(sandbox)
    assert widths(sent) == [101, 103, 104]
    assert [message.reply_to for message in sent] == [3, 3, 3]
    assert [message.spoiler for message in sent] == [False, True, False]
    assert [message.caption for message in sent] == [album_caption(members, 1024), None, None]
    assert len({message.album for message in sent} - {None}) == 1


def test_photos_admitted_out_of_order(
    channel: TelegramChannel, sandbox: Sandbox, album: Make
) -> None:
    """The numbers in the caption follow the order of the messages, not that of the admissions."""
    one, two = album([5.0], [7.0])
    channel.deliver_album([two._replace(place=1), one._replace(place=2)], 0)
    assert widths(answers(sandbox)) == [101, 102]
    assert answers(sandbox)[0].caption == "1. Photo 2: 7.0\n2. Photo 1: 5.0"


def test_one_picture_of_an_album(channel: TelegramChannel, sandbox: Sandbox, album: Make) -> None:
    """An album with one picture is a single photo, and one without any is a text."""
    for photos, shown in (([NO_FACE, [7.0]], [102]), ([NO_FACE, NO_FACE], [])):
        members = album(*photos, spoilers=[2])
        channel.deliver_album(members, 0)
        sent = answers(sandbox)[-1]
        assert sent.album is None
        assert sent.reply_to == 1
        assert (sent.caption or sent.text) == album_caption(members, 1024)
        assert widths([sent] if sent.photo else []) == shown
        assert sent.spoiler == bool(shown)
    assert len(answers(sandbox)) == 2


def test_pictures_that_are_no_photos(
    channel: TelegramChannel, sandbox: Sandbox, album: Make
) -> None:
    """An album with a picture beyond the limits of photos is sent as documents."""
    one, two = album([7.0], [6.0])
    wide = picture(2100, 100)
    channel.deliver_album([one, two._replace(picture=wide)], 0)
    sent = answers(sandbox)
    assert [message.document for message in sent] == [one.picture, wide]
    assert {message.document_name for message in sent} == {"rated.jpg"}
    assert len({message.album for message in sent} - {None}) == 1
    channel.deliver_album([one._replace(picture=wide), album(NO_FACE, NO_FACE)[1]], 0)
    assert answers(sandbox)[-1].document == wide


def test_an_album_that_is_refused(channel: TelegramChannel, sandbox: Sandbox, album: Make) -> None:
    """An album that Telegram refuses, or of another token, can only be answered one by one."""
    one, two = album([7.0], [6.0])
    with pytest.raises(NotTogether, match="IMAGE_PROCESS_FAILED"):
        channel.deliver_album([one, two._replace(picture=picture()[:-2000])], 0)
    sandbox.user(1).delete(1)
    with pytest.raises(NotTogether, match="replied not found"):
        channel.deliver_album([one, two], 0)
    other = two.job.with_(address=Seal("1:another").seal("{}"))
    with pytest.raises(NotTogether, match="another token"):
        channel.deliver_album([one, two._replace(job=other)], 0)
    assert answers(sandbox) == []


def test_replies_that_are_lost(channel: TelegramChannel, sandbox: Sandbox, album: Make) -> None:
    """An album that was sent twice without a reply is not sent again, only mentioned."""
    members = album([7.0], [6.0])
    sandbox.faults = Faults(drop_after=1, methods={"sendMediaGroup"})
    for sends in range(2):
        with pytest.raises(Unconfirmed):
            channel.deliver_album(members, sends)
    assert len(answers(sandbox)) == 4
    channel.deliver_album(members, 2)
    assert answers(sandbox)[-1].text == text("perhaps-sent-album")
    channel.deliver_album(members, 5)
    assert len(answers(sandbox)) == 5


def test_each_picture_counts(sandbox: Sandbox, album: Make) -> None:
    """In a group two albums of ten fit into a minute, and a third one has to wait for the next."""
    group = sandbox.group(-7)
    for _ in range(10):
        sandbox.user(1).send_text("hi", chat=group.id)
    members = album(*[[7.0]] * 10, chat=group.id, first=11)
    waited = []
    with running(sandbox) as url:
        redis = embedded_redis()
        TelegramChannel(connect(url, redis), SEAL).deliver_album(members, 0)
        for items in (members, members[:8]):
            with pytest.raises(TryLater) as raised:
                TelegramChannel(connect(url, redis, patience=0), SEAL).deliver_album(items, 0)
            waited.append(raised.value.seconds or 0)
    soon, later = waited
    assert soon < 10
    assert later > 50
    assert len(sandbox.messages(group.id)) == 20
    assert [made.items for made in sandbox.calls] == [10]


def test_a_group_that_became_a_supergroup(
    channel: TelegramChannel, sandbox: Sandbox, album: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An album for a group that became a supergroup goes there, without a reply."""
    monkeypatch.setattr(limiter, "GROUP_INTERVAL_SECONDS", 0.01)
    group = sandbox.group(-7)
    for _ in range(2):
        sandbox.user(1).send_photo(picture(), chat=group.id)
    members = album([5.0], [7.0], chat=group.id, first=11)
    supergroup = group.become_supergroup(-1001)
    channel.deliver_album(members, 0)
    sent = [each for each in sandbox.messages(supergroup.id) if each.sender == "bot"]
    assert widths(sent) == [101, 102]
    assert [message.caption for message in sent] == [album_caption(members, 1024), None]
    assert [message.reply_to for message in sent] == [None, None]
    assert len({message.album for message in sent} - {None}) == 1
