"""Plots of the metrics. They show statistics only, never a photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attrai_training.evaluation.evaluate import MIN_GROUP_PHOTOS, Agreement, Evaluation
from attrai_training.evaluation.metrics import CalibrationBin, calibration, distribution

_DPI = 120
_INK, _ACCENT, _MUTED = "#12151a", "#b9770e", "#98a0ab"
#: The limits of axes for scores and ratings, with a little room.
_RANGE = (0.8, 10.2)


def draw(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write scatter.png, calibration.png, errors.png and, if groups are known, groups.png.

    Raises:
        OSError: a file can't be written.
    """
    agreements = evaluation.agreements
    figures = {
        "scatter.png": _scatter(agreements),
        "calibration.png": _calibration(agreements),
        "errors.png": _errors(evaluation),
    }
    if agreements[0].groupings:
        figures["groups.png"] = _groups(agreements[0])
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=_DPI)
    return [folder / name for name in figures]


def _scatter(agreements: Sequence[Agreement]) -> Figure:
    figure = Figure(figsize=(6 * len(agreements), 5), layout="constrained")
    columns = figure.subplots(1, len(agreements), squeeze=False)[0]
    for axes, agreement in zip(columns, agreements, strict=True):
        bins = {"gridsize": 36, "extent": (1, 10, 1, 10), "mincnt": 1}
        density = axes.hexbin(agreement.scores, agreement.rated, **bins, cmap="cividis_r", lw=0.2)
        _ratings_over_scores(axes, agreement)
        axes.set_aspect("equal")
        photos, pc = agreement.overall.photos, agreement.overall.pearson
        title = f"{photos:,} photos, PC {pc.value:.3f} ({pc.low:.3f} to {pc.high:.3f})"
        axes.set_title(title, fontsize=10)
        figure.colorbar(density, ax=axes, label="photos", shrink=0.8)
    return figure


def _calibration(agreements: Sequence[Agreement]) -> Figure:
    size = 6 * len(agreements), 6
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(2, len(agreements), sharex=True, height_ratios=(4, 1), squeeze=False)
    for upper, lower, agreement in zip(*grid, agreements, strict=True):
        bins, overall = agreement.calibration, agreement.overall
        _ratings_over_scores(upper, agreement)
        _means(upper, bins, label="mean, 95 %")
        line = f"best line: {overall.intercept.value:.2f} + {overall.slope.value:.2f} x score"
        upper.set_title(line, fontsize=10)
        upper.set_xlabel("")
        upper.legend(frameon=False, loc="upper left")
        lower.bar([each.about for each in bins], [each.photos for each in bins], 0.8, color=_MUTED)
        _label(lower, "score", "photos")
    return figure


def _errors(evaluation: Evaluation) -> Figure:
    """Plot errors against ratings, and against how far raters disagree."""
    rated = evaluation.published.rated
    errors = evaluation.published.scores - rated
    histograms = [photo.histogram for photo in evaluation.photos]
    spreads = distribution([histogram for histogram in histograms if histogram])[1]
    amounts = np.abs(errors[[histogram is not None for histogram in histograms]])
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    by_rating, by_spread = figure.subplots(1, 2)
    by_rating.plot(rated, errors, ".", color=_MUTED, ms=3, alpha=0.5)
    _means(by_rating, _of_several(calibration(rated, errors)))
    by_rating.axhline(0, color=_ACCENT, lw=1, zorder=0)
    _label(by_rating, "mean rating", "score less rating, points")
    by_spread.plot(spreads, amounts, ".", color=_MUTED, ms=3, alpha=0.5)
    _means(by_spread, _of_several(calibration(2 * spreads, amounts)), unit=0.5)
    by_spread.set_ylim(bottom=0)
    _label(by_spread, "standard deviation of the photo's ratings", "absolute error, points")
    return figure


def _groups(agreement: Agreement) -> Figure:
    """Plot each group's MAE and bias with their intervals, one row a group."""
    rows = [(0.0, "all", agreement.overall)]
    for grouping in agreement.groupings.values():
        first = rows[-1][0] + 1.6  # leaves a gap between groupings
        rows += [(first + n, name, each) for n, (name, each) in enumerate(grouping.groups.items())]
    figure = Figure(figsize=(8, 1.2 + 0.3 * len(rows)), layout="constrained")
    error, bias = figure.subplots(1, 2, sharey=True)
    for place, _, group in rows:
        colour = _MUTED if group.photos < MIN_GROUP_PHOTOS else _INK
        for axes, estimate in (error, group.mae), (bias, group.bias):
            axes.plot((estimate.low, estimate.high), (place, place), color=colour, lw=1.5)
            axes.plot(estimate.value, place, "o", color=colour, ms=5)
    error.set_yticks(
        [place for place, *_ in rows], [f"{name} ({group.photos:,})" for _, name, group in rows]
    )
    error.invert_yaxis()
    error.axvline(agreement.overall.mae.value, color=_ACCENT, lw=1, zorder=0)
    error.set_xlim(left=0)
    bias.axvline(0, color=_ACCENT, lw=1, zorder=0)
    _label(error, "mean absolute error, points")
    _label(bias, "bias, score less rating, points")
    return figure


def _means(axes: Axes, bins: Sequence[CalibrationBin], unit: float = 1, label: str = "") -> None:
    """Plot the mean of each bin, with its 95 % interval; bins are `unit` wide."""
    x, y = [unit * each.predicted for each in bins], [each.rated for each in bins]
    within = [each.within for each in bins]
    axes.errorbar(x, y, within, fmt="o", color=_INK, capsize=3, ms=4, label=label)


def _of_several(bins: Sequence[CalibrationBin]) -> list[CalibrationBin]:
    return [each for each in bins if each.photos > 1]


def _ratings_over_scores(axes: Axes, agreement: Agreement) -> None:
    """Set up axes of ratings over scores, with the diagonal and the best line."""
    ends, overall = np.array(_RANGE), agreement.overall
    line = overall.intercept.value + overall.slope.value * ends
    axes.plot(ends, ends, color=_MUTED, lw=1, ls="--", label="score = rating")
    axes.plot(ends, line, color=_ACCENT, label="best line")
    ticks = range(1, 11)
    axes.set(xlim=_RANGE, ylim=_RANGE, xticks=ticks, yticks=ticks)
    _label(axes, "score", agreement.measure)


def _label(axes: Axes, x: str, y: str = "") -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
