"""Tests of decoding in children: they decode as this process does, and may die as they like."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from attrai.errors import (
    BrokenImage,
    FileTooLarge,
    NotAnImage,
    TooManyPixels,
    TooSmall,
    UnreadableImage,
)
from attrai.images import accept_photo
from attrai.images.child import CannotDecode
from attrai.images.codecs import pack_photo, unpack_photo
from attrai.images.isolated import IsolatedDecoder
from testing.waiting import PATIENCE_S, wait_for
from tests.images.files import FILES, LIMITS, encoded, portrait
from tests.images.worst_files import GIANT_WEBP

MISBEHAVING = "tests.images.misbehaving_decoder"


@pytest.fixture(scope="module")
def decoder() -> Iterator[IsolatedDecoder]:
    """Return a decoder with two children, which may take their time on a busy machine."""
    with IsolatedDecoder(LIMITS, 2, file_seconds=PATIENCE_S) as decoder:
        yield decoder


def children(decoder: IsolatedDecoder) -> list[psutil.Process]:
    """Return the processes of an idle decoder."""
    return [psutil.Process(idle.result()._process.pid) for idle in decoder._idle]


def pids(decoder: IsolatedDecoder) -> set[int]:
    """Return the ids of the processes of an idle decoder."""
    return {child.pid for child in children(decoder)}


@pytest.mark.parametrize("name", FILES)
def test_a_child_decodes_as_this_process_does(decoder: IsolatedDecoder, name: str) -> None:
    """A child has all that any format needs, although it can't open a file any more."""
    before = pids(decoder)
    assert decoder.accept_photo(FILES[name]) == accept_photo(FILES[name], LIMITS)
    assert pids(decoder) == before


def test_a_plain_jpeg_is_no_work_for_a_child() -> None:
    """A JPEG that passes through is not given to a child, which would answer nonsense here."""
    with IsolatedDecoder(LIMITS, 1, program=MISBEHAVING) as decoder:
        assert decoder.accept_photo(FILES["jpeg"]) == accept_photo(FILES["jpeg"], LIMITS)


def test_a_stored_photo_is_decoded(decoder: IsolatedDecoder) -> None:
    """The pixels of a stored photo are those that this process would see."""
    content = pack_photo(portrait((1280, 960)))
    assert np.array_equal(decoder.decode_jpeg(content), np.asarray(unpack_photo(content)))


def test_threads_share_the_children(decoder: IsolatedDecoder) -> None:
    """More threads than children get their own photos."""

    def decode(data: bytes) -> bytes:
        return decoder.accept_photo(data)[0]

    with ThreadPoolExecutor(4) as pool:
        files = [*FILES.values()] * 2
        assert list(pool.map(decode, files)) == [accept_photo(file, LIMITS)[0] for file in files]


def test_refusals_come_back(decoder: IsolatedDecoder) -> None:
    """A refusal is the same as without a child, and costs no child."""
    before = pids(decoder)
    with pytest.raises(NotAnImage):
        decoder.accept_photo(b"text")
    with pytest.raises(BrokenImage) as broken:
        decoder.accept_photo(FILES["png"][:2000])
    assert "truncated" in str(broken.value.details["reason"])
    with pytest.raises(BrokenImage):
        decoder.decode_jpeg(FILES["jpeg"][:3000])
    with pytest.raises(TooSmall) as small:
        decoder.accept_photo(encoded(portrait((200, 63)), "PNG"))
    assert small.value.details == {"limit": 64}
    with pytest.raises(FileTooLarge) as large:
        decoder.accept_photo(bytes(LIMITS.max_bytes + 1))
    assert large.value.details == {"limit_mb": 20}
    assert pids(decoder) == before


