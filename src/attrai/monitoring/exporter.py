"""Where the processes of one service count together, so that any of them can tell it all.

dramatiq runs a service's processes below one master, and ends them all when one ends. So what
they count lies in a folder that is the master's, and the first of them answers for all.

From ATTRAI_METRICS_PORT to a page that Prometheus can read.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from attrai.errors import CannotStart
from attrai.settings import Settings

#: By this prometheus_client knows, when it is imported, that processes share what they count.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share() -> Path:
    """Has this process count where its siblings do; the folder."""
    root = Path(gettempdir()) / "attrai-metrics"
    root.mkdir(exist_ok=True)
    for folder in root.iterdir():
        if folder.name != _process(folder.name.partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)  # of one that has ended
    folder = root / str(_process(str(os.getppid())))
    folder.mkdir(exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    return folder


def is_first(folder: Path) -> bool:
    """Whether this process is the first of the living that share the folder."""
    lock = os.open(folder / "first", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True  # and until it ends, for nobody closes the file


def _process(number: str) -> str | None:
    """A process's number and when it started, since numbers come again; None if it has ended."""
    try:
        stat = Path("/proc", number, "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, the 22nd the start.
    return f"{number}-{stat.rpartition(')')[2].split()[19]}"


if TYPE_CHECKING:
    from attrai.monitoring.prometheus import StageMetrics


def open_stage_metrics(settings: Settings) -> StageMetrics | None:
    """Starts to count, and to show what all processes of this service counted; None when off.

    Raises:
        CannotStart: the port can't be had, or the package is missing.
    """
    port = _port(settings)
    if port is None:
        return None
    folder = share()
    # Only now: when it is imported it looks whether processes share what they count.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    from attrai.monitoring.prometheus import StageMetrics, serve  # noqa: PLC0415

    # dramatiq would have a process of its own answer, which stays away when RabbitMQ comes half a
    # minute late; a thread of a worker answers as long as there is a worker.
    if is_first(folder):
        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=str(folder))
        serve(port, everything)
    return StageMetrics(CollectorRegistry())


def open_state_metrics(settings: Settings) -> None:
    """Shows from now on what Redis and RabbitMQ hold, if the settings want it.

    Raises:
        CannotStart: as above, or the address of Redis is unusable.
    """
    port = _port(settings)
    if port is None:
        return
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - an extra

    from attrai.monitoring.prometheus import StateCollector, serve  # noqa: PLC0415
    from attrai.monitoring.queues import RabbitQueues  # noqa: PLC0415
    from attrai.monitoring.snapshot import take  # noqa: PLC0415
    from attrai.services import make_ledger, open_redis  # noqa: PLC0415

    try:
        redis = open_redis(settings, tries=0)
    except ValueError as error:  # it may quote a part of the password
        raise CannotStart("ATTRAI_REDIS_URL is no URL of a Redis") from error
    ledger = make_ledger(redis, settings)
    queues = RabbitQueues(settings.broker_url.get_secret_value())
    # While RabbitMQ is away it would say so in ten records a scrape; attrai_up says it.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    registry = CollectorRegistry()
    registry.register(StateCollector(lambda: take(redis, ledger, queues), settings.max_pending))
    serve(port, registry)


def _port(settings: Settings) -> int | None:
    """Where to listen; None for nowhere."""
    if settings.metrics_port is not None and find_spec("prometheus_client") is None:
        raise CannotStart("ATTRAI_METRICS_PORT needs more: pip install 'attrai[metrics]'")
    return settings.metrics_port
