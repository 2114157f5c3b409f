"""A client for Telegram's Bot API, on pyTelegramBotAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from telebot import TeleBot, apihelper, types

from attrai.errors import TryLater, Unconfirmed
from attrai.telegram.destination import Destination, Sent
from attrai.telegram.errors import ChatMoved, TokenRefused, translate_errors
from attrai.telegram.files import download, read_local
from attrai.telegram.keyboards import Keyboard, markup
from attrai.telegram.limiter import Limiter
from attrai.telegram.profile import Profile
from attrai.telegram.updates import Updates

#: Timeout in seconds of a call, and of one that uploads a picture.
_TIMEOUT, _UPLOAD_TIMEOUT = 15, 40


class Telegram:
    """A thread-safe client for one bot.

    Messages are sent below Telegram's rate limits. After a 429, the chat gets nothing until the
    time that Telegram names. `turn` identifies a message that keeps its place in the order when it
    is sent again later. `instead` says that a message is sent in the place of one that Telegram has
    just rejected, in the same slot. What is sent to a group that became a supergroup goes there.

    Every call may raise:
        TryLater: Telegram can't be reached, fails, or is rate limited. It is an `Unconfirmed` if a
            message may have been sent all the same.
        Rejected: the call fails permanently.
        TokenRefused: Telegram does not accept the token.
    """

    def __init__(self, token: str, url: str, limiter: Limiter) -> None:
        """Create a client without making a call.

        Raises:
            TokenRefused: the token is malformed.
        """
        server = url.rstrip("/")
        # pyTelegramBotAPI supports one server per process, and our processes talk to only one.
        apihelper.API_URL = server + "/bot{0}/{1}"  # type: ignore[assignment]  # it is None at first
        self._files = f"{server}/file/bot{token}/"
        self._token = token
        self._limiter = limiter
        try:
            self._bot = TeleBot(token, threaded=False)
        except ValueError:
            raise TokenRefused from None
        self.updates = Updates(self._bot)
        self.profile = Profile(self._bot)

    def me(self) -> types.User:
        """Return the bot's own account."""
        with translate_errors():
            me = self._bot.get_me()
            if not isinstance(me, types.User):
                raise TypeError("no user")
            return me

    def send_text(
        self,
        to: Destination,
        text: str,
        *,
        turn: str | None = None,
        instead: bool = False,
        keyboard: Keyboard = (),
    ) -> Sent:
        """Send a text."""
        return self._send(
            to,
            lambda to: self._bot.send_message(
                to.chat,
                text,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=markup(keyboard),
                timeout=_TIMEOUT,
            ),
            turn=turn,
            instead=instead,
        )

    def send_photo(
        self,
        to: Destination,
        picture: bytes,
        caption: str,
        *,
        turn: str,
        keyboard: Keyboard = (),
        spoiler: bool = False,
    ) -> Sent:
        """Send a picture as a photo, which Telegram may compress, or hide under a spoiler."""
        return self._send(
            to,
            lambda to: self._bot.send_photo(
                to.chat,
                picture,
                caption,
                has_spoiler=spoiler or None,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=markup(keyboard),
                timeout=_UPLOAD_TIMEOUT,
            ),
            turn=turn,
        )

    def send_document(  # noqa: PLR0913 - a document also has a name
        self,
        to: Destination,
        picture: bytes,
        name: str,
        caption: str,
        *,
        turn: str,
        keyboard: Keyboard = (),
        instead: bool = False,
    ) -> Sent:
        """Send a picture as a document, which Telegram leaves unchanged."""
        return self._send(
            to,
            lambda to: self._bot.send_document(
                to.chat,
                picture,
                caption=caption,
                visible_file_name=name,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=markup(keyboard),
                timeout=_UPLOAD_TIMEOUT,
            ),
            turn=turn,
            instead=instead,
        )

    def send_album(
        self,
        to: Destination,
        pictures: Sequence[tuple[bytes, bool]],
        caption: str,
        *,
        file_name: str | None,
        turn: str,
    ) -> Sent:
        """Send two to ten pictures as one album, with the caption on the first, which is returned.

        Args:
            to: where the album goes.
            pictures: JPEGs, and whether each is hidden under a spoiler.
            caption: what is said about all of them.
            file_name: send the pictures as documents of this name rather than as photos.
            turn: identifies the album when it is sent again later.
        """
        captions = [caption, *[None] * len(pictures)]

        def send(to: Destination) -> types.Message:
            album: list[Any] = [
                _media(picture, words, file_name, spoiler=spoiler)
                for (picture, spoiler), words in zip(pictures, captions, strict=False)
            ]
            return self._bot.send_media_group(
                to.chat,
                album,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                timeout=_UPLOAD_TIMEOUT,
            )[0]

        return self._send(to, send, turn=turn, items=len(pictures))

    def edit_text(self, chat: int, message: int, text: str, keyboard: Keyboard = ()) -> None:
        """Replace the text and the buttons of a message that the bot sent."""
        with self._slot(chat), translate_errors(Unconfirmed):
            self._bot.edit_message_text(
                text, chat, message, timeout=_TIMEOUT, reply_markup=markup(keyboard)
            )

    def edit_picture(  # noqa: PLR0913 - as above
        self,
        chat: int,
        message: int,
        picture: bytes,
        caption: str,
        keyboard: Keyboard,
        *,
        file_name: str | None,
        turn: str,
        spoiler: bool = False,
    ) -> None:
        """Replace the picture, the caption and the buttons of a message that the bot sent.

        Args:
            chat: the chat's id.
            message: the message's id.
            picture: the new picture.
            caption: the new caption.
            keyboard: the new buttons.
            file_name: send the picture as a document of this name rather than as a photo.
            turn: identifies the message to the rate limit.
            spoiler: whether a photo is hidden under a spoiler.
        """
        media = _media(picture, caption, file_name, spoiler=spoiler)
        with self._slot(chat, turn), translate_errors(Unconfirmed):
            self._bot.edit_message_media(
                media, chat, message, reply_markup=markup(keyboard), timeout=_UPLOAD_TIMEOUT
            )

    def edit_keyboard(self, chat: int, message: int, keyboard: Keyboard) -> None:
        """Replace the buttons of a message that the bot sent."""
        with translate_errors():
            self._bot.edit_message_reply_markup(
                chat, message, reply_markup=markup(keyboard), timeout=_TIMEOUT
            )

    def is_administrator(self, chat: int, user: int) -> bool:
        """Return whether a user is an administrator of a group."""
        with translate_errors():
            return self._bot.get_chat_member(chat, user).status in ("creator", "administrator")

    def answer_press(self, query: str, text: str, alert: bool) -> None:  # noqa: FBT001 - a Reply's
        """Answer the press of a button, with a text for some seconds, an alert, or nothing."""
        with translate_errors():
            self._bot.answer_callback_query(query, text or None, show_alert=alert)

    def delete(self, chat: int, message: int) -> None:
        """Delete a message that the bot sent."""
        with translate_errors():
            self._bot.delete_message(chat, message, timeout=_TIMEOUT)

    def send_upload_action(self, chat: int, topic: int | None = None) -> None:
        """Show for five seconds, or until a message comes, that the bot is sending a picture."""
        with translate_errors():
            self._bot.send_chat_action(
                chat, "upload_photo", timeout=_TIMEOUT, message_thread_id=topic
            )

    def download(self, file_id: str, max_bytes: int) -> bytes:
        """Return the content of a file, cut after `max_bytes` + 1 bytes if it is larger.

        A Bot API server with `--local` names a file on this machine, which is read.

        Raises:
            SourceOutOfReach: the server's files can't be read here, which is logged.
        """
        with translate_errors():
            path = str(self._bot.get_file(file_id).file_path)
            if path.startswith("/"):
                return read_local(path, self._token, max_bytes)
            return download(self._files + path, max_bytes)

    def _send(
        self,
        to: Destination,
        send: Callable[[Destination], types.Message],
        *,
        turn: str | None,
        items: int = 1,
        instead: bool = False,
    ) -> Sent:
        with self._slot(to.chat, turn, items=items, booked=instead):
            try:
                with translate_errors(Unconfirmed):
                    return Sent(to.chat, send(to).message_id)
            except ChatMoved as moved:
                # Without a reply, as messages have other ids there, and in the same slot, as the
                # turn is this chat's.
                to = Destination(moved.chat, None)
                with translate_errors(Unconfirmed):
                    return Sent(to.chat, send(to).message_id)

    @contextmanager
    def _slot(
        self, chat: int, turn: str | None = None, *, items: int = 1, booked: bool = False
    ) -> Iterator[None]:
        if not booked:
            self._limiter.acquire(chat, turn, items)
        try:
            yield
        except TryLater as later:
            if later.seconds is not None:
                self._limiter.hold(chat, later.seconds)
            raise


def _media(
    picture: bytes, caption: str | None, file_name: str | None, *, spoiler: bool
) -> types.InputMedia:
    """Return a picture as a photo, or as a document if it has a name. It can be sent once."""
    file = types.InputFile(BytesIO(picture), file_name)
    if file_name is None:
        return types.InputMediaPhoto(file, caption, has_spoiler=spoiler or None)
    return types.InputMediaDocument(file, caption=caption)
