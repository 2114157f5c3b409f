"""Prints results: a table for people, a JSON object a photo for programs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from attrai.job import Failure
from attrai.locales import text
from attrai.printable import printable
from attrai.rating.paths import Result

#: How many faces' scores a row of the table shows; JSON has them all.
_MOST_SCORES = 8


def message(failure: Failure) -> str:
    """Return the sentence for a failure."""
    return text(failure.code, **failure.details)


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as JSON-ready values; boxes and landmarks in pixels of the rated photo."""
    failure = result.failure
    return {
        "photo": str(result.source),
        "picture": str(result.target) if result.target else None,
        "error": {"code": failure.code, "message": message(failure)} if failure else None,
        "size": result.size,
        "faces_found": result.faces_found,
        "faces": [
            {
                "box": scored.face.box,
                "landmarks": scored.face.landmarks,
                "probability": scored.face.probability,
                "minor": scored.minor,
                "score": scored.score.value if scored.score else None,
                "spread": scored.score.spread if scored.score else None,
            }
            for scored in result.faces
        ],
        "seconds": {t.stage: {"waited": t.waited, "took": t.took} for t in result.trace},
    }


def table(results: Sequence[Result]) -> RenderableType:
    """Return the results as a table, a row each."""
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows.add_column("Photo", overflow="fold")
    rows.add_column("Faces", justify="right")
    rows.add_column("Scores, left to right", overflow="fold")
    rows.add_column("Time", justify="right", no_wrap=True)
    for result in results:
        photo = Text(printable(result.source))
        if result.failure:
            rows.add_row(photo, "", Text(message(result.failure), style="red"), "")
        else:
            rows.add_row(photo, *_rated(result))
    return rows


def _rated(result: Result) -> tuple[str, str, str]:
    """Return a row's number of faces, its scores and its time."""
    scores = [scored.score for scored in result.faces]
    shown = [
        f"[bold]{score.value:.1f}[/]" if score else text("no-score")
        for score in scores[:_MOST_SCORES]
    ]
    if len(scores) > len(shown):
        shown.append(f"and {len(scores) - len(shown)} more")
    sentence = ", ".join(shown)
    if result.faces_found > len(scores):
        left_out = text("faces-left-out", found=result.faces_found, shown=len(scores))
        sentence += f"\n{escape(left_out)}"
    if minors := scores.count(None):
        sentence += f"\n{text('minors', count=minors)}"
    took = sum(timing.took for timing in result.trace)
    return str(len(scores)), sentence, f"{took:.2f} s"


def summary(results: Sequence[Result], seconds: float) -> Text:
    """Say how many photos were rated, and where the pictures are."""
    pictures = [result.target for result in results if result.target]
    line = Text(f"{len(pictures)} rated")
    if failed := len(results) - len(pictures):
        line.append(", ").append(f"{failed} failed", style="red")
    line.append(f", {seconds:.1f} s")
    folders = {picture.parent for picture in pictures}
    if any(folder.is_absolute() for folder in folders):
        folders = {folder.absolute() for folder in folders}
    if len(pictures) == 1:
        line.append(f"\nPicture: {printable(pictures[0])}")
    elif folders:
        where = "in" if len(folders) == 1 else "below"
        line.append(f"\nPictures {where} {printable(os.path.commonpath(folders) or '.')}")
    return line
