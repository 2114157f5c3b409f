"""What `attrai rate` prints of many faces."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from attrai.job import Face, Job, Score
from attrai.rating.paths import Outcome
from attrai.rating.report import as_json, table


def row(job: Job) -> str:
    """The table of one rated job."""
    out = StringIO()
    outcome = Outcome(Path("[b]party.jpg"), Path("party.rated.jpg"), job)
    Console(file=out, width=200).print(table([outcome]))
    return out.getvalue()


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (2, "7.0 ±1.5, 7.1 ±1.5"),
        (3, "7.0, 7.1, 7.2"),
        (20, "7.0, 7.1, 7.2, 7.3, 7.4, 7.5, 7.6, 7.7, and 12 more"),
    ],
)
def test_scores_fit_a_row(make_job: Callable[..., Job], face: Face, count: int, shown: str) -> None:
    """Few scores come with their spreads, many are cut short; a name is no markup."""
    scores = tuple(Score(value=7 + n / 10, spread=1.5) for n in range(count))
    text = row(make_job(faces=(face,) * count, faces_found=count, scores=scores))
    assert shown in text
    assert "[b]party.jpg" in text
    assert "were found" not in text


def test_faces_left_out(make_job: Callable[..., Job], face: Face) -> None:
    """When there were too many faces the row says so, and JSON has the number."""
    job = make_job(faces=(face,), faces_found=73, scores=(Score(value=5, spread=1),))
    assert "73 faces were found; the 1 largest are shown." in row(job)
    assert as_json(Outcome(Path("a.jpg"), Path("b.jpg"), job))["faces_found"] == 73
