"""Parsing of updates: requests in private chats and groups, and malformed updates."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from telebot import types

from attrai import logs
from attrai.bot.poller import Poller
from attrai.bot.request_types import (
    CommandRequest,
    Origin,
    OtherMessage,
    PhotoRequest,
    Request,
)
from attrai.bot.updates import UpdateParser
from attrai.lifecycle.shutdown import Shutdown
from attrai.telegram import GENERAL_TOPIC, Destination
from telegram_sandbox.groups import Channel, Group
from telegram_sandbox.state import State
from telegram_sandbox.users import User
from tests.sandbox.conftest import picture
from tests.telegram.served import connect

BOT, GROUP = "attrai_sandbox_bot", -100


class Conversation:
    """A sandbox with a user and a group, and a parser of its updates."""

    def __init__(self) -> None:
        self.state = State(1000, BOT)
        self.parser = UpdateParser(
            types.User(1000, is_bot=True, first_name="a", username=BOT), 1280, {}
        )
        self.ann = self.join(1)
        Group(self.state, GROUP, "Group")

    def join(self, user: int, language: str = "en") -> User:
        """Add a user to the sandbox."""
        self.state.add_user(user, language, None)
        return User(self.state, user)

    def parse(self) -> list[Request | None]:
        """Return the parsed updates since the last call."""
        waiting = self.state.updates.peek(100)
        self.state.updates.clear()
        return [self.parser.parse(update) for update in waiting]

    def parse_one(self) -> Request | None:
        """Return the one parsed update since the last call."""
        (request,) = self.parse()
        return request


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log lines about skipped updates."""
    logs.configure("error", io.StringIO())
    yield
    logs.configure("warning", io.StringIO())


@pytest.fixture
def talk() -> Conversation:
    """Create a sandbox with a user and a group."""
    return Conversation()


@pytest.mark.parametrize(
    ("size", "max_side", "asked"),
    [
        ((2000, 1500), 1280, 1280),
        ((2000, 1500), 1000, 1280),
        ((2000, 1500), 800, 800),
        ((1500, 2000), 320, 320),
        ((2000, 1500), 4096, 1280),
        ((300, 200), 1280, 300),
    ],
)
def test_the_size_that_is_asked_for(
    talk: Conversation, size: tuple[int, int], max_side: int, asked: int
) -> None:
    """The smallest size of a photo that need not be enlarged is chosen, or else the largest."""
    talk.parser._max_side = max_side
    message = talk.ann.send_photo(picture(*size), "a caption")
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert request.origin == Origin(1, message, 1, "en")
    assert max(request.file.width or 0, request.file.height or 0) == asked
    assert request.file.bytes is not None
    assert (request.words, request.album) == ("a caption", None)


def test_documents(talk: Conversation) -> None:
    """A document of any type becomes a photo request with its metadata."""
    talk.ann.send_document(b"12345", "a.pdf", "application/pdf", "a caption")
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert request.file[1:] == (5, None, None, "application/pdf")
    assert request.words == "a caption"


def test_albums_share_their_caption(talk: Conversation) -> None:
    """Each photo of an album has the caption of the first one."""
    talk.ann.send_album([picture()] * 3, "ranking")
    talk.ann.send_album([picture()] * 2)
    talk.ann.send_photo(picture())
    requests = [request for request in talk.parse() if isinstance(request, PhotoRequest)]
    assert [request.words for request in requests] == ["ranking"] * 3 + [""] * 3
    albums = [request.album for request in requests]
    assert len(set(albums[:3])) == len(set(albums[3:5])) == 1
    assert albums[0] != albums[3]
    assert albums[5] is None


@pytest.mark.parametrize(
    ("caption", "wanted"),
    [
        (None, False),
        ("look at this", False),
        (f"@{BOT}", True),
        (f"please, @{BOT.upper()}!", True),
        (f"@{BOT}2", False),
        (f"@{BOT[:-1]}", False),
        (BOT, False),
    ],
)
def test_groups_are_left_alone(talk: Conversation, caption: str | None, wanted: bool) -> None:  # noqa: FBT001
    """A photo in a group is rated only if its caption mentions the bot, regardless of case."""
    talk.ann.send_photo(picture(), caption, chat=GROUP)
    assert isinstance(talk.parse_one(), PhotoRequest) == wanted
    talk.ann.send_album([picture()] * 2, caption, chat=GROUP)
    assert [isinstance(request, PhotoRequest) for request in talk.parse()] == [wanted] * 2


