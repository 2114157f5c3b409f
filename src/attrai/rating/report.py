"""What `attrai rate` prints: a table for people, a JSON object a photo for programs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from attrai.job import Failure, Job
from attrai.locales import text
from attrai.rating.paths import Outcome

#: A table's row shows the scores of so many faces; JSON has them all.
_MOST_SCORES = 8
#: With more faces than this the spreads would crowd the table.
_MOST_SPREADS = 2


def message(failure: Failure) -> str:
    """The sentence for a failure."""
    return text(failure.code, **failure.details)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON-ready values; pixels are those of the picture that was rated."""
    job, failure = outcome.job, outcome.failure
    return {
        "photo": str(outcome.source),
        "picture": str(outcome.target) if outcome.target else None,
        "error": {"code": failure.code, "message": message(failure)} if failure else None,
        "size": job.size if job else None,
        "faces_found": job.faces_found if job else 0,
        "faces": [
            {
                "box": scored.face.box,
                "landmarks": scored.face.landmarks,
                "probability": scored.face.probability,
                "score": scored.score.value,
                "spread": scored.score.spread,
            }
            for scored in (job.scored_faces if job else ())
        ],
        "seconds": {t.stage: {"waited": t.waited, "took": t.took} for t in job.trace}
        if job
        else {},
    }


def table(outcomes: Sequence[Outcome]) -> RenderableType:
    """The outcomes as a table, a row each."""
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows.add_column("Photo", overflow="fold")
    rows.add_column("Faces", justify="right")
    rows.add_column("Scores, left to right", overflow="fold")
    rows.add_column("Time", justify="right", no_wrap=True)
    for outcome in outcomes:
        photo = escape(str(outcome.source))
        if outcome.job:
            rows.add_row(photo, *_rated(outcome.job))
        elif outcome.failure:
            rows.add_row(photo, "", f"[red]{escape(message(outcome.failure))}[/]", "")
    return rows


def _rated(job: Job) -> tuple[str, str, str]:
    """A row's faces, scores and time."""
    scores = [scored.score for scored in job.scored_faces]
    if len(scores) <= _MOST_SPREADS:
        shown = [f"[bold]{score.value:.1f}[/] ±{score.spread:.1f}" for score in scores]
    else:
        shown = [f"[bold]{score.value:.1f}[/]" for score in scores[:_MOST_SCORES]]
    if len(scores) > len(shown):
        shown.append(f"and {len(scores) - len(shown)} more")
    sentence = ", ".join(shown)
    if job.faces_found > len(scores):
        left_out = text("faces-left-out", found=job.faces_found, shown=len(scores))
        sentence += f"\n{escape(left_out)}"
    took = sum(timing.took for timing in job.trace)
    return str(len(scores)), sentence, f"{took:.2f} s"


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """How many photos were rated, and where the pictures are."""
    pictures = [outcome.target for outcome in outcomes if outcome.target]
    line = f"{len(pictures)} rated"
    if failed := len(outcomes) - len(pictures):
        line += f", [red]{failed} not[/]"
    line += f", {seconds:.1f} s"
    folders = {picture.parent for picture in pictures}
    if len(pictures) == 1:
        line += f"\nPicture: {escape(str(pictures[0]))}"
    elif folders:
        where = "in" if len(folders) == 1 else "below"
        line += f"\nPictures {where} {escape(os.path.commonpath(folders) or '.')}"
    return line
