"""The keys in Redis are spelled in one place, and Lua lies in its own files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import attrai
from attrai.ledger import keys

_SOURCES = Path(attrai.__file__).parent
_PREFIX = "attrai:"


def _strings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_one_file_spells_keys() -> None:
    """No Python or Lua file but keys.py spells a key."""
    # A message to the user, such as "attrai: no such file", is no key.
    spelled = {
        file
        for file in _SOURCES.rglob("*.py")
        for text in _strings(file)
        if _PREFIX in text.replace(f"{_PREFIX} ", "")
    }
    spelled |= {file for file in _SOURCES.rglob("*.lua") if _PREFIX in file.read_text()}
    assert spelled == {Path(keys.__file__)}


def test_lua_has_its_own_files() -> None:
    """No Python file holds Lua that calls Redis."""
    assert not [
        file for file in _SOURCES.rglob("*.py") for text in _strings(file) if "redis.call(" in text
    ]
    assert len(list(_SOURCES.rglob("*.lua"))) > 1


def test_keys_are_stable() -> None:
    """The keys are those of every earlier release, whose data a new one finds in Redis."""
    names = {name: key for name, key in vars(keys).items() if name.isupper()}
    assert names == {
        "JOBS": "attrai:jobs",
        "TICKETS": "attrai:tickets",
        "USER_JOBS": "attrai:user:",
        "REFUSED_JOBS": "attrai:refused:",
        "USER_PHOTOS": "attrai:photos:",
        "FULL_USERS": "attrai:full",
        "AT_STAGE": "attrai:at:",
        "STARTS": "attrai:starts:",
        "LATER": "attrai:later",
        "DELIVERING": "attrai:delivering:",
        "ANSWERED": "attrai:answered:",
        "ALBUMS": "attrai:album:",
        "ALBUM_SENDS": "attrai:album-sends:",
        "OVERDUE": "attrai:overdue",
        "ORPHANS": "attrai:orphans",
        "SERVICE": "attrai:service",
        "BEGUN": "attrai:begun",
        "WORKERS": "attrai:workers:",
        "RECENT": "attrai:recent:",
        "DAY": "attrai:day:",
        "DAY_USERS": "attrai:users:",
        "SENDS": "attrai:sends:",
        "SENDS_HELD": ":held",
        "SENDS_SENT": ":sent",
        "SENDS_MINUTE": ":minute",
        "SENDS_CELLS": "attrai:sends:cells",
        "SENDS_TURN": "attrai:sends:turn:",
        "LANGUAGE": "attrai:language:",
        "NOTICES": "attrai:notices",
        "NOTICES_BOTS": "attrai:notices:bots",
        "NOTICES_JOINED": "attrai:notices:joined",
        "NOTICES_CLAIM": "attrai:notices:claim:",
        "NOTICES_ORPHAN": "attrai:notices:orphan:",
        "BOT": "attrai:bot:",
        "CAPTION": "attrai:caption:",
        "UPDATE": "attrai:update:",
        "BLOCKED": "attrai:blocked",
        "TOLD": "attrai:told:",
        "PROBE": "attrai:probe",
        "API_UPLOAD": "attrai:api:upload:",
    }
