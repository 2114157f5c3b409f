"""The request to end: seen, waited for, and told to whoever asked for it."""

from __future__ import annotations

import threading

from attrai.lifecycle.shutdown import Shutdown


def test_waiting_ends_with_the_request() -> None:
    """Whoever waits without a limit wakes when the request comes."""
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
    """A wait with a limit tells that no request came."""
    assert not Shutdown().wait(0.001)


def test_callbacks_are_called_once_and_only_in_their_block() -> None:
    """A callback is called at the request, or at once after it, and never outside of its block."""
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
    """Nothing is worth waiting for until a command says so."""
    shutdown = Shutdown()
    assert shutdown.grace_seconds == 0
    assert not shutdown.unfinished()
    shutdown.be_graceful(lambda: True)
    assert shutdown.grace_seconds > 0
    assert shutdown.unfinished()
