"""What the parts of a bot share."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from attrai.actors.intake import Intake
from attrai.bot.sender import BackgroundSender
from attrai.settings import Settings
from attrai.telegram import Pseudonyms, Seal, Telegram


@dataclass(frozen=True)
class BotServices:
    """What the parts of one bot share. Whoever opens it closes the sender."""

    settings: Settings
    redis: Redis
    intake: Intake
    telegram: Telegram
    pseudonyms: Pseudonyms
    seal: Seal
    sender: BackgroundSender
