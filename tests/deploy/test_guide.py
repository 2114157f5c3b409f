"""The operator's guide matches the files it describes."""

from __future__ import annotations

import re

from tests.deploy.stacks import SWARM

GUIDE = (SWARM / "README.md").read_text("utf-8")
#: Variables that ./deploy sets itself.
_HASHES = {"RABBITMQ_CONF", "REDIS_CONF"}


def test_settings_table() -> None:
    """The guide lists every variable that an operator can set for the stack, and no others."""
    rows = re.findall(r"^\| ((?:`[A-Z0-9_]+` ?)+) \|", GUIDE, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    used = set(re.findall(r"\$\{(\w+)", (SWARM / "stack.yml").read_text("utf-8")))
    assert listed == used - _HASHES | {"STACK", "OTHER_PASSWORDS"}


def test_local_links() -> None:
    """Every file that the guide links to exists."""
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (SWARM / target).exists(), target


def test_files() -> None:
    """Every script and file that the guide names exists."""
    names = set(re.findall(r"`([\w-]+\.(?:yml|json|conf))`", GUIDE))
    names |= set(re.findall(r"(?<!\.)\./([a-z]+)", GUIDE))
    assert {"stack.yml", "graylog.yml", "rabbitmq.conf", "deploy", "passwords", "verify"} <= names
    assert [name for name in names if not (SWARM / name).exists()] == []
