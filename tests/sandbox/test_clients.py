"""Tests that two independent client libraries understand the sandbox's answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from telegram_sandbox import CallbackAnswer, Faults, Sandbox
from testing.waiting import PATIENCE_S
from tests.sandbox.clients import Library, aiogram, python_telegram_bot
from tests.sandbox.conftest import picture


# Importing aiogram takes three seconds in each process that runs one of its tests.
@pytest.fixture(
    params=[pytest.param(aiogram, marks=pytest.mark.slow), python_telegram_bot],
    ids=["aiogram", "telegram"],
)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return each client library in turn."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # avoids a deprecation warning
    found: Library = request.param()
    return found


@pytest.fixture
def run_bot(library: Library, sandbox: Sandbox, url: str) -> Callable[..., Any]:
    """Return a function that runs a coroutine function with a bot of the library."""

    def run_scenario(scenario: Callable[[Any], Awaitable[Any]], token: str = sandbox.token) -> Any:
        async def run() -> Any:
            async with library.bot(url, token) as bot:
                return await scenario(bot)

        return asyncio.run(run())

    return run_scenario


def test_bot_knows_itself(run_bot: Callable[..., Any], sandbox: Sandbox) -> None:
    """The answers of getMe, deleteWebhook and getWebhookInfo are understood."""

    async def scenario(bot: Any) -> None:
        me = await bot.get_me()
        assert (me.id, me.is_bot, me.username) == (1000, True, "attrai_sandbox_bot")
        assert await bot.delete_webhook()
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count) == ("", 1)
        assert await bot.delete_webhook(drop_pending_updates=True)

    sandbox.user().send_text("hi")
    run_bot(scenario)
    assert sandbox.pending_updates() == 0


def test_webhook(run_bot: Callable[..., Any], sandbox: Sandbox) -> None:
    """A webhook keeps getUpdates from working until it is deleted, and updates wait meanwhile."""

    async def scenario(bot: Any) -> None:
        assert await bot.set_webhook(
            "https://bot.invalid/", max_connections=7, allowed_updates=["message"]
        )
        assert sandbox.state.wait_until(
            lambda: sandbox.state.webhook is not None and bool(sandbox.state.webhook.last_error),
            PATIENCE_S,
        )
        info = await bot.get_webhook_info()
        assert (info.url, info.max_connections) == ("https://bot.invalid/", 7)
        assert list(info.allowed_updates) == ["message"]
        assert (info.last_error_message, info.pending_update_count) == ("Connection refused", 1)
        with pytest.raises(Exception, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        assert await bot.delete_webhook()
        assert [update.message.text for update in await bot.get_updates()] == ["hi"]

    sandbox.user().send_text("hi")
    run_bot(scenario)


def test_updates_of_every_kind_are_understood(
    run_bot: Callable[..., Any], sandbox: Sandbox
) -> None:
    """Every kind of message, and blocking the bot, arrives as an update of the right kind."""
    ann = sandbox.user(1, "ru", "Ann")
    group = sandbox.group(-7, "Friends")
    text = ann.send_text("/start@attrai_sandbox_bot now")
    ann.send_photo(picture(), "look")
    ann.send_album([picture(), picture()], "both")
    ann.send_document(picture(kind="PNG"), "a.png", "image/png")
    ann.send_document(b"%PDF-", "a.pdf", "application/pdf")
    ann.send_sticker()
    ann.send_voice()
    ann.send_video()
    ann.send_text("👍 @attrai_sandbox_bot", chat=group.id)
    ann.send_text("again", reply_to=text)
    ann.block()
    ann.unblock()

    async def scenario(bot: Any) -> list[Any]:
        return list(await bot.get_updates(timeout=5))

    updates = run_bot(scenario)
    messages = [update.message for update in updates[:11]]
    start, photo, first, second, image, pdf, sticker, voice, video, mention, reply = messages
    assert (start.chat.id, start.chat.type, start.from_user.first_name) == (1, "private", "Ann")
    assert start.from_user.language_code == "ru"
    assert [(entity.type, entity.offset, entity.length) for entity in start.entities] == [
        ("bot_command", 0, len("/start@attrai_sandbox_bot"))
    ]
    assert [(size.width, size.height) for size in photo.photo] == [(90, 68), (320, 240), (640, 480)]
    assert photo.caption == "look"
    assert first.media_group_id == second.media_group_id
    assert (first.caption, second.caption) == ("both", None)
    assert (image.document.file_name, image.document.mime_type) == ("a.png", "image/png")
    assert (image.document.thumbnail.width, image.document.thumbnail.height) == (320, 240)
    assert (pdf.document.file_size, pdf.document.thumbnail) == (5, None)
    assert sticker.sticker
    assert voice.voice
    assert video.video
    assert (mention.chat.id, mention.chat.type, mention.chat.title) == (-7, "group", "Friends")
    assert (mention.entities[0].type, mention.entities[0].offset) == ("mention", 3)
    assert reply.reply_to_message.text == start.text
    blocked, unblocked = (update.my_chat_member for update in updates[11:])
    assert (blocked.new_chat_member.status, unblocked.new_chat_member.status) == (
        "kicked",
        "member",
    )


def test_text_is_sent_edited_and_deleted(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """A text can be sent as a reply, edited and deleted, and each step shows in the chat."""
    ann = sandbox.user()
    asked = ann.send_text("hi")

    async def scenario(bot: Any) -> None:
        reply = library.types.ReplyParameters(message_id=asked)
        sent = await bot.send_message(1, "Привет, @ann_lee", reply_parameters=reply)
        assert (sent.text, sent.chat.id, sent.from_user.id) == ("Привет, @ann_lee", 1, 1000)
        assert sent.reply_to_message.message_id == asked
        (shown,) = sandbox.messages(1)[1:]
        assert (shown.sender, shown.text, shown.reply_to) == ("bot", sent.text, asked)
        edited = await bot.edit_message_text("bye", chat_id=1, message_id=sent.message_id)
        assert edited.text == "bye"
        assert edited.edit_date
        (shown,) = sandbox.messages(1)[1:]
        assert (shown.id, shown.text, shown.edited) == (sent.message_id, "bye", True)
        assert await bot.delete_message(1, sent.message_id)
        others = [(await bot.send_message(1, text)).message_id for text in "ab"]
        assert await bot.delete_messages(1, others)
        assert await bot.send_chat_action(1, "upload_photo")

    run_bot(scenario)
    assert [message.id for message in sandbox.messages(1)] == [asked]


def test_buttons_are_pressed(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """A press and all edits of a message with buttons are understood, and who may press is told."""
    ann, types = sandbox.user(), library.types
    group = sandbox.group(-7)
    group.promote(ann)

    def keyboard(text: str) -> Any:
        button = types.InlineKeyboardButton(text=text, callback_data=f"a:{text}")
        return types.InlineKeyboardMarkup(inline_keyboard=[[button]])

    async def scenario(bot: Any) -> None:
        upload = library.upload(picture(), "a.jpg")
        sent = await bot.send_photo(1, upload, caption="one", reply_markup=keyboard("more"))
        assert sent.reply_markup.inline_keyboard[0][0].callback_data == "a:more"
        press = ann.press(sent.message_id, "a:more")
        (update,) = await bot.get_updates(timeout=5, allowed_updates=["callback_query"])
        query = update.callback_query
        assert (query.id, query.data, query.from_user.id) == (press, "a:more", 1)
        assert query.message.photo
        assert await bot.answer_callback_query(query.id, text="Done", show_alert=True)
        assert sandbox.wait_for_answer(press) == CallbackAnswer("Done", alert=True)

        at = {"chat_id": 1, "message_id": sent.message_id}
        edited = await bot.edit_message_caption(**at, caption="two", reply_markup=keyboard("b"))
        assert (edited.caption, edited.reply_markup.inline_keyboard[0][0].text) == ("two", "b")
        assert not (await bot.edit_message_reply_markup(**at)).reply_markup
        media = types.InputMediaDocument(media=library.upload(b"%PDF-", "a.pdf"), caption="three")
        edited = await bot.edit_message_media(media, **at, reply_markup=keyboard("c"))
        assert (edited.document.file_name, edited.caption) == ("a.pdf", "three")
        assert (await bot.get_chat_member(group.id, 1)).status == "administrator"
        assert (await bot.get_chat_member(1, 1)).status == "member"

    run_bot(scenario)
    (shown,) = sandbox.messages(1)
    assert (shown.photo, shown.document, shown.buttons[0][0].text) == (None, b"%PDF-", "c")


def test_pictures_and_documents_are_sent(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """Photos and documents can be sent with captions, as uploads and by file id."""
    sandbox.user()

    async def scenario(bot: Any) -> None:
        upload = library.upload(picture(1600, 1200), "rated.jpg")
        photo = await bot.send_photo(1, upload, caption="7.5")
        sizes = [(size.width, size.height) for size in photo.photo]
        assert sizes == [(90, 68), (320, 240), (800, 600), (1280, 960)]
        assert photo.caption == "7.5"
        again = await bot.send_photo(1, photo.photo[-1].file_id)
        assert [size.file_id for size in again.photo] == [size.file_id for size in photo.photo]
        upload = library.upload(b"%PDF-", "a.pdf")
        document = await bot.send_document(1, upload, caption="as a file")
        assert (document.document.file_name, document.document.file_size) == ("a.pdf", 5)
        assert (await bot.send_document(1, document.document.file_id)).document

    run_bot(scenario)
    photo, again, document, document_again = sandbox.messages(1)
    assert photo.photo
    assert Image.open(BytesIO(photo.photo)).size == (1280, 960)
    assert again.photo == photo.photo
    assert (document.document, document.document_name) == (b"%PDF-", "a.pdf")
    assert document.caption == "as a file"
    assert document_again.document == b"%PDF-"


def test_albums_are_sent(run_bot: Callable[..., Any], library: Library, sandbox: Sandbox) -> None:
    """Photos or documents can be sent as one album, in reply and with a caption."""
    asked = sandbox.user().send_text("hi")
    reply = library.types.ReplyParameters(message_id=asked)

    async def scenario(bot: Any) -> None:
        photos = [library.upload(picture(side, 100), "a.jpg") for side in (101, 102)]
        album = [library.types.InputMediaPhoto(media=photo) for photo in photos]
        album[0] = library.types.InputMediaPhoto(media=photos[0], caption="two")
        first, second = await bot.send_media_group(1, album, reply_parameters=reply)
        assert first.media_group_id == second.media_group_id
        assert [message.photo[-1].width for message in (first, second)] == [101, 102]
        assert [message.caption for message in (first, second)] == ["two", None]
        assert second.reply_to_message.message_id == asked
        again = [
            library.types.InputMediaPhoto(media=message.photo[-1].file_id)
            for message in (first, second)
        ]
        other, _ = await bot.send_media_group(1, again)
        assert other.media_group_id != first.media_group_id
        files = [library.upload(b"%PDF-", f"{name}.pdf") for name in "ab"]
        documents = [library.types.InputMediaDocument(media=file) for file in files]
        sent = await bot.send_media_group(1, documents)
        assert [message.document.file_name for message in sent] == ["a.pdf", "b.pdf"]

    run_bot(scenario)
    _, *shown = sandbox.messages(1)
    assert [message.reply_to for message in shown] == [asked, asked, *[None] * 4]
    assert len({message.album for message in shown}) == 3
    assert [made.items for made in sandbox.calls] == [2, 2, 2]


def test_files_are_downloaded(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """A document is downloaded with the bytes that were sent."""
    sent = bytes(range(256)) * 1000
    sandbox.user().send_document(sent, "a.bin", "application/octet-stream")

    async def scenario(bot: Any) -> bytes:
        (update,) = await bot.get_updates()
        file = await bot.get_file(update.message.document.file_id)
        assert file.file_size == len(sent)
        return await library.download(bot, file)

    assert run_bot(scenario) == sent


def test_commands_are_set_by_language(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """Commands are kept by scope and language, and users see those for their language."""
    types = library.types

    async def scenario(bot: Any) -> None:
        english, russian = (
            types.BotCommand(command="help", description=text)
            for text in ("What I do", "Что я умею")
        )
        private = types.BotCommandScopeAllPrivateChats()
        assert await bot.set_my_commands([english])
        assert await bot.set_my_commands([russian], scope=private, language_code="ru")
        assert [found.description for found in await bot.get_my_commands()] == ["What I do"]
        found = await bot.get_my_commands(scope=private, language_code="ru")
        assert [command.description for command in found] == ["Что я умею"]

    run_bot(scenario)
    assert sandbox.commands("ru") == [{"command": "help", "description": "Что я умею"}]
    assert sandbox.commands("de") == [{"command": "help", "description": "What I do"}]


def test_descriptions_are_set_by_language(
    run_bot: Callable[..., Any], sandbox: Sandbox, library: Library
) -> None:
    """The name and the descriptions are kept by language, and refused if they are too long."""

    async def scenario(bot: Any) -> None:
        assert (await bot.get_my_name()).name == "attrai"
        assert (await bot.get_my_description()).description == ""
        assert await bot.set_my_name("Rater")
        assert await bot.set_my_description("Rates faces")
        assert await bot.set_my_description("Оцениваю лица", language_code="ru")
        assert await bot.set_my_short_description("Faces")
        assert (await bot.get_my_name()).name == "Rater"
        assert (await bot.get_my_description()).description == "Rates faces"
        assert (await bot.get_my_description(language_code="ru")).description == "Оцениваю лица"
        assert (await bot.get_my_description(language_code="de")).description == ""
        assert (await bot.get_my_short_description()).short_description == "Faces"
        for setter, length in (
            (bot.set_my_name, 64),
            (bot.set_my_description, 512),
            (bot.set_my_short_description, 120),
        ):
            assert await setter("x" * length)
            with pytest.raises(library.errors[400]):
                await setter("x" * (length + 1))
        assert await bot.set_my_description("", language_code="ru")

    run_bot(scenario)
    assert sandbox.state.profile.visible_to("description", "ru-RU") == "x" * 512


def test_refusals_are_understood(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """Each refusal raises the library's own exception for it."""
    ann = sandbox.user()
    sandbox.user(2).block()
    theirs = ann.send_text("hi")
    gone = ann.send_text("oops")
    ann.delete(gone)
    reply = library.types.ReplyParameters(message_id=gone)

    async def scenario(bot: Any) -> None:
        ours = (await bot.send_message(1, "text")).message_id
        refusals: list[tuple[int, str, Awaitable[Any]]] = [
            (403, "bot was blocked by the user", bot.send_message(2, "hi")),
            (400, "chat not found", bot.send_message(3, "hi")),
            (
                400,
                "message to be replied not found",
                bot.send_message(1, "hi", reply_parameters=reply),
            ),
            (
                400,
                "message is not modified",
                bot.edit_message_text("text", chat_id=1, message_id=ours),
            ),
            (
                400,
                "message to edit not found",
                bot.edit_message_text("a", chat_id=1, message_id=99),
            ),
            (
                400,
                "message can't be edited",
                bot.edit_message_text("a", chat_id=1, message_id=theirs),
            ),
            (400, "message to delete not found", bot.delete_message(1, 99)),
            (400, "wrong file identifier", bot.send_photo(1, "nothing")),
            (400, "invalid file_id", bot.get_file("nothing")),
            (400, "does not know parse_mode", bot.send_message(1, "hi", parse_mode="HTML")),
        ]
        for status, reason, refused in refusals:
            with pytest.raises(library.errors[status], match=f"(?i){reason}"):
                await refused
        forgiving = library.types.ReplyParameters(message_id=gone, allow_sending_without_reply=True)
        sent = await bot.send_message(1, "anyway", reply_parameters=forgiving)
        assert sent.reply_to_message is None

    run_bot(scenario)


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(rate_limited=1, retry_after=3), 429),
        (Faults(server_error=1), 500),
        (Faults(drop_before=1), 0),
        (Faults(timeout=1, timeout_seconds=0.1), 0),
        (Faults(drop_after=1), 0),
    ],
)
def test_faults_are_understood(
    run_bot: Callable[..., Any],
    library: Library,
    sandbox: Sandbox,
    faults: Faults,
    status: int,
) -> None:
    """Each fault raises the library's own exception, and only `drop_after` sends the message."""
    sandbox.user()
    sandbox.faults = faults

    async def scenario(bot: Any) -> None:
        with pytest.raises(library.errors[status]):
            await bot.send_message(1, "hi")

    run_bot(scenario)
    (made,) = sandbox.calls
    assert (made.method, made.chat_id) == ("sendMessage", 1)
    assert getattr(faults, made.fault or "") == 1
    assert len(sandbox.messages(1)) == (made.fault == "drop_after")


