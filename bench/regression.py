"""How well ratings follow from what the teachers see: `python -m bench.regression --teachers DIR`.

The baseline of every training: what kernel ridge regression, from the faces of other folds, says of
each face. With the cache of `attrai train --folds` on the same photos it takes seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from attrai.cli.console import add_lines, output_console
from attrai.settings import load_settings
from attrai_training.cli.evaluate import DATA, RATINGS
from attrai_training.cli.train import CACHE, TEACHERS, Also, Cache, collections
from attrai_training.evaluation import evaluate, ratings_in, report
from attrai_training.sources import Sources
from attrai_training.trainer import FOLDS, Trainer
from testing.faults import ROOT

MEBEAUTY = ROOT.parent / "shared" / "data" / "mebeauty"
SCALE = np.arange(1, 11)


def main(
    teachers: Annotated[Path, TEACHERS],
    data: Annotated[Path, DATA] = MEBEAUTY,
    also: Also = None,
    ratings: Annotated[Path | None, RATINGS] = None,
    cache: Cache = CACHE,
) -> None:
    """Print how well the regression agrees with ratings, published and corrected ones."""
    sources = Sources(data, ratings or ratings_in(data), collections(also), None)
    trainer = Trainer(sources, None, teachers, cache, load_settings(), add_lines)
    rated, photos = trainer.course.collections[0], trainer.course.photos[0]
    described = trainer.course.describe(rated, rated.plain.features)
    said = np.empty((len(photos), len(SCALE)))
    for fold in range(FOLDS):
        there = rated.groups == fold
        known = trainer.course.rated(trainer.means([fold]), [fold])
        said[there] = known.predict(described[there], [fold])
    values = said @ SCALE
    spreads = np.sqrt(said @ SCALE**2 - values**2)
    found = evaluate(values, spreads, photos, trainer.faces.raters(photos))
    output_console().print(*report.tables(found, trainer.faces.problems), sep="\n")


if __name__ == "__main__":
    typer.run(main)
