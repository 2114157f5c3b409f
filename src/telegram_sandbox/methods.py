"""The Bot API's methods by name, except getUpdates, and those about the bot itself and files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from telegram_sandbox.album_methods import AlbumMethods
from telegram_sandbox.callback_methods import CallbackMethods
from telegram_sandbox.editing_methods import EditingMethods
from telegram_sandbox.errors import bad_request
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.profile_methods import ProfileMethods
from telegram_sandbox.state import Json, State
from telegram_sandbox.webhook_methods import WebhookMethods

#: The largest file that a bot may download, in bytes.
MAX_DOWNLOAD = 20 * 2**20
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256
#: Parameters that are refused rather than ignored, because the chat page can't show their effect.
_UNSUPPORTED = ("parse_mode",)
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class BotMethods:
    """The implementation of the Bot API's methods, by name."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods: dict[str, Callable[[Parameters], Any]] = {
            **EditingMethods(state).methods,
            **AlbumMethods(state).methods,
            **CallbackMethods(state).methods,
            **ProfileMethods(state).methods,
            **WebhookMethods(state).methods,
            "getMe": self._get_me,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
            "getFile": self._get_file,
        }
        self.names = frozenset(self._methods)

    def call(self, method: str, parameters: Parameters) -> Any:
        """Carry out a method call and return its result.

        Raises:
            ApiError: a parameter is not supported, or the call fails as it would at Telegram.
        """
        for name in _UNSUPPORTED:
            if parameters.text(name):
                raise bad_request(f"the sandbox does not know {name}")
        return self._methods[method](parameters)

    def _get_me(self, _: Parameters) -> Json:
        return self._state.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self._state.privacy_mode,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _set_my_commands(self, parameters: Parameters) -> bool:
        given = parameters.json("commands", list, [])
        if not all(isinstance(command, dict) for command in given):
            raise bad_request("can't parse commands JSON object")
        commands = [
            {key: str(command.get(key, "")) for key in ("command", "description")}
            for command in given
        ]
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not _COMMAND.fullmatch(command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= MAX_DESCRIPTION:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        with self._state.lock:
            self._state.commands.set(commands, *_audience(parameters))
            self._state.emit("commands")
        return True

    def _get_my_commands(self, parameters: Parameters) -> list[dict[str, str]]:
        return self._state.commands.get(*_audience(parameters))

    def _get_file(self, parameters: Parameters) -> Json:
        file = self._state.files.get(parameters.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id")
        path = file.path
        if self._state.local_folder:
            local = self._state.local_folder / path
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(file.data)
            path = str(local)
        elif len(file.data) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(file.data),
            "file_path": path,
        }


def _audience(parameters: Parameters) -> tuple[Json, str]:
    scope = parameters.json("scope", dict, {"type": "default"})
    return scope, parameters.text("language_code")
