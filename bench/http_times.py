"""How much longer than the stages a photo takes over HTTP, as curl sends it.

    python -m bench.http_times [--photos N]

It starts `attrai api --embedded`, sends the example with curl again and again, one at a time, and
compares curl's time with the time that the stages took and waited for each other, which the log
tells. The last line has the medians and their ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from bench.chaos_clients import is_ready
from testing.faults import ROOT
from testing.servers.server import HOST, reserved_port

_PHOTO = ROOT / "examples" / "astronaut.jpg"
#: Photos that are sent before it is measured.
_WARM_UP = 3


def send(url: str, photos: int) -> list[float]:
    """Send photos with curl, and return the seconds of each."""
    times = []
    command = ["curl", "--silent", "--fail", "-F", f"photo=@{_PHOTO}", "-o", os.devnull]
    command += ["-w", "%{time_total}", f"{url}/v1/photos?wait=60"]
    for _ in range(photos):
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - curl
        times.append(float(done.stdout))
    return times


def stages(log: Path) -> list[float]:
    """Return the seconds of each photo in the stages, as the log has them, in order."""
    found: dict[str, float] = defaultdict(float)
    for line in log.read_text().splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if record.get("event") == "done":
            found[record["job"]] += record["waited"] + record["took"]
    return list(found.values())


def run(photos: int) -> None:
    """Run the benchmark once."""
    with reserved_port() as port, tempfile.TemporaryDirectory() as folder:
        log, url = Path(folder, "log"), f"http://{HOST}:{port}"
        command = [sys.executable, "-m", "attrai", "api", "--embedded", "--port", str(port)]
        with log.open("w") as output:
            environment = os.environ | {"ATTRAI_LOG_LEVEL": "info"}
            server = subprocess.Popen(  # noqa: S603 - attrai
                command, stdout=output, stderr=output, env=environment
            )
        try:
            while not is_ready(url):
                time.sleep(0.1)
            times = send(url, _WARM_UP + photos)[_WARM_UP:]
        finally:
            server.terminate()
            server.wait()
        worked = stages(log)[_WARM_UP:]
    assert len(worked) == len(times) == photos
    whole, part = statistics.median(times), statistics.median(worked)
    print(
        f"{photos} photos: {1000 * whole:.0f} ms for curl, {1000 * part:.0f} ms of them in the "
        f"stages, ratio {whole / part:.2f}"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=50)
    run(parser.parse_args().photos)


if __name__ == "__main__":
    main()
