"""The whole product on this machine: a sandbox for Telegram, servers, and a process for each role.

    with running_product(Sandbox()) as product:
        product.processes["bot"].end()  # and is started again, as each process is

`left` says what is still in work, which must come to nothing once all is answered.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from attrai.job import STAGES
from attrai.services import make_ledger, open_redis
from attrai.settings import Settings
from telegram_sandbox import Sandbox, running
from testing.faults import Process
from testing.servers import RabbitServer, RedisServer


@dataclass(frozen=True)
class Product:
    """The running processes, and where their parts are."""

    #: The sandbox's address.
    url: str
    #: Has a log for each process, named after it.
    folder: Path
    #: Where the photos are.
    volume: Path
    #: The processes' folder for temporary files.
    temporary: Path
    #: By role. An embedded product has only the bot's.
    processes: dict[str, Process]
    #: None for an embedded product, whose ledger and queues end with its bot.
    servers: tuple[RabbitServer, RedisServer] | None

    def left(self) -> dict[str, int]:
        """Count what must be gone once everything is answered."""
        slots = messages = 0
        if self.servers:
            rabbit, redis = self.servers
            settings = Settings(redis_url=redis.url)
            slots = make_ledger(open_redis(settings), settings).in_flight()
            messages = sum(rabbit.queue_depths().values())
        files = sum(len(files) for _, _, files in os.walk(self.volume))
        return {"slots": slots, "messages in queues": messages, "files": files}

    def stop(self) -> None:
        """Terminate all processes, each once the one before it has ended."""
        for process in self.processes.values():
            process.stop()


@contextmanager
def running_product(
    sandbox: Sandbox, *, embedded: bool = False, log_level: str = "warning"
) -> Iterator[Product]:
    """Run the bot for a sandbox, the stages, the sweeper, RabbitMQ and Redis during a block.

    Args:
        sandbox: takes the place of Telegram.
        embedded: whether the bot's process does it all, without servers.
        log_level: level of the processes' logs.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="product-")))
        volume, temporary = folder / "photos-of-users", folder / "temporary"
        for each in (volume, temporary):
            each.mkdir()
        url = stack.enter_context(running(sandbox))
        environment = os.environ | {
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{volume}",
            "ATTRAI_LOG_LEVEL": log_level,
            "TMPDIR": str(temporary),
        }
        servers = None
        commands = {"bot": ["attrai", "bot", "--embedded"]}
        if not embedded:
            rabbit, redis = servers = (
                stack.enter_context(RabbitServer()),
                stack.enter_context(RedisServer()),
            )
            environment |= {"ATTRAI_BROKER_URL": rabbit.url, "ATTRAI_REDIS_URL": redis.url}
            commands = {"bot": ["attrai", "bot"], "sweep": ["attrai", "sweep"]}
            commands |= {stage: ["attrai", "worker", stage] for stage in STAGES}
        processes = {
            name: Process(name, command, folder, environment) for name, command in commands.items()
        }
        product = Product(url, folder, volume, temporary, processes, servers)
        stack.callback(product.stop)
        yield product
