# ruff: noqa: INP001 - a script
"""Print docs/licences.md: the licences of what the image holds, as its packages' metadata say.

    .venv/bin/python deploy/swarm/licences.py >docs/licences.md

Every package in requirements.lock has to be installed.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

_SWARM = Path(__file__).parent
#: Not installed except on Debian's Python 3.11.2.
_KNOWN = {"async-timeout": "Apache 2"}
#: Licences with conditions for whoever passes the image on, by how the metadata name them.
_COPYLEFT = re.compile(r"GPL|General Public|MPL|Mozilla")
#: The same for libraries inside wheels, which their package's metadata don't name.
_LIBRARIES = {
    "libx265": "GPL-2.0-or-later",
    "libheif": "LGPL-3.0-or-later",
    "libde265": "LGPL-3.0-or-later",
    "libavcodec": "LGPL-2.1-or-later",
    "libavformat": "LGPL-2.1-or-later",
    "libavutil": "LGPL-2.1-or-later",
    "libswresample": "LGPL-2.1-or-later",
    "libswscale": "LGPL-2.1-or-later",
    "libquadmath": "LGPL-2.1-or-later",
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
}

_HEAD = """\
# Licences

attrai's own code is under the [MIT licence](../LICENSE). The image that
[deploy/swarm](../deploy/swarm/README.md) builds holds much that others wrote, under their terms.
`deploy/swarm/licences.py` made this page from the metadata of the installed packages.

- **The weights of the scorer are for non-commercial research only**: the [model
  card](../src/attrai/scoring/weights/MODEL_CARD.md) has their terms. That holds for the whole image
  as long as they are in it.
- The fonts are under the [SIL Open Font License](../fonts/LICENSE.txt).
- Debian's packages have their licences in `/usr/share/doc/*/copyright`.
- Python's packages have theirs in `/opt/attrai/lib/python3*/site-packages/*.dist-info`.

To run the image yourself none of this asks anything of you but the weights' terms. If you pass it
on, the licences in the first table have conditions: offer the source code, and let people replace
the LGPL's parts. The Free Software Foundation holds that GPL 2 without "or later" can't be combined
with Apache 2, and the image has both: ask a lawyer before you distribute it.
"""


def main() -> None:
    """Print the page."""
    lines = (_SWARM / "requirements.lock").read_text("utf-8").splitlines()
    names = sorted(line.split("==")[0] for line in lines if "==" in line)
    licences = {name: _KNOWN.get(name) or _licence(distribution(name)) for name in names}
    strict = [(name, licence) for name, licence in licences.items() if _COPYLEFT.search(licence)]
    for name in names:
        if name not in _KNOWN:
            strict += [(f"{library} in {name}", terms) for library, terms in _libraries(name)]
    rest = [(name, licence) for name, licence in licences.items() if (name, licence) not in strict]
    tables = [_table("With conditions", strict), _table("All others", rest)]
    sys.stdout.write("\n".join([_HEAD, *tables]))


def _licence(package: Distribution) -> str:
    metadata = package.metadata
    if expression := metadata["License-Expression"]:
        return str(expression)
    named = [line for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    text = str(metadata["License"] or "").strip()
    if text and "\n" not in text and (not named or _COPYLEFT.search(text)):
        return text
    return ", ".join(line.split(" :: ")[-1] for line in named) or text.splitlines()[0]


def _libraries(name: str) -> list[tuple[str, str]]:
    """Return the libraries with conditions in a package's wheel, with their licences."""
    files = {re.split(r"[-.]", file.name)[0] for file in distribution(name).files or []}
    return [(library, terms) for library, terms in _LIBRARIES.items() if library in files]


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"## {title}", "", "| | licence |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {licence} |" for name, licence in rows), ""])


if __name__ == "__main__":
    main()
