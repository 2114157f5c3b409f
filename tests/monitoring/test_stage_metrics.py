"""The metrics that a worker counts."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
import pytest
from prometheus_client import CollectorRegistry

from attrai.errors import INTERNAL, TIMED_OUT, Outcome
from attrai.job import Face, Failure, Job, Score, StageName, Timing
from attrai.monitoring.prometheus import StageMetrics


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> StageMetrics:
    return StageMetrics(registry)


def left(job: Job, stage: StageName, failure: Failure | None = None) -> Job:
    """The job after a stage that it waited 2 s for and that took 0.3 s."""
    return job.with_(trace=(*job.trace, Timing(stage=stage, waited=2, took=0.3)), failure=failure)


def test_times(
    metrics: StageMetrics, registry: CollectorRegistry, make_job: Callable[..., Job]
) -> None:
    """Times of work and of waiting are counted in the right buckets."""
    job = make_job()
    metrics.forwarded(job, left(job, "detect"))
    bucket = registry.get_sample_value
    for name, below, above in (("work", "0.25", "0.5"), ("wait", "1.0", "2.5")):
        of = f"attrai_stage_{name}_seconds_bucket"
        assert bucket(of, {"stage": "detect", "le": below}) == 0
        assert bucket(of, {"stage": "detect", "le": above}) == 1


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (None, None, "done"),
        (None, Failure(code="no-face"), "no-face"),
        (None, Failure(code="too-small"), "refused"),
        (None, INTERNAL, "failed"),
        (TIMED_OUT, TIMED_OUT, "done"),  # delivering a failure message counts as done
    ],
)
def test_outcomes_of_a_stage(
    metrics: StageMetrics,
    registry: CollectorRegistry,
    make_job: Callable[..., Job],
    before: Failure | None,
    after: Failure | None,
    outcome: str,
) -> None:
    """A photo is counted by its outcome in this stage, not in an earlier one."""
    job = make_job(failure=before)
    metrics.forwarded(job, left(job, "deliver", after))
    found = registry.get_sample_value(
        "attrai_stage_photos_total", {"stage": "deliver", "outcome": outcome}
    )
    assert found == 1


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (None, "rated"),
        (Failure(code="no-face"), "no-face"),
        (Failure(code="broken-image"), "refused"),
        (INTERNAL, "failed"),
        (TIMED_OUT, "failed"),
    ],
)
def test_answers(
    metrics: StageMetrics,
    registry: CollectorRegistry,
    make_job: Callable[..., Job],
    failure: Failure | None,
    outcome: Outcome,
) -> None:
    """An answer is counted by its kind, and timed from admission unless attrai failed."""
    metrics.answered(make_job(failure=failure, trace=[Timing(stage="deliver", waited=60, took=5)]))
    assert registry.get_sample_value("attrai_answers_total", {"outcome": outcome}) == 1
    timed = registry.get_sample_value("attrai_answer_seconds_bucket", {"le": "300.0"})
    assert timed == (0 if outcome == "failed" else 1)
    assert registry.get_sample_value("attrai_answer_seconds_bucket", {"le": "60.0"}) == 0


def test_retries(metrics: StageMetrics, registry: CollectorRegistry) -> None:
    """A message that returns to its queue is counted as a retry; a processed one is not."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name="score", actor_name="score", args=(), kwargs={}, options={}
    )
    metrics.after_process_message(None, message, exception=dramatiq.errors.Retry("away"))
    metrics.after_process_message(None, message)
    assert registry.get_sample_value("attrai_stage_retries_total", {"stage": "score"}) == 1


def test_zeros(metrics: StageMetrics, registry: CollectorRegistry) -> None:
    """Counts start at zero, so that the first event shows as an increase."""
    metrics.begin(["deliver"])
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }
    assert set(samples.values()) == {0}
    for outcome in ("done", "no-face", "refused", "failed"):
        assert ("attrai_stage_photos_total", ("outcome", outcome), ("stage", "deliver")) in samples
    assert ("attrai_answers_total", ("outcome", "rated")) in samples
    assert not any(("stage", "score") in key for key in samples)


def test_withheld_faces(
    metrics: StageMetrics, registry: CollectorRegistry, make_job: Callable[..., Job], face: Face
) -> None:
    """Faces without a score are counted once, when they leave the score stage, from zero on."""
    name = "attrai_faces_withheld_total"
    assert registry.get_sample_value(name) == 0
    found = make_job(faces=(face,) * 3)
    scored = left(found.with_(scores=(None, Score(value=5, spread=1), None)), "score")
    metrics.forwarded(found, scored)
    metrics.forwarded(scored, left(scored, "render"))
    assert registry.get_sample_value(name) == 2