def test_a_child_holds_nothing_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child has no variable, pipes and shared memory only, and a filter for good."""
    monkeypatch.setenv("ATTRAI_TELEGRAM_TOKEN", "1:secret")
    with IsolatedDecoder(LIMITS, 1, file_seconds=PATIENCE_S) as decoder:
        decoder.accept_photo(FILES["png"])
        for child in children(decoder):
            folder = Path("/proc", str(child.pid))
            assert b"ATTRAI" not in (folder / "environ").read_bytes()
            descriptors = [str(file.readlink()) for file in (folder / "fd").iterdir()]
            kinds = sorted(descriptor.split(":")[0] for descriptor in descriptors)
            # New versions of libffi keep their own file open.
            kinds = [kind for kind in kinds if not Path(kind).name.startswith("libffi.so")]
            assert kinds == ["/dev/null", "/memfd", "pipe", "pipe"]
            status = (folder / "status").read_text()
            assert "NoNewPrivs:\t1" in status
            assert "Seccomp:\t2" in status


NONSENSE = {
    "no JSON": b"\xff\0",
    "no object": b"[]",
    "nested": b"[" * 4000,
    "cut": b'{"start": 0, "stop": 5',
    "no size": b'{"start": 0, "stop": 5}',
    "too long": json.dumps({"start": 0, "stop": 10**12, "size": [64, 64]}).encode(),
    "nothing": json.dumps({"start": 5, "stop": 5, "size": [64, 64]}).encode(),
    "negative": json.dumps({"start": -5, "stop": 5, "size": [64, 64]}).encode(),
    "text": json.dumps({"start": 0, "stop": "5", "size": [64, 64]}).encode(),
    "too wide": json.dumps({"start": 0, "stop": 5, "size": [10**6, 64]}).encode(),
    "unknown refusal": b'{"refused": "internal", "details": {}}',
    "no details": b'{"refused": "too-small", "details": 3}',
    "death": b"die",
    "end": b"exit",
    "silence": b"hang",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_costs_one_photo(name: str) -> None:
    """Whatever a child does, its file alone is refused, and another child takes its place."""
    seconds = 0.5 if name == "silence" else PATIENCE_S
    with IsolatedDecoder(LIMITS, 1, program=MISBEHAVING, file_seconds=seconds) as decoder:
        (first,) = children(decoder)
        with pytest.raises(UnreadableImage):
            decoder.accept_photo(NONSENSE[name])
        assert not first.is_running()
        decoder._file_seconds = PATIENCE_S
        with pytest.raises(TooSmall):
            decoder.accept_photo(b'{"refused": "too-small", "details": {"limit": 64}}')
        (second,) = children(decoder)
        assert second != first
    assert not second.is_running()


def test_pixels_must_be_complete() -> None:
    """A child that claims fewer pixels than the photo has is not believed."""
    answer = json.dumps({"start": 0, "stop": 5, "size": [64, 64]}).encode()
    with (
        IsolatedDecoder(LIMITS, 1, program=MISBEHAVING, file_seconds=PATIENCE_S) as decoder,
        pytest.raises(UnreadableImage),
    ):
        decoder.decode_jpeg(answer)


def test_a_child_cannot_shrink_the_memory() -> None:
    """The shared memory stays as large as it is; else reading it would kill this process."""
    with (
        IsolatedDecoder(LIMITS, 1, program=MISBEHAVING, file_seconds=PATIENCE_S) as decoder,
        pytest.raises(TooSmall),
    ):
        decoder.accept_photo(b"shrink the memory")


def test_a_child_that_died_while_idle_costs_no_photo(decoder: IsolatedDecoder) -> None:
    """A child that was killed between two photos is replaced before the next."""
    for child in children(decoder):
        child.kill()
        wait_for(lambda child=child: child.status() == psutil.STATUS_ZOMBIE)  # type: ignore[misc]  # bound now
    assert decoder.accept_photo(FILES["png"]) == accept_photo(FILES["png"], LIMITS)


class TimeLimit(BaseException):
    """Raised in a thread from outside, as dramatiq does."""


def test_an_exception_from_outside_costs_one_child() -> None:
    """After an asynchronous exception in a call, the next call gets a child of its own."""
    with IsolatedDecoder(LIMITS, 1, file_seconds=PATIENCE_S) as decoder:
        (child,) = children(decoder)
        child.suspend()
        raised: list[type[BaseException]] = []

        def call() -> None:
            try:
                decoder.accept_photo(FILES["png"])
            except BaseException as error:  # noqa: BLE001 - what came is what is tested
                raised.append(type(error))

        thread = threading.Thread(target=call)
        thread.start()
        wait_for(lambda: not decoder._idle)
        # A thread that is traced, as by coverage, would spin in CPython 3.11 from here on: it
        # holds the GIL until the other thread, which waits for the child, has raised.
        tracer = sys.gettrace()
        sys.settrace(None)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeLimit)
        )
        with suppress(psutil.NoSuchProcess):  # it is killed if the exception came at once
            child.resume()
        thread.join()
        sys.settrace(tracer)
        assert raised == [TimeLimit]
        gc.collect()
        for _ in range(2):
            assert decoder.accept_photo(FILES["png"]) == accept_photo(FILES["png"], LIMITS)
        assert len(children(decoder)) == 1


def test_a_program_that_does_not_start() -> None:
    """If no child can be started, no file is to blame, and nothing is left."""
    before = psutil.Process().children()
    with pytest.raises(CannotDecode):
        IsolatedDecoder(LIMITS, 1, program="attrai.no_such_module")
    assert psutil.Process().children() == before


_PARENT = """\
import os, time
from attrai.images import Limits
from attrai.images.isolated import IsolatedDecoder

