"""Tests of single ratings: read by photo, and corrected for who gave them."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attrai_training.errors import LabelsError
from attrai_training.evaluation import LabelledPhoto, Raters, Ratings, evaluate, read_ratings
from attrai_training.evaluation.metrics import Floats
from tests.conftest import MEBEAUTY

PHOTOS, RATERS = 200, 40


def labelled(*paths: str) -> list[LabelledPhoto]:
    return [LabelledPhoto(Path("data", path), 5) for path in paths]


def write(folder: Path, *rows: str) -> Path:
    file = folder / "ratings.csv"
    file.write_text("\n".join(["photo,rater,rating", *rows]))
    return file


class Planted:
    """Photos of known quality, rated by raters of known offsets and scales."""

    def __init__(self, seed: int, noise: float, share: float = 0.5) -> None:
        random = np.random.default_rng(seed)
        self.quality = random.normal(0, 1.2, PHOTOS)
        self.offsets = random.normal(0, 1, RATERS)
        self.scales = random.uniform(0.4, 1.6, RATERS)
        photos, raters = np.nonzero(random.random((PHOTOS, RATERS)) < share)
        values = 5 + self.offsets[raters] + self.scales[raters] * self.quality[photos]
        values += random.normal(0, noise, len(values))
        paths = [Path(f"{n}.jpg") for n in range(PHOTOS)]
        self.photos = [LabelledPhoto(p, 5 + q) for p, q in zip(paths, self.quality, strict=True)]
        self.ratings = Ratings(paths, photos, raters, values, {})


def error(found: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.nanmean((found - truth) ** 2)))


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_planted_raters_are_recovered(seed: int) -> None:
    """Offsets, scales and qualities are found again, closer than plain means are."""
    planted = Planted(seed, noise=0.7)
    raters = Raters.fit(planted.ratings, planted.photos)
    assert np.corrcoef(raters.offsets, planted.offsets)[0, 1] > 0.95
    assert np.corrcoef(raters.scales, planted.scales)[0, 1] > 0.85
    wanted = 5 + planted.quality
    quality = raters.quality(planted.photos)
    assert error(quality, wanted) < 0.3
    assert error(quality, wanted) < error(planted.ratings.means(), wanted)
    assert quality.mean() == pytest.approx(wanted.mean())
    assert quality.std() == pytest.approx(wanted.std())


def test_a_photo_that_only_harsh_raters_rated_is_corrected() -> None:
    """Who rated a photo hardly changes its quality, while its plain mean falls by points."""
    planted, ratings = Planted(1, noise=0.3), Planted(1, noise=0.3).ratings
    harsh = np.flatnonzero(planted.offsets < -0.8)
    photo = int(np.bincount(ratings.photos[np.isin(ratings.raters, harsh)]).argmax())
    unfair = ratings.where((ratings.photos != photo) | np.isin(ratings.raters, harsh))
    wanted = planted.photos[photo].score
    assert unfair.means()[photo] < wanted - 0.7
    quality = Raters.fit(unfair, planted.photos).quality(planted.photos)
    assert quality[photo] == pytest.approx(wanted, abs=0.3)


def test_photos_that_were_not_learnt_from() -> None:
    """Raters are learnt from the given photos alone, and then tell the quality of any photos."""
    planted = Planted(2, noise=0.5)
    learnt, others = planted.photos[:150], planted.photos[150:]
    raters = Raters.fit(planted.ratings, learnt)
    quality = raters.quality(others)
    assert error(quality, np.array([photo.score for photo in others])) < 0.35
    changed = planted.ratings.values + np.where(planted.ratings.photos < 150, 0, 3)
    same = Raters.fit(replace(planted.ratings, values=changed), learnt)
    np.testing.assert_array_equal(same.offsets, raters.offsets)
    np.testing.assert_array_equal(same.quality(learnt), raters.quality(learnt))
    np.testing.assert_array_equal(raters.quality(others[::-1]), quality[::-1])


def test_unknown_raters_and_photos_without_ratings() -> None:
    """A rater of no learnt photo has the offset 0 and the scale 1; no rating is no quality."""
    photos = labelled("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    paths = [photo.path for photo in photos]
    indices, raters = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    ratings = Ratings(paths, indices, raters, np.array([2.0, 4.0, 6.0, 8.0, 9.0]), {})
    found = Raters.fit(ratings, photos[:2])
    assert (found.offsets[2], found.scales[2]) == (0, 1)
    assert found.offsets[0] < 0 < found.offsets[1]
    assert np.isnan(found.quality(photos)).tolist() == [False, False, False, True]
    with pytest.raises(LabelsError, match="no photo to learn from has a single rating"):
        Raters.fit(ratings, photos[3:])


ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.floats(-1e3, 1e3)), min_size=1)


@settings(max_examples=30)
@given(ROWS)
def test_any_ratings_have_a_quality(rows: list[tuple[int, int, float]]) -> None:
    """However few or equal the ratings are, each rated photo has a quality, and no other."""
    photos = labelled(*"abcdef")
    indices, raters, values = map(np.array, zip(*rows, strict=True))
    ratings = Ratings([photo.path for photo in photos], indices, raters, values, {})
    found = Raters.fit(ratings, photos)
    assert np.isfinite(found.quality(photos)).tolist() == [n in indices for n in range(6)]
    assert all(math.isnan(each) or 0 <= each <= 1 for each in found.reliability(photos))


def test_reliability_is_that_of_other_raters() -> None:
    """Split halves tell how two independent sets of raters correlate; corrected, they do more."""
    planted = Planted(3, noise=2, share=0.6)
    even = planted.ratings.raters % 2 == 0
    halves = [planted.ratings.where(even), planted.ratings.where(~even)]
    means = np.corrcoef(*(half.means() for half in halves))[0, 1]
    fitted = [Raters.fit(half, planted.photos).quality(planted.photos) for half in halves]
    found = Raters.fit(planted.ratings, planted.photos).reliability(planted.photos)
    assert found.means == pytest.approx(2 * means / (1 + means), abs=0.03)
    corrected = np.corrcoef(*fitted)[0, 1]
    assert found.quality == pytest.approx(2 * corrected / (1 + corrected), abs=0.03)
    assert 0.5 < found.means < found.quality < 1


def test_both_measures_are_evaluated() -> None:
    """A scorer that knows the qualities agrees more with them than with unequal raters' means."""
    planted = Planted(4, noise=1, share=0.2)
    means = planted.ratings.means()
    photos = [LabelledPhoto(p.path, m) for p, m in zip(planted.photos, means, strict=True)]
    raters = Raters.fit(planted.ratings, photos)
    found = evaluate(5 + planted.quality, np.ones(PHOTOS), photos, raters)
    assert found.corrected is not None
    published, corrected = found.published, found.corrected
    assert published.overall.pearson.value < corrected.overall.pearson.value
    assert published.overall.pearson.value == pytest.approx(published.ceiling, abs=0.05)
    assert corrected.overall.pearson.value == pytest.approx(corrected.ceiling, abs=0.05)
    unrated = [LabelledPhoto(Path("other.jpg"), 5), LabelledPhoto(Path("more.jpg"), 6)]
    alone = evaluate(np.array([5.0, 6.0]), np.ones(2), unrated, raters)
    assert alone.corrected is None
    assert math.isnan(alone.published.ceiling)


