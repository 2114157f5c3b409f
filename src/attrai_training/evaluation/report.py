"""The output of `attrai evaluate`: tables for people, one JSON object for programs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from attrai.printable import printable
from attrai_training.evaluation.evaluate import MIN_GROUP_PHOTOS, Agreement, Evaluation, Grouping
from attrai_training.evaluation.labels import LabelProblem
from attrai_training.evaluation.metrics import CalibrationBin, Coverage, Estimate

#: The most rows to show with the reason why they were left out; JSON has them all.
_MOST_PROBLEMS = 10


def as_json(evaluation: Evaluation, problems: Sequence[LabelProblem]) -> str:
    """Return all metrics and `problems` as JSON, with null for undefined ones."""
    corrected, ratings = evaluation.corrected, evaluation.ratings
    values = {
        "photos": len(evaluation.photos),
        "left_out": Counter(problem.kind for problem in problems),
        "problems": problems,
        **_values(evaluation.published),
        "coverage": evaluation.coverage,
        "corrected": _values(corrected) if corrected else None,
        "ratings_left_out": ratings.left_out if ratings else None,
    }
    return to_json(values, inf_nan_mode="null").decode()


def _values(agreement: Agreement) -> dict[str, Any]:
    names = "overall", "calibration", "groupings", "reliability", "ceiling"
    return {name: getattr(agreement, name) for name in names}


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
    yield from left_out(f"{len(evaluation.photos):,} photos scored", problems)


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


def make_table(title: str, *columns: str) -> Table:
    """Return an empty table whose first column is text and whose others are numbers."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.collapse_padding, table.caption_justify = True, "left"
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    return table


def _overall(agreement: Agreement) -> Table:
    title = f"Agreement of scores with {agreement.measure}s"
    table, overall = make_table(title, "", "", "95 % interval"), agreement.overall
    for name, estimate in (
        ("Pearson correlation (PC)", overall.pearson),
        ("Spearman correlation", overall.spearman),
        ("Mean absolute error (MAE)", overall.mae),
        ("Root mean squared error (RMSE)", overall.rmse),
        ("Bias, score less rating", overall.bias),
        ("Slope of ratings over scores", overall.slope),
        ("Intercept", overall.intercept),
    ):
        table.add_row(name, number(estimate.value, "z.3f"), interval(estimate, "z.3f"))
    if not math.isnan(agreement.reliability):
        table.add_row("Reliability of the ratings", f"{agreement.reliability:.3f}")
        table.add_row("Highest PC that it allows", f"{agreement.ceiling:.3f}")
    return table


def _calibration(bins: Sequence[CalibrationBin]) -> Table:
    table = make_table("Calibration", "Score about", "Photos", "Mean score", "Mean rating", "95 %")
    for each in bins:
        within = "" if math.isnan(each.within) else f"±{each.within:.2f}"
        means = f"{each.predicted:.2f}", f"{each.rated:.2f}"
        table.add_row(str(each.about), f"{each.photos:,}", *means, within)
    return table


def _coverage(found: Coverage) -> Table:
    title = f"Spread, over {found.ratings:,} ratings of {found.photos:,} photos"
    table = make_table(title, "", "Predicted", "Raters' own")
    table.add_row("Mean spread", f"{found.predicted:.2f}", f"{found.rated:.2f}")
    table.add_row("Mean absolute difference", f"{found.mae:.2f}")
    for name, predicted, rated in (
        ("Ratings within one spread", found.within_one, found.rated_within_one),
        ("Ratings within two spreads", found.within_two, found.rated_within_two),
    ):
        table.add_row(name, f"{predicted:.0%}", f"{rated:.0%}")
    return table


def _grouping(title: str, grouping: Grouping) -> Table:
    table = make_table(title, "", "Photos", "PC", "MAE", "95 %", "Bias", "95 %")
    for label, group in grouping.groups.items():
        small = group.photos < MIN_GROUP_PHOTOS
        if small:
            table.caption = f"* fewer than {MIN_GROUP_PHOTOS} photos, left out of the gap"
        table.add_row(
            escape(printable(label)) + ("*" if small else ""),
            f"{group.photos:,}",
            number(group.pearson.value, "z.3f"),
            *(number(group.mae.value, ".2f"), interval(group.mae, ".2f")),
            *(number(group.bias.value, "+z.2f"), interval(group.bias, "+z.2f")),
            style="dim" if small else None,
        )
    if grouping.mae_gap is not None and grouping.bias_gap is not None:
        table.add_section()
        table.add_row("Gap", "", "", f"{grouping.mae_gap:.2f}", "", f"{grouping.bias_gap:.2f}")
    return table


def interval(estimate: Estimate, form: str) -> str:
    """Return the ends of an estimate's interval, or nothing if they are unknown."""
    known = not math.isnan(estimate.low)
    return f"{estimate.low:{form}} to {estimate.high:{form}}" if known else ""


def number(value: float, form: str) -> str:
    """Return a number, or a dash if it is unknown."""
    return "–" if math.isnan(value) else f"{value:{form}}"  # noqa: RUF001 - a dash, not a minus
