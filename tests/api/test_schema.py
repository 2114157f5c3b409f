"""The interface keeps to its own description, whatever schemathesis makes of that."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

import pytest
from dramatiq import Message

from attrai.errors import NoFace
from attrai.ledger import Ledger
from tests.api.conftest import KEY, Door, open_door

CONFIG = Path(__file__).with_name("schemathesis.toml")


@contextmanager
def stages(door: Door) -> Iterator[None]:
    """Process what is published, every third photo without success."""
    ended = threading.Event()

    def run() -> None:
        done = 0
        while not ended.is_set():
            try:
                message = door.broker.queues["ingest"].get(timeout=0.01)
            except Empty:
                continue
            (job,) = Message.decode(message).args
            if is_waiting(door.ledger, job["id"]):
                done += 1
                door.process(job["id"], None if done % 3 else NoFace().failure())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def is_waiting(ledger: Ledger, id_: str) -> bool:
    """Return whether a photo is to be processed, which nobody can cancel any more then."""
    job = ledger.admitted(id_)
    return job is not None and not isinstance(ledger.begin(job, "deliver"), str)


@pytest.mark.slow
@pytest.mark.parametrize("keys", [[KEY], []])
def test_schemathesis(keys: list[str], tmp_path: Path) -> None:
    """No request that follows from the description, or breaks it, is answered in another way."""
    with open_door(keys, max_active=100_000, max_pending=100_000) as door, stages(door):
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
        command += [f"{door.url}/openapi.json", "--seed", "1", "--max-examples", "25"]
        command += ["--generation-deterministic"]
        command += ["--header", f"Authorization: Bearer {KEY}"] if keys else []
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 selected / 4 total" in done.stdout
