"""A local stand-in for Telegram's Bot API with a chat page, for trying out and testing any bot.

A bot in any language works with it unchanged, as long as its API address can be set. `running`
serves a `Sandbox`, whose users write to the bot, whose faults break the bot's calls, and which
records them. Here `requests` takes the bot's place:

    >>> import requests
    >>> from telegram_sandbox import Sandbox, running
    >>> sandbox = Sandbox()
    >>> with running(sandbox) as url:  # the bot's API address; in a browser, the chat page
    ...     message_id = sandbox.user(1).send_text("/start")
    ...     bot = f"{url}/bot{sandbox.token}"
    ...     answer = requests.post(f"{bot}/sendMessage", json={"chat_id": 1, "text": "Hello!"})
    ...     sandbox.wait_for(1, lambda messages: len(messages) == 2)[-1].text
    'Hello!'
"""

from telegram_sandbox.faults import Faults
from telegram_sandbox.groups import Channel, Group
from telegram_sandbox.keyboards import Button, CallbackAnswer
from telegram_sandbox.message import Message
from telegram_sandbox.sandbox import Call, Sandbox
from telegram_sandbox.server import running
from telegram_sandbox.users import User

__all__ = [
    "Button",
    "Call",
    "CallbackAnswer",
    "Channel",
    "Faults",
    "Group",
    "Message",
    "Sandbox",
    "User",
    "running",
]
