"""Clients of the HTTP interface that don't give up, for `bench.chaos --http`."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from attrai.job import job_id

#: The API key.
KEY = "the-key-of-a-chaotic-client"
_HEADERS = {"Authorization": f"Bearer {KEY}"}
#: How many clients there are, and the seconds for which each waits for a result at a time.
_CLIENTS, _WAIT_SECONDS = 24, 20
#: Seconds before a photo is sent again, and after which its client gives it up.
_PAUSE_SECONDS, _PATIENCE_SECONDS = 0.5, 900
#: Answers that are no result: it is not there yet, or a server is away.
_NOT_YET = {202, 409, 503}


def is_ready(url: str) -> bool:
    """Return whether photos are taken."""
    try:
        return requests.get(f"{url}/readyz", timeout=10).ok
    except requests.RequestException:
        return False


def send(url: str, photos: list[Path], jobs: int, rng: random.Random, answers: Path) -> list[str]:
    """Send photos until each has its result, and return their names.

    Args:
        url: the server's.
        photos: to choose from.
        jobs: how many to send.
        rng: chooses.
        answers: gets a line with the name and the kind of each result.
    """
    lock, again = threading.Lock(), Counter[str]()
    renderers = ["boxes", "ranking", "spotlight"]
    tasks = [
        (job_id("chaos", number), rng.choice(photos), rng.choice(renderers))
        for number in range(jobs)
    ]

    def persist(task: tuple[str, Path, str]) -> None:
        name, photo, renderer = task
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            kind, final = _ask(url, name, photo, renderer)
            with lock:
                if final:
                    with answers.open("a") as file:
                        file.write(f"{name} {kind}\n")
                    return
                again[kind] += 1
            time.sleep(_PAUSE_SECONDS)

    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(persist, tasks))
    print("sent again after:", dict(again), flush=True)
    return [name for name, _, _ in tasks]


def _ask(url: str, name: str, photo: Path, renderer: str) -> tuple[str, bool]:
    """Send a photo once; return the kind of the answer, and whether it is a result."""
    try:
        answer = requests.post(
            f"{url}/v1/photos",
            headers={**_HEADERS, "Idempotency-Key": name},
            params={"wait": _WAIT_SECONDS, "renderer": renderer},
            files={"photo": photo.read_bytes()},
            timeout=120,
        )
    except requests.RequestException as error:
        return type(error).__name__, False
    if answer.status_code == requests.codes.ok:
        return ("picture" if answer.content.startswith(b"\xff\xd8") else "rubbish"), True
    return str(answer.json().get("code", answer.status_code)), answer.status_code not in _NOT_YET
