"""The Bot API's methods about who presses buttons: answers to presses, and members of chats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram_sandbox.errors import bad_request
from telegram_sandbox.keyboards import CallbackAnswer
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.state import Json, State

MAX_ANSWER = 200


class CallbackMethods:
    """The methods that answer presses, and tell who is an administrator."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Any]] = {
            "answerCallbackQuery": self._answer_callback_query,
            "getChatMember": self._get_chat_member,
        }

    def _answer_callback_query(self, parameters: Parameters) -> bool:
        text = parameters.text("text")
        if len(text) > MAX_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        answer = CallbackAnswer(text, parameters.flag("show_alert"))
        if not self._state.answer_press(parameters.text("callback_query_id"), answer):
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        return True

    def _get_chat_member(self, parameters: Parameters) -> Json:
        chat_id, user_id = parameters.integer("chat_id"), parameters.integer("user_id")
        if self._state.chat(chat_id) is None:
            raise bad_request("chat not found")
        member = self._state.member(chat_id, user_id)
        if member is None:
            raise bad_request("user not found")
        return member
