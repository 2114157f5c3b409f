"""Tests of the behaviour common to all stores, run against each kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attrai.storage import CROPS, PHOTO, PICTURE
from tests.storage.conftest import Place

JOB, OTHER = "0" * 32, "f" * 32


def test_what_is_written_is_read_until_it_is_deleted(place: Place) -> None:
    """The last content written is read back until it is deleted, which may be repeated."""
    store = place.store
    store.write(JOB, PHOTO, b"first")
    store.write(JOB, PHOTO, b"second")
    store.write(JOB, PICTURE, b"")
    assert store.read(JOB, PHOTO) == b"second"
    for _ in range(2):
        store.delete(JOB, PHOTO, CROPS)
        with pytest.raises(FileNotFoundError):
            store.read(JOB, PHOTO)
    assert store.read(JOB, PICTURE) == b""
    store.delete(JOB)
    assert store.read(JOB, PICTURE) == b""


def test_a_job_is_deleted_with_all_its_files_and_no_others(place: Place) -> None:
    """Deleting a job, even twice, deletes all of its files and none of other jobs."""
    store = place.store
    for job in (JOB, OTHER):
        for name in (PHOTO, CROPS, PICTURE):
            store.write(job, name, job.encode())
    for _ in range(2):
        store.delete_job(JOB)
        assert list(store.job_ids(0)) == [OTHER]
    for name in (PHOTO, CROPS, PICTURE):
        with pytest.raises(FileNotFoundError):
            store.read(JOB, name)
        assert store.read(OTHER, name) == OTHER.encode()


def test_jobs_are_listed_by_the_age_of_their_newest_file(place: Place) -> None:
    """A job is listed only if its newest file is old enough."""
    store = place.store
    for job in (JOB, OTHER):
        store.write(job, PHOTO, b"photo")
        place.age(job, 1000)
    assert set(store.job_ids(500)) == {JOB, OTHER}
    assert set(store.job_ids(2000)) == set()
    store.write(JOB, PICTURE, b"picture")
    assert set(store.job_ids(500)) == {OTHER}
    assert set(store.job_ids(0)) == {JOB, OTHER}


def test_nothing_but_a_jobs_own_place_is_touched(place: Place) -> None:
    """Every method refuses an id that could lead outside the job's folder."""
    store = place.store
    calls: list[Callable[[str], object]] = [
        lambda job_id: store.write(job_id, PHOTO, b""),
        lambda job_id: store.read(job_id, PHOTO),
        lambda job_id: store.delete(job_id, PHOTO),
        store.delete_job,
    ]
    for job_id in ["", ".", "..", "0" * 31, "A" * 32, f"../{JOB}", f"{JOB}\n"]:
        for call in calls:
            with pytest.raises(ValueError, match="no job's id"):
                call(job_id)


_JOBS = st.sampled_from([JOB, OTHER, "0f" * 16])
_NAMES = st.sampled_from([PHOTO, CROPS, PICTURE])
_STEPS = st.one_of(
    st.tuples(st.just("write"), _JOBS, _NAMES, st.binary(max_size=100)),
    st.tuples(st.just("read"), _JOBS, _NAMES),
    st.tuples(st.just("delete"), _JOBS, st.lists(_NAMES, max_size=3)),
    st.tuples(st.just("delete_job"), _JOBS),
)


# Each example starts by emptying the store, because the fixture is shared by all examples.
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEPS, min_size=3, max_size=12))
def test_any_history_leaves_what_a_dictionary_would_hold(
    place: Place, steps: list[tuple[object, ...]]
) -> None:
    """After any sequence of operations the store holds the same files as a dictionary would."""
    store = place.store
    for job in list(store.job_ids(0)):
        store.delete_job(job)
    model: dict[tuple[str, str], bytes] = {}
    touched: set[str] = set()
    for step in steps:
        match step:
            case "write", str(job), str(name), bytes(content):
                store.write(job, name, content)
                model[job, name] = content
                touched.add(job)
            case "read", str(job), str(name):
                assert _read(place, job, name) == model.get((job, name))
            case "delete", str(job), list(names):
                store.delete(job, *names)
                model = {key: model[key] for key in model if key[0] != job or key[1] not in names}
            case "delete_job", str(job):
                store.delete_job(job)
                model = {key: model[key] for key in model if key[0] != job}
                touched.discard(job)
    # A job without files may be listed until `delete_job`.
    assert {job for job, _ in model} <= set(store.job_ids(0)) <= touched
    assert {key: _read(place, *key) for key in model} == model


def _read(place: Place, job: str, name: str) -> bytes | None:
    try:
        return place.store.read(job, name)
    except FileNotFoundError:
        return None


def test_many_may_work_on_one_job_at_once(place: Place) -> None:
    """Under concurrent use every read gets a complete file or none, and no call fails."""
    store = place.store
    contents = [bytes([value]) * 20_000 for value in range(8)]

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(10):
            store.write(JOB, PHOTO, rng.choice(contents))
            with suppress(FileNotFoundError):
                assert store.read(JOB, PHOTO) in contents
            store.delete(JOB, PHOTO)
            assert set(store.job_ids(0)) <= {JOB}

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, seed) for seed in range(4)]:
            done.result()


def test_a_write_outlives_deletions_of_its_job(place: Place) -> None:
    """A write succeeds even if its job is deleted twice meanwhile; its file is complete or gone."""
    store = place.store
    with ThreadPoolExecutor(3) as pool:
        for _ in range(20):
            store.write(JOB, PHOTO, b"photo")
            calls = [
                pool.submit(store.delete_job, JOB),
                pool.submit(store.write, JOB, PICTURE, bytes(20_000)),
                pool.submit(store.delete_job, JOB),
            ]
            for call in calls:
                call.result()
            with suppress(FileNotFoundError):
                assert store.read(JOB, PICTURE) == bytes(20_000)
    store.delete_job(JOB)
    assert list(store.job_ids(0)) == []
