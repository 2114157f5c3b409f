"""The charts of the history, as a picture and in a terminal."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import fakeredis
import pytest
from PIL import Image
from rich.console import Console

from attrai.ledger.history import History, read_history
from attrai.monitoring.bars import page
from attrai.monitoring.charts import DARK, LIGHT, Theme, _figure, draw
from bench.days import Traffic


@pytest.fixture(scope="module")
def history() -> History:
    """Four days of simulated traffic."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    Traffic(redis, date(2026, 3, 2), 4, seed=1).run()
    return read_history(redis, today=date(2026, 3, 2))


@pytest.fixture(scope="module")
def nothing() -> History:
    """The history of a service that was started today."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    return read_history(redis, today=date(2026, 3, 2))


def test_traffic(history: History) -> None:
    """Simulated traffic reaches the ledger: growth, answers of each kind, scores."""
    assert len(history.days) == 4
    assert history.days[-1].requests > history.days[0].requests
    assert sum(history.outcomes.values()) == history.requests
    assert history.outcomes["rated"] == sum(history.seconds.values())
    assert sum(history.scores.values()) > history.outcomes["rated"]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_picture(history: History, theme: Theme) -> None:
    """Most of a picture is background, and the theme's colours stand out from it."""
    with Image.open(BytesIO(draw(history, theme=theme))) as picture:
        colours = {c: n for n, c in picture.convert("RGB").getcolors(10**6) or ()}
    background, first = (_rgb(colour) for colour in (theme.background, theme.first))
    assert max(colours, key=lambda colour: colours[colour]) == background
    assert colours[first] > 10_000


def test_labels(history: History) -> None:
    """Kinds of answers are labelled, and each has its own count."""
    *_, outcomes = _figure(history, history, LIGHT).axes
    assert [label.get_text() for label in outcomes.get_yticklabels()] == [
        "rated",
        "no face",
        "refused",
        "cancelled",
        "failed",
    ]
    counts = [text.get_text().split()[0] for text in outcomes.texts]
    assert counts == [f"{count:,}" for count in history.outcomes.values()]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def test_today_alone(history: History) -> None:
    """The distributions can cover fewer days than the columns."""
    assert draw(history.today, history) != draw(history)


def test_nothing_to_draw(nothing: History) -> None:
    """A day without photos still gives a picture and a page."""
    assert [day.date for day in nothing.days] == [date(2026, 3, 2)]
    assert draw(nothing).startswith(b"\x89PNG")
    console = Console(width=80)
    with console.capture() as captured:
        console.print(page(nothing, 80))
    assert captured.get().count("no data yet") == 3


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_page(history: History, width: int) -> None:
    """In a terminal each day has a column and each bucket a bar, at any width."""
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(page(history, console.width))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    assert f"{history.users} in total" in captured.get()
    lowest = next(line for line in lines if line.startswith("      0 "))
    assert len(lowest.removeprefix("      0 ").strip()) == len(history.days)
    assert any(line.split()[-1:] == [str(history.outcomes["rated"])] for line in lines)
