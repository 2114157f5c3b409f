"""The limiter: never above Telegram's limits, in all and per chat, however messages come."""

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
from attrai.telegram import Pseudonyms, chat_pace
from attrai.telegram import limiter as limiter_module
from attrai.telegram.limiter import CHAT_SECONDS, GROUP_SECONDS, ON_THE_SPOT, PER_SECOND, Limiter

#: What Telegram allows in a second.
_IN_ALL = 29
#: How exactly the times of a few messages in a row are met, in seconds.
_CELL = 4 / PER_SECOND


class Clock:
    """A limiter whose time stands still but for `now`, and which notes what it waits for."""

    def __init__(self, patience: float = ON_THE_SPOT, redis: Redis | None = None) -> None:
        self.now = 1_700_000_000.123
        self.slept = 0.0
        self.redis = redis or embedded_redis()
        self.limiter = Limiter(self.redis, Pseudonyms("1:a"), patience)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Its time is everybody's meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time", lambda: self.now)
            patch.setattr(time, "sleep", lambda seconds: setattr(self, "slept", seconds))
            yield

    def acquire(self, chat: int, turn: str | None = None) -> float:
        """In how many seconds the message goes out."""
        self.limiter.acquire(chat, turn)
        return self.slept

    def refused(self, chat: int, turn: str | None = None) -> float:
        """In how many seconds it is to be tried again."""
        with pytest.raises(TryLater) as raised:
            self.limiter.acquire(chat, turn)
        assert raised.value.seconds is not None
        assert raised.value.seconds > ON_THE_SPOT
        return raised.value.seconds


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A limiter without a past."""
    clock = Clock()
    with clock.running():
        yield clock


def most_in_a_second(times: list[float]) -> int:
    """The most of these times that lie in any one second."""
    times = sorted(times)
    return max((sum(t <= u < t + 1 for u in times) for t in times), default=0)


def least_gap(times: list[float]) -> float:
    """The least time between two."""
    return min((after - before for before, after in itertools.pairwise(sorted(times))), default=99)


def test_a_chat_has_its_pace(clock: Clock) -> None:
    """Messages of a chat wait for each other, those of groups longer, other chats' do not."""
    assert clock.acquire(1) < _CELL
    assert clock.refused(1) == pytest.approx(CHAT_SECONDS, abs=_CELL)
    assert clock.acquire(-1) < _CELL
    assert clock.refused(-1) == pytest.approx(GROUP_SECONDS, abs=_CELL)
    assert clock.acquire(2) < _CELL
    clock.now += CHAT_SECONDS - 0.1
    assert clock.acquire(1) == pytest.approx(0.1, abs=_CELL)


def test_turns_are_kept(clock: Clock) -> None:
    """Messages that have to wait get turns one after another, and go when they come."""
    assert clock.acquire(1, "a") < _CELL
    waits = [clock.refused(1, turn) for turn in "bcd"]
    assert waits == pytest.approx([n * CHAT_SECONDS for n in (1, 2, 3)], abs=_CELL)
    # Asking again changes nothing.
    assert clock.refused(1, "c") == pytest.approx(waits[1], abs=_CELL)
    clock.now += waits[0]
    assert clock.acquire(1, "b") == pytest.approx(0, abs=_CELL)
    clock.now += CHAT_SECONDS
    assert clock.acquire(1, "c") == pytest.approx(0, abs=_CELL)


def test_a_turn_is_for_once(clock: Clock) -> None:
    """A message that is sent again, for its answer was lost, waits like a new one."""
    assert clock.acquire(1, "a") < _CELL
    assert clock.refused(1, "a") == pytest.approx(CHAT_SECONDS, abs=_CELL)


def test_an_impatient_message_takes_no_place(clock: Clock) -> None:
    """A message without a turn that can't wait leaves the chat to others."""
    assert clock.acquire(1) < _CELL
    for _ in range(10):
        clock.refused(1)
    assert clock.refused(1, "a") == pytest.approx(CHAT_SECONDS, abs=_CELL)


def test_an_impatient_message_of_a_crowd_takes_no_place(clock: Clock) -> None:
    """The same holds when it is not the chat that keeps it waiting but all chats together."""
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
    """Messages that all come after their turns still go one after another."""
    assert clock.acquire(1) < _CELL
    for turn in "abc":
        clock.refused(1, turn)
    clock.now += 60
    assert clock.acquire(1, "a") < _CELL
    assert clock.refused(1, "b") == pytest.approx(CHAT_SECONDS, abs=_CELL)
    assert clock.refused(1) == pytest.approx(CHAT_SECONDS, abs=_CELL)
    clock.now += CHAT_SECONDS
    assert clock.acquire(1, "c") == pytest.approx(0, abs=_CELL)


def test_a_hold_is_obeyed(clock: Clock) -> None:
    """A chat that Telegram holds gets nothing until then, not even what had its turn."""
    assert clock.acquire(1) < _CELL
    clock.refused(1, "a")
    clock.limiter.hold(1, 10)
    assert clock.refused(1, "a") == pytest.approx(10, abs=_CELL)
    assert clock.refused(1, "a") == pytest.approx(10, abs=_CELL)
    assert clock.refused(1, "b") == pytest.approx(10 + CHAT_SECONDS, abs=_CELL)
    assert clock.refused(1) > 10
    assert clock.acquire(2) < _CELL
    clock.now += 10
    assert clock.acquire(1, "a") == pytest.approx(0, abs=_CELL)


