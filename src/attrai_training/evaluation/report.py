"""The output of `attrai evaluate`: tables for people, one JSON object for programs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from attrai.rating.printable import printable
from attrai_training.evaluation.evaluate import MIN_GROUP_PHOTOS, Assessment, Evaluation, Grouping
from attrai_training.evaluation.labels import LabelProblem
from attrai_training.evaluation.metrics import CalibrationBin, Coverage, Estimate, RegressionMetrics

#: The most rows to show with the reason why they were left out; JSON has them all.
_MOST_PROBLEMS = 10


def as_json(assessment: Assessment, problems: Sequence[LabelProblem]) -> dict[str, Any]:
    """Return all metrics and `problems` as JSON-ready values, with null for undefined ones."""
    result: dict[str, Any] = _plain(
        {
            "photos": len(assessment.photos),
            "left_out": dict(Counter(problem.kind for problem in problems)),
            "problems": [asdict(problem) for problem in problems],
            **asdict(assessment.evaluation),
        }
    )
    return result


def _plain(value: Any) -> Any:
    """Turn estimates into objects, and NaN, which JSON lacks, into None."""
    match value:
        case Estimate():
            return _plain(value._asdict())
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if math.isnan(value):
            return None
        case _:
            return value


def tables(evaluation: Evaluation, problems: Sequence[LabelProblem]) -> Iterator[RenderableType]:
    """Yield the parts of the report for people."""
    yield _regression_metrics(evaluation.overall)
    yield _calibration(evaluation.calibration)
    if evaluation.coverage:
        yield _coverage(evaluation.coverage)
    for name, grouping in evaluation.groupings.items():
        yield _grouping(name, grouping)
    yield from left_out(f"{evaluation.overall.photos:,} photos scored", problems)


def _table(title: str, *columns: str) -> Table:
    """Return an empty table whose first column is text and whose others are numbers."""
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    return table


def _regression_metrics(overall: RegressionMetrics) -> Table:
    table = _table("Agreement of scores with mean ratings", "", "", "95 % interval")
    for name, estimate in (
        ("Pearson correlation (PC)", overall.pearson),
        ("Spearman correlation", overall.spearman),
        ("Mean absolute error (MAE)", overall.mae),
        ("Root mean squared error (RMSE)", overall.rmse),
        ("Bias, score less rating", overall.bias),
        ("Slope of ratings over scores", overall.slope),
        ("Intercept", overall.intercept),
    ):
        table.add_row(
            name, _number(estimate.value), f"{_number(estimate.low)} to {_number(estimate.high)}"
        )
    return table


def _calibration(steps: Sequence[CalibrationBin]) -> Table:
    table = _table("Calibration", "Score about", "Photos", "Mean score", "Mean rating", "95 %")
    for step in steps:
        within = "" if math.isnan(step.within) else f"±{step.within:.2f}"
        table.add_row(
            str(step.about),
            f"{step.photos:,}",
            f"{step.predicted:.2f}",
            f"{step.rated:.2f}",
            within,
        )
    return table


def _coverage(coverage: Coverage) -> Table:
    title = f"Spread, over {coverage.ratings:,} ratings of {coverage.photos:,} photos"
    table = _table(title, "", "Predicted", "Raters' own")
    table.add_row("Mean spread", f"{coverage.predicted:.2f}", f"{coverage.rated:.2f}")
    table.add_row("Mean absolute difference", f"{coverage.mae:.2f}", "")
    table.add_row(
        "Ratings within one spread",
        f"{coverage.within_one:.0%}",
        f"{coverage.rated_within_one:.0%}",
    )
    table.add_row(
        "Ratings within two spreads",
        f"{coverage.within_two:.0%}",
        f"{coverage.rated_within_two:.0%}",
    )
    return table


def _grouping(name: str, grouping: Grouping) -> Table:
    table = _table(f"By {name}", "", "Photos", "PC", "MAE", "95 %", "Bias", "95 %")
    for label, group in grouping.groups.items():
        small = group.photos < MIN_GROUP_PHOTOS
        table.add_row(
            escape(printable(label)) + ("*" if small else ""),
            f"{group.photos:,}",
            _number(group.pearson.value),
            f"{group.mae.value:.2f}",
            f"{group.mae.low:.2f} to {group.mae.high:.2f}",
            _signed(group.bias.value),
            f"{_signed(group.bias.low)} to {_signed(group.bias.high)}",
            style="dim" if small else None,
        )
    if grouping.mae_gap is not None and grouping.bias_gap is not None:
        table.add_section()
        gaps = f"{grouping.mae_gap:.2f}", "", f"{grouping.bias_gap:.2f}", ""
        table.add_row("Gap", "", "", *gaps)
    if any(group.photos < MIN_GROUP_PHOTOS for group in grouping.groups.values()):
        table.caption = f"* fewer than {MIN_GROUP_PHOTOS} photos, left out of the gap"
        table.caption_justify = "left"
    return table


def left_out(line: str, problems: Sequence[LabelProblem]) -> Iterator[str]:
    """Yield `line` with the counts of rows left out, then the reasons for the first of them."""
    if problems:
        kinds = Counter(problem.kind for problem in problems).most_common()
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
        line += f", [red]{len(problems):,} left out:[/] {counts}"
    yield line
    for problem in problems[:_MOST_PROBLEMS]:
        where = f" {problem.file}" if problem.file else ""
        yield escape(printable(f"  row {problem.row}{where}: {problem.reason}"))
    if len(problems) > _MOST_PROBLEMS:
        yield f"  and {len(problems) - _MOST_PROBLEMS:,} more, which attrai evaluate --json names"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"  # noqa: RUF001 - a dash, not a minus


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # no -0.00
