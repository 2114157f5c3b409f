"""The Bot API's methods about what users see of a bot outside of its messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from telegram_sandbox.errors import bad_request
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State

#: The maximum length of each text in characters, by the name of its parameter.
MAX_LENGTHS = {"name": 64, "description": 512, "short_description": 120}


class ProfileMethods:
    """The methods that set and return the bot's name and descriptions, by language."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Any]] = {}
        for field in MAX_LENGTHS:
            suffix = "".join(word.capitalize() for word in field.split("_"))
            self.methods[f"setMy{suffix}"] = partial(self._set, field)
            self.methods[f"getMy{suffix}"] = partial(self._get, field)

    def _set(self, field: str, parameters: Parameters) -> bool:
        text = parameters.text(field)
        if len(text) > MAX_LENGTHS[field]:
            raise bad_request(f"bot {field} is too long")
        with self._state.lock:
            self._state.profile.set(field, parameters.text("language_code"), text)
            self._state.emit(field)
        return True

    def _get(self, field: str, parameters: Parameters) -> Json:
        text = self._state.profile.get(field, parameters.text("language_code"))
        return {field: text or (self._state.bot["first_name"] if field == "name" else "")}
