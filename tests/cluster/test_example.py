"""The documented package, with a channel, a detector and a scorer, on real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from attrai.job import STAGES
from attrai.locales import text
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.conftest import Cluster, Worker
from tests.conftest import ASTRONAUT
from tests.packages import make_documented_package, path_with

pytestmark = pytest.mark.servers


def test_a_photo_through_a_channel_of_others(cluster: Cluster, tmp_path: Path) -> None:
    """A photo that a stranger's front end admits is answered by their channel, once."""
    package = make_documented_package(tmp_path / "package")
    variables = {
        "PYTHONPATH": path_with(package),
        "POSTBOX": "open",
        "ATTRAI_DETECTOR": "passport",
        "ATTRAI_SCORER": "brightness",
    }
    for stage in STAGES:
        log = tmp_path / f"{stage}.log"
        cluster.workers[stage] = Worker(stage, log, "attrai.worker:setup", **variables)
    photo, rubbish = tmp_path / "me.jpg", tmp_path / "rubbish.jpg"
    shutil.copy(ASTRONAUT, photo)
    rubbish.write_bytes(b"rubbish")
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "post", str(photo), str(rubbish)],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=2 * PATIENCE_S,
        ).stdout
        for _ in range(2)
    ]
    assert outputs[0] == f"{photo} admitted\n{rubbish} admitted\n"
    wait_for(lambda: cluster.ledger.in_flight() == 0, "no answer", 2 * PATIENCE_S)
    with Image.open(tmp_path / "me.rated.jpg") as picture, Image.open(ASTRONAUT) as original:
        assert picture.size == original.size
    assert (tmp_path / "rubbish.rated.txt").read_text() == text("not-an-image")
    answered = [record["job"] for record in cluster.records() if record["event"] == "answered"]
    assert len(answered) == len(set(answered)) == 2
