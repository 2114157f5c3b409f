"""Tests of collections of faces, of what is kept of them, and of folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from attrai_training import dataset
from attrai_training.dataset import PER_FACE, Collection, folds
from attrai_training.description import Seen
from attrai_training.errors import LabelsError
from tests.training.teachers import Light, faces, light_teachers, quiet

LIGHTS = np.array([20, 90, 150, 220])
CHUNK = 10


class Tired(Exception):
    """Stands for an interruption."""


class Tiring(Light):
    """Looks only so often."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def features(self, crops: Tensor) -> list[Tensor]:
        if self.looks == self._most:
            raise Tired
        return super().features(crops)


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is seen in files of ten crops: the real ones hold more than a test can draw."""
    monkeypatch.setattr(dataset, "_CHUNK", CHUNK)


def dark_and_light(seen: Seen) -> NDArray[np.int64]:
    return (seen.features[:, 0] > 128).astype(int)


def look(cache: Path, light: Light) -> Collection:
    return Collection.look(faces(LIGHTS), dark_and_light, light_teachers(light), cache, quiet)


def test_what_is_seen_is_that_of_faces_and_views(tmp_path: Path) -> None:
    """Faces and views are in the order of their numbers, grouped by what is seen in the faces."""
    found = look(tmp_path, Light())
    np.testing.assert_array_equal(found.groups, [0, 0, 1, 1])
    np.testing.assert_allclose(found.plain.features[:, 0], LIGHTS, atol=2)
    assert len(found.views) == len(found.seen.ages) == len(LIGHTS) * PER_FACE
    blended = found.views.blended(LIGHTS[:, None].astype(float))[:, 0]
    assert np.corrcoef(found.seen.features[:, 0], blended)[0, 1] > 0.9
    first, second = LIGHTS[found.views.first], LIGHTS[found.views.second]
    np.testing.assert_allclose(found.youngest, np.minimum(first, second), atol=2)


def test_nothing_is_looked_at_twice(tmp_path: Path) -> None:
    """A second time it comes from files; another teacher's, or a damaged one, is made anew."""
    first, again, repairing = Light(), Light(), Light()
    expected = look(tmp_path, first)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + -(-len(LIGHTS) * PER_FACE // CHUNK)
    found = [look(tmp_path, again)]
    assert (first.looks, again.looks) == (5, 0)

    files[0].write_bytes(files[0].read_bytes()[:100])
    found.append(look(tmp_path, repairing))
    assert 0 < repairing.looks < first.looks
    for one in found:
        for ours, theirs in zip(one.plain + one.seen, expected.plain + expected.seen, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    other = Light()
    other.tensors["none"] = other.tensors["none"] + 1
    look(tmp_path, other)
    assert other.looks == first.looks


def test_an_interruption_costs_a_file_at_most(tmp_path: Path) -> None:
    """What was seen before it is kept, and only the rest is looked at afterwards."""
    with pytest.raises(Tired):
        look(tmp_path, Tiring(4))
    rest = Light()
    look(tmp_path, rest)
    assert rest.looks == 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.integers(2, 6))
def test_no_fold_divides_a_person(persons: list[int], count: int) -> None:
    """All photos of a person are in one fold, and sizes differ by at most the largest person's."""
    if len(set(persons)) < count:
        with pytest.raises(LabelsError, match=rf"{len(set(persons))} people, where at least"):
            folds(np.array(persons), count)
        return
    found = folds(np.array(persons), count)
    for person in set(persons):
        assert len(set(found[np.array(persons) == person])) == 1
    sizes = np.bincount(found, minlength=count)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= max(map(persons.count, set(persons)))
