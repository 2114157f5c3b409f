"""Rate limiting: Telegram's limits, in total and per chat, hold for any order of messages."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from attrai.errors import TryLater
from attrai.processes.embedded import embedded_redis
from attrai.telegram import Pseudonyms, chat_interval
from attrai.telegram import limiter as limiter_module
from attrai.telegram.limiter import (
    CHAT_INTERVAL_SECONDS,
    DEFAULT_PATIENCE_SECONDS,
    GROUP_INTERVAL_SECONDS,
    GROUP_PER_MINUTE,
    MESSAGES_PER_SECOND,
    Limiter,
)

#: Maximum number of messages in any one second, just below Telegram's limit of 30.
_IN_ALL = 29
#: Tolerance in seconds for the times of a few consecutive messages, which start on whole cells.
_CELL = 4 / MESSAGES_PER_SECOND


class Clock:
    """A limiter on a fake clock, set by `now`, that records how long it sleeps."""

    def __init__(
        self, patience: float = DEFAULT_PATIENCE_SECONDS, redis: Redis | None = None
    ) -> None:
        self.now = 1_700_000_000.123
        self.slept = 0.0
        self.redis = redis or embedded_redis()
        self.limiter = Limiter(self.redis, Pseudonyms("1:a"), patience)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Patch `time.time` and `time.sleep` with this clock during the block."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time", lambda: self.now)
            patch.setattr(time, "sleep", lambda seconds: setattr(self, "slept", seconds))
            yield

    def acquire(self, chat: int, turn: str | None = None, items: int = 1) -> float:
        """Acquire a slot, and return in how many seconds the message is sent."""
        self.limiter.acquire(chat, turn, items)
        return self.slept

    def refused(self, chat: int, turn: str | None = None, items: int = 1) -> float:
        """Check that no slot is free now, and return in how many seconds to retry."""
        with pytest.raises(TryLater) as raised:
            self.limiter.acquire(chat, turn, items)
        assert raised.value.seconds is not None
        assert raised.value.seconds > DEFAULT_PATIENCE_SECONDS
        return raised.value.seconds


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Create a new limiter on a fake clock."""
    clock = Clock()
    with clock.running():
        yield clock


def most_in(seconds: float, times: list[float]) -> int:
    """Return the maximum number of times within any `seconds` seconds."""
    times = sorted(times)
    return max((sum(t <= u < t + seconds for u in times) for t in times), default=0)


def test_a_chat_has_its_pace(clock: Clock) -> None:
    """Messages to a chat wait for each other, longer in groups, but not for other chats."""
    assert clock.acquire(1) < _CELL
    assert clock.refused(1) == pytest.approx(CHAT_INTERVAL_SECONDS, abs=_CELL)
    assert clock.acquire(-1) < _CELL
    assert clock.refused(-1) == pytest.approx(GROUP_INTERVAL_SECONDS, abs=_CELL)
    assert clock.acquire(2) < _CELL
    clock.now += CHAT_INTERVAL_SECONDS - 0.1
    assert clock.acquire(1) == pytest.approx(0.1, abs=_CELL)


def test_turns_are_kept(clock: Clock) -> None:
    """Messages that have to wait get consecutive slots, and are sent when these are due."""
    assert clock.acquire(1, "a") < _CELL
    waits = [clock.refused(1, turn) for turn in "bcd"]
    assert waits == pytest.approx([n * CHAT_INTERVAL_SECONDS for n in (1, 2, 3)], abs=_CELL)
    # Asking again changes nothing.
    assert clock.refused(1, "c") == pytest.approx(waits[1], abs=_CELL)
    clock.now += waits[0]
    assert clock.acquire(1, "b") == pytest.approx(0, abs=_CELL)
    clock.now += CHAT_INTERVAL_SECONDS
    assert clock.acquire(1, "c") == pytest.approx(0, abs=_CELL)


def test_a_turn_is_for_once(clock: Clock) -> None:
    """A message that is sent again because the response was lost waits like a new one."""
    assert clock.acquire(1, "a") < _CELL
    assert clock.refused(1, "a") == pytest.approx(CHAT_INTERVAL_SECONDS, abs=_CELL)


