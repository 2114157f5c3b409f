"""Packages of strangers, as `pip install` would leave them in a folder of the path."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from tests.conftest import ROOT


def make_package(folder: Path, module: str, code: str, **groups: dict[str, str]) -> Path:
    """Make a package with one module and entry points, and return the folder for the path.

    Args:
        folder: is made if it isn't there.
        module: the name of the module, and of the package.
        code: the module's content.
        groups: by the part of a group's name after the dot, the attributes of the module by the
            names that they are registered under.
    """
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    name = module.replace("_", "-")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, entries in groups.items():
        lines.append(f"[attrai.{group}]")
        lines += [
            f"{name} = {value if ':' in value else f'{module}:{value}'}"
            for name, value in entries.items()
        ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (folder / f"{module}.py").write_text(code)
    return folder


def make_documented_package(folder: Path) -> Path:
    """Make the example package of docs/plugins.md, and return the folder for the path."""
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    files = dict(re.findall(r"```\w+\n# example/(\S+)\n(.*?)```", page, re.DOTALL))
    project = tomllib.loads(files.pop("pyproject.toml"))
    groups = project["project"]["entry-points"]
    modules = set(project["tool"]["setuptools"]["py-modules"])
    assert {f"{module}.py" for module in modules} <= set(files)
    metadata = folder / "attrai_example-1.dist-info"
    metadata.mkdir(parents=True)
    name = project["project"]["name"]
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for file, code in files.items():
        (folder / file).write_text(code)
    return folder


def path_with(folder: Path) -> str:
    """Return a PYTHONPATH that has the folder, too."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
