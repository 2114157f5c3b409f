"""The documentation's code examples, settings table, commands and links are correct."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr

from attrai.cli import app
from attrai.job import Job
from attrai.settings import Settings
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/README.md")])
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
#: A Markdown link or picture, or the file of an HTML picture.
_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')


def block(page: str, language: str) -> str:
    """Return the page's only code block in `language`."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", TEXTS[page], re.DOTALL)
    return str(code)


def test_stage_example(tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """The example of a stage's test passes."""
    names: dict[str, Callable[..., None]] = {}
    exec(block("docs/development.md", "python"), names)  # noqa: S102 - our own example
    names["test_ingest_stores_the_photo"](tmp_path, make_job)


def test_settings_table() -> None:
    """The page of settings lists every setting with its variable and default."""
    rows = dict(
        re.findall(r"^\| `(ATTRAI_\w+)` \| (.*?) \|", TEXTS["docs/settings.md"], re.MULTILINE)
    )
    fields = Settings.model_fields
    assert {f"ATTRAI_{name.upper()}" for name in fields} == set(rows)
    for name, field in fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        nothing = "the packaged ones" if name == "weights" else "none"
        shown = rows[f"ATTRAI_{name.upper()}"].strip("`")
        assert shown == (nothing if default is None else str(default))


@pytest.mark.parametrize("page", TEXTS)
def test_settings_exist(page: str) -> None:
    """Every variable that a page of the project names is a setting."""
    settings = {f"ATTRAI_{name.upper()}" for name in Settings.model_fields}
    # The guide for Swarm also has variables of its own.
    named = set(re.findall(r"ATTRAI_[A-Z_]*[A-Z]", TEXTS[page])) - {"ATTRAI_IMAGE"}
    assert named <= settings


@pytest.mark.parametrize("page", TEXTS)
def test_local_links(page: str) -> None:
    """Every file and heading that a page links to exists."""
    for link in (markdown or html for markdown, html in _LINK.findall(TEXTS[page])):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if heading:
            assert heading in _anchors(target.read_text("utf-8")), link


def _anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as code hosts form them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize("page", TEXTS)
def test_commands(page: str) -> None:
    """Every target, benchmark and command of attrai that a page names exists."""
    text = TEXTS[page]
    targets = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    benchmarks = re.findall(r"python -m bench\.([a-z_]+)", text)
    assert [name for name in benchmarks if not (ROOT / "bench" / f"{name}.py").exists()] == []
    named = set(re.findall(r"(?:^ {4}|`|bin/)attrai ([a-z]+)", text, re.MULTILINE))
    group = typer.main.get_command(app)
    known = set(group.list_commands(typer.Context(group)))  # type: ignore[attr-defined]  # a group
    assert named <= known


def test_layers() -> None:
    """Inside attrai a package imports only those below it, or right of it, in the picture."""
    picture = block("docs/architecture.md", "text")
    lines = re.findall(r"^ (\w+(?:, \w+)*)", picture, re.MULTILINE)
    order = [name for line in lines for name in line.split(", ")]
    package = ROOT / "src" / "attrai"
    assert sorted(order) == sorted(
        path.stem
        for path in package.iterdir()
        if (path.is_dir() and path.name != "__pycache__")
        or (path.suffix == ".py" and not path.stem.startswith("__"))
    )
    for name in order:
        files = (package / name).rglob("*.py") if (package / name).is_dir() else ()
        for file in files or [package / f"{name}.py"]:
            for imported in _imports(file) - {name}:
                assert order.index(imported) > order.index(name), f"{file} imports {imported}"


def _imports(file: Path) -> set[str]:
    """Return the names of the parts of attrai that a module imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "attrai":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("attrai."):
            found.add(str(node.module).split(".")[1])
    return found
