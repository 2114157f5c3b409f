"""The ledger's Lua scripts, each of which updates related keys in one atomic step.

A script is a `.lua` file beside this module, preceded by `common.lua`, with the functions that
scripts share. Where the files name a key or a constant of Python, its value is put in. To declare
them all as locals instead would take each script longer than one of its calls to Redis.

Keys are not passed in `KEYS`, as some depend on Redis's clock or on each stage. Redis Cluster,
which requires that, can't hold the ledger anyway: its keys belong to different slots.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from attrai.job import STAGES
from attrai.ledger import constants, keys
from attrai.ledger.histogram import SHORTEST, STEP


@cache
def load_script(name: str) -> str:
    """Return the source of the script `name`.lua, with all it needs before it."""
    folder = files("attrai.ledger")
    sources = [folder.joinpath(f"{file}.lua").read_text("utf-8") for file in ("common", name)]
    values = _values()
    return re.sub(r"\b[A-Z_]+\b", lambda name: values.get(name[0], name[0]), "\n".join(sources))


def _values() -> dict[str, str]:
    """Return the Lua literals of keys and constants, by their names."""
    named = {"SHORTEST": SHORTEST, "STEP": STEP, **vars(constants), **vars(keys)}
    stages = ", ".join(map(repr, STAGES))
    values = {name: repr(value) for name, value in named.items() if name.isupper()}
    return values | {"STAGES": f"{{{stages}}}"}
