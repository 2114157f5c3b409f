"""A local stand-in for Telegram's Bot API, with a chat page: to try the bot and to test it.

`Sandbox` is the state and its Python interface, `running` serves it. It is no part of the product
and knows nothing of it but how photos are decoded.
"""

from attrai.sandbox.faults import Faults
from attrai.sandbox.message import Message
from attrai.sandbox.persons import Group, Person
from attrai.sandbox.sandbox import Call, Sandbox
from attrai.sandbox.server import running

__all__ = ["Call", "Faults", "Group", "Message", "Person", "Sandbox", "running"]
