"""The command line as a whole: its version, its help page, and what it loads."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

from typer.testing import CliRunner

from attrai.cli import app


def test_version() -> None:
    """`attrai --version` prints the version of the installed package."""
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, version("attrai") + "\n")


def test_help_names_all_commands() -> None:
    """The help page lists the commands of all three packages."""
    page = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).stdout
    lines = [line.split()[1] for line in page.splitlines() if line.startswith("│ ")]
    expected = ["rate", "evaluate", "train", "worker", "bot", "api", "sandbox", "sweep", "forward"]
    assert [name for name in lines if not name.startswith("-")][:9] == expected


def test_the_package_loads_nothing() -> None:
    """Until signals are handled, Ctrl-C prints a traceback: little is imported before that."""
    program = (
        "import sys, types; before = {*sys.modules, '_signal', '__future__'};"
        "import attrai.__main__; print(*sorted({*sys.modules} - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "attrai attrai.__main__\n"


def test_a_worker_loads_no_other_package() -> None:
    """The service's command line loads neither the training package nor the sandbox."""
    program = (
        "import sys, attrai.cli, attrai.worker;"
        "print({'attrai_training', 'telegram_sandbox'} & sys.modules.keys())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "set()\n"
