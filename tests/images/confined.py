"""Tries what a confined process must not be able to do, and prints the name of what worked."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrai.images.confinement import confine

_LIBC = ctypes.CDLL(None, use_errno=True)


def _call(*arguments: object) -> None:
    if _LIBC.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "system call")


def _execve() -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606 - must fail


def _memory_of_the_parent() -> None:
    _call(310, os.getppid(), None, 0, None, 0, 0)  # process_vm_readv, on x86_64


def _thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


FORBIDDEN: dict[str, Callable[[], object]] = {
    "open": lambda: os.open("/proc/self/environ", os.O_RDONLY),
    "stat": lambda: Path("/run").stat(),
    "list": lambda: [*Path("/").iterdir()],
    "write": lambda: os.open("/tmp/x", os.O_WRONLY | os.O_CREAT),  # noqa: S108 - must fail
    "socket": socket.socket,
    "socket pair": socket.socketpair,
    "fork": os.fork,
    "program": lambda: subprocess.run("/bin/true", check=True),
    "execve": _execve,
    "kill": lambda: os.kill(os.getppid(), 0),
    "kill itself": lambda: os.kill(os.getpid(), 0),
    "limits of the parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
    "ptrace": lambda: _call(101, 16, os.getppid(), 0, 0),
    "memory of the parent": _memory_of_the_parent,
    "pipe": os.pipe,
    "duplicate": lambda: os.dup(1),
    "executable memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "memory file": lambda: os.memfd_create("x"),
    "more memory": lambda: bytearray(2**26),
    "more files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "core dump": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)),
}
ALLOWED: dict[str, Callable[[], object]] = {
    "memory": lambda: bytearray(2**24),
    "thread": _thread,
    "random": lambda: os.urandom(8),
    "CPU limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, resource.RLIM_INFINITY)),
}

if __name__ == "__main__":
    # Room for the stack of a thread, which is 8 MB as a rule.
    print("confined" if confine(48 * 2**20) else "no filter")
    for name, attempt in {**FORBIDDEN, **ALLOWED}.items():
        with suppress(OSError, MemoryError, ValueError):
            attempt()
            print(name, flush=True)
