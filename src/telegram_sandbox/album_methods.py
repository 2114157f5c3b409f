"""The Bot API's method sendMediaGroup, for albums of photos or of documents."""

from __future__ import annotations

from telegram_sandbox.errors import ApiError, UnreadablePicture, bad_request
from telegram_sandbox.message_methods import MessageMethods, caption_of, spoiler_of
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State

#: The maximum number of an album's messages.
MAX_ALBUM = 10
#: What an album here may consist of; Telegram also takes audio, live photos and videos.
_KINDS = ("photo", "document")


class AlbumMethods(MessageMethods):
    """The method that sends an album."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.methods = {"sendMediaGroup": self._send_media_group}

    def _send_media_group(self, parameters: Parameters) -> list[Json]:
        items = _items(parameters)
        self._check_chat(parameters)
        contents = [self._content(number, item) for number, item in enumerate(items, 1)]
        # Telegram sends a single item as a message of its own.
        album = {"media_group_id": self._state.new_album()} if len(contents) > 1 else {}
        with self._state.lock:  # the chat gets it as a whole
            return [self._post(parameters, content | album) for content in contents]

    def _content(self, number: int, item: Parameters) -> Json:
        caption, given = caption_of(item), item.file("media")
        if item.text("type") == "document":
            return {"document": self._document(given), **caption}
        try:
            return {"photo": self._photo(given), **caption, **spoiler_of(item)}
        except ApiError as error:
            if not isinstance(error.__cause__, UnreadablePicture):
                raise
            raise bad_request(
                f'failed to send message #{number} with the error message "IMAGE_PROCESS_FAILED"'
            ) from error


def _items(parameters: Parameters) -> list[Parameters]:
    """Return the items of an album.

    Raises:
        ApiError: they are no album.
    """
    if not parameters.text("media"):
        raise bad_request('parameter "media" is required')
    if parameters.text("reply_markup"):
        raise bad_request("an album has no reply_markup")
    media = parameters.json("media", list, [])
    if not media:
        raise bad_request("there are no messages to send")
    if len(media) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    items = [_item(item, parameters) for item in media]
    if len({item.text("type") for item in items}) > 1:
        raise bad_request("document can't be mixed with other media types")
    return items


def _item(item: object, parameters: Parameters) -> Parameters:
    """Return an item of an album, or raise an `ApiError`."""
    if not isinstance(item, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    if item.get("type") not in _KINDS:
        raise bad_request(f"the sandbox's albums hold no {item.get('type')}")
    if not item.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    if item.get("parse_mode"):
        raise bad_request("the sandbox does not know parse_mode")
    return Parameters(item, parameters.files)
