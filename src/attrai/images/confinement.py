"""Confinement of a process: what it can do after `confine` is compute and answer.

The filter of system calls is an allow-list, in the kernel's own format (seccomp(2)), because
libseccomp is not installed everywhere. Any other call fails with EPERM: files can't be opened,
programs and processes not started, sockets not made, signals not sent, memory of other processes
not read. Threads may be started, which some decoders do.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_NO_NEW_PRIVS = 1, 15, 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 1, 1

#: By machine: the kernel's number for it, and the number of the system call seccomp itself.
_MACHINES = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
#: Numbers of the allowed system calls on x86_64 and on aarch64.
_ALLOWED = {
    # its pipes
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "poll": (7, 73),  # there only as ppoll
    "ppoll": (271, 73),
    # memory
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "msync": (26, 227),
    # threads
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # its own signals
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # time, random numbers, information about itself and the machine
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getcwd": (79, 17),  # Pillow asks when it saves
}
_PROT_EXEC, _CLONE_THREAD = 4, 0x10000
#: System calls that are allowed if one of their arguments is right: their numbers, which argument,
#: the instruction that tests it, with what, and whether the test must come out true.
_JUMP_IF_EQUAL, _JUMP_IF_ANY_BIT = 0x15, 0x45
_ALLOWED_IF: dict[str, tuple[tuple[int, int], int, int, int, bool]] = {
    "mmap": ((9, 222), 2, _JUMP_IF_ANY_BIT, _PROT_EXEC, False),  # no new code
    "mprotect": ((10, 226), 2, _JUMP_IF_ANY_BIT, _PROT_EXEC, False),
    "clone": ((56, 220), 0, _JUMP_IF_ANY_BIT, _CLONE_THREAD, True),  # no process
    "prctl": ((157, 167), 0, _JUMP_IF_EQUAL, _PR_SET_NAME, True),
    "prlimit64": ((302, 261), 0, _JUMP_IF_EQUAL, 0, True),  # not of another process
}
#: The arguments of clone3 lie where a filter can't look. glibc then uses clone.
_CLONE3 = 435

_LOAD, _RETURN = 0x20, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
#: Offsets in what a filter is given: the call's number, the machine, and the first argument.
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16


def die_with_parent(parent: int) -> None:
    """End this process when the thread that started it ends, whatever this process is doing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


def confine(memory_bytes: int) -> bool:
    """Give up all rights that decoding doesn't need, for good and for all threads.

    Args:
        memory_bytes: how much memory this process may take in addition to what it has.

    Returns:
        Whether the kernel filters system calls. If not, only the limits hold.
    """
    limits = {resource.RLIMIT_NOFILE: 3, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = _address_space() + memory_bytes
        # Where a container runs out of memory, this is the process to kill.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    for limit, wanted in limits.items():
        hard = resource.getrlimit(limit)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (value, value))
    return sys.platform == "linux" and _filter_system_calls()


def limit_cpu(seconds: int) -> None:
    """End this process once it has computed for so many more seconds."""
    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1 + seconds, resource.RLIM_INFINITY))


def _address_space() -> int:
    """Return the size of this process's address space in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _filter_system_calls() -> bool:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = _program(platform.machine())
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    failed: int = libc.syscall(
        machine[1], _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, program
    )
    return not failed


def _program(machine: str) -> bytes:
    """Return the filter: instructions of code, steps to jump if true and if false, and operand."""
    which = list(_MACHINES).index(machine)
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_JUMP_IF_EQUAL, 1, 0, _MACHINES[machine][0]),
        (_RETURN, 0, 0, _KILL),  # calls of another machine, for which the numbers are wrong
        (_LOAD, 0, 0, _NUMBER),
    ]
    for numbers in _ALLOWED.values():
        steps += [(_JUMP_IF_EQUAL, 0, 1, numbers[which]), (_RETURN, 0, 0, _ALLOW)]
    for numbers, argument, test, operand, wanted in _ALLOWED_IF.values():
        steps += [
            (_JUMP_IF_EQUAL, 0, 4, numbers[which]),
            (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
            (test, 0 if wanted else 1, 1 if wanted else 0, operand),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _DENY | errno.EPERM),
        ]
    steps += [
        (_JUMP_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _DENY | errno.ENOSYS),
        (_RETURN, 0, 0, _DENY | errno.EPERM),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
