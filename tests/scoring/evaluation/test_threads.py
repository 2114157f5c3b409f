"""Threads: results in order, and no more work once nobody waits for it."""

from __future__ import annotations

import threading
import time

from attrai.scoring.evaluation.threads import in_threads


def test_results_come_in_order() -> None:
    """A result that is late holds those after it back."""
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            second_done.wait(30)
        elif item == 1:
            second_done.set()
        return item * item

    assert list(in_threads(work, range(5), 2)) == [0, 1, 4, 9, 16]


def test_no_more_work_after_closing() -> None:
    """Closed early, what has begun is finished and the rest is left."""
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item:
            time.sleep(0.01)  # so that 400 take long
        return item

    results = in_threads(work, range(400), 2)
    assert next(results) == 0
    results.close()
    assert len(begun) < 400