def test_an_impatient_message_takes_no_place(clock: Clock) -> None:
    """A message without a turn that can't be sent now books no slot of the chat."""
    assert clock.acquire(1) < _CELL
    for _ in range(10):
        clock.refused(1)
    assert clock.refused(1, "a") == pytest.approx(CHAT_INTERVAL_SECONDS, abs=_CELL)


def test_an_impatient_message_of_a_crowd_takes_no_place(clock: Clock) -> None:
    """A message without a turn books no slot when the limit of all chats makes it wait."""
    for chat in itertools.count(100):
        try:
            clock.acquire(chat)
        except TryLater:
            break
    for _ in range(10):
        assert clock.refused(1) < 0.4
    clock.now += 0.4
    assert clock.acquire(1) < _CELL


def test_late_messages_keep_their_distance(clock: Clock) -> None:
    """Messages that all ask again after their slots have passed are still spaced apart."""
    assert clock.acquire(1) < _CELL
    for turn in "abc":
        clock.refused(1, turn)
    clock.now += 60
    assert clock.acquire(1, "a") < _CELL
    assert clock.refused(1, "b") == pytest.approx(CHAT_INTERVAL_SECONDS, abs=_CELL)
    assert clock.refused(1) == pytest.approx(CHAT_INTERVAL_SECONDS, abs=_CELL)
    clock.now += CHAT_INTERVAL_SECONDS
    assert clock.acquire(1, "c") == pytest.approx(0, abs=_CELL)


def test_a_hold_is_obeyed(clock: Clock) -> None:
    """A chat on hold gets nothing until the hold ends, not even messages with a slot."""
    assert clock.acquire(1) < _CELL
    clock.refused(1, "a")
    clock.limiter.hold(1, 10)
    assert clock.refused(1, "a") == pytest.approx(10, abs=_CELL)
    assert clock.refused(1, "a") == pytest.approx(10, abs=_CELL)
    assert clock.refused(1, "b") == pytest.approx(10 + CHAT_INTERVAL_SECONDS, abs=_CELL)
    assert clock.refused(1) > 10
    assert clock.acquire(2) < _CELL
    clock.now += 10
    assert clock.acquire(1, "a") == pytest.approx(0, abs=_CELL)


def test_an_album_to_a_person(clock: Clock) -> None:
    """An album is sent at once, and the next message waits as long as for its items one by one."""
    assert clock.acquire(1) < _CELL
    wait = clock.refused(1, "album", 10)
    assert wait == pytest.approx(CHAT_INTERVAL_SECONDS, abs=10 / MESSAGES_PER_SECOND + _CELL)
    assert clock.refused(1, "b") == pytest.approx(wait + 10 * CHAT_INTERVAL_SECONDS, abs=_CELL)
    clock.now += wait
    assert clock.acquire(1, "album", 10) == pytest.approx(0, abs=_CELL)
    assert clock.refused(1, "b") == pytest.approx(10 * CHAT_INTERVAL_SECONDS, abs=2 * _CELL)


def test_albums_to_a_group(clock: Clock) -> None:
    """An album follows the last message to a group, as long as a minute has at most 20."""
    assert clock.acquire(-1) < _CELL
    album = 10 / MESSAGES_PER_SECOND + _CELL
    wait = clock.refused(-1, "first", 10)
    assert wait == pytest.approx(GROUP_INTERVAL_SECONDS, abs=album)
    # The first message leaves that minute before the second album comes.
    clock.now += wait
    assert clock.acquire(-1, "first", 10) == pytest.approx(0, abs=_CELL)
    assert clock.refused(-1, "second", 10) == pytest.approx(60 - wait, abs=album)
    assert clock.refused(-1, "third", 10) == pytest.approx(60, abs=album)
    # Asking again changes nothing, and the next message waits for its minute too.
    assert clock.refused(-1, "second", 10) == pytest.approx(60 - wait, abs=album)
    assert clock.refused(-1) == pytest.approx(120 - wait, abs=album)
    assert clock.refused(-2, "other", 10) < 2 * album  # other chats don't wait for that


