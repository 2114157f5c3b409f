"""A job that its user gives up, at whichever stage it is, leaves no answer and no files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dramatiq
import pytest

from attrai.job import STAGES, Job
from testing.folder_channel import FolderChannel
from testing.waiting import wait_for
from tests.actors.test_chain import Chain, running


class CancelledAt(dramatiq.Middleware):
    """Cancels each job as soon as a stage has its message, and notes which stages had one."""

    def __init__(self, chain: Chain, stage: str) -> None:
        self._chain, self._stage = chain, stage
        self.seen: list[str] = []
        self.cancelled: list[str] = []

    def before_process_message(self, _: dramatiq.Broker, message: Any) -> None:
        self.seen.append(message.queue_name)
        if message.queue_name == self._stage:
            self.cancelled += self._chain.ledger.cancel([message.args[0]["id"]])


@pytest.mark.parametrize("stage", STAGES)
def test_before_a_stage(tmp_path: Path, make_job: Callable[..., Job], stage: str) -> None:
    """A stage that has the message of a cancelled job deletes what earlier stages left."""
    with running(tmp_path, FolderChannel()) as chain:
        cancelling = CancelledAt(chain, stage)
        chain.broker.add_middleware(cancelling)
        job = chain.job(make_job)
        assert chain.chain.intake.submit(job) == "admitted"
        wait_for(lambda: stage in cancelling.seen, f"never came to {stage}")
        chain.settle()
    assert cancelling.cancelled == [job.id]
    assert cancelling.seen == list(STAGES[: STAGES.index(stage) + 1])
    assert not (tmp_path / "picture.jpg").exists()


class CancelledMeanwhile(FolderChannel):
    """A channel that cancels the job whose photo it fetches or whose picture it delivers."""

    chain: Chain

    def __init__(self, method: str) -> None:
        self._method = method
        self.cancelled: list[str] = []

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        if self._method == "fetch":
            self.cancelled += self.chain.ledger.cancel([job.id])
        return super().fetch(job, max_bytes)

    def deliver(self, job: Job, picture: bytes) -> None:
        if self._method == "deliver":
            self.cancelled += self.chain.ledger.cancel([job.id])
        super().deliver(job, picture)


def test_while_a_stage_works(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """What a stage writes after its job was cancelled is deleted, and nothing is delivered."""
    channel = CancelledMeanwhile("fetch")
    with running(tmp_path, channel) as chain:
        channel.chain = chain
        job = chain.job(make_job)
        chain.chain.intake.submit(job)
        wait_for(lambda: channel.cancelled == [job.id], "not cancelled")
        chain.settle()
    assert not (tmp_path / "picture.jpg").exists()


def test_while_the_answer_is_sent(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """An answer that is being sent can't be cancelled: it arrives and counts as one."""
    channel = CancelledMeanwhile("deliver")
    with running(tmp_path, channel) as chain:
        channel.chain = chain
        chain.chain.intake.submit(chain.job(make_job))
        assert chain.answer().failure is None
        chain.settle()
    assert channel.cancelled == []
    assert (tmp_path / "picture.jpg").exists()
