"""The output of `attrai evaluate`: tables for people, one JSON object for programs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from attrai.rating.printable import printable
from attrai_training.evaluation.evaluate import (
    MIN_GROUP_PHOTOS,
    Agreement,
    Assessment,
    Evaluation,
    Grouping,
)
from attrai_training.evaluation.labels import LabelProblem
from attrai_training.evaluation.metrics import CalibrationBin, Coverage, Estimate

#: The most rows to show with the reason why they were left out; JSON has them all.
_MOST_PROBLEMS = 10


def as_json(assessment: Assessment, problems: Sequence[LabelProblem]) -> dict[str, Any]:
    """Return all metrics and `problems` as JSON-ready values, with null for undefined ones."""
    evaluation = assessment.evaluation
    corrected, ratings = evaluation.corrected, evaluation.ratings
    result: dict[str, Any] = _plain(
        {
            "photos": len(assessment.photos),
            "left_out": dict(Counter(problem.kind for problem in problems)),
            "problems": problems,
            **_agreement(evaluation.published),
            "coverage": evaluation.coverage,
            "corrected": _agreement(corrected) if corrected else None,
            "ratings_left_out": dict(ratings.left_out) if ratings else None,
        }
    )
    return result


def _agreement(agreement: Agreement) -> dict[str, Any]:
    names = "overall", "calibration", "groupings", "reliability", "ceiling"
    return {name: getattr(agreement, name) for name in names}


def _plain(value: Any) -> Any:
    """Turn dataclasses and estimates into objects, and NaN, which JSON lacks, into None."""
    match value:
        case _ if is_dataclass(value):
            return _plain(vars(value))
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
    for agreement in evaluation.agreements:
        yield _overall(agreement)
    yield _calibration(evaluation.published.calibration)
    if evaluation.coverage:
        yield _coverage(evaluation.coverage)
    for agreement in evaluation.agreements:
        against = f", against {agreement.measure}s" if evaluation.corrected else ""
        for name, grouping in agreement.groupings.items():
            yield _grouping(f"By {name}{against}", grouping)
    if ratings := evaluation.ratings:
        line = f"{len(ratings.values):,} single ratings by {ratings.count:,} raters"
        yield _counted(line, ratings.left_out)
    yield from left_out(f"{evaluation.published.overall.photos:,} photos scored", problems)


def left_out(line: str, problems: Sequence[LabelProblem]) -> Iterator[str]:
    """Yield `line` with the counts of rows left out, then the reasons for the first of them."""
    yield _counted(line, Counter(problem.kind for problem in problems))
    for problem in problems[:_MOST_PROBLEMS]:
        where = f" {problem.file}" if problem.file else ""
        yield escape(printable(f"  row {problem.row}{where}: {problem.reason}"))
    if len(problems) > _MOST_PROBLEMS:
        yield f"  and {len(problems) - _MOST_PROBLEMS:,} more, which attrai evaluate --json names"


def _counted(line: str, left_out: Mapping[str, int]) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in Counter(left_out).most_common())
    return f"{line}, [red]{sum(left_out.values()):,} left out:[/] {counts}" if counts else line


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> Table:
    """Return a table whose first column is text and whose others are numbers."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.collapse_padding = True
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _overall(agreement: Agreement) -> Table:
    overall = agreement.overall
    estimates = {
        "Pearson correlation (PC)": overall.pearson,
        "Spearman correlation": overall.spearman,
        "Mean absolute error (MAE)": overall.mae,
        "Root mean squared error (RMSE)": overall.rmse,
        "Bias, score less rating": overall.bias,
        "Slope of ratings over scores": overall.slope,
        "Intercept": overall.intercept,
    }
    title = f"Agreement of scores with {agreement.measure}s"
    table = _table(title, ("", "", "95 % interval"))
    for name, each in estimates.items():
        table.add_row(name, _number(each.value, "z.3f"), _interval(each, "z.3f"))
    if not math.isnan(agreement.reliability):
        table.add_row("Reliability of the ratings", f"{agreement.reliability:.3f}", "")
        table.add_row("Highest PC that it allows", f"{agreement.ceiling:.3f}", "")
    return table


def _calibration(bins: Sequence[CalibrationBin]) -> Table:
    columns = "Score about", "Photos", "Mean score", "Mean rating", "95 %"
    rows = [
        (
            str(each.about),
            f"{each.photos:,}",
            f"{each.predicted:.2f}",
            f"{each.rated:.2f}",
            "" if math.isnan(each.within) else f"±{each.within:.2f}",
        )
        for each in bins
    ]
    return _table("Calibration", columns, rows)


def _coverage(coverage: Coverage) -> Table:
    title = f"Spread, over {coverage.ratings:,} ratings of {coverage.photos:,} photos"
    rows = [
        ("Mean spread", f"{coverage.predicted:.2f}", f"{coverage.rated:.2f}"),
        ("Mean absolute difference", f"{coverage.mae:.2f}", ""),
        (
            "Ratings within one spread",
            f"{coverage.within_one:.0%}",
            f"{coverage.rated_within_one:.0%}",
        ),
        (
            "Ratings within two spreads",
            f"{coverage.within_two:.0%}",
            f"{coverage.rated_within_two:.0%}",
        ),
    ]
    return _table(title, ("", "Predicted", "Raters' own"), rows)


def _grouping(title: str, grouping: Grouping) -> Table:
    table = _table(title, ("", "Photos", "PC", "MAE", "95 %", "Bias", "95 %"))
    for label, group in grouping.groups.items():
        small = group.photos < MIN_GROUP_PHOTOS
        table.add_row(
            escape(printable(label)) + ("*" if small else ""),
            f"{group.photos:,}",
            _number(group.pearson.value, "z.3f"),
            _number(group.mae.value, ".2f"),
            _interval(group.mae, ".2f"),
            _number(group.bias.value, "+z.2f"),
            _interval(group.bias, "+z.2f"),
            style="dim" if small else None,
        )
    if grouping.mae_gap is not None and grouping.bias_gap is not None:
        table.add_section()
        table.add_row("Gap", "", "", f"{grouping.mae_gap:.2f}", "", f"{grouping.bias_gap:.2f}", "")
    if any(group.photos < MIN_GROUP_PHOTOS for group in grouping.groups.values()):
        table.caption = f"* fewer than {MIN_GROUP_PHOTOS} photos, left out of the gap"
        table.caption_justify = "left"
    return table


def _interval(estimate: Estimate, form: str) -> str:
    low, high = _number(estimate.low, form), _number(estimate.high, form)
    return f"{low} to {high}" if not math.isnan(estimate.low) else ""


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"  # noqa: RUF001 - a dash, not a minus
