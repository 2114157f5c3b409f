"""Work on several threads whose results come in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """The results for `items`, in their order, as they are ready.

    To be closed when it is not read to its end, as by Ctrl-C: no more items are begun then.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)
