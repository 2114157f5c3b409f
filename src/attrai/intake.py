"""The way in for front ends: `open_intake` opens what they admit jobs with."""

from __future__ import annotations

from attrai.actors.intake import Intake
from attrai.processes.startup import await_servers
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings

__all__ = ["Intake", "open_intake"]


def open_intake(settings: Settings) -> Intake:
    """Wait for RabbitMQ and Redis, and return what admits jobs there.

    Raises:
        CannotStart: a server refuses the connection for good.
    """
    await_servers(settings)
    return Intake(make_broker(settings, []), make_ledger(open_redis(settings), settings))
