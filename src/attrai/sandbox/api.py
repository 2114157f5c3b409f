"""The Bot API's methods, except getUpdates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from attrai.sandbox.errors import bad_request
from attrai.sandbox.message_api import MessageApi
from attrai.sandbox.parameters import Parameters
from attrai.sandbox.world import Json, World

#: The largest file that a bot may download, in bytes.
MAX_DOWNLOAD = 20 * 2**20
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256
#: The chat page shows neither, so a bot that uses one is to hear of it.
_UNSUPPORTED = ("parse_mode", "reply_markup")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class Api:
    """Carries out what bots call for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._methods: dict[str, Callable[[Parameters], Any]] = {
            **MessageApi(world).methods,
            "getMe": self._get_me,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
            "setMyDescription": _accept,
            "setMyShortDescription": _accept,
            "answerCallbackQuery": _accept,
            "getFile": self._get_file,
        }
        self.names = frozenset(self._methods)

    def call(self, method: str, parameters: Parameters) -> Any:
        """Does what the method is for; its result.

        Raises:
            ApiError: it can't be done.
        """
        for name in _UNSUPPORTED:
            if parameters.text(name):
                raise bad_request(f"the sandbox does not know {name}")
        return self._methods[method](parameters)

    def _get_me(self, _: Parameters) -> Json:
        return self._world.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _delete_webhook(self, parameters: Parameters) -> bool:
        if parameters.flag("drop_pending_updates"):
            with self._world.lock:
                self._world.updates.clear()
        return True

    def _get_webhook_info(self, _: Parameters) -> Json:
        pending = len(self._world.updates)
        return {"url": "", "has_custom_certificate": False, "pending_update_count": pending}

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
        with self._world.lock:
            self._world.commands.set(commands, *_audience(parameters))
            self._world.emit("commands")
        return True

    def _get_my_commands(self, parameters: Parameters) -> list[dict[str, str]]:
        return self._world.commands.get(*_audience(parameters))

    def _get_file(self, parameters: Parameters) -> Json:
        file = self._world.files.get(parameters.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.data) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(file.data),
            "file_path": file.path,
        }


def _accept(_: Parameters) -> bool:
    return True


def _audience(parameters: Parameters) -> tuple[Json, str]:
    scope = parameters.json("scope", dict, {"type": "default"})
    return scope, parameters.text("language_code")
