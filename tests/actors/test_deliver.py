"""Deliver: an answer that was sent is not sent again, even if that could not be recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest
import redis
from dramatiq.middleware import TimeLimitExceeded

from attrai.errors import INTERNAL
from attrai.job import STAGES, Job
from attrai.ledger import Ledger, keys
from attrai.processes.embedded import embedded_chain, embedded_redis
from attrai.settings import Settings
from testing.folder_channel import TARGET, FolderChannel
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT


class Interrupted(Ledger):
    """A ledger that can't record the first answer, for longer than the job is locked."""

    error: BaseException | None

    def finish(self, job: Job) -> bool:
        if self.error:
            error, self.error = self.error, None
            self._redis.delete(keys.DELIVERING + job.id)
            raise error
        return super().finish(job)


class Counting(FolderChannel):
    """A channel that counts what it sends."""

    sent = 0

    def deliver(self, job: Job, picture: bytes) -> None:
        self.sent += 1
        super().deliver(job, picture)

    def send_failure(self, job: Job, failure: object) -> None:
        self.sent += 1


@pytest.mark.parametrize("error", [redis.ConnectionError("away"), TimeLimitExceeded()])
@pytest.mark.parametrize("failure", [None, INTERNAL])
def test_an_answer_that_was_not_recorded(
    tmp_path: Path, make_job: Callable[..., Job], error: BaseException, failure: object
) -> None:
    """A picture or an apology is sent once, although Redis is away when it was sent."""
    ledger = Interrupted(embedded_redis(), max_active=9, max_pending=9, lifetime=600)
    ledger.error = error
    channel = Counting()
    answers: SimpleQueue[Job] = SimpleQueue()
    address = {TARGET: str(tmp_path / "picture.jpg")}
    job = make_job(source=str(ASTRONAUT), address=address, failure=failure)
    with embedded_chain(Settings(), ledger, {"folder": channel}, answers.put, threads=1) as chain:
        chain.intake.submit(job)
        answer = answers.get(timeout=PATIENCE_S)
        for stage in STAGES:
            chain.broker.join(stage, timeout=int(PATIENCE_S * 1000))
        assert list(chain.photos.job_ids(0)) == []
    assert channel.sent == 1
    assert [timing.stage for timing in answer.trace].count("deliver") == 1
    assert ledger.error is None
    assert answers.empty()
    assert ledger.in_flight() == 0
