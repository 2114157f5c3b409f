"""Calibration: does a 7 mean 7?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attrai.scoring.evaluation.figures import Floats


@dataclass(frozen=True)
class Step:
    """The photos whose score rounds to the same whole number."""

    #: That number.
    about: int
    photos: int
    #: The mean of their scores.
    predicted: float
    #: The mean of what their raters said.
    rated: float
    #: Half the 95 % interval of `rated`; NaN for one photo.
    within: float


def calibration(predicted: Floats, rated: Floats) -> tuple[Step, ...]:
    """The steps that have a photo, in their order."""
    about = np.floor(predicted + 0.5).astype(int)
    steps = []
    for number in np.unique(about):
        there = about == number
        count = int(there.sum())
        error = rated[there].std(ddof=1) / np.sqrt(count) if count > 1 else np.nan
        steps.append(
            Step(
                about=int(number),
                photos=count,
                predicted=float(predicted[there].mean()),
                rated=float(rated[there].mean()),
                within=float(1.96 * error),
            )
        )
    return tuple(steps)
