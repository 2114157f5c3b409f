"""500 photos of 50 users through the bot while Telegram, the network and the bot itself fail.

    python -m bench.crowd [--photos N] [--people N] [--seed N] [--embedded]

The sandbox takes Telegram's place, over real HTTP. One call in twenty is answered with 429, and
another one with a 5xx or a cut connection. One in fifty is carried out, and its answer is lost or
garbled. The bot is killed once and terminated once, and restarted each time. One user blocks the
bot. The chain runs on real RabbitMQ and Redis with a process for each stage, or embedded in the
bot's process. An embedded bot is terminated twice instead, since killing it would lose the photos
it holds.

In the end every photo must have exactly one answer, or two if Telegram's reply to the first was
lost. No slot, file, message or progress message may be left over, except progress messages that
were sent just as the bot was killed or whose reply was lost. The rate of messages must have stayed
within the limits, allowing for the delay of requests to the sandbox on this machine, which is
measured meanwhile. Otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import requests

from attrai.job import STAGES
from attrai.services import make_ledger, open_redis
from attrai.settings import Settings
from attrai.telegram.limiter import CHAT_INTERVAL_SECONDS, MESSAGES_PER_SECOND
from bench.chaos import make_photos
from telegram_sandbox import Faults, Message, Sandbox, User, running
from testing.faults import Faults as Restarts
from testing.faults import Process
from testing.servers import RabbitServer, RedisServer
from testing.waiting import wait_for

TOKEN = "70010020030:a-token-that-stands-nowhere-by-chance"  # noqa: S105 - it opens only the sandbox
#: Id of the first user, long enough not to occur anywhere by chance.
FIRST = 7_001_002_003_000
#: Seconds without a new answer after which the rest counts as lost.
PATIENCE = 120
#: Seconds between two calls of the metronome.
_BEAT = 0.02
#: Seconds before and after a message in which the metronome's calls show how slow the machine was.
_AROUND = 5
#: Methods used by the bot that Telegram rate-limits.
LIMITED = ("sendMessage", "sendPhoto", "sendDocument", "editMessageText")


class Crowd:
    """Users who send photos, and the answers that they received."""

    def __init__(self, sandbox: Sandbox, people: int, photos: Sequence[bytes], seed: int) -> None:
        self._sandbox = sandbox
        self._rng = random.Random(seed)
        self._photos = photos
        self.people = [
            sandbox.user(FIRST + number, self._rng.choice(["en", "ru", "de"]))
            for number in range(people)
        ]
        #: The user who blocks the bot after sending their photos.
        self.blocker = self.people[-1]
        self.sent: dict[int, list[int]] = defaultdict(list)

    def send(self, total: int, halfway: Callable[[], None]) -> None:
        """Send photos one by one, as files and in albums.

        Args:
            total: number of photos.
            halfway: called when about half of them are sent.
        """
        left = {user.id: total // len(self.people) for user in self.people}
        waiting, half_sent = list(self.people), False
        while waiting:
            if not half_sent and sum(left.values()) <= total / 2:
                halfway()
                half_sent = True
            user = self._rng.choice(waiting)
            count = min(left[user.id], self._rng.choice([1, 1, 1, 2, 4]))
            self.sent[user.id] += self._send(user, count)
            left[user.id] -= count
            if not left[user.id]:
                waiting.remove(user)
                if user is self.blocker:
                    user.block()
            time.sleep(self._rng.uniform(0, 0.3))

    def _send(self, user: User, count: int) -> list[int]:
        if count == 1 and self._rng.random() < 0.3:
            return [user.send_document(self._rng.choice(self._photos), "photo.jpg", "image/jpeg")]
        # The last one is broken, and a client would not send it as a photo.
        photos = self._rng.choices(self._photos[:-1], k=count)
        if count > 1:
            return user.send_album(photos, self._rng.choice([None, "ranking"]))
        return [user.send_photo(photos[0])]

    def answers(self) -> tuple[Counter[int], Counter[int], int]:
        """Return how many answers and pictures each message got, and the progress messages left.

        Both counts are by the id of the message they reply to.
        """
        answers: Counter[int] = Counter()
        pictures: Counter[int] = Counter()
        progress = 0
        for user in self.people:
            for message in self._sandbox.messages(user.id):
                if message.sender == "bot" and message.reply_to:
                    if is_progress_message(message):
                        # The bot can't delete messages to a user who blocked it.
                        progress += user is not self.blocker
                    else:
                        answers[message.reply_to] += 1
                        pictures[message.reply_to] += message.text is None
        return answers, pictures, progress

    @property
    def answered(self) -> int:
        """How many photos have an answer."""
        return len(self.answers()[0])

    @property
    def expecting(self) -> set[int]:
        """Ids of the messages that must be answered."""
        return {
            message
            for user in self.people
            if user is not self.blocker
            for message in self.sent[user.id]
        }


def is_progress_message(message: Message) -> bool:
    """Return whether the message is a progress message, which says how long a photo will take."""
    return message.text is not None and (
        "Rating your" in message.text or "Оцениваю" in message.text
    )


class Metronome:
    """Thread that calls the sandbox at fixed intervals and records how late each answer came.

    The bot's messages may be as late: the sandbox and the bot share this machine.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        #: When each call was due and when its answer came, on the monotonic clock.
        self._beats: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        due = time.monotonic()
        with requests.Session() as session:
            while not self._ended.wait(due - time.monotonic()):
                session.get(self._url).raise_for_status()
                self._beats.append((due, time.monotonic()))
                due = time.monotonic() + _BEAT

    @property
    def latest(self) -> float:
        """The longest delay of an answer, in seconds."""
        return max(came - due for due, came in self._beats)

    def late_around(self, moment: float) -> float:
        """Return the longest delay of an answer, in seconds, around a moment.

        A single moment is not enough, because the bot's process is delayed at other times than
        this one.
        """
        begin, end = moment - _AROUND, moment + _AROUND
        return max(
            (came - due for due, came in self._beats if came >= begin and due <= end), default=0.0
        )

    def stop(self) -> None:
        """Stop the thread."""
        self._ended.set()
        self._thread.join()


