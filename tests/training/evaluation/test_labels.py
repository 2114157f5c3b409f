"""Tests of labels.csv: usable rows are read, and all others are reported by their number."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai_training.errors import LabelsError
from attrai_training.evaluation.labels import (
    MIN_PHOTOS,
    LabelledPhoto,
    of_split,
    read_labels,
)
from tests.conftest import MEBEAUTY

Write = Callable[..., Path]

HEADER = "file,score"
COUNTS = ",".join(f"n{rating}" for rating in range(1, 11))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with more photos than are needed, all of them empty files."""
    folder = tmp_path_factory.mktemp("labelled")
    for number in range(MIN_PHOTOS + 10):
        (folder / f"{number}.jpg").touch()
    return folder


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a labels.csv of enough usable rows, followed by the given ones."""

    def write(*rows: str, header: str = HEADER, good: int = MIN_PHOTOS) -> Path:
        more = "," * (header.count(",") - 1)
        lines = [header, *(f"{number}.jpg,5{more}" for number in range(good)), *rows]
        (folder / "labels.csv").write_bytes("\n".join(lines).encode() + b"\n")
        return folder

    return write


def test_what_a_row_says(write: Write) -> None:
    """Every known column is read, in any order, and other columns are ignored."""
    header = f"file,score,note,split,gender,ethnicity,{COUNTS}"
    row = "./55.jpg, 7.25 ,x,val,female,asian,0,0,0,1,2.0,9,0,0,0,0"
    photos, problems = read_labels(write(row, header=header))
    assert problems == []
    assert photos[0].histogram is photos[0].gender is photos[0].split is None
    assert photos[-1] == LabelledPhoto(
        path=photos[0].path.with_name("55.jpg"),
        score=7.25,
        histogram=(0, 0, 0, 1, 2, 9, 0, 0, 0, 0),
        gender="female",
        ethnicity="asian",
        split="val",
        row=MIN_PHOTOS + 2,
    )


@pytest.mark.parametrize(
    ("row", "kind", "reason"),
    [
        ("absent.jpg,5", "missing file", "absent.jpg"),
        (",5", "missing file", "names no file"),
        (".,5", "missing file", "'.'"),
        ("a\0b.jpg,5", "missing file", "no file"),
        (f"{'x' * 5000}.jpg,5", "missing file", "xxx...'"),
        ("../labelled/1.jpg,5", "outside the folder", "leads out"),
        ("/etc/passwd,5", "outside the folder", "leads out"),
        ("55.jpg,", "bad score", "''"),
        ("55.jpg,nan", "bad score", "'nan'"),
        ("55.jpg,inf", "bad score", "'inf'"),
        ("55.jpg,0.99", "bad score", "'0.99'"),
        ("55.jpg,10.01", "bad score", "'10.01'"),
        ("55.jpg,1_0", "bad score", "'1_0'"),
        ('55.jpg,"5,5"', "bad score", "'5,5'"),
        ("55.jpg", "broken row", "1 values for 2 columns"),
        ("55.jpg,5,6", "broken row", "3 values for 2 columns"),
        ('"55.jpg"x,5', "broken row", "expected"),
        ('"55.jpg,5', "broken row", "unexpected end of data, up to row 54"),
        (f"55.jpg,{'5' * 200_000}", "broken row", "field limit"),
    ],
)
def test_broken_rows_are_named(write: Write, row: str, kind: str, reason: str) -> None:
    """A broken row is reported by number and reason, and affects no other row."""
    photos, (problem,) = read_labels(write(row, "", "56.jpg,9"))
    assert (problem.row, problem.kind) == (MIN_PHOTOS + 2, kind)
    assert reason in problem.reason
    assert len(problem.reason + problem.file) < 1000
    swallowed = row.startswith('"55.jpg,')  # its quote is never closed
    assert len(photos) == MIN_PHOTOS + (0 if swallowed else 1)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ("0,0,0,0,0,0,0,0,0,0", "all zero"),
        ("0,0,0,-1,5,0,0,0,0,0", "n4 is '-1'"),
        ("1,,0,0,0,0,0,0,0,0", "n2 is ''"),
        ("1,1.5,0,0,0,0,0,0,0,0", "n2 is '1.5'"),
        ("1,nan,0,0,0,0,0,0,0,0", "n2 is 'nan'"),
        ("1,0,1e300,0,0,0,0,0,0,0", "n3 is '1e300'"),
    ],
)
def test_broken_histograms_are_named(write: Write, counts: str, reason: str) -> None:
    """Impossible counts are reported by column, and so is an empty histogram."""
    photos, (problem,) = read_labels(write(f"55.jpg,5,{counts}", header=f"{HEADER},{COUNTS}"))
    assert len(photos) == MIN_PHOTOS
    assert (problem.row, problem.kind) == (MIN_PHOTOS + 2, "bad histogram")
    assert reason in problem.reason


def test_repeated_rows(write: Write) -> None:
    """A photo that is listed twice counts once; with two scores it doesn't count at all."""
    rows = ["55.jpg,5", "56.jpg,6", "./55.jpg,5.0", "56.jpg,7", "x/../55.jpg,5"]
    photos, problems = read_labels(write(*rows))
    first = MIN_PHOTOS + 2
    assert [photo.row for photo in photos[MIN_PHOTOS:]] == [first]
    assert [(p.row, p.kind, p.reason) for p in problems] == [
        (first + 1, "contradiction", f"rows {first + 1}, {first + 3} differ"),
        (first + 2, "duplicate", f"says the same as row {first}"),
        (first + 3, "contradiction", f"rows {first + 1}, {first + 3} differ"),
        (first + 4, "duplicate", f"says the same as row {first}"),
    ]