def test_nothing_is_kept(clock: Clock) -> None:
    """What the limiter notes goes by itself, and names no chat."""
    with suppress(TryLater):
        for turn in (None, "a", "b"):
            clock.limiter.acquire(4711, turn)
    clock.limiter.hold(4711, 10)
    for key in clock.redis.scan_iter():
        assert 0 < clock.redis.ttl(key) <= 7200
        assert b"4711" not in key


class CalibrationBin(NamedTuple):
    """A message, or a hold, that comes some seconds after the step before."""

    after: float
    chat: int
    kind: str
    #: How much later than it was told to it asks again.
    late: float


_STEPS = st.lists(
    st.builds(
        CalibrationBin,
        after=st.sampled_from([0, 0, 0, 0.001, 0.03, 0.3, 1.0, 2.0]),
        chat=st.one_of(st.sampled_from([1, 2, -1]), st.integers(3, 50)),
        kind=st.sampled_from(["turn", "turn", "plain", "hold"]),
        late=st.sampled_from([0, 0, 0.01, 0.2]),
    ),
    max_size=80,
)


@settings(max_examples=40)
@given(_STEPS, st.sampled_from([ON_THE_SPOT, 1.5]))
def test_any_history(steps: list[CalibrationBin], patience: float) -> None:
    """Whatever comes, no second sees too many messages, no chat two, and no hold is broken."""
    clock = Clock(patience)
    sent: dict[int, list[float]] = defaultdict(list)
    holds: list[tuple[int, float, float]] = []
    asked: list[tuple[float, int, CalibrationBin]] = []
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
                wait = clock.acquire(step.chat, str(number) if step.kind == "turn" else None)
            except TryLater as later:
                if step.kind == "turn":
                    again = clock.now + (later.seconds or 0) + step.late
                    heapq.heappush(asked, (again, number, step))
                continue
            assert 0 <= wait <= patience
            sent[step.chat].append(clock.now + wait)
            for chat, begin, end in holds:
                assert not (chat == step.chat and begin <= clock.now < end - patience - 1e-3)
    assert most_in_a_second([time for times in sent.values() for time in times]) <= _IN_ALL
    for chat, times in sent.items():
        assert least_gap(times) > chat_pace(chat) - 1e-3


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0, 0.01, 0.4, 2.0]), st.sampled_from([1, -1]))))
def test_any_order(messages: list[tuple[float, int]]) -> None:
    """Messages that come back when they are told to go out in the order in which they came."""
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
    """When a limiter let a message go, as exactly as can be told from outside.

    A thread that says "now" may have been asleep since, so it is no use to ask it: what counts is
    the wait that the limiter named, from some moment between its being asked and its answer.
    """

    #: Seconds that it named first.
    named: float
    #: When the message was then due, at the earliest.
    due: float
    #: When it did go, at the earliest and at the latest.
    least: float
    most: float


class Asked:
    """A limiter's answers."""

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
        """Return when a message goes, once it may.

        Raises:
            TryLater: as the limiter does.
        """
        try:
            self._limiter.acquire(chat, turn)
        finally:
            self._first.setdefault(turn, (self._wait, self._asked + self._wait))
        return Sent(*self._first[turn], self._asked + self._wait, self._answered + self._wait)


def replicas(make: Callable[[], Redis]) -> dict[int, list[Sent]]:
    """When four replicas together sent two messages to each of 20 chats, at once."""
    sent: dict[int, list[Sent]] = defaultdict(list)

    def send(replica: int) -> None:
        limiter = Asked(make())
        waiting = [(0.0, chat, turn) for turn in range(2) for chat in range(replica % 2, 20, 2)]
        waiting = waiting[replica // 2 :: 2]
        while waiting:
            at, chat, turn = heapq.heappop(waiting)
            time.sleep(max(0, at - time.monotonic()))  # as long as it was told to
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
    """The limits hold for what the limiters said, however late the threads heard it."""
    messages = [message for of_chat in sent.values() for message in of_chat]
    assert len(messages) == 40
    # A message that a slow machine asks for late goes late. Those due in a second are in bounds.
    assert most_in_a_second([message.due for message in messages]) <= _IN_ALL
    for first, second in (
        sorted(of_chat, key=lambda message: message.most) for of_chat in sent.values()
    ):
        assert second.most - first.least > CHAT_SECONDS - 1e-3
    # None waits longer than the others need if each takes its place and each chat its pace.
    assert max(message.named for message in messages) < 2 * 40 / PER_SECOND + CHAT_SECONDS


def test_replicas_in_one_process() -> None:
    """The limits hold for four threads together."""
    redis = embedded_redis()
    check(replicas(lambda: redis))


@pytest.mark.servers
def test_replicas(redis_url: str) -> None:
    """The limits hold for four replicas on one Redis together."""
    with Redis.from_url(redis_url) as redis:
        check(replicas(lambda: redis))


@pytest.mark.servers
def test_the_same_on_a_real_server(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn, its pace and a hold are what they are in a Redis of our own."""
    pace = 60.0  # so that no turn comes while this runs
    monkeypatch.setattr(limiter_module, "CHAT_SECONDS", pace)
    with Redis.from_url(redis_url) as redis:
        limiter = Limiter(redis, Pseudonyms("1:a"))
        began = time.monotonic()

        def check_refused(turn: str | None, seconds: float) -> None:
            """See that a message waits for as long, less what has passed of it."""
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
        assert all(redis.pttl(key) != -1 for key in redis.scan_iter())  # -1 is for ever
