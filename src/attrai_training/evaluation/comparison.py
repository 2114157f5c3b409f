"""The output of `attrai evaluate` for several scorers, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.markup import escape

from attrai.printable import printable
from attrai_training.evaluation import report
from attrai_training.evaluation.evaluate import Agreement, Evaluation
from attrai_training.evaluation.labels import LabelProblem


def as_json(evaluations: Mapping[str, Evaluation], problems: Sequence[LabelProblem]) -> str:
    """Return what `report.as_json` does for each scorer, by its name."""
    scorers = {
        name: json.loads(report.as_json(evaluation, problems))
        for name, evaluation in evaluations.items()
    }
    return json.dumps({"scorers": scorers})


def tables(
    evaluations: Mapping[str, Evaluation], problems: Sequence[LabelProblem]
) -> Iterator[RenderableType]:
    """Yield the parts of the report for people: a table for each measure of the photos."""
    first = next(iter(evaluations.values()))
    for place in range(len(first.agreements)):
        yield _table({name: each.agreements[place] for name, each in evaluations.items()})
    yield from report.left_out(f"{len(first.photos):,} photos scored", problems)


def _table(agreements: Mapping[str, Agreement]) -> RenderableType:
    measure = next(iter(agreements.values())).measure
    columns = "Scorer", "PC", "95 %", "MAE", "95 %", "RMSE", "Bias"
    table = report.make_table(f"Agreement of scores with {measure}s", *columns)
    for name, agreement in agreements.items():
        found = agreement.overall
        table.add_row(
            escape(printable(name)),
            *(report.number(found.pearson.value, "z.3f"), report.interval(found.pearson, "z.3f")),
            *(report.number(found.mae.value, ".3f"), report.interval(found.mae, ".3f")),
            report.number(found.rmse.value, ".3f"),
            report.number(found.bias.value, "+z.3f"),
        )
    return table
