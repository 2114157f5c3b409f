"""The report of `attrai rate` for several faces."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from attrai.job import Face, Score, ScoredFace
from attrai.rating.paths import Result
from attrai.rating.report import as_json, table


def rated(faces: tuple[ScoredFace, ...], faces_found: int) -> Result:
    """Return the result of a photo with these faces."""
    return Result(Path("[b]party.jpg"), Path("party.rated.jpg"), (9, 9), faces, faces_found)


def row(result: Result) -> str:
    """Return the table of one result."""
    out = StringIO()
    Console(file=out, width=200).print(table([result]))
    return out.getvalue()


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "7.0"),
        (3, "7.0, 7.1, 7.2"),
        (20, "7.0, 7.1, 7.2, 7.3, 7.4, 7.5, 7.6, 7.7, and 12 more"),
    ],
)
def test_scores_fit_a_row(face: Face, count: int, shown: str) -> None:
    """Scores come without spreads, long lists are shortened, and file names are not markup."""
    scores = [Score(value=7 + n / 10, spread=1.5) for n in range(count)]
    text = row(rated(tuple(ScoredFace(face=face, score=score) for score in scores), count))
    assert shown in text
    assert "[b]party.jpg" in text
    assert "±" not in text
    assert "Found" not in text


def test_faces_left_out(face: Face) -> None:
    """If there were too many faces, the row says so and the JSON holds their number."""
    result = rated((ScoredFace(face=face, score=Score(value=5, spread=1)),), 73)
    assert "Found 73 faces, showing the largest." in row(result)
    assert as_json(result)["faces_found"] == 73


def test_minors(face: Face) -> None:
    """A minor's face has no number in the row, which says why, nor in the JSON."""
    adult = ScoredFace(face=face, score=Score(value=5, spread=1))
    result = rated((adult, ScoredFace(face=face, score=None)), 2)
    words = row(result)
    assert "5.0, no score" in words
    assert "One face looks too young to be scored, so it has a box without a number." in words
    faces = as_json(result)["faces"]
    assert [(each["minor"], each["score"], each["spread"]) for each in faces] == [
        (False, 5, 1),
        (True, None, None),
    ]
    assert "too young" not in row(rated((adult,), 1))


def test_only_minors(face: Face) -> None:
    """A row without any score counts the faces and says why they have none."""
    words = row(rated((ScoredFace(face=face, score=None),) * 3, 3))
    assert "no score, no score, no score" in words
    assert "3 faces look too young to be scored" in words