def test_nothing_is_kept(clock: Clock) -> None:
    """The limiter's Redis keys expire, and contain no chat id."""
    with suppress(TryLater):
        for turn in (None, "a", "b"):
            clock.limiter.acquire(4711, turn)
    clock.limiter.acquire(-4711, None, 2)
    clock.limiter.hold(4711, 10)
    for key in clock.redis.scan_iter():
        assert 0 < clock.redis.ttl(key) <= 7200
        assert b"4711" not in key


class Step(NamedTuple):
    """A message or a hold, `after` seconds after the previous step."""

    after: float
    chat: int
    kind: str
    #: Seconds by which it asks again later than it should.
    late: float
    items: int


_STEPS = st.lists(
    st.builds(
        Step,
        after=st.sampled_from([0, 0, 0, 0.001, 0.03, 0.3, 1.0, 2.0]),
        chat=st.one_of(st.sampled_from([1, 2, -1]), st.integers(3, 50)),
        kind=st.sampled_from(["turn", "turn", "plain", "hold"]),
        late=st.sampled_from([0, 0, 0.01, 0.2]),
        items=st.sampled_from([1, 1, 1, 1, 2, 10]),
    ),
    max_size=80,
)


@settings(max_examples=40)
@given(_STEPS, st.sampled_from([DEFAULT_PATIENCE_SECONDS, 1.5]))
def test_any_history(steps: list[Step], patience: float) -> None:
    """For any steps, the limits in total and per chat hold, and holds are respected."""
    clock = Clock(patience)
    sent: dict[int, list[tuple[float, int]]] = defaultdict(list)
    holds: list[tuple[int, float, float]] = []
    asked: list[tuple[float, int, Step]] = []
    now = clock.now
    for number, step in enumerate(steps):
        now += step.after
        asked.append((now, number, step))
    with clock.running():
        while asked:
            clock.now, number, step = heapq.heappop(asked)
            if step.kind == "hold":
                clock.limiter.hold(step.chat, 5)
                holds.append((step.chat, clock.now, clock.now + 5))
                continue
            try:
                turn = str(number) if step.kind == "turn" else None
                wait = clock.acquire(step.chat, turn, step.items)
            except TryLater as later:
                if step.kind == "turn":
                    again = clock.now + (later.seconds or 0) + step.late
                    heapq.heappush(asked, (again, number, step))
                continue
            assert 0 <= wait <= patience
            sent[step.chat].append((clock.now + wait, step.items))
            for chat, begin, end in holds:
                assert not (chat == step.chat and begin <= clock.now < end - patience - 1e-3)
    each = {chat: [at for at, items in found for _ in range(items)] for chat, found in sent.items()}
    assert most_in(1, [at for times in each.values() for at in times]) <= _IN_ALL
    for chat, found in sent.items():
        for (before, items), (after, _) in itertools.pairwise(sorted(found)):
            spacing = chat_interval(chat) * (1 if chat < 0 else items)
            assert after - before > spacing - 1e-3
        assert chat > 0 or most_in(60 - 1e-3, each[chat]) <= GROUP_PER_MINUTE


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0, 0.01, 0.4, 2.0]), st.sampled_from([1, -1]))))
def test_any_order(messages: list[tuple[float, int]]) -> None:
    """Messages that retry when they should are sent in the order in which they first asked."""
    clock = Clock()
    asked: list[tuple[float, int, int]] = []
    now = clock.now
    for number, (after, chat) in enumerate(messages):
        now += after
        asked.append((now, number, chat))
    sent: dict[int, list[int]] = defaultdict(list)
    with clock.running():
        while asked:
            clock.now, number, chat = heapq.heappop(asked)
            try:
                clock.acquire(chat, str(number))
                sent[chat].append(number)
            except TryLater as later:
                heapq.heappush(asked, (clock.now + (later.seconds or 0), number, chat))
    assert all(numbers == sorted(numbers) for numbers in sent.values())
    assert sum(map(len, sent.values())) == len(messages)


class Sent(NamedTuple):
    """The time at which a limiter allowed a message, as precisely as can be measured from outside.

    A thread may sleep before it reads the clock, so the time at which it continues proves nothing.
    What counts is the wait that the limiter returned, which starts between the call and the return.
    """

    #: The wait in seconds that the limiter returned first.
    named: float
    #: The earliest monotonic time at which the message was due by then.
    due: float
    #: The earliest and latest monotonic times at which it was allowed.
    least: float
    most: float


