"""Opening of the Prometheus metrics when ATTRAI_METRICS_PORT is set.

dramatiq runs the processes of a service below one master process, and stops all of them when one
ends. Their counts therefore live in a folder that belongs to the master, and the first of the
processes serves the metrics of all.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import stat
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from attrai.errors import CannotStart
from attrai.settings import Settings

#: Environment variable that switches prometheus_client, when imported, to counts shared between
#: processes.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share() -> Path:
    """Share this process's counts with the other processes of its service; return the folder.

    Raises:
        CannotStart: another user's folder, or a link, is where this user's folder belongs.
    """
    root = _root()
    for folder in root.iterdir():
        if folder.name != _process_identity(folder.name.partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)  # left by a service that has ended
    folder = root / str(_process_identity(str(os.getppid())))
    folder.mkdir(exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    return folder


def _root() -> Path:
    root = Path(gettempdir()) / f"attrai-metrics-{os.geteuid()}"
    with suppress(FileExistsError):
        root.mkdir(mode=0o700)
    status = root.lstat()
    # Everybody can write to the temporary folder. Once this one is ours, nobody else can move it.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise CannotStart(f"{root} is not a folder of this user's own")
    return root


def acquire_first_lock(folder: Path) -> bool:
    """Return whether this process is the first living one that shares the folder."""
    lock = os.open(folder / "first", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True  # the lock is held until the process ends, since the file is never closed


def _process_identity(number: str) -> str | None:
    """Return a process's id and start time, since ids are reused; None if the process has ended."""
    try:
        stat = Path("/proc", number, "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, the 22nd is the start time.
    return f"{number}-{stat.rpartition(')')[2].split()[19]}"


if TYPE_CHECKING:
    from attrai.monitoring.prometheus import StageMetrics


def open_stage_metrics(settings: Settings) -> StageMetrics | None:
    """Start counting, and serve the metrics of all processes of this service.

    Returns:
        The metrics to count in, or None when they are switched off.

    Raises:
        CannotStart: the port is not available, or the package is missing.
    """
    port = _port(settings)
    if port is None:
        return None
    folder = share()
    # Not before `share`: at import it checks whether counts are shared between processes.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    from attrai.monitoring.prometheus import StageMetrics, serve  # noqa: PLC0415

    # dramatiq would serve them from a separate process, which never starts when RabbitMQ is half a
    # minute late. A thread of a worker serves them as long as there is a worker.
    if acquire_first_lock(folder):
        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=str(folder))
        serve(port, everything)
    return StageMetrics(CollectorRegistry())


def open_state_metrics(settings: Settings) -> None:
    """Serve metrics of the state in Redis and RabbitMQ if the settings ask for them.

    Raises:
        CannotStart: the port is not available, the package is missing, or the address of Redis is
            unusable.
    """
    port = _port(settings)
    if port is None:
        return
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - an extra

    from attrai.monitoring.prometheus import StateCollector, serve  # noqa: PLC0415
    from attrai.monitoring.queues import RabbitQueues  # noqa: PLC0415
    from attrai.monitoring.snapshot import take  # noqa: PLC0415
    from attrai.services import make_ledger, open_redis  # noqa: PLC0415
    from attrai.storage import free_share  # noqa: PLC0415

    try:
        redis = open_redis(settings, retries=0)
    except ValueError as error:  # its message may quote part of the password
        raise CannotStart("ATTRAI_REDIS_URL is no URL of a Redis") from error
    ledger = make_ledger(redis, settings)
    queues = RabbitQueues(settings.broker_url.get_secret_value())
    # While RabbitMQ is down, pika would log ten records per scrape; attrai_up reports it already.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    registry = CollectorRegistry()
    registry.register(
        StateCollector(
            lambda: take(redis, ledger, queues),
            settings.max_pending,
            lambda: free_share(settings.photos_url),
        )
    )
    serve(port, registry)


def _port(settings: Settings) -> int | None:
    """Return the port to listen on, or None when metrics are switched off."""
    if settings.metrics_port is not None and find_spec("prometheus_client") is None:
        raise CannotStart("ATTRAI_METRICS_PORT needs more: pip install 'attrai[metrics]'")
    return settings.metrics_port