def test_wrong_token_is_understood(run_bot: Callable[..., Any], library: Library) -> None:
    """A wrong token raises the library's exception for 401."""

    async def scenario(bot: Any) -> None:
        with pytest.raises(library.errors[401]):
            await bot.get_me()

    run_bot(scenario, token="1000:wrong")  # noqa: S106  # a token that is refused


def test_second_poller_is_understood(library: Library, sandbox: Sandbox, url: str) -> None:
    """The older of two pollers gets a conflict, and the newer one gets the updates."""

    async def run() -> None:
        async with library.bot(url, sandbox.token) as one, library.bot(url, sandbox.token) as two:
            polls = [asyncio.ensure_future(bot.get_updates(timeout=30)) for bot in (one, two)]
            (ended,), _ = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
            sandbox.user().send_text("hi")
            with pytest.raises(library.errors[409], match="terminated by other getUpdates request"):
                await ended
            polls.remove(ended)
            (update,) = await polls[0]
            assert update.message.text == "hi"

    asyncio.run(run())


def test_what_else_users_send_is_understood(run_bot: Callable[..., Any], sandbox: Sandbox) -> None:
    """Media of other kinds, and messages of chats, in topics and about other chats are parsed."""
    ann, group = sandbox.user(1, "en", "Ann"), sandbox.group(-7)
    forum, channel = sandbox.group(-8, forum=True), sandbox.channel(-9)
    ann.send_sticker(picture(300, 200))
    ann.send_animation(picture(), "moving")
    ann.send_video_note(picture(240, 240))
    hidden = ann.send_photo(picture(), spoiler=True, live=True)
    ann.send_paid_photo(picture())
    ann.send_photo(picture(), chat=forum.id, topic=forum.topic())
    group.anonymous_admin().send_text("/rate")
    channel.author().send_text("hi", chat=group.id)
    ann.send_text("/rate", chat=group.id, quoting=(1, hidden))
    post = channel.author().send_photo(picture())
    ann.send_text("/rate", chat=group.id, quoting=(channel.id, post))
    ann.edit_caption(hidden, "edited")
    group.become_supergroup(-70)

    async def scenario(bot: Any) -> list[Any]:
        return list(await bot.get_updates(timeout=5))

    updates = run_bot(scenario)
    sticker, animation, note, photo, paid, topic, admin, sender, quote = (
        update.message for update in updates[:9]
    )
    assert (sticker.sticker.width, sticker.sticker.is_animated) == (512, False)
    assert animation.animation.thumbnail.width == 320
    assert animation.document.file_id == animation.animation.file_id
    assert note.video_note.thumbnail.width == 240
    assert photo.has_media_spoiler
    assert photo.photo
    assert len(paid.paid_media.paid_media) == 1
    assert (topic.message_thread_id, topic.is_topic_message, topic.chat.is_forum) == (7, True, True)
    assert (admin.sender_chat.id, admin.from_user.username) == (-7, "GroupAnonymousBot")
    assert (sender.sender_chat.id, sender.from_user.username) == (-9, "Channel_Bot")
    assert len(quote.external_reply.photo) == len(photo.photo)
    assert quote.external_reply.has_media_spoiler
    assert (updates[9].channel_post.chat.id, updates[9].channel_post.from_user) == (-9, None)
    assert updates[10].message.external_reply.message_id == post
    assert updates[11].edited_message.caption == "edited"
    before, after = (update.message for update in updates[12:])
    assert (before.chat.id, before.migrate_to_chat_id) == (-7, -70)
    assert (after.chat.id, after.migrate_from_chat_id) == (-70, -7)