class Asked:
    """A limiter that measures when its messages are allowed."""

    def __init__(self, redis: Redis) -> None:
        self._limiter = Limiter(redis, Pseudonyms("1:a"))
        self._book = self._limiter._book
        self._limiter._book = self._noting  # type: ignore[assignment]
        self._asked = self._answered = self._wait = 0.0
        self._first: dict[str, tuple[float, float]] = {}

    def _noting(self, **arguments: Any) -> Any:
        self._asked = time.monotonic()
        wait = self._book(**arguments)
        self._answered = time.monotonic()
        self._wait = float(wait)
        return wait

    def acquire(self, chat: int, turn: str) -> Sent:
        """Acquire a slot for a message, and return when it is allowed.

        Raises:
            TryLater: the limiter has no slot yet.
        """
        try:
            self._limiter.acquire(chat, turn)
        finally:
            self._first.setdefault(turn, (self._wait, self._asked + self._wait))
        return Sent(*self._first[turn], self._asked + self._wait, self._answered + self._wait)


def replicas(make: Callable[[], Redis]) -> dict[int, list[Sent]]:
    """Have four concurrent replicas send two messages to each of 20 chats; return the times."""
    sent: dict[int, list[Sent]] = defaultdict(list)

    def send(replica: int) -> None:
        limiter = Asked(make())
        waiting = [(0.0, chat, turn) for turn in range(2) for chat in range(replica % 2, 20, 2)]
        waiting = waiting[replica // 2 :: 2]
        while waiting:
            at, chat, turn = heapq.heappop(waiting)
            time.sleep(max(0, at - time.monotonic()))  # until the limiter said to retry
            try:
                sent[chat].append(limiter.acquire(chat, f"{chat} {turn}"))
            except TryLater as later:
                heapq.heappush(waiting, (time.monotonic() + (later.seconds or 0), chat, turn))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sent


def check(sent: dict[int, list[Sent]]) -> None:
    """Check the limits on the times that the limiters named, however late the threads ran."""
    messages = [message for of_chat in sent.values() for message in of_chat]
    assert len(messages) == 40
    # On a slow machine messages are sent late, so the limit holds for the times they were due.
    assert most_in(1, [message.due for message in messages]) <= _IN_ALL
    for first, second in (
        sorted(of_chat, key=lambda message: message.most) for of_chat in sent.values()
    ):
        assert second.most - first.least > CHAT_INTERVAL_SECONDS - 1e-3
    # No message waits longer than all the others take at the limits in total and per chat.
    assert (
        max(message.named for message in messages)
        < 2 * 40 / MESSAGES_PER_SECOND + CHAT_INTERVAL_SECONDS
    )


def test_replicas_in_one_process() -> None:
    """The limits hold for four threads in one process."""
    redis = embedded_redis()
    check(replicas(lambda: redis))


@pytest.mark.servers
def test_replicas(redis_url: str) -> None:
    """The limits hold for four replicas that share a Redis server."""
    with Redis.from_url(redis_url) as redis:
        check(replicas(lambda: redis))


@pytest.mark.servers
def test_the_same_on_a_real_server(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns, pace and holds work on a real Redis server as on the embedded one."""
    pace = 60.0  # so that no slot becomes due during the test
    monkeypatch.setattr(limiter_module, "CHAT_INTERVAL_SECONDS", pace)
    with Redis.from_url(redis_url) as redis:
        limiter = Limiter(redis, Pseudonyms("1:a"))
        began = time.monotonic()

        def check_refused(turn: str | None, seconds: float) -> None:
            """Check that a message has to wait `seconds` from the start, less the time passed."""
            with pytest.raises(TryLater) as raised:
                limiter.acquire(1, turn)
            passed = time.monotonic() - began
            assert raised.value.seconds is not None
            assert seconds - passed - 1e-3 <= raised.value.seconds <= seconds + 3 * _CELL

        limiter.acquire(1, "a")
        for turn, least in (("b", 1), ("c", 2), (None, 3)):
            check_refused(turn, least * pace)
        limiter.hold(1, 600)
        check_refused("b", 600)
        assert all(redis.pttl(key) != -1 for key in redis.scan_iter())  # -1 means no expiry
