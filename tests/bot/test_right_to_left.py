"""Arabic in the chat page: lists of scores run as the faces do, and everything else to the left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Page

from attrai.job import Face, Job, Score
from attrai.locales import text
from attrai.telegram.answer_texts import caption
from telegram_sandbox import Sandbox, running
from testing.waiting import PATIENCE_S

pytestmark = pytest.mark.browser

#: Returns the left edge in pixels of the letter at each of some places in a message.
_LEFT = """({ firstChild: node }, places) => places.map((place) => {
  const range = new Range();
  range.setStart(node, place);
  range.setEnd(node, place + 1);
  return range.getBoundingClientRect().left;
})"""

Measure = Callable[[str, list[str]], list[float]]


@pytest.fixture
def left(page: Page) -> Iterator[Measure]:
    """Yield a function that says how far to the left words of a message begin in the chat page."""
    sandbox = Sandbox()
    sandbox.user(1, "ar")
    with running(sandbox) as url:
        page.goto(url)

        def measure(message: str, words: list[str]) -> list[float]:
            send = f"{url}/bot{sandbox.token}/sendMessage"
            content = {"chat_id": 1, "text": message}
            requests.post(send, content, timeout=PATIENCE_S).raise_for_status()
            places: list[int] = []
            for word in words:
                places.append(message.index(word, places[-1] + 1 if places else 0))
            edges: list[float] = page.locator("article .text").evaluate(_LEFT, places)
            return edges

        yield measure


def test_scores_stand_as_the_faces_do(
    left: Measure, make_job: Callable[..., Job], face: Face
) -> None:
    """The leftmost face's score is the leftmost, whether or not some faces have none."""
    values = [7.2, None, 6.1, None, None, 5.0]
    scores = [None if value is None else Score(value=value, spread=1) for value in values]
    words = caption(make_job(faces=[face] * 6, scores=scores, faces_found=6, locale="ar"))
    none = text("no-score", "ar").strip("\u2068\u2069")
    heading, *places = left(words, ["وجوه", "7.2", none, "6.1", none, none, "5.0"])
    assert places == sorted(places)
    assert places[-1] < heading


def test_a_sentence_with_numbers_runs_to_the_left(left: Measure) -> None:
    """A score out of ten is read from the right."""
    score, ten = left(text("rated-one", "ar", score=7.24), ["7.2", "10"])
    assert ten < score


def test_a_line_that_begins_with_a_name_runs_to_the_left(left: Measure) -> None:
    """A style's name stands on the right, before what it means."""
    meaning = text("style-boxes", "ar")
    name, rest = left(text("style-line", "ar", name="boxes", style=meaning), ["boxes", meaning])
    assert rest < name
