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
