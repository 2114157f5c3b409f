"""The watchdog: a worker that hangs or lost a thread ends, and its photo is answered in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attrai.processes.watchdog import EXIT_STATUS
from testing.servers import RabbitServer, RedisServer
from testing.waiting import wait_for
from tests.cluster.channel import GRACE, HANGS, HOLDS_GIL, TIME_LIMIT
from tests.cluster.conftest import Cluster
from tests.programs import unmeasured


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("source", [HANGS, HOLDS_GIL])
def test_a_hang_outside_of_python(
    cluster: Cluster, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo that hangs every worker fails after three of them; the next photo is processed."""
    # Without coverage: where functions are traced, CPython 3.11 spins with the GIL held while an
    # exception waits for a thread that hangs in C.
    for name in os.environ.keys() - unmeasured().keys():
        monkeypatch.delenv(name)
    cluster.start("deliver")
    # For ingest alone: deliver's own work may take long on a busy machine.
    monkeypatch.setenv(TIME_LIMIT, "2000")
    monkeypatch.setenv(GRACE, "2000")
    cluster.start("ingest")
    hanging = cluster.submit(cluster.job(1, source))
    innocent = cluster.submit(cluster.job(2, "no such file"))
    assert cluster.wait_for_answer(hanging) == ["internal"]
    assert cluster.wait_for_answer(innocent) == ["internal"]  # of its own fault, three attempts
    logs = cluster.logs()
    assert cluster.workers["ingest"].starts == 4
    assert cluster.workers["deliver"].starts == 1
    if source == HANGS:
        assert logs.count("this worker ends itself") == 3
    assert all(str(job.address["chat"]) not in logs for job in (hanging, innocent))


DEAD_THREAD = """
import threading, sys
from types import SimpleNamespace
from attrai.processes.watchdog import Watchdog

alive = threading.Thread(target=threading.Event().wait, daemon=True)
alive.start()
dead = threading.Thread(target=int)
dead.start()
dead.join()
watchdog = Watchdog(60_000, 15, lambda: print("flushed", flush=True))
threads = {"workers": [alive], "consumers": {"a": alive}}
threads[sys.argv[1]] = {"workers": [dead], "consumers": {"a": dead}}[sys.argv[1]]
watchdog.after_worker_boot(None, SimpleNamespace(**threads))
threading.Event().wait()
"""


@pytest.mark.parametrize("threads", ["workers", "consumers"])
def test_a_dead_thread(threads: str, tmp_path: Path) -> None:
    """A dead thread of either kind ends the process, after its last log line was sent."""
    program = [sys.executable, "-c", DEAD_THREAD, threads]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(program, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == EXIT_STATUS
    assert "this worker ends itself" in done.stdout
    assert "is dead" in done.stdout
    assert done.stdout.endswith("flushed\n")


def is_kept_fresh(folder: Path) -> None:
    """Wait until the one heartbeat file, made stale, is fresh again."""
    (file,) = folder.glob("attrai-health-*/*")
    os.utime(file, (0, 0))
    wait_for(lambda: file.stat().st_mtime > 0, "there is no heartbeat any more")


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("command", ["worker", "sweep"])
def test_an_outage_is_no_ill_health(
    cluster: Cluster, command: str, rabbit_server: RabbitServer, redis_server: RedisServer
) -> None:
    """A process stays healthy while a server is away, and works once it is back."""
    arguments = {"worker": ["worker", "render"], "sweep": ["sweep"]}[command]
    with (cluster.folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "attrai", *arguments], stdout=output, stderr=output
        )
    servers: tuple[RabbitServer | RedisServer, ...] = (rabbit_server, redis_server)
    try:
        wait_for(lambda: list(cluster.folder.glob("attrai-health-*/*")), "it did not start")
        for away in servers:
            away.stop()
            for _ in range(2):
                is_kept_fresh(cluster.folder)
            away.start()
        is_kept_fresh(cluster.folder)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()