def test_too_few_photos(write: Write) -> None:
    """Too few usable photos are refused with a count of each kind of problem."""
    rows = ["absent.jpg,5", "gone.jpg,5", "55.jpg,11"]
    with pytest.raises(LabelsError) as caught:
        read_labels(write(*rows, good=MIN_PHOTOS - 1))
    said = str(caught.value)
    assert "49 usable photos, where at least 50 are needed" in said
    assert "2 missing file (row 51: there is no file 'absent.jpg')" in said
    assert "1 bad score (row 53: '11'" in said
    with pytest.raises(LabelsError, match=r"^0 usable photos, where at least 50 are needed$"):
        read_labels(write(good=0))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff\xfef\0i\0l\0e\0", "line 1 is not in UTF-8"),
        ("file,score\nj\xfcrg.jpg,5\n".encode("latin-1"), "line 2 is not in UTF-8"),
        (b"file;score\n1.jpg;5\n", "lacks the columns file, score; it has file;score"),
        (b"file,mean\n1.jpg,5\n", "lacks the columns score"),
        (b"file,score,n1,n2\n", "lacks the columns n3, n4"),
        (b"file,score,score\n", "has the column score more than once"),
        (b"file,score," + b"x" * 200_000, "field limit"),
    ],
)
def test_unusable_lists_are_refused(folder: Path, content: bytes, reason: str) -> None:
    """A malformed labels.csv is refused by its path, with the reason."""
    (folder / "labels.csv").write_bytes(content)
    with pytest.raises(LabelsError) as caught:
        read_labels(folder)
    assert str(folder / "labels.csv") in str(caught.value)
    assert reason in str(caught.value)


def test_no_list_at_all(tmp_path: Path) -> None:
    """A folder without labels.csv is refused, and so is one where it is a directory."""
    with pytest.raises(LabelsError, match=r"labels\.csv: no such file"):
        read_labels(tmp_path)
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(LabelsError, match=r"labels\.csv: is a directory"):
        read_labels(tmp_path)


def test_a_spreadsheets_file_is_read(write: Write) -> None:
    """A byte order mark, Windows line endings and quoted values are understood."""
    labels = write('"55.jpg","9"') / "labels.csv"
    labels.write_bytes(b"\xef\xbb\xbf" + labels.read_bytes().replace(b"\n", b"\r\n"))
    photos, problems = read_labels(labels.parent)
    assert problems == []
    assert (photos[-1].path.name, photos[-1].score) == ("55.jpg", 9)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=8))
def test_whatever_rows_say_the_good_ones_count(folder: Path, rows: list[str]) -> None:
    """Arbitrary text after the usable rows costs none of them, and is reported by its rows."""
    good = [f"{number}.jpg,5" for number in range(MIN_PHOTOS)]
    (folder / "labels.csv").write_bytes("\n".join([HEADER, *good, *rows]).encode())
    photos, problems = read_labels(folder)
    assert [photo.row for photo in photos] == list(range(2, MIN_PHOTOS + 2))
    assert all(problem.row > MIN_PHOTOS + 1 for problem in problems)


@given(st.floats(1, 10), st.lists(st.integers(0, 99), min_size=10, max_size=10).filter(any))
def test_labels_come_back_as_they_were_written(
    folder: Path, score: float, histogram: list[int]
) -> None:
    """Scores and histograms of any value in range are read exactly."""
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEADER.split(","), *COUNTS.split(",")])
        for number in range(MIN_PHOTOS):
            writer.writerow([f"{number}.jpg", score, *histogram])
    photos, problems = read_labels(folder)
    assert problems == []
    assert {(photo.score, photo.histogram) for photo in photos} == {(score, tuple(histogram))}


def test_another_column_and_scale(write: Write) -> None:
    """Scores may stand in another column, on another scale or on any."""
    rows = [f"{number}.jpg,{number - 20.5}" for number in range(MIN_PHOTOS)]
    folder = write(*rows, "55.jpg,100", "56.jpg,inf", "57.jpg,x", header="file,liked", good=0)
    photos, problems = read_labels(folder, "liked", -math.inf, math.inf)
    assert [photo.score for photo in photos] == [*np.arange(MIN_PHOTOS) - 20.5, 100]
    assert [problem.reason for problem in problems] == ["'inf' is no score", "'x' is no score"]
    photos, (problem, *_) = read_labels(folder, "liked", -20.5, 99)
    assert len(photos) == MIN_PHOTOS
    assert problem.reason == "'100' is no score from -20.5 to 99"
    with pytest.raises(LabelsError, match="lacks the columns score; it has file, liked"):
        read_labels(folder)


def test_splits(write: Write) -> None:
    """Photos are selected by split, and an unknown split is refused with the ones there are."""
    photos, _ = read_labels(write("55.jpg,5,val", "56.jpg,5,train", header=f"{HEADER},split"))
    assert [photo.path.name for photo in of_split(photos, "val")] == ["55.jpg"]
    with pytest.raises(LabelsError, match="'test'; there are train, val"):
        of_split(photos, "test")


def test_the_real_labels() -> None:
    """MEBeauty's labels are read without a problem, where the dataset is present."""
    if not MEBEAUTY.exists():
        pytest.skip(f"no labelled photos in {MEBEAUTY}")
    photos, problems = read_labels(MEBEAUTY)
    assert (len(photos), problems) == (1959, [])
    assert all(photo.histogram and photo.gender and photo.ethnicity for photo in photos)
    assert len(of_split(photos, "val")) == 218
