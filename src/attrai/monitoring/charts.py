"""The history as one picture with four charts."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from attrai.ledger.constants import SCORE_BIN
from attrai.ledger.histogram import quantile
from attrai.ledger.history import History

#: Size of the picture in inches, and its resolution in dots per inch.
_SIZE, _DPI = (11, 6.6), 100
#: Factor between successive bounds of the ledger's histograms.
_STEP = 1.25


class Theme(NamedTuple):
    """Colours of a picture."""

    background: str
    ink: str
    faint: str
    first: str
    second: str


LIGHT = Theme("#ffffff", "#1f2328", "#d8dee4", "#8bb4e0", "#c2410c")
DARK = Theme("#0d1117", "#e6edf3", "#30363d", "#3f6fa8", "#f59e5b")


def draw(history: History, span: History | None = None, *, theme: Theme = LIGHT) -> bytes:
    """Draw the charts and return them as PNG.

    Args:
        history: the days that the distributions cover.
        span: the days to show one by one; by default those of `history`.
        theme: the colours.
    """
    file = BytesIO()
    _figure(history, span or history, theme).savefig(file, format="png")
    return file.getvalue()


def save(history: History, path: Path) -> None:
    """Draw the charts into a file, in the format given by the suffix of its name.

    Raises:
        ValueError: the format is unknown.
        OSError: the file can't be written.
    """
    _figure(history, history, LIGHT).savefig(path)


def _figure(history: History, span: History, theme: Theme) -> Figure:
    figure = Figure(
        _SIZE,
        dpi=_DPI,
        facecolor=theme.background,
        layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12),
    )
    grid = figure.add_gridspec(2, 3, height_ratios=(1.15, 1))
    _draw_days(_axes(figure.add_subplot(grid[0, :]), theme), span, theme)
    _draw_times(_axes(figure.add_subplot(grid[1, 0]), theme), history, theme)
    _draw_scores(_axes(figure.add_subplot(grid[1, 1]), theme), history, theme)
    _draw_outcomes(_axes(figure.add_subplot(grid[1, 2]), theme), history, theme)
    return figure


def _axes(axes: Axes, theme: Theme) -> Axes:
    """Style axes in the theme's colours, with as few lines as possible, and return them."""
    axes.set_facecolor(theme.background)
    axes.tick_params(which="both", colors=theme.ink, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.faint)
    axes.grid(axis="y", color=theme.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return axes


def _title(axes: Axes, title: str, theme: Theme) -> None:
    axes.set_title(title, loc="left", color=theme.ink, fontsize=11, fontweight="bold")


def _draw_days(axes: Axes, span: History, theme: Theme) -> None:
    _title(axes, f"Per day: {span.requests:,} photos from {span.users:,} people", theme)
    dates = [float(mdates.date2num(day.date)) for day in span.days]
    axes.bar(dates, [day.requests for day in span.days], 0.8, color=theme.first, label="photos")
    axes.plot(
        dates,
        [day.users for day in span.days],
        color=theme.second,
        linewidth=2,
        marker="o",
        markersize=3 if len(dates) > 1 else 7,
        label="people",
    )
    locator = mdates.AutoDateLocator(minticks=1, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.xaxis.get_offset_text().set_color(theme.ink)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.legend(loc="upper left", frameon=False, labelcolor=theme.ink, ncols=2)


def _draw_times(axes: Axes, history: History, theme: Theme) -> None:
    _title(axes, "Seconds per photo", theme)
    for times, colour, name in (
        (history.seconds, theme.first, "until answered"),
        (history.work, theme.second, "processing"),
    ):
        median = quantile(times, 0.5)
        label = name if median is None else f"{name}; half within {median:.2g} s"
        if name == "processing":
            points = sorted(times.items())
            axes.step(
                [bound for bound, _ in points],
                [count for _, count in points],
                where="pre",
                color=colour,
                linewidth=2,
                label=label,
            )
        else:
            widths = [bound * (1 - 1 / _STEP) for bound in times]
            axes.bar(
                list(times),
                list(times.values()),
                [-w for w in widths],
                align="edge",
                color=colour,
                label=label,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _legend(axes, theme)


def _draw_scores(axes: Axes, history: History, theme: Theme) -> None:
    faces, average = sum(history.scores.values()), _mean_score(history)
    title = f"Scores of {faces:,} faces" + (f", {average:.1f} on average" if average else "")
    _title(axes, title, theme)
    axes.bar(
        list(history.scores),
        list(history.scores.values()),
        SCORE_BIN * 0.9,
        align="edge",
        color=theme.first,
    )
    axes.set_xlim(1, 10)
    axes.set_xticks(range(1, 11))


def _mean_score(history: History) -> float | None:
    faces = sum(history.scores.values())
    if not faces:
        return None
    return sum((start + SCORE_BIN / 2) * n for start, n in history.scores.items()) / faces


def _draw_outcomes(axes: Axes, history: History, theme: Theme) -> None:
    outcomes = history.outcomes
    total = sum(outcomes.values())
    _title(axes, f"{total:,} answers", theme)
    places = range(len(outcomes))
    axes.barh(places, list(outcomes.values()), color=[theme.first] * 4 + [theme.second])
    axes.set_yticks(places, [name.replace("-", " ") for name in outcomes])
    axes.spines["bottom"].set_visible(False)
    axes.invert_yaxis()
    axes.set_axisbelow(True)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_xlim(0, 1.75 * max(1, *outcomes.values()))
    for place, count in enumerate(outcomes.values()):
        share = f" ({count / total:.1%})" if total else ""
        axes.annotate(
            f"{count:,}{share}",
            (count, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            color=theme.ink,
        )


def _legend(axes: Axes, theme: Theme) -> None:
    axes.set_ylim(top=1.45 * max(1.0, axes.get_ylim()[1]))
    axes.legend(loc="upper left", frameon=False, labelcolor=theme.ink, fontsize=9)
