"""Metrics shared by the processes of a service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry

from attrai.errors import CannotStart
from attrai.monitoring.exporter import acquire_first_lock, share
from attrai.monitoring.prometheus import serve
from testing.servers.server import reserved_port
from testing.waiting import PATIENCE_S

#: A process of a service: counts a photo, serves the metrics, and ends when its input does.
_PROCESS = """
import sys
from attrai.monitoring.exporter import open_stage_metrics
from attrai.settings import Settings
metrics = open_stage_metrics(Settings(metrics_port=int(sys.argv[1])))
from attrai.job import Failure, JobRef
job = JobRef(id="0" * 32, channel="test", address={}, user="u").failed(Failure(code="no-face"))
metrics.answered(job)
print("counted", flush=True)
sys.stdin.read()
"""


def start(port: int, folder: Path) -> subprocess.Popen[str]:
    """A new process of this service that has already counted a photo."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(port)],
        env=os.environ | {"TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def test_one_page_for_all(tmp_path: Path) -> None:
    """The counts of two processes of a service are added up on its one page."""
    with reserved_port() as port:
        processes = [start(port, tmp_path) for _ in range(2)]
        page = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
        for process in processes:
            process.communicate()
    assert 'attrai_answers_total{outcome="no-face"} 2.0' in page


def test_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of services that ended are deleted, even when a new process has the same id."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    left = [
        tmp_path / f"attrai-metrics-{os.geteuid()}" / name
        for name in ("999999999-1", f"{os.getpid()}-1")
    ]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "counter_1.db").touch()
    own = share()
    assert own == share()
    assert [folder.name for folder in own.parent.iterdir()] == [own.name]
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(own)


def test_first(tmp_path: Path) -> None:
    """One process of a service is the first, until it ends."""
    ask = f"""
import sys
from pathlib import Path
from attrai.monitoring.exporter import acquire_first_lock
print(acquire_first_lock(Path({str(tmp_path)!r})))
"""

    def first() -> str:
        return subprocess.run(
            [sys.executable, "-c", ask], capture_output=True, text=True, check=True
        ).stdout

    assert first() == "True\n"
    assert first() == "True\n"
    assert acquire_first_lock(tmp_path)
    assert first() == "False\n"


def test_a_taken_port() -> None:
    """A port used by another program is refused with an error that names the setting."""
    with reserved_port() as port:
        server = serve(port, CollectorRegistry())
        with pytest.raises(CannotStart, match=f"ATTRAI_METRICS_PORT: can't listen on {port}"):
            serve(port, CollectorRegistry())
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("taken", ["link", "dangling", "file"])
def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    """A link in place of the folder is not followed, and nothing behind it is deleted."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "999999999-1").mkdir(parents=True)
    folder = tmp_path / f"attrai-metrics-{os.geteuid()}"
    if taken == "file":
        folder.touch()
    else:
        folder.symlink_to(elsewhere if taken == "link" else tmp_path / "nowhere")
    with pytest.raises(CannotStart, match="not a folder of this user's own"):
        share()
    assert (elsewhere / "999999999-1").exists()
