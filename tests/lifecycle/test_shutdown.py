"""Shutdown requests: checked, waited for, and passed on to callbacks."""

from __future__ import annotations

import threading

from attrai.lifecycle.shutdown import Shutdown


def test_waiting_ends_with_the_request() -> None:
    """A wait without a timeout ends when a shutdown is requested."""
    shutdown, woken = Shutdown(), threading.Event()

    def wait() -> None:
        assert shutdown.wait()
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not shutdown.requested
    shutdown.request()
    thread.join()
    assert woken.is_set()
    assert shutdown.requested


def test_waiting_ends_without_a_request() -> None:
    """A wait that times out returns False."""
    assert not Shutdown().wait(0.001)


def test_callbacks_are_called_once_and_only_in_their_block() -> None:
    """A callback is called once, on or after the request, and only during its block."""
    shutdown, called = Shutdown(), []
    with shutdown.calling(lambda: called.append("over")):
        pass
    with shutdown.calling(lambda: called.append("during")):
        shutdown.request()
        shutdown.request()
    with shutdown.calling(lambda: called.append("after")):
        assert called == ["during", "after"]
    shutdown.request()
    assert called == ["during", "after"]


def test_grace_is_given_on_demand() -> None:
    """There is no grace period until a command asks for one."""
    shutdown = Shutdown()
    assert shutdown.grace_seconds == 0
    assert not shutdown.unfinished()
    shutdown.set_grace_period(lambda: True)
    assert shutdown.grace_seconds > 0
    assert shutdown.unfinished()
