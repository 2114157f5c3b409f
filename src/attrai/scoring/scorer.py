"""Scorers: the protocol, the registry of installed ones, and scores from their predictions.

A face whose apparent age is below the minimum leaves without a score, whatever the scorer.
"""

from __future__ import annotations

import logging
import math
from typing import NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Engine
from attrai.job import Score
from attrai.plugins import Plugins, UnusablePlugin
from attrai.scoring.ratings import Floats
from attrai.settings import Settings

# Not structlog, which would write to a Python program's standard output where nobody configured it.
log = logging.getLogger(__name__)


class Predictions(NamedTuple):
    """What a scorer predicts for n faces, whatever their age. Lists do as well as arrays."""

    #: The mean ratings, from 1 to 10, shape (n,).
    values: Floats
    #: The standard deviations of the ratings, from 0 to 4.5, shape (n,).
    spreads: Floats
    #: The apparent ages in years, shape (n,); None if the scorer estimates none.
    ages: Floats | None = None


@runtime_checkable
class Scorer(Protocol):
    """Protocol of a scorer, which predicts the ratings that people would give to faces.

    To add one, write such a class in a package of your own and register it under the entry point
    group `attrai.scorers`. It is created with the `Settings` and the `Engine`, and shared by
    several threads.
    """

    def predict(self, crops: NDArray[np.uint8]) -> Predictions:
        """Return what is predicted for each crop, in order; nothing is withheld.

        Args:
            crops: Aligned crops of the faces of a photo, RGB, shape (n, 128, 128, 3), n at least 1.
        """
        ...


SCORERS = Plugins(
    "scorer",
    "attrai.scorers",
    Scorer,  # type: ignore[type-abstract]  # nobody creates it
)


def open_scorer(settings: Settings, engine: Engine) -> tuple[Scorer, bool]:
    """Return the scorer that the settings name, and whether it estimates ages.

    It has scored a black crop as a trial.

    Raises:
        UnknownPlugin: No installed package has it.
        UnusablePlugin: It can't be loaded, or predicts something that is no rating.
        WeightsError: Its weights can't be used.
    """
    scorer = SCORERS.open(settings.scorer, settings, engine)
    crops = np.zeros((1, CROP_SIDE, CROP_SIDE, 3), np.uint8)
    try:
        predictions = scorer.predict(crops)
        _scores(predictions, minimum_age=0)
    except Exception as error:  # third-party code may raise anything
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnusablePlugin(f"scorer {settings.scorer!r} can't score: {problem}") from error
    return scorer, predictions.ages is not None


class FaceScorer:
    """A scorer that gives no score to faces which look like a minor's."""

    def __init__(self, scorer: Scorer, minimum_age: float = 0) -> None:
        """Wrap a scorer.

        Args:
            scorer: Predicts the ratings.
            minimum_age: Apparent age in years below which a face gets no score; 0 for none.
        """
        self._scorer = scorer
        self._minimum_age = minimum_age

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Return the scorer that the settings name; see `open_scorer`."""
        scorer, knows_ages = open_scorer(settings, engine)
        if settings.minimum_age and not knows_ages:
            log.warning("the scorer estimates no ages: children are scored like adults")
        return cls(scorer, settings.minimum_age)

    def __call__(self, crops: NDArray[np.uint8]) -> tuple[Score | None, ...]:
        """Return one score per crop, in order, and None for a face that looks like a minor's.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.
        """
        scores = _scores(self._scorer.predict(crops), self._minimum_age)
        if len(scores) != len(crops):
            raise ValueError(f"{len(scores)} scores for {len(crops)} faces")
        return scores


def _scores(predictions: Predictions, minimum_age: float) -> tuple[Score | None, ...]:
    values, spreads, ages = predictions
    known = [math.inf] * len(values) if ages is None else ages
    return tuple(
        # An age that is no number is no reason for a score.
        Score(value=float(value), spread=float(spread))
        if minimum_age == 0 or age >= minimum_age
        else None
        for value, spread, age in zip(values, spreads, known, strict=True)
    )
