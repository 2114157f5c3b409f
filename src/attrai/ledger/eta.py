"""Estimation of the time until a job is answered, from the load of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class StageLoad(NamedTuple):
    """The current load of a stage."""

    jobs: int  #: jobs waiting or being processed
    seconds: float  #: recent seconds of work per job
    workers: int  #: live workers; a stage without any is assumed to get one soon


def seconds_to_answer(stages: Sequence[StageLoad]) -> float:
    """Estimate the seconds until a job that enters the first stage now is answered.

    Jobs pass through the stages in order. A stage can't finish with the jobs at it and before it
    sooner than it can process all of them, so the slowest stage determines the wait. The work on
    the new job itself at each stage is added.
    """
    ahead = 0
    longest_queue = 0.0
    for stage in stages:
        ahead += stage.jobs
        longest_queue = max(longest_queue, ahead * stage.seconds / max(1, stage.workers))
    return longest_queue + sum(stage.seconds for stage in stages)