decoder = IsolatedDecoder(Limits(), 1)
print(os.getpid(), flush=True)
{}
"""


@pytest.mark.parametrize(
    ("end", "by"),
    [
        ("time.sleep(3600)", lambda process: process.kill()),
        ("time.sleep(3600)", lambda process: process.send_signal(signal.SIGINT)),
        ("os._exit(0)", lambda _: None),
        ("", lambda _: None),
    ],
    ids=["kill", "interrupt", "exit at once", "exit"],
)
def test_no_child_outlives_its_parent(
    end: str, by: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    """However a process ends, its children end with it, even suspended ones."""
    parent = subprocess.Popen([sys.executable, "-c", _PARENT.format("input()\n" + end)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)  # fmt: skip
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent:
        parent.stdout.readline()
        (child,) = psutil.Process(parent.pid).children()
        child.suspend()
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        by(parent)
        parent.wait()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_signals_of_the_group_leave_children_alone(decoder: IsolatedDecoder) -> None:
    """Ctrl-C, and a signal to all processes of a service, end no child: the parent decides."""
    for child in children(decoder):
        assert os.getpgid(child.pid) != os.getpgrp()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            child.send_signal(number)
    before = pids(decoder)
    assert decoder.accept_photo(FILES["png"]) == accept_photo(FILES["png"], LIMITS)
    assert pids(decoder) == before


def test_tiny_giants_are_refused_from_their_header() -> None:
    """A file that claims many pixels in a few bytes is refused from its header."""
    with IsolatedDecoder(LIMITS, 1, file_seconds=PATIENCE_S) as decoder:
        (child,) = children(decoder)
        for _ in range(10):
            with pytest.raises(TooManyPixels) as refused:
                decoder.accept_photo(GIANT_WEBP)
            assert refused.value.details == {"limit_megapixels": 30}
        assert children(decoder) == [child]
        # What decoding one of them reserves, 400 MB, was not even asked for.
        peak = re.search(r"VmPeak:\s+(\d+)", Path(f"/proc/{child.pid}/status").read_text())
        assert peak is not None
        assert int(peak[1]) < 350 * 1024


def test_no_zombie_is_left() -> None:
    """A decoder that is closed has killed its children and waited for them."""
    with IsolatedDecoder(LIMITS, 2) as decoder:
        before = children(decoder)
        assert len(before) == 2
    assert not any(child.is_running() for child in before)
