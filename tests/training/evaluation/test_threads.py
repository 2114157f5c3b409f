"""Tests of the threads: results in order, and no more work once nobody waits for it."""

from __future__ import annotations

import threading

from attrai_training.evaluation.crops import in_threads
from testing.waiting import PATIENCE_S


def test_results_come_in_order() -> None:
    """A late result holds back those after it."""
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(PATIENCE_S)
        elif item == 1:
            second_done.set()
        return item * item

    assert list(in_threads(work, range(5), 2)) == [0, 1, 4, 9, 16]


def test_no_more_work_after_closing() -> None:
    """When closed early, items that were started are finished and the rest are not started."""
    begun: list[int] = []
    leave = threading.Semaphore(0)

    def work(item: int) -> int:
        begun.append(item)
        if item:
            assert leave.acquire(timeout=PATIENCE_S)
        return item

    results = in_threads(work, range(400), 2)
    assert next(results) == 0
    closing = threading.Thread(target=results.close)
    closing.start()
    # Closing waits for the two items that have started; if it were broken it would wait for all.
    while closing.is_alive():
        leave.release()
        closing.join(0.05)
    assert len(begun) < 400