def test_talk_in_a_group(talk: Conversation) -> None:
    """In a group, texts are ignored except commands that name the bot."""
    for text in ("hello", f"hello @{BOT}", "/help", "/start", "/help@other_bot", "/rate@other_bot"):
        talk.ann.send_text(text, chat=GROUP)
        assert talk.parse_one() is None
    talk.ann.send_text(f"/help@{BOT.upper()}", chat=GROUP)
    request = talk.parse_one()
    assert isinstance(request, CommandRequest)
    assert request.name == "help"


@pytest.mark.parametrize("chat", [1, GROUP])
@pytest.mark.parametrize("as_file", [False, True])
def test_rate_as_a_reply(talk: Conversation, chat: int, as_file: bool) -> None:  # noqa: FBT001
    """`/rate` in reply to a photo requests that photo, and the answer replies to it too."""
    bob = talk.join(2, "ru")
    if as_file:
        photo = talk.ann.send_document(picture(), "a.jpg", "image/jpeg", chat=chat)
    else:
        photo = talk.ann.send_photo(picture(), chat=chat)
    talk.parse()
    for text in ("/rate spotlight please", f"/rate@{BOT} spotlight please"):
        message = bob.send_text(text, chat=chat, reply_to=photo)
        request = talk.parse_one()
        assert isinstance(request, PhotoRequest)
        assert request.origin == Origin(chat, message, 2, "ru", about=photo, fleeting=True)
        assert request.origin.destination == Destination(chat, photo)
        assert request.words == "spotlight please"
    bob.send_text("/rate@other_bot", chat=chat, reply_to=photo)
    assert talk.parse_one() is None


def test_rate_of_nothing(talk: Conversation) -> None:
    """`/rate` without a photo is a command, in a group too, as other bots don't have it."""
    hello = talk.ann.send_text("hello", chat=GROUP)
    talk.parse()
    for reply_to in (None, hello):
        talk.ann.send_text("/rate", chat=GROUP, reply_to=reply_to)
        request = talk.parse_one()
        assert isinstance(request, CommandRequest)
        assert request.name == "rate"


def test_commands(talk: Conversation) -> None:
    """A command is a slash and one word; other texts are not commands."""
    for text, name in (("/start", "start"), ("/start abc", "start"), (f"/help@{BOT}", "help")):
        talk.ann.send_text(text)
        request = talk.parse_one()
        assert isinstance(request, CommandRequest)
        assert request.name == name
    for text in ("/", "/start!", "start", "a /start"):
        talk.ann.send_text(text)
        assert isinstance(talk.parse_one(), OtherMessage)


def test_what_is_no_photo(talk: Conversation) -> None:
    """Animated stickers, videos, voice messages and paid photos count as other messages."""
    talk.ann.send_sticker()
    talk.ann.send_video()
    file = {"file_id": "a", "file_unique_id": "b"}
    animation = file | {"width": 1, "height": 1, "duration": 1}  # without a thumbnail
    talk.state.post(talk.state.user(1), 1, {"animation": animation, "document": file}, None)
    talk.ann.send_voice()
    talk.ann.send_paid_photo(picture())
    found = talk.parse()
    assert [request.moving for request in found if isinstance(request, OtherMessage)] == (
        [True, True, True, False, False]
    )


def test_what_is_not_for_us(talk: Conversation) -> None:
    """Service messages, other bots, channels and other kinds of updates are ignored."""
    talk.state.post(talk.state.user(1), 1, {"new_chat_title": "a"}, None)
    talk.state.post(talk.state.user(1) | {"id": 3, "is_bot": True}, 1, {"text": "/help"}, None)
    message = {"message_id": 1, "date": 1, "chat": {"id": -1, "type": "channel"}, "text": "/help"}
    for fields in (
        {"message": message},
        {"channel_post": message | {"sender_chat": message["chat"]}},
        {"edited_message": message | {"from": talk.state.user(1)}},
        {"a_kind_of_next_year": {"a": 1}},
        {},
    ):
        talk.state.queue_update(fields)
    assert talk.parse() == [None] * 7


