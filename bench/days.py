"""Days of simulated traffic in a ledger, and the charts of them that docs/operations.md shows.

    python -m bench.days [--days N] [--seed N] [--out FOLDER]

It uses a private Redis and the ledger's own calls; only the date and the times of work are
simulated. It writes `charts-light.png` and `charts-dark.png`.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from redis import Redis

from attrai.job import Box, Face, Failure, Job, Point, Score, StageName, Timing, job_id
from attrai.ledger import Ledger
from attrai.ledger.history import read_history
from attrai.monitoring.charts import DARK, LIGHT, draw
from testing.servers import RedisServer

#: The mean seconds of work of each stage.
WORK: dict[StageName, float] = {
    "ingest": 0.25,
    "detect": 0.06,
    "score": 0.04,
    "render": 0.03,
    "deliver": 0.35,
}
#: Share of photos that end with each failure.
FAILURES = {"no-face": 0.07, "not-an-image": 0.02, "user-busy": 0.02, "internal": 0.003}
FACE = Face(
    box=Box(0, 0, 100, 120),
    landmarks=(Point(35, 45), Point(65, 45), Point(50, 65), Point(38, 85), Point(62, 85)),
    probability=0.99,
)


class Traffic:
    """Traffic of a growing service, with busier weekends and a day of sudden publicity."""

    def __init__(self, redis: Redis, last: date, days: int, seed: int) -> None:
        self._rng = random.Random(seed)
        self._days, self._first = days, last - timedelta(days=days - 1)
        self._today = self._first
        self._ledger = Ledger(
            redis,
            max_active=10**6,
            max_pending=10**6,
            lifetime=1800,
            today=self._date,
        )
        self._jobs = 0

    def run(self) -> None:
        """Simulate all days."""
        for number in range(self._days):
            self._today = self._first + timedelta(days=number)
            for person in self._people(number):
                for _ in range(1 + int(self._rng.expovariate(0.5))):
                    self._photo(f"person-{person}")

    def _date(self) -> str:
        return self._today.isoformat()

    def _people(self, number: int) -> set[int]:
        """Return the users of a day; those who found the service earlier come more often."""
        known = 30 + 220 * (1 - math.exp(-number / 35))
        if number >= self._days // 2:
            known += 160 * math.exp(-(number - self._days // 2) / 6)
        weekend = 1.35 if self._today.weekday() >= 5 else 1.0
        count = int(known * weekend * self._rng.uniform(0.8, 1.2) / 2)
        return {int(self._rng.expovariate(1 / (3 * known))) for _ in range(count)}

    def _photo(self, user: str) -> None:
        self._jobs += 1
        now = time.time()
        job = Job(
            id=job_id("days", self._jobs),
            channel="days",
            address={},
            user=user,
            source="",
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )
        self._ledger.admit(job)
        self._ledger.finish(self._ended(job))

    def _ended(self, job: Job) -> Job:
        rng = self._rng
        crowd = rng.lognormvariate(-1.0, 1.1)
        trace = [
            Timing(
                stage=stage,
                waited=crowd * rng.random(),
                took=mean * rng.lognormvariate(-0.08, 0.4),
            )
            for stage, mean in WORK.items()
        ]
        chance = rng.random()
        for code, share in FAILURES.items():
            chance -= share
            if chance < 0:
                return job.with_(failure=Failure(code=code), trace=trace)
        faces = min(8, 1 + int(rng.expovariate(1.3)))
        scores = [
            Score(value=min(9.5, max(1.5, rng.gauss(5.3, 1.2))), spread=1.4) for _ in range(faces)
        ]
        return job.with_(faces=[FACE] * faces, scores=scores, trace=trace)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    with RedisServer() as server, Redis.from_url(server.url) as redis:
        Traffic(redis, datetime.now(UTC).date(), arguments.days, arguments.seed).run()
        history = read_history(redis)
    for name, theme in (("light", LIGHT), ("dark", DARK)):
        file = arguments.out / f"charts-{name}.png"
        file.write_bytes(draw(history, theme=theme))
        print(
            f"{file}: {len(history.days)} days, {history.requests} photos, {history.users} people"
        )


if __name__ == "__main__":
    main()