class Rates(NamedTuple):
    """Rates at which messages reached the sandbox."""

    #: Most messages within a second.
    busiest: int
    #: Shortest time between two messages to one chat, in seconds.
    gap: float
    #: Whether both stay within Telegram's limits, allowing for the delay of requests at the time.
    within: bool


def rates(sandbox: Sandbox, metronome: Metronome) -> Rates:
    """Return the rates at which messages arrived, and whether they stayed within the limits."""
    # Messages that were refused with 429 or failed count as well.
    calls = sorted(
        (c for c in sandbox.calls if c.method in LIMITED), key=lambda call: call.received_at
    )
    times = [call.received_at for call in calls]
    busiest, within = 0, True
    for place, start in enumerate(times):
        count = sum(1 for other in times[place : place + 100] if other - start < 1)
        busiest = max(busiest, count)
        # Even without load messages are up to 0.2 s late.
        late = metronome.late_around(start)
        within &= count < max(30, MESSAGES_PER_SECOND * (1.2 + late) + 1)
    chats: dict[int | None, list[float]] = defaultdict(list)
    for call in calls:
        chats[call.chat_id].append(call.received_at)
    gap = math.inf
    for of_chat in chats.values():
        for earlier, later in itertools.pairwise(of_chat):
            gap = min(gap, later - earlier)
            late = metronome.late_around(later)
            within &= later - earlier >= min(1, CHAT_INTERVAL_SECONDS - late)
    return Rates(busiest, gap, within)


def lost_answers(sandbox: Sandbox) -> int:
    """Return how many messages were sent without the bot learning it."""
    return sum(
        call.fault in {"drop_after", "garbled"} and call.method in LIMITED for call in sandbox.calls
    )


