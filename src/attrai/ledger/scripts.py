"""The ledger's Lua scripts, each of which updates related keys in one atomic step.

A script is a `.lua` file beside this module. Before it run `common.lua`, with the functions that
scripts share, and a prelude that declares the keys and constants of Python as locals.

Keys are not passed in `KEYS`, as some depend on Redis's clock or on each stage. Redis Cluster,
which requires that, can't hold the ledger anyway: its keys belong to different slots.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from attrai.job import STAGES
from attrai.ledger import keys
from attrai.ledger.histogram import SHORTEST, STEP

#: Seconds that are counted together in a slot, and seconds for which slots are kept. An operator
#: should see a change within 10 seconds.
SLOT_SECONDS, RECENT_SECONDS = 5, 300


@cache
def load_script(name: str) -> str:
    """Return the source of the script `name`.lua, with all it needs before it."""
    folder = files("attrai.ledger")
    sources = [folder.joinpath(f"{file}.lua").read_text("utf-8") for file in ("common", name)]
    return "\n".join([_prelude(), *sources])


def _prelude() -> str:
    """Return Lua code that declares each key under its name in `keys`, and the constants."""
    constants = {
        **{name: repr(key) for name, key in vars(keys).items() if name.isupper()},
        "STAGES": "{" + ", ".join(map(repr, STAGES)) + "}",
        "SLOT_SECONDS": SLOT_SECONDS,
        "RECENT_SECONDS": RECENT_SECONDS,
        "SHORTEST": SHORTEST,
        "STEP": STEP,
    }
    return "\n".join(f"local {name} = {value}" for name, value in constants.items())
