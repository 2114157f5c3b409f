"""Tests of the confinement: what a taken-over decoder could do."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys

import pytest

from attrai.images.confinement import _ALLOWED, _ALLOWED_IF, _MACHINES, _program
from tests.images.confined import ALLOWED

ON_X86_64 = platform.machine() == "x86_64" and sys.platform == "linux"


@pytest.mark.skipif(not ON_X86_64, reason="tries the system calls of x86_64")
def test_a_confined_process_can_only_compute() -> None:
    """It opens no file and no socket, starts nothing, signals nobody, and gets no more memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.images.confined"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["confined", *ALLOWED], done.stderr


@pytest.mark.parametrize("machine", _MACHINES)
def test_the_filter_of_each_machine(machine: str) -> None:
    """Each call has one number for each machine, and every jump ends inside the filter."""
    which = list(_MACHINES).index(machine)
    numbers = [numbers[which] for numbers in _ALLOWED.values()]
    numbers += [numbers[which] for numbers, *_ in _ALLOWED_IF.values()]
    # poll(2) is the one call that aarch64 lacks.
    assert len(set(numbers)) == len(numbers) - (machine == "aarch64")
    program = _program(machine)
    steps = [program[start : start + 8] for start in range(0, len(program), 8)]
    assert all(place + 1 + max(step[2:4]) < len(steps) for place, step in enumerate(steps[:-1]))


def test_tighter_limits_stay() -> None:
    """A process that already has tighter limits keeps them, and can be confined all the same."""
    program = (
        "import resource\n"
        "from attrai.images.confinement import confine\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "confine(2**40)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(done.stdout) == 2**31


@pytest.mark.skipif(sys.platform != "linux", reason="counts the CPU time of a process")
def test_the_limit_of_cpu_time_is_for_each_file() -> None:
    """CPU time that was used before counts for nothing, and a file that takes too much is ended."""
    program = (
        "import time\n"
        "from attrai.images.confinement import limit_cpu\n"
        "while time.process_time() < 1.5:\n"
        "    pass\n"
        "limit_cpu(1)\n"
        "print('goes on', flush=True)\n"
        "while True:\n"
        "    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stdout == b"goes on\n"
    assert done.returncode == -signal.SIGXCPU
