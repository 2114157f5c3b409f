"""Build and deploy the stack, send photos while services change and fail, and report checks.

Run this as root; no registry is needed. Everything it creates is removed at the end, even after
an interruption. If no Docker engine is running, one is started for the test.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from verification import composition, images, inspection, interruption, logbook
from verification.chat import Users
from verification.deployment import (
    ROLES,
    SERVERS,
    SERVICES,
    STACK,
    TOKEN,
    Killer,
    TookTooLong,
    all_run,
    can_roll,
    containers,
    deploy,
    move_to_passwords,
    offer_passwords,
    replaced,
    replicas,
    scale,
    tasks,
    update,
    update_states,
    upgrade,
    use_webhook,
    wait_for,
    withdraw_passwords,
)
from verification.engine import NoEngine, use_engine
from verification.report import Report
from verification.shell import ROOT, ProgramFailed, docker

#: At least this many photos are sent: more if the changes take longer.
PHOTOS, USERS, KILLS = 60, 12, 10
#: This many are sent at once to compose.yml.
_PHOTOS_AT_ONCE = 12
#: Seconds between photos, and between kills.
_PHOTO_PAUSE, _KILL_PAUSE = 3.0, 9.0
#: Maximum seconds until all replicas of a service are healthy, until all photos are sent and all
#: kills done, until the last answers after that, until orphaned files are deleted, and until an
#: upgrade is complete.
_START, _CHANGES, _LAST_ANSWERS, _ORPHANS, _UPGRADE = 180, 600, 240, 180, 600
_SKIPPED = 77


def main() -> int:
    """Run the test, and return the exit status: 0, 1 if a check failed, 77 if skipped."""
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of what is killed when")
    parser.add_argument(
        "--from",
        dest="old",
        type=Path,
        metavar="CHECKOUT",
        help="deploy this checkout (an absolute path) first, and upgrade it to this one",
    )
    arguments = parser.parse_args()
    interruption.heed()
    report = Report()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attrai-verify-")))
        try:
            composition.compose_program()
            use_engine(folder, stack)
            engine = docker("version", "--format", "{{.Server.Version}}")
            report.done(f"an engine runs: Docker {engine}")
            images.build(folder, stack, arguments.old)
            size = int(docker("image", "inspect", "--format", "{{.Size}}", images.ATTRAI))
            report.done(f"the images are built; attrai has {size / 1e6:.0f} MB")
            _verify_one_machine(folder, report)
            rng = random.Random(arguments.seed)  # noqa: S311 - no secret
            _verify(folder, stack, report, rng, arguments.old)
        except NoEngine as error:
            report.say(f"Skipped: {error}.")
            return _SKIPPED
        except (TookTooLong, ProgramFailed) as error:
            report.check("it went on", [str(error), *tasks()])
        finally:
            interruption.ignore()
        report.say("Removing what was made.")
    return report.finish()


def _verify_one_machine(folder: Path, report: Report) -> None:
    """Run the bot in one container, and then the services of compose.yml."""
    photo = (ROOT / "examples/astronaut.jpg").read_bytes()
    port = _free_port()
    with ExitStack() as stack:
        users = Users(f"http://127.0.0.1:{port}", 1)
        composition.run_embedded(port, stack)
        wait_for(users.bot_listens, "the embedded bot does not listen", _START)
        users.send(photo)
        _wait_for_answers(users, _LAST_ANSWERS)
        otherwise = composition.stop_embedded()
        report.check(
            "one container: a photo is answered by a picture, and the bot ends when told to",
            _without_picture(users) + otherwise,
        )

    with ExitStack() as stack:
        users = Users(f"http://127.0.0.1:{port}", USERS)
        services = composition.Composition(folder, port, _free_port())
        stack.callback(services.down)
        services.up()
        seconds = wait_for(services.healthy, "not all services run", _START)
        wait_for(users.bot_listens, "the bot does not listen", 30)
        report.done(f"compose.yml: all services are healthy after {seconds:.0f} s")
        running = services.running()
        _check_rights(report, running, composition.limits_of_containers(running),
                      composition.wrong_networks(running))  # fmt: skip
        report.check("compose.yml: a photo is rated over HTTP", services.rate(photo))
        for _ in range(_PHOTOS_AT_ONCE):
            users.send(photo)
        services.crash("score")
        services.restart("redis", "detect")
        users.send(photo)
        _wait_for_answers(users, _LAST_ANSWERS)
        report.check(
            f"compose.yml: {len(users.sent)} photos are answered by a picture, "
            "though score was killed, and Redis and detect restarted",
            _without_picture(users),
        )
    report.check("compose.yml: `down --volumes` leaves nothing", services.left())


def _verify(
    folder: Path, stack: ExitStack, report: Report, rng: random.Random, old: Path | None
) -> None:
    port = _free_port()
    users = Users(f"http://127.0.0.1:{port}", USERS)
    deploy(folder, port, stack, old or ROOT)
    followers = logbook.Followers(folder / "logs")
    followers.start()
    stack.callback(followers.stop)
    seconds = wait_for(all_run, "not all services run", _START)
    wait_for(users.bot_listens, "the bot does not listen", 30)
    report.done(f"all services are healthy {seconds:.0f} s after the deployment")

    changed = threading.Event()
    sender = threading.Thread(target=_send, args=(users, changed), daemon=True)
    sender.start()
    killer = Killer(KILLS, _KILL_PAUSE, rng)
    killer.start()
    stack.callback(killer.stop)
    _change(report, killer, new_score=old is None or can_roll(old))
    if old:
        _upgrade(folder, report, killer, old)
    else:
        _change_passwords(folder, report, killer)
        # The next deployment would make the engine forget that it watches them.
        _wait_for_updates(report, "no server was rolled back", SERVERS)
        _use_webhook(folder, report, users)
    changed.set()
    _inspect(report)
    killer.spared.clear()
    wait_for(lambda: not (sender.is_alive() or killer.is_alive()),
             "not all photos are sent and not all kills are done", _CHANGES)  # fmt: skip

    _check_answers(report, users, killer)
    _check_rest(report, followers)
    wait_for(all_run, "not all services run", _START)
    report.done("all services are healthy again")
    _check_logs(report, followers, folder / "received/frames", killer.killed)


def _send(users: Users, changed: threading.Event) -> None:
    """Send photos until there are enough and all changes are made, so that each meets some."""
    photo = (ROOT / "examples/astronaut.jpg").read_bytes()
    while len(users.sent) < PHOTOS or not changed.is_set():
        users.send(photo)
        time.sleep(_PHOTO_PAUSE)


def _change(report: Report, killer: Killer, *, new_score: bool) -> None:
    """Scale detect up and down, and meanwhile update score if both images may run together."""
    if new_score:
        killer.spared.add("score")  # the engine rolls back an update whose new task dies
        wait_for(lambda: replicas()["score"] == "1/1", "score does not run", _START)
        update("score", images.NEXT)
    scale("detect", 3)
    seconds = wait_for(lambda: replicas()["detect"] == "3/3", "detect has no 3 replicas", _START)
    report.done(f"detect was scaled to 3 in {seconds:.0f} s")
    scale("detect", 1)
    wait_for(lambda: replicas()["detect"] == "1/1", "detect has more than 1 replica", _START)
    report.done("detect was scaled to 1")
    if new_score:
        _wait_for_updates(report, "score was updated", ["score"])
        killer.spared.clear()


def _change_passwords(folder: Path, report: Report, killer: Killer) -> None:
    """Change all passwords while photos are being processed, as the operator's guide says.

    The engine may still watch the new servers for problems at the end, as between the steps.
    """
    killer.spared.update(SERVICES)  # as above
    wait_for(all_run, "not all services run", _START)
    old = containers(*SERVERS)
    offer_passwords(folder)
    _wait_for_servers(report, "the servers accept new passwords too", old)
    move_to_passwords(folder)
    _wait_for_updates(report, "the roles use new passwords", ROLES)
    old = containers(*SERVERS)
    withdraw_passwords(folder)
    _wait_for_servers(report, "the servers have no other secrets any more", old)


def _use_webhook(folder: Path, report: Report, users: Users) -> None:
    """Have the last photos come by a webhook, which two bots share."""
    use_webhook(folder)
    _wait_for_updates(report, "two bots share a webhook", ["bot"])
    polled = len(users.sent)
    seconds = wait_for(lambda: set(users.sent[polled:]) & set(users.answers()),
                       "no photo is answered that comes by the webhook", _LAST_ANSWERS)  # fmt: skip
    report.check(f"a photo is answered that came by the webhook, after {seconds:.0f} s",
                 [] if users.gets_updates_by_webhook() else ["there is no webhook"])  # fmt: skip


def _upgrade(folder: Path, report: Report, killer: Killer, old: Path) -> None:
    """Deploy this checkout over the running stack while photos are being processed."""
    killer.spared.update(SERVICES)  # as above
    wait_for(all_run, "not all services run", _START)
    upgrade(folder, old)
    if can_roll(old):
        # score runs the new image already.
        _wait_for_updates(report, "the stack was upgraded", [r for r in ROLES if r != "score"])
    else:
        seconds = wait_for(all_run, "not all services run", _UPGRADE)
        report.done(f"the stack was upgraded with a stop in {seconds:.0f} s")


def _inspect(report: Report) -> None:
    """Look at what runs after all changes: with `--from` the old release may have been worse."""
    running = containers(*SERVICES)
    _check_rights(report, running, inspection.limits_of_services(),
                  inspection.wrong_ways_out(running))  # fmt: skip
    secrets = inspection.secret_values() | {TOKEN}
    report.check(f"{len(secrets)} secrets are in no inspection, environment or command line",
                 inspection.exposed_secrets(secrets))  # fmt: skip


def _check_rights(
    report: Report,
    running: Mapping[str, str],
    limits: Mapping[str, Mapping[str, float]],
    wrong_ways_out: Sequence[str],
) -> None:
    report.check("every container has its limits", inspection.limits_not_in_force(running, limits))
    report.check("only bot, ingest and deliver have a way out", wrong_ways_out)
    report.check("nothing runs as root, with privileges, setuid files or on a writable root",
                 inspection.unconfined(running))  # fmt: skip


def _wait_for_servers(report: Report, what: str, old: Collection[str]) -> None:
    seconds = wait_for(lambda: replaced(SERVERS, old), f"{what}: it does not end", _UPGRADE)
    report.done(f"{what}, after {seconds:.0f} s")


def _wait_for_updates(report: Report, what: str, services: Collection[str]) -> None:
    ended = {"completed", "rollback_completed", "rollback_paused"}
    seconds = wait_for(lambda: ended.issuperset(update_states(services).values()),
                       f"{what}: it does not end", _UPGRADE)  # fmt: skip
    failed = [name for name, state in update_states(services).items() if state != "completed"]
    report.check(f"{what}, after {seconds:.0f} s", failed)
    wait_for(all_run, "not all services run", _START)


def _check_answers(report: Report, users: Users, killer: Killer) -> None:
    _wait_for_answers(users, _LAST_ANSWERS)
    kills = Counter(killer.services)
    report.done("killed: " + ", ".join(f"{name} {n}" for name, n in sorted(kills.items())))
    unsent = PHOTOS - len(users.sent)
    report.check(
        f"{len(users.sent)} photos are answered by a picture",
        [f"{unsent} were not sent"] * (unsent > 0) + _without_picture(users),
    )
    twice = sum(users.answers().values()) - len(users.answers())
    # A deliver killed after sending an answer and before recording it sends the answer again.
    allowed = kills["deliver"] + kills["redis"]
    report.check(f"{twice} are answered twice, where {allowed} may be",
                 [] if twice <= allowed else ["too many"])  # fmt: skip


def _wait_for_answers(users: Users, seconds: float) -> None:
    """Wait until each photo is answered by a picture, or the time is up."""
    with suppress(TimeoutError):
        wait_for(lambda: set(users.sent) <= set(users.answers()), "", seconds)


def _without_picture(users: Users) -> list[str]:
    """Return a line for each photo without a picture, and one for each other answer to these."""
    missing = set(users.sent) - set(users.answers())
    return [*map(str, missing), *users.unanswered()]


def _check_rest(report: Report, followers: logbook.Followers) -> None:
    mountpoint = docker("volume", "inspect", "--format", "{{.Mountpoint}}", f"{STACK}_photos")
    volume = Path(mountpoint)
    try:
        seconds = wait_for(lambda: not list(volume.iterdir()), "", _ORPHANS)
    except TimeoutError:
        seconds = _ORPHANS
    left = [path.relative_to(volume) for path in volume.rglob("*")]
    jobs = {path.parts[0] for path in left}
    report.check(
        f"no file is left on the volume after {seconds:.0f} s",
        [*map(str, left), *(line for job in jobs for line in followers.about(job))],
    )


def _check_logs(
    report: Report, followers: logbook.Followers, frames: Path, killed: dict[str, float]
) -> None:
    def compare() -> logbook.Missing:
        return logbook.missing(followers, logbook.arrived(frames), killed)

    with suppress(TimeoutError):
        wait_for(lambda: not compare().lost, "", 20)
    total, lost, excused = compare()
    came = total - len(lost) - len(excused)
    report.check(
        f"{came} of {total} log records arrived; {len(excused)} were a container's last",
        [str(line) for line in lost],
    )
    arrived = logbook.arrived(frames)
    report.check(f"{arrived.lines.total()} GELF messages are valid", arrived.invalid)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        sys.exit(main())
    except interruption.Interrupted:
        sys.exit("Interrupted; what was made is removed.")