def test_what_chats_do_not_allow(
    run_bot: Callable[..., Any], library: Library, sandbox: Sandbox
) -> None:
    """Missing rights and topics are refused, and a group that moved names its new chat."""
    group, forum = sandbox.group(-7), sandbox.group(-8, forum=True)
    topic = forum.topic()
    group.forbid("photos", "text messages")

    async def scenario(bot: Any) -> None:
        for refused, reason in (
            (bot.send_message(-7, "hi"), "not enough rights to send text messages to the chat"),
            (bot.send_photo(-7, library.upload(picture(), "a.jpg")), "rights to send photos"),
            (bot.send_message(-8, "hi", message_thread_id=8), "message thread not found"),
            # The general topic, which has no number for messages.
            (bot.send_message(-8, "hi", message_thread_id=1), "message thread not found"),
            (bot.send_chat_action(-8, "typing", message_thread_id=8), "thread not found"),
        ):
            with pytest.raises(library.errors[400], match=f"(?i){reason}"):
                await refused
        sent = await bot.send_message(-8, "hi", message_thread_id=topic)
        assert (sent.message_thread_id, sent.is_topic_message) == (topic, True)
        reply = library.types.ReplyParameters(message_id=sent.message_id)
        again = await bot.send_message(-8, "hi", reply_parameters=reply)
        assert again.message_thread_id == topic
        for known in (1, topic):
            assert await bot.send_chat_action(-8, "typing", message_thread_id=known)
        upload = library.upload(picture(), "a.jpg")
        assert (await bot.send_photo(-8, upload, has_spoiler=True)).has_media_spoiler
        group.become_supergroup(-70)
        with pytest.raises(Exception, match=r"(?i)group .*(upgraded|migrated)") as raised:
            await bot.send_message(-7, "hi")
        moved = getattr(raised.value, "new_chat_id", None) or raised.value.migrate_to_chat_id
        assert moved == -70

    run_bot(scenario)
    named = [None, None, 8, 1, 8, topic, None, 1, topic, None, None]
    assert [call.topic for call in sandbox.calls] == named


def test_privacy_mode(run_bot: Callable[..., Any], sandbox: Sandbox) -> None:
    """A bot in privacy mode is told so, and gets only what is meant for it in groups."""
    sandbox.state.privacy_mode = True
    ann, group = sandbox.user(), sandbox.group(-7)
    ann.send_photo(picture(), "@attrai_sandbox_bot", chat=group.id)
    ann.send_text("@attrai_sandbox_bot", chat=group.id)
    ann.send_text("/rate", chat=group.id)
    ann.send_text("hi")

    async def scenario(bot: Any) -> list[Any]:
        assert not (await bot.get_me()).can_read_all_group_messages
        return [update.message.text for update in await bot.get_updates(timeout=5)]

    assert run_bot(scenario) == ["/rate", "hi"]
