"""Jobs: they survive a round trip through a queue, and anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from attrai.job import (
    STAGES,
    Box,
    Face,
    Failure,
    Job,
    Point,
    Score,
    Timing,
    UnreadableMessage,
    job_id,
)

numbers = st.floats(-2000, 2000, allow_nan=False)
points = st.builds(Point, numbers, numbers)
boxes = st.tuples(numbers, numbers, st.floats(1, 1000), st.floats(1, 1000)).map(
    lambda v: Box(v[0], v[1], v[0] + v[2], v[1] + v[3])
)
faces = st.builds(Face, box=boxes, landmarks=st.tuples(*[points] * 5), probability=st.floats(0, 1))
scores = st.none() | st.builds(Score, value=st.floats(1, 10), spread=st.floats(0, 4.5))
texts = st.text(max_size=20)
jobs = st.lists(st.tuples(faces, scores), max_size=5).flatmap(
    lambda scored: st.builds(
        Job,
        id=st.builds(job_id, st.just("test"), texts),
        channel=st.just("test"),
        address=st.dictionaries(texts, st.one_of(texts, st.integers()), max_size=3),
        user=st.text(min_size=1, max_size=20),
        locale=st.just("en"),
        source=texts,
        renderer=texts,
        admitted_at=st.floats(0, 1e10),
        queued_at=st.floats(0, 1e10),
        size=st.none() | st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
        faces=st.just(tuple(face for face, _ in scored)),
        faces_found=st.integers(0, 100),
        scores=st.just(tuple(score for _, score in scored)) | st.just(()),
        failure=st.none() | st.builds(Failure, code=st.just("no-face"), details=st.just({"a": 1})),
        trace=st.lists(
            st.builds(
                Timing,
                stage=st.sampled_from(STAGES),
                waited=st.floats(0, 1e6),
                took=st.floats(0, 1e6),
            ),
            max_size=5,
        ).map(tuple),
    )
)


@given(jobs)
def test_message_round_trip(job: Job) -> None:
    """A job is unchanged by the conversion to JSON and back."""
    assert Job.from_message(json.loads(json.dumps(job.to_message()))) == job


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": 3}, "version"),
        ({"version": "1.5"}, "version"),
        ({"id": "../../etc/passwd"}, "id"),
        ({"channel": "no channel"}, "channel"),
        ({"queued_at": "soon"}, "queued_at"),
        ({"scores": [{"value": 5, "spread": 1}]}, "scores"),
        ({"failure": {"code": "No Code"}}, "failure.code"),
        ({"faces": [{"box": [0, 0, 0, 9], "landmarks": [[0, 0]] * 5, "probability": 1}]}, "faces"),
    ],
)
def test_unusable_message_is_named(
    make_job: Callable[..., Job], changes: dict[str, object], named: str
) -> None:
    """A message that is not a job of this version is refused with the name of the bad field."""
    with pytest.raises(UnreadableMessage, match=named):
        Job.from_message({**make_job().to_message(), **changes})


def test_unknown_version_can_be_answered(make_job: Callable[..., Job]) -> None:
    """A job of another version still identifies the sender to answer."""
    message = {**make_job().to_message(), "version": 3, "novelty": True}
    with pytest.raises(UnreadableMessage) as caught:
        Job.from_message(message)
    assert caught.value.ref is not None
    assert caught.value.ref.id == message["id"]
    assert caught.value.ref.address == message["address"]


@pytest.mark.parametrize("message", [None, 7, [], {}, {"id": "0" * 32}])
def test_no_message_at_all(message: object) -> None:
    """A message that is not a job in any version has no sender to answer."""
    with pytest.raises(UnreadableMessage) as caught:
        Job.from_message(message)
    assert caught.value.ref is None


def test_jobs_are_frozen(make_job: Callable[..., Job]) -> None:
    """A job is immutable, and changes to a copy are validated."""
    with pytest.raises(ValidationError):
        make_job().source = "other"
    with pytest.raises(ValidationError):
        make_job(faces_found=-1)


def test_job_ids_are_deterministic() -> None:
    """The same parts give the same id, and moving the boundary between parts changes it."""
    assert job_id("telegram", 1, 23) == job_id("telegram", 1, 23)
    assert len({job_id("a", "bc"), job_id("a", "b", "c"), job_id("ab", "c"), job_id("abc")}) == 4


def test_scored_faces_pair_in_order(make_job: Callable[..., Job], face: Face) -> None:
    """Each face is paired with its own score; before the score stage there are no pairs."""
    other = face.model_copy(update={"box": Box(200, 0, 300, 120)})
    scores = (Score(value=3, spread=1), Score(value=7, spread=1))
    assert make_job(faces=(face, other)).scored_faces == ()
    pairs = make_job(faces=(face, other), scores=scores).scored_faces
    assert [(pair.face.box.x1, pair.score.value) for pair in pairs] == [(0, 3), (200, 7)]


def test_a_face_without_a_score_is_a_minors(make_job: Callable[..., Job], face: Face) -> None:
    """A face with None among the scores is paired with None, and says what that means."""
    adult, minor = make_job(
        faces=(face, face), scores=(Score(value=3, spread=1), None)
    ).scored_faces
    assert (adult.minor, minor.minor, minor.score) == (False, True, None)


def test_version_2_is_for_faces_without_a_score(make_job: Callable[..., Job], face: Face) -> None:
    """A job is sent as version 2 while a face has no score, and otherwise as version 1."""
    score = Score(value=3, spread=1)
    found = make_job(faces=(face, face))
    minors = [found.with_(scores=scores) for scores in ((score, None), (None, None))]
    assert [job.to_message()["version"] for job in minors] == [2, 2]
    assert [Job.from_message(job.to_message()) for job in minors] == minors
    failed = minors[0].with_(failure=Failure(code="internal"))
    others = [found, found.with_(scores=(score, score)), minors[0].as_admitted(), failed]
    assert [job.to_message()["version"] for job in others] == [1, 1, 1, 2]
