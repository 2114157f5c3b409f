"""The bot's poller alone, for `bench.signals`: python -m bench.signals_poller URL."""

from __future__ import annotations

import sys

from attrai.lifecycle.shutdown import Shutdown
from attrai.lifecycle.signals import run


def poll(shutdown: Shutdown) -> None:
    """Poll until the shutdown, and print how many messages were handled."""
    # Slow imports are done here, as in attrai itself.
    from attrai.bot.poller import Poller  # noqa: PLC0415
    from attrai.bot.updates import UpdateParser  # noqa: PLC0415
    from tests.telegram.served import connect  # noqa: PLC0415

    handled = 0

    def receive(_: object) -> None:
        nonlocal handled
        handled += 1

    poller = Poller(
        connect(sys.argv[1]), shutdown, on_heartbeat=lambda: print("polling", flush=True)
    )
    shutdown.set_grace_period(lambda: poller.unconfirmed)
    me = poller.wait_for_account()
    if me is not None:
        poller.run(UpdateParser(me, max_side=1280, captions={}), receive, lambda _: None)
    print(handled, "handled", flush=True)


if __name__ == "__main__":
    run(poll)
