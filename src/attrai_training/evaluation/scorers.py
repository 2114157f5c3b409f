"""The scorers to evaluate, as the command line names them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrai.inference import Engine
from attrai.scoring import Scorer, open_scorer
from attrai.settings import Settings


def open_scorers(
    names: Sequence[str], weights: Path | None, settings: Settings, engine: Engine
) -> dict[str, Scorer]:
    """Return scorers by how they were named.

    Args:
        names: each the name of an installed scorer, or NAME=FILE with its weights; by default the
            one that the settings name.
        weights: of the one that the settings name, instead of those in the settings.
        settings: name the scorer and weights that are used otherwise.
        engine: computes the networks.

    Raises:
        CannotStart: a scorer or its weights can't be used.
        SettingsError: a scorer needs weights.
    """
    scorers = {}
    for name in names or [settings.scorer]:
        scorer, named, file = name.partition("=")
        # The weights in the settings are those of the scorer in the settings.
        usual = weights or settings.weights if scorer == settings.scorer else None
        chosen = {"scorer": scorer, "weights": Path(file) if named else usual}
        scorers[name], _ = open_scorer(settings.model_copy(update=chosen), engine)
    return scorers