def gif() -> bytes:
    """Return an animated GIF, whose first frame is red."""
    first, second = (Image.new("RGB", (400, 300), colour) for colour in ("red", "blue"))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=[second])
    return file.getvalue()


def content(talk: Conversation, request: Request | None) -> Image.Image:
    """Return the picture that a request is about."""
    assert isinstance(request, PhotoRequest)
    file = talk.state.files.get(request.file.id)
    assert file
    return Image.open(io.BytesIO(file.data))


def test_stickers(talk: Conversation) -> None:
    """A static sticker is rated."""
    talk.ann.send_sticker(picture(300, 200))
    found = content(talk, talk.parse_one())
    assert (found.format, found.size) == ("WEBP", (512, 341))


@pytest.mark.parametrize("converted", [False, True])
def test_the_first_frame_of_a_gif(talk: Conversation, converted: bool) -> None:  # noqa: FBT001
    """Of a GIF the first frame is rated: its thumbnail's, if Telegram converted it to a video."""
    talk.ann.send_animation(gif(), "ranking", converted=converted)
    request = talk.parse_one()
    found = content(talk, request)
    assert found.format == ("JPEG" if converted else "GIF")
    red, green, blue = found.convert("RGB").getpixel((100, 100))  # type: ignore[misc]  # a tuple
    assert red > 200
    assert max(green, blue) < 50
    assert isinstance(request, PhotoRequest)
    assert request.words == "ranking"


def test_video_notes_and_live_photos(talk: Conversation) -> None:
    """Of a video note the thumbnail is rated, and of a live photo the photo."""
    talk.ann.send_video_note(picture(240, 240))
    assert content(talk, talk.parse_one()).size == (240, 240)
    talk.ann.send_photo(picture(2000, 1500), live=True)
    assert content(talk, talk.parse_one()).size == (1280, 960)


@pytest.mark.parametrize("chat", [1, GROUP])
def test_rate_as_a_reply_to_anything(talk: Conversation, chat: int) -> None:
    """`/rate` in reply to whatever has a picture requests that, and not a video or paid photo."""
    for message, size in (
        (talk.ann.send_sticker(picture(300, 200), chat=chat), (512, 341)),
        (talk.ann.send_animation(gif(), chat=chat), (320, 240)),
        (talk.ann.send_video_note(picture(240, 240), chat=chat), (240, 240)),
        (talk.ann.send_photo(picture(), chat=chat, live=True), (640, 480)),
    ):
        talk.parse()
        talk.ann.send_text("/rate", chat=chat, reply_to=message)
        assert content(talk, talk.parse_one()).size == size
    for message in (talk.ann.send_paid_photo(picture(), chat=chat), talk.ann.send_sticker()):
        talk.parse()
        talk.ann.send_text("/rate", chat=chat, reply_to=message)
        assert isinstance(talk.parse_one(), CommandRequest)


@pytest.mark.parametrize("spoiler", [False, True])
def test_spoilers(talk: Conversation, spoiler: bool) -> None:  # noqa: FBT001
    """A request says whether its photo is under a spoiler, in another message too."""
    photo = talk.ann.send_photo(picture(), spoiler=spoiler)
    talk.ann.send_text("/rate", reply_to=photo)
    talk.ann.send_text("/rate", chat=GROUP, quoting=(1, photo))
    requests = talk.parse()
    assert [isinstance(each, PhotoRequest) and each.spoiler for each in requests] == [spoiler] * 3


@pytest.mark.parametrize("text", ["/rate ranking", f"@{BOT} ranking"])
def test_a_photo_that_is_quoted_from_elsewhere(talk: Conversation, text: str) -> None:
    """A photo of another chat can be asked about; the answer goes to the chat that asks."""
    photo = talk.ann.send_photo(picture())
    talk.parse()
    asked = talk.ann.send_text(text, chat=GROUP, quoting=(1, photo))
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert content(talk, request).size == (640, 480)
    assert "ranking" in request.words.split()
    # A command may be deleted by then.
    assert request.origin.destination == Destination(
        GROUP, asked, even_if_deleted=text.startswith("/")
    )