def test_names_of_photos(tmp_path: Path) -> None:
    """A photo is named by its file, with or without folders and suffix, if no other is meant."""
    photos = labelled("a/1.jpg", "b/1.jpg", "b/2.5.png")
    names = "a/1.jpg", "b/1", "2.5.png", "2.5", "./b/2.5", "data/b/1.jpg", "1", "2", "c/1.jpg"
    file = write(tmp_path, *(f"{name},x,{n}" for n, name in enumerate(names)))
    ratings = read_ratings(file, photos)
    assert ratings.photos.tolist() == [0, 1, 2, 2, 2, 1]
    assert ratings.values.tolist() == [0, 1, 2, 3, 4, 5]
    assert ratings.left_out == {"unknown photo": 3}


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    """Rows that can't be used are counted by what is wrong, and cost no other row."""
    wrong = ["1,a", "1,,5", "1,a,x", "1,a,nan", "1,a,inf", "9,a,5"]
    ratings = read_ratings(write(tmp_path, "1,b,5", *wrong, "1,a,7"), labelled("1.jpg"))
    assert (ratings.values.tolist(), ratings.count) == ([5, 7], 2)
    assert ratings.left_out == Counter({"bad rating": 3, "broken row": 2, "unknown photo": 1})


def test_unusable_files(tmp_path: Path) -> None:
    """A file that is missing, damaged or of no use is refused by its path, with the reason."""
    photos, file = labelled("1.jpg"), tmp_path / "ratings.csv.gz"
    with pytest.raises(LabelsError, match=r"ratings\.csv\.gz: no such file"):
        read_ratings(file, photos)
    whole = gzip.compress(b"photo,rater,rating\n1,a,5")
    for content, reason in (
        (b"photo,rater,rating\n1,a,5", "not a gzip"),
        (whole[:-12], "end-of-stream"),
        (whole[:12] + b"\xff" + whole[13:], "error|invalid|crc"),
        (gzip.compress(b"photo,rating\n"), "lacks the columns rater"),
        (gzip.compress(b"photo,rater,rating\n2,a,5"), "no usable rating of a photo in labels.csv"),
    ):
        file.write_bytes(content)
        with pytest.raises(LabelsError, match=rf"(?i)ratings\.csv\.gz: .*({reason})"):
            read_ratings(file, photos)


def test_the_real_ratings() -> None:
    """On MEBeauty, qualities are more reliable than mean ratings."""
    file = MEBEAUTY / "single_ratings.csv.gz"
    if not file.exists():
        pytest.skip(f"no single ratings in {MEBEAUTY}")
    names = {line.split(",")[0] for line in gzip.decompress(file.read_bytes()).decode().split()[1:]}
    photos = [LabelledPhoto(Path(f"{name}.jpg"), 5 + n % 3) for n, name in enumerate(sorted(names))]
    ratings = read_ratings(file, photos)
    assert (len(ratings.values), ratings.count, ratings.left_out) == (47_648, 360, {})
    found = Raters.fit(ratings, photos).reliability(photos)
    print(f"{len(photos)} photos: {found}")
    assert found.means == pytest.approx(0.87, abs=0.01)
    assert found.quality > found.means + 0.03
