"""How long an answer will take, from what the ledger knows of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class StageLoad(NamedTuple):
    """What there is at a stage now."""

    jobs: int  #: waiting there or in work
    seconds: float  #: the recent time of work on one job
    workers: int  #: that are alive; with none the stage is taken to have one soon


def seconds_to_answer(stages: Sequence[StageLoad]) -> float:
    """The time until a job that comes to the first stage now is answered.

    Jobs flow through the stages in order. The last of those now at a stage or before it
    leaves the stage no sooner than the stage can work through all of them, so the slowest
    stage decides; the new job's own way through the stages comes on top.
    """
    ahead = 0
    longest_queue = 0.0
    for stage in stages:
        ahead += stage.jobs
        longest_queue = max(longest_queue, ahead * stage.seconds / max(1, stage.workers))
    return longest_queue + sum(stage.seconds for stage in stages)
