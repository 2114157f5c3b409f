"""A local stand-in for Telegram's Bot API with a chat page, for trying out and testing a bot.

`Sandbox` holds the state and is the Python interface; `running` serves it over HTTP. The package is
not part of the service, and uses only its photo decoding.
"""

from telegram_sandbox.faults import Faults
from telegram_sandbox.message import Message
from telegram_sandbox.sandbox import Call, Sandbox
from telegram_sandbox.server import running
from telegram_sandbox.users import Group, User

__all__ = ["Call", "Faults", "Group", "Message", "Sandbox", "User", "running"]