def run(total: int, people: int, seed: int, *, embedded: bool) -> int:
    """Run the benchmark once and return the exit status."""
    started = time.monotonic()
    sandbox = Sandbox(
        TOKEN,
        faults=Faults(
            rate_limited=0.05,
            server_error=0.025,
            drop_before=0.025,
            drop_after=0.01,
            garbled=0.01,
        ),
        seed=seed,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crowd-")))
        volume = folder / "photos-of-users"
        volume.mkdir()
        temporary = folder / "temporary"
        temporary.mkdir()
        url = stack.enter_context(running(sandbox))
        metronome = Metronome(f"{url}/static/texts.js")
        stack.callback(metronome.stop)
        environment = {
            "ATTRAI_TELEGRAM_TOKEN": TOKEN,
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_PHOTOS_URL": f"file://{volume}",
            "ATTRAI_LOG_LEVEL": "info",
            "TMPDIR": str(temporary),
        }
        commands = {"bot": ["attrai", "bot", "--embedded"]}
        slots: Callable[[], int] = lambda: 0  # noqa: E731 - an embedded ledger ends with its bot
        messages = slots
        if not embedded:
            rabbit = stack.enter_context(RabbitServer())
            redis = stack.enter_context(RedisServer())
            environment |= {"ATTRAI_BROKER_URL": rabbit.url, "ATTRAI_REDIS_URL": redis.url}
            commands = {"bot": ["attrai", "bot"], "sweep": ["attrai", "sweep"]}
            commands |= {stage: ["attrai", "worker", stage] for stage in STAGES}
        os.environ |= environment
        if not embedded:
            settings = Settings()
            slots = make_ledger(open_redis(settings), settings).in_flight
            messages = lambda: sum(rabbit.queue_depths().values())  # noqa: E731
        processes = {
            name: Process(name, command, folder, dict(os.environ))
            for name, command in commands.items()
        }
        stack.callback(lambda: [process.stop() for process in processes.values()])

        photos = [photo.read_bytes() for photo in make_photos(folder / "photos")]
        crowd = Crowd(sandbox, people, photos, seed)
        restarts = Restarts(seed)
        bot, due = processes["bot"], lambda part: lambda: crowd.answered >= part * total
        first = bot.end if embedded else bot.kill_all
        restarts.once("end" if embedded else "kill", first, due(0.1))
        # Not while it is already shutting down: a second signal means "at once".
        restarts.once("end", bot.end, lambda: bot.starts > 1 and due(0.4)())
        # Otherwise the bot might accept all photos before it ends, leaving none for its successor.
        crowd.send(total, lambda: wait_for(lambda: bot.starts > 1, "no restart", PATIENCE))
        last, deadline = -1, 0.0
        while True:
            answers, pictures, progress = crowd.answers()
            if len(answers) > last:
                last, deadline = len(answers), time.monotonic() + PATIENCE
            left = {
                "slots": slots(),
                "messages in queues": messages(),
                "files": sum(len(files) for _, _, files in os.walk(volume)),
            }
            # Nothing deletes a progress message that was sent just as the bot was killed, or whose
            # number is not known because the answer was lost.
            left["progress"] = max(0, progress - restarts.count["kill"] - lost_answers(sandbox))
            complete = crowd.expecting <= set(answers) and not any(left.values())
            if complete or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        restarts.stop()
        took = time.monotonic() - started
        for process in processes.values():
            process.stop()
        logs = "".join(log.read_text() for log in folder.glob("*.log"))
        left["numbers or tokens in logs"] = logs.count(str(FIRST)[:-4]) + logs.count(TOKEN[-20:])
        # Heartbeat files are empty, and that of a killed process stays until its successor starts.
        left["files"] += sum(
            path.is_file() and path.stat().st_size > 0 for path in temporary.rglob("*")
        )
        lost = len(crowd.expecting - set(answers))
        twice = sum(count > 1 for count in pictures.values())
        more = sum(count > 1 for count in answers.values())
        too_often = more > lost_answers(sandbox) or max(answers.values(), default=0) > 2
        metronome.stop()
        rate = rates(sandbox, metronome)
        faults = Counter(call.fault for call in sandbox.calls if call.fault)
        print("faults:", dict(faults), "bot starts:", processes["bot"].starts)
        print(
            f"rate: at most {rate.busiest} messages a second, {rate.gap:.2f} s between two to one"
            f" chat; requests were up to {metronome.latest:.2f} s late"
        )
        print(
            f"{total} photos, {len(crowd.expecting)} to answer, {lost} lost, "
            f"{more} answered twice, {twice} of them with two pictures, "
            + ", ".join(f"{number} {what}" for what, number in left.items())
            + f" left, {took:.0f} s",
            flush=True,
        )
        return int(bool(lost or too_often or any(left.values())) or not rate.within)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embedded", action="store_true")
    arguments = parser.parse_args()
    sys.exit(run(arguments.photos, arguments.people, arguments.seed, embedded=arguments.embedded))


if __name__ == "__main__":
    main()
