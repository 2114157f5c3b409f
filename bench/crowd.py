"""500 photos of 50 users through the bot while Telegram, the network and the bot itself fail.

    python -m bench.crowd [--photos N] [--people N] [--seed N] [--embedded]

The sandbox takes Telegram's place, over real HTTP. One call in twenty is answered with 429, and
another one with a 5xx or a cut connection. One in fifty is carried out, and its answer is lost or
garbled. The bot is killed once and terminated once, and restarted each time. One user blocks the
bot, and one more sends 300 texts at once. The chain runs on real RabbitMQ and Redis with a process
for each stage, or embedded in the bot's process. An embedded bot is terminated twice instead, since
killing it would lose the photos it holds. Once all photos are sent, people press buttons: other
styles under answers, and cancel under progress messages.

In the end every photo must have exactly one answer, or two if Telegram's reply to the first was
lost, or none if it was cancelled. Every press must be answered. No slot, file, message or progress
message may be left over, except progress messages that were sent just as the bot was killed or
whose reply was lost. At most one in ten of the texts may have a reply. The rate of messages must
have stayed within the limits, allowing for the delay of requests to the sandbox on this machine,
which is measured meanwhile. Otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from attrai.locales import locales, text
from attrai.telegram.answer_buttons import CANCEL
from bench.chaos import make_photos
from bench.crowd_rates import LIMITED, Metronome, rates
from telegram_sandbox import Faults, Message, Sandbox, User
from telegram_sandbox.errors import ActionRefused
from testing.faults import Faults as Restarts
from testing.product import running_product
from testing.waiting import wait_for

TOKEN = "70010020030:a-token-that-stands-nowhere-by-chance"  # noqa: S105 - it opens only the sandbox
#: Id of the first user, long enough not to occur anywhere by chance.
FIRST = 7_001_002_003_000
#: Number of texts that one more user sends at once.
FLOOD = 300
#: Seconds without a new answer after which the rest counts as lost.
PATIENCE = 120
#: How many of the messages with buttons have one pressed.
PRESSED = 0.3
#: What is said of a photo that was cancelled.
CANCELLED = {text("press-cancelled", locale) for locale in locales()}
#: What is said of an album whose pictures may be missing.
PERHAPS_SENT = {text("perhaps-sent-album", locale) for locale in locales()}
#: The number of a photo in the caption of an album's answer.
_NUMBERED = re.compile(r"(?:Photo|Фото) (\d+)")


class Crowd:
    """Users who send photos, and the answers that they received."""

    def __init__(self, sandbox: Sandbox, people: int, photos: Sequence[bytes], seed: int) -> None:
        self._sandbox = sandbox
        self._rng = random.Random(seed)
        self._photos = photos
        self.people = [
            sandbox.user(FIRST + number, self._rng.choice(["en", "ru", "nl"]))
            for number in range(people)
        ]
        #: The user who blocks the bot after sending their photos.
        self.blocker = self.people[-1]
        self.sent: dict[int, list[int]] = defaultdict(list)
        #: A user who sends nothing but texts, and many of them.
        self.flooder = sandbox.user(FIRST + people)
        #: The photos that each press would cancel, by Telegram's id of the press.
        self.presses: dict[str, list[int]] = {}
        self._seen: set[int] = set()
        #: The messages of each album, by each of them.
        self._albums: dict[int, list[int]] = {}

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
                self.flood()
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
            album = user.send_album(photos, self._rng.choice([None, "ranking"]))
            self._albums |= dict.fromkeys(album, album)
            return album
        return [user.send_photo(photos[0])]

    def flood(self) -> None:
        """Send many texts at once."""
        for number in range(FLOOD):
            self.flooder.send_text(f"text {number}")

    def press(self) -> None:
        """Press buttons under some of the messages that have come since the last call."""
        for user in self.people[:-1]:
            for message in self._sandbox.messages(user.id):
                if message.id in self._seen or not message.buttons or not message.reply_to:
                    continue
                self._seen.add(message.id)
                if self._rng.random() < PRESSED:
                    photos = self._albums.get(message.reply_to, [message.reply_to])
                    # It may have been deleted meanwhile.
                    with suppress(ActionRefused):
                        data = message.buttons[0][0].data
                        press = user.press(message.id, data)
                        self.presses[press] = photos if data.startswith(f"{CANCEL}:") else []

    def unanswered_presses(self) -> int:
        """Return how many presses have no answer."""
        return sum(self._sandbox.state.press_answer(press) is None for press in self.presses)

    def cancelled(self) -> set[int]:
        """Return the photos that were cancelled, all or some of each album."""
        found = set()
        for press, photos in self.presses.items():
            answer = self._sandbox.state.press_answer(press)
            if answer and answer.text in CANCELLED:
                found |= set(photos)
        return found

    def replies_to_flood(self) -> int:
        """Return how many of those texts have a reply."""
        messages = self._sandbox.messages(self.flooder.id)
        return len({message.reply_to for message in messages if message.sender == "bot"})

    def answers(self) -> tuple[Counter[int], Counter[int], int, int]:
        """Return the answers and pictures of each message, repetitions, and progress messages.

        All are counts, the first two by the message that they answer. An album that was sent
        again is one repetition.
        """
        answers: Counter[int] = Counter()
        pictures: Counter[int] = Counter()
        repeated = progress = 0
        for user in self.people:
            for message in self._sandbox.messages(user.id):
                if message.sender == "bot" and message.reply_to:
                    if is_progress_message(message):
                        # The bot can't delete messages to a user who blocked it.
                        progress += user is not self.blocker
                        continue
                    photos = self._answered_by(message, message.reply_to)
                    repeated += bool(photos) and all(answers[photo] for photo in photos)
                    for photo in photos:
                        answers[photo] += 1
                        pictures[photo] += message.text is None
        return answers, pictures, repeated, progress

    def _answered_by(self, message: Message, reply_to: int) -> list[int]:
        """Return the messages that an answer is about: one, or those that its caption numbers."""
        album = self._albums.get(reply_to, [])
        words = message.caption or message.text or ""
        if words in PERHAPS_SENT:
            return album
        numbers = {int(number) for number in _NUMBERED.findall(words)} if album else set()
        if message.album and not words:
            return []  # another one of the same album has the caption
        return [album[number - 1] for number in sorted(numbers)] or [reply_to]

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
        } - self.cancelled()


def is_progress_message(message: Message) -> bool:
    """Return whether the message is a progress message, which says how long a photo will take."""
    return message.text is not None and (
        "Rating your" in message.text or "Оцениваю" in message.text
    )


def lost_answers(sandbox: Sandbox) -> int:
    """Return how many messages, or albums, were sent without the bot learning it."""
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
        product = stack.enter_context(running_product(sandbox, embedded=embedded, log_level="info"))
        metronome = Metronome(f"{product.url}/static/texts.js")
        stack.callback(metronome.stop)
        photos = [photo.read_bytes() for photo in make_photos(product.folder / "photos")]
        crowd = Crowd(sandbox, people, photos, seed)
        restarts = Restarts(seed)
        bot, due = product.processes["bot"], lambda part: lambda: crowd.answered >= part * total
        first = bot.end if embedded else bot.kill_all
        restarts.once("end" if embedded else "kill", first, due(0.1))
        # Not while it is already shutting down: a second signal means "at once".
        restarts.once("end", bot.end, lambda: bot.starts > 1 and due(0.4)())
        # Otherwise the bot might accept all photos before it ends, leaving none for its successor.
        crowd.send(total, lambda: wait_for(lambda: bot.starts > 1, "no restart", PATIENCE))
        last, deadline = -1, 0.0
        while True:
            crowd.press()
            answers, pictures, repeated, progress = crowd.answers()
            if len(answers) > last:
                last, deadline = len(answers), time.monotonic() + PATIENCE
            left = product.left()
            # Nothing deletes a progress message that was sent just as the bot was killed, or whose
            # number is not known because the answer was lost.
            left["presses"] = crowd.unanswered_presses()
            left["progress"] = max(0, progress - restarts.count["kill"] - lost_answers(sandbox))
            complete = crowd.expecting <= set(answers) and not any(left.values())
            if complete or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        restarts.stop()
        took = time.monotonic() - started
        product.stop()
        logs = "".join(log.read_text() for log in product.folder.glob("*.log"))
        left["numbers or tokens in logs"] = logs.count(str(FIRST)[:-4]) + logs.count(TOKEN[-20:])
        # Heartbeat files are empty, and that of a killed process stays until its successor starts.
        left["files"] += sum(
            path.is_file() and path.stat().st_size > 0 for path in product.temporary.rglob("*")
        )
        lost = len(crowd.expecting - set(answers))
        twice = sum(count > 1 for count in pictures.values())
        more = sum(count > 1 for count in answers.values())
        replies = crowd.replies_to_flood()
        most, unheard = max(pictures.values(), default=0), lost_answers(sandbox)
        too_often = replies > FLOOD / 10 or repeated > unheard or most > 2
        metronome.stop()
        rate = rates(sandbox, metronome)
        faults = Counter(call.fault for call in sandbox.calls if call.fault)
        print("faults:", dict(faults), "bot starts:", bot.starts)
        print(
            f"rate: at most {rate.busiest} messages a second, {rate.gap:.2f} s between two to one"
            f" chat; requests were up to {metronome.latest:.2f} s late"
        )
        print(
            f"{total} photos, {len(crowd.expecting)} to answer, {lost} lost, "
            f"{more} answered twice, {twice} of them with two pictures or more, {most} at most, "
            f"{repeated} answers repeated, {unheard} lost on their way, "
            f"{replies} replies to {FLOOD} texts, "
            f"{len(crowd.presses)} presses, {len(crowd.cancelled())} photos cancelled, "
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
