"""Plots of the metrics. They show statistics only, never a photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from attrai_training.evaluation.evaluate import MIN_GROUP_PHOTOS, Assessment, Grouping
from attrai_training.evaluation.metrics import (
    CalibrationBin,
    Estimate,
    Floats,
    RegressionMetrics,
    calibration,
    deviations,
)

_DPI = 120
_INK, _ACCENT, _MUTED = "#12151a", "#b9770e", "#98a0ab"
#: The limits of axes for scores and ratings, with a little room.
_RANGE = (0.8, 10.2)


def draw(assessment: Assessment, folder: Path) -> list[Path]:
    """Write scatter.png, calibration.png, errors.png and, if groups are known, groups.png.

    Raises:
        OSError: a file can't be written.
    """
    evaluation = assessment.evaluation
    rated = np.array([photo.score for photo in assessment.photos])
    pictures = {
        "scatter.png": _scatter(assessment.predictions.values, rated, evaluation.overall),
        "calibration.png": _calibration(evaluation.calibration, evaluation.overall),
        "errors.png": _errors(assessment),
    }
    if evaluation.groupings:
        pictures["groups.png"] = _groups(list(evaluation.groupings.values()), evaluation.overall)
    for name, picture in pictures.items():
        picture.savefig(folder / name, dpi=_DPI)
    return [folder / name for name in pictures]


def _scatter(predicted: Floats, rated: Floats, overall: RegressionMetrics) -> Picture:
    picture = Picture(figsize=(6, 5), layout="constrained")
    axes = picture.subplots()
    density = axes.hexbin(
        predicted, rated, gridsize=36, extent=(1, 10, 1, 10), mincnt=1, cmap="cividis_r", lw=0.2
    )
    _ratings_over_scores(axes, overall)
    axes.set_aspect("equal")
    axes.set_title(f"{overall.photos:,} photos, PC {_told(overall.pearson)}", fontsize=10)
    picture.colorbar(density, ax=axes, label="photos", shrink=0.8)
    return picture


def _calibration(steps: Sequence[CalibrationBin], overall: RegressionMetrics) -> Picture:
    picture = Picture(figsize=(6, 6), layout="constrained")
    upper, lower = picture.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    x, y = [step.predicted for step in steps], [step.rated for step in steps]
    _ratings_over_scores(upper, overall)
    upper.errorbar(
        x, y, [step.within for step in steps], fmt="o", color=_INK, capsize=3, label="mean, 95 %"
    )
    upper.set_title(
        f"best line: {overall.intercept.value:.2f} + {overall.slope.value:.2f} x score", fontsize=10
    )
    upper.set_xlabel("")
    upper.legend(frameon=False, loc="upper left")
    lower.bar([step.about for step in steps], [step.photos for step in steps], 0.8, color=_MUTED)
    lower.set_xlabel("score")
    lower.set_ylabel("photos")
    _plain(lower)
    return picture


def _errors(assessment: Assessment) -> Picture:
    """Plot errors against ratings, and against how far raters disagree."""
    photos = assessment.photos
    rated = np.array([photo.score for photo in photos])
    errors = assessment.predictions.values - rated
    picture = Picture(figsize=(8, 3.4), layout="constrained")
    by_rating, by_spread = picture.subplots(1, 2)
    by_rating.plot(rated, errors, ".", color=_MUTED, ms=3, alpha=0.5)
    _means(by_rating, calibration(rated, errors))
    by_rating.axhline(0, color=_ACCENT, lw=1, zorder=0)
    by_rating.set_xlabel("mean rating")
    by_rating.set_ylabel("score less rating, points")
    known = np.array([photo.histogram is not None for photo in photos], bool)
    spreads = deviations([photo.histogram for photo in photos if photo.histogram])
    amounts = np.abs(errors[known])
    by_spread.plot(spreads, amounts, ".", color=_MUTED, ms=3, alpha=0.5)
    _means(by_spread, calibration(2 * spreads, amounts), unit=0.5)
    by_spread.set_ylim(bottom=0)
    by_spread.set_xlabel("standard deviation of the photo's ratings")
    by_spread.set_ylabel("absolute error, points")
    for axes in by_rating, by_spread:
        _plain(axes)
    return picture


def _means(axes: Axes, steps: Sequence[CalibrationBin], unit: float = 1) -> None:
    """Plot the mean of each bin of several photos, with its 95 % interval; bins are `unit` wide."""
    several = [step for step in steps if step.photos > 1]
    x, y = [unit * step.predicted for step in several], [step.rated for step in several]
    axes.errorbar(x, y, [step.within for step in several], fmt="o", color=_INK, capsize=3, ms=4)


def _groups(groupings: Sequence[Grouping], overall: RegressionMetrics) -> Picture:
    """Plot each group's MAE and bias with their intervals, one row a group."""
    rows = [("all", overall)]
    gaps = []
    for grouping in groupings:
        gaps.append(len(rows))
        rows += grouping.groups.items()
    indices = [number + sum(gap <= number for gap in gaps) * 0.6 for number in range(len(rows))]
    picture = Picture(figsize=(8, 1.2 + 0.3 * len(rows)), layout="constrained")
    error, bias = picture.subplots(1, 2, sharey=True)
    for place, (_, group) in zip(indices, rows, strict=True):
        colour = _MUTED if group.photos < MIN_GROUP_PHOTOS else _INK
        for axes, estimate in (error, group.mae), (bias, group.bias):
            axes.plot((estimate.low, estimate.high), (place, place), color=colour, lw=1.5)
            axes.plot(estimate.value, place, "o", color=colour, ms=5)
    error.set_yticks(indices, [f"{name} ({group.photos:,})" for name, group in rows])
    error.invert_yaxis()
    error.axvline(overall.mae.value, color=_ACCENT, lw=1, zorder=0)
    error.set_xlim(left=0)
    error.set_xlabel("mean absolute error, points")
    bias.axvline(0, color=_ACCENT, lw=1, zorder=0)
    bias.set_xlabel("bias, score less rating, points")
    for axes in error, bias:
        _plain(axes)
    return picture


def _ratings_over_scores(axes: Axes, overall: RegressionMetrics) -> None:
    """Set up axes of ratings over scores, with the diagonal and the best line."""
    ends = np.array(_RANGE)
    axes.plot(ends, ends, color=_MUTED, lw=1, ls="--", label="score = rating")
    axes.plot(
        ends, overall.intercept.value + overall.slope.value * ends, color=_ACCENT, label="best line"
    )
    axes.set_xlim(_RANGE)
    axes.set_ylim(_RANGE)
    axes.set_xticks(range(1, 11))
    axes.set_yticks(range(1, 11))
    axes.set_xlabel("score")
    axes.set_ylabel("mean rating")
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _told(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
