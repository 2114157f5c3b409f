"""Packages of strangers, as `pip install` would leave them in a folder of the path."""

from __future__ import annotations

from pathlib import Path


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