@pytest.mark.parametrize("text", ["/Rate", "/RATE@" + BOT.upper(), "/Start", "/HELP"])
def test_capitals(talk: Conversation, text: str) -> None:
    """A command may be written in capitals."""
    talk.ann.send_text(text)
    request = talk.parse_one()
    assert isinstance(request, CommandRequest)
    assert request.name == text[1:].partition("@")[0].lower()


@pytest.mark.parametrize("caption", ["/rate", "/Rate ranking", f"/rate@{BOT}\nranking"])
def test_rate_in_a_caption(talk: Conversation, caption: str) -> None:
    """`/rate` in the caption of a photo or of an album asks for it, in a group too."""
    for chat in (1, GROUP):
        message = talk.ann.send_photo(picture(), caption, chat=chat)
        talk.ann.send_album([picture()] * 2, caption, chat=chat)
        requests = [each for each in talk.parse() if isinstance(each, PhotoRequest)]
        assert [each.words for each in requests] == ["ranking" if "ranking" in caption else ""] * 3
        assert requests[0].origin.destination == Destination(chat, message)
    for other in ("/rate@other_bot", "/help", f"/help{BOT}", "please /rate"):
        talk.ann.send_photo(picture(), other, chat=GROUP)
        assert talk.parse_one() is None


def test_a_mention_in_a_reply(talk: Conversation) -> None:
    """A text that mentions the bot asks about the photo that it replies to, and nothing else."""
    photo, text = talk.ann.send_photo(picture(), chat=GROUP), talk.ann.send_text("hi", chat=GROUP)
    talk.parse()
    talk.ann.send_text(f"look, @{BOT}: ranking", chat=GROUP, reply_to=photo)
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert request.origin.destination == Destination(GROUP, photo)
    assert "ranking" in request.words
    talk.ann.send_text(f"look, @{BOT}", chat=GROUP, reply_to=text)
    talk.ann.send_text("look, @other_bot", chat=GROUP, reply_to=photo)
    assert talk.parse() == [None, None]


def test_a_mention_without_a_name(talk: Conversation) -> None:
    """A mention that shows another text counts if it means the bot."""
    for user, wanted in ((1000, True), (1, False)):
        mark = {"type": "text_mention", "offset": 0, "length": 3, "user": talk.state.user(1)}
        mark["user"] = {**talk.state.user(1), "id": user}
        found = {"photo": talk.state.media.photo(picture()), "caption": "you"}
        talk.state.post(talk.state.user(1), GROUP, found | {"caption_entities": [mark]}, None)
        assert isinstance(talk.parse_one(), PhotoRequest) == wanted


def test_who_writes_on_behalf_of_a_chat(talk: Conversation) -> None:
    """Anonymous administrators and channels may ask too; each counts as one person."""
    admin = Group(talk.state, GROUP, "Group").anonymous_admin()
    channel = Channel(talk.state, -1000, "Channel").author()
    for author in (admin, channel):
        message = author.send_photo(picture(), f"@{BOT}", chat=GROUP)
        request = talk.parse_one()
        assert isinstance(request, PhotoRequest)
        assert request.origin == Origin(GROUP, message, author.id, "en")
        author.send_text("/rate", chat=GROUP, reply_to=message)
        assert isinstance(talk.parse_one(), PhotoRequest)
        author.send_text(f"/help@{BOT}", chat=GROUP)
        assert isinstance(talk.parse_one(), CommandRequest)


def test_channels(talk: Conversation) -> None:
    """A post of a channel that mentions the bot is rated, and no other."""
    channel = Channel(talk.state, -1000, "Channel").author()
    channel.send_photo(picture())
    channel.send_text("hello")
    assert talk.parse() == [None, None]
    message = channel.send_photo(picture(), f"@{BOT}")
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert request.origin == Origin(-1000, message, -1000, "en")


