"""A local stand-in for Telegram's Bot API, with a chat page: to try the bot and to test it.

`Sandbox` is the state and its Python interface, `running` serves it. It is no part of the product
and knows nothing of it but how photos are decoded.
"""

from telegram_sandbox.faults import Faults
from telegram_sandbox.message import Message
from telegram_sandbox.sandbox import Call, Sandbox
from telegram_sandbox.server import running
from telegram_sandbox.users import Group, User

__all__ = ["Call", "Faults", "Group", "Message", "Sandbox", "User", "running"]
