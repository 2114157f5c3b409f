"""Jobs from requests: ids become pseudonyms, and what leads back to people is sealed."""

from __future__ import annotations

import time
from typing import Any

from attrai.bot.request_types import (
    ButtonRequest,
    File,
    Origin,
    PhotoRequest,
    Replied,
)
from attrai.job import Job
from attrai.render import renderer_names
from attrai.telegram import Destination, Pseudonyms, Seal
from attrai.telegram.address import seal_address
from attrai.telegram.answer_buttons import STYLE, parse_data
from attrai.telegram.channel import NAME


class JobMaker:
    """Maker of jobs. Requests from the same update make jobs with the same id."""

    def __init__(self, pseudonyms: Pseudonyms, seal: Seal) -> None:
        self._pseudonyms = pseudonyms
        self._seal = seal
        self._styles = renderer_names()

    def from_photo(self, request: PhotoRequest, renderer: str) -> Job:
        """Return the job of a photo."""
        origin = request.origin
        return self._make(
            self._pseudonyms.job(origin.chat, origin.message),
            origin,
            request.file,
            renderer,
            seal_address(
                origin.destination,
                self._seal,
                asker=self._pseudonyms.asker(origin.chat, origin.user),
                styles=self._styles if request.redrawable else (),
                spoiler=request.spoiler,
            ),
            album=request.album and self._pseudonyms.album_in(origin.chat, request.album),
        )

    def from_press(self, request: ButtonRequest, replied: Replied, file: File) -> Job:
        """Return the job of a press that asks for the photo of an answer in a style, or as a file.

        Args:
            request: the press.
            replied: the message with the photo, which the answer replies to.
            file: the photo.
        """
        origin, pressed = request.origin, parse_data(request.data)
        is_style = pressed.prefix == STYLE
        return self._make(
            self._pseudonyms.press(origin.chat, origin.message, request.query),
            origin,
            file,
            pressed.rest,
            seal_address(
                Destination(origin.chat, replied.message, origin.topic),
                self._seal,
                asker=pressed.asker,
                styles=self._styles,
                edit=origin.message if is_style else None,
                as_file=not is_style,
                spoiler=replied.spoiler,
            ),
        )

    def _make(
        self, job: str, origin: Origin, file: File, renderer: str, address: str, **more: Any
    ) -> Job:
        now = time.time()
        return Job(
            id=job,
            channel=NAME,
            address=address,
            user=self._pseudonyms.user(origin.user),
            locale=origin.locale,
            source=self._seal.seal(file.id),
            renderer=renderer,
            admitted_at=now,
            queued_at=now,
            **more,
        )
