"""Tests that the package is of use to any bot."""

from __future__ import annotations

import doctest
import subprocess
import sys

import telegram_sandbox

_IMPORT_ALL = """
import pkgutil, sys
import telegram_sandbox
for module in pkgutil.iter_modules(telegram_sandbox.__path__, "telegram_sandbox."):
    __import__(module.name)
print(*sorted(name for name in sys.modules if name.startswith("attrai")))
"""


def test_package_imports_nothing_of_the_service() -> None:
    """The sandbox imports neither the service nor the training."""
    command = [sys.executable, "-W", "ignore", "-c", _IMPORT_ALL]
    assert subprocess.check_output(command, text=True).strip() == ""


def test_example_works() -> None:
    """The example in the package's docstring gives the output that it shows."""
    failed, tried = doctest.testmod(telegram_sandbox)
    assert (failed, tried > 0) == (0, True)
