"""Tests of the confinement: what a taken-over decoder could do."""

from __future__ import annotations

import platform
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