def test_a_caption_that_is_edited(talk: Conversation) -> None:
    """A mention that is added to a group's photo soon after counts, and no other edit does."""
    photo = talk.ann.send_photo(picture(), chat=GROUP)
    private = talk.ann.send_photo(picture())
    talk.parse()
    talk.ann.edit_caption(photo, f"@{BOT} ranking", chat=GROUP)
    request = talk.parse_one()
    assert isinstance(request, PhotoRequest)
    assert request.origin.destination == Destination(GROUP, photo)
    assert "ranking" in request.words
    talk.ann.edit_caption(private, "ranking")
    talk.ann.edit_caption(photo, "nothing", chat=GROUP)
    assert talk.parse() == [None, None]
    talk.ann.edit_caption(photo, f"@{BOT}", chat=GROUP)
    (late,) = talk.state.updates.peek(1)
    late["edited_message"]["edit_date"] += 3600
    assert talk.parse() == [None]
    text = {"message_id": 1, "date": 1, "edit_date": 2, "text": f"/help@{BOT}"}
    talk.state.queue_update(
        {"edited_message": {**text, "from": talk.state.user(1), "chat": talk.state.chat(GROUP)}}
    )
    assert talk.parse() == [None]


def test_topics(talk: Conversation) -> None:
    """The answer goes to the topic of the message; a thread of replies is no topic."""
    forum = Group(talk.state, -200, "Forum", forum=True)
    for topic in (forum.topic(), GENERAL_TOPIC):
        message = talk.ann.send_photo(picture(), f"@{BOT}", chat=forum.id, topic=topic)
        request = talk.parse_one()
        assert isinstance(request, PhotoRequest)
        assert request.origin.destination == Destination(forum.id, message, topic)
    thread = {"text": f"/help@{BOT}", "message_thread_id": 5}
    talk.state.post(talk.state.user(1), GROUP, thread, None)
    request = talk.parse_one()
    assert isinstance(request, CommandRequest)
    assert request.origin.topic is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
_CHAT = st.fixed_dictionaries({"id": _JSON, "type": _JSON | st.just("private")})
_USER = st.fixed_dictionaries(
    {"id": _JSON, "is_bot": _JSON | st.just(value=False), "first_name": _JSON},
    optional={"language_code": _JSON},
)
_SIZE = st.fixed_dictionaries(
    {"file_id": _JSON, "file_unique_id": _JSON, "width": _JSON, "height": _JSON}
)
_MESSAGE = st.fixed_dictionaries(
    {"message_id": _JSON, "date": _JSON | st.just(1), "chat": _JSON | _CHAT, "from": _JSON | _USER},
    optional={
        "text": _JSON | st.just("/rate"),
        "caption": _JSON,
        "photo": _JSON | st.lists(_SIZE, max_size=2),
        "document": _JSON | _SIZE,
        "reply_to_message": _JSON,
        "media_group_id": _JSON,
        "sender_chat": _JSON | _CHAT,
        "external_reply": _JSON,
        "sticker": _JSON,
        "animation": _JSON | _SIZE,
        "video_note": _JSON,
        "is_topic_message": _JSON,
        "entities": _JSON,
    },
)
_UPDATES = st.fixed_dictionaries(
    {"update_id": _JSON | st.integers(1)},
    optional=dict.fromkeys(("message", "channel_post", "edited_message"), _JSON | _MESSAGE),
)


_POLLER = Poller(connect("http://127.0.0.1:1"), Shutdown(), on_heartbeat=lambda: None)


@given(st.lists(_JSON | _UPDATES, max_size=3))
def test_any_update(some: list[Any]) -> None:
    """Any JSON in place of an update is handled or skipped, and confirmed if it has an id."""
    parser = Conversation().parser
    for update in some:
        offset = _POLLER._handle(update, parser, lambda _: None, 7)
        numbered = isinstance(update, dict) and isinstance(update.get("update_id"), int)
        assert offset == (update["update_id"] + 1 if numbered else 7)


@given(_UPDATES, st.sampled_from([ValueError, KeyError, AttributeError, ZeroDivisionError]))
def test_a_request_that_cannot_be_handled(update: dict[str, Any], error: type[Exception]) -> None:
    """An exception in the handler skips only the update that caused it."""

    def receive(_: Request) -> None:
        raise error

    talk = Conversation()
    talk.ann.send_text("hi")
    for skipped in (*talk.state.updates.peek(1), update):
        _POLLER._handle(skipped, talk.parser, receive, 7)
