"""Paths that can't be looked at, and names that no terminal should see as they are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.console import Console

from attrai.errors import SourceUnreadable
from attrai.images.files import read_photo
from attrai.rating.paths import Result, expand_paths
from attrai.rating.report import summary, table

#: An id that owns nothing.
_NOBODY = 65534


@pytest.fixture
def photos(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder with one photo and two locked folders, as a user who is not root."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for path in ("a.jpg", "unreadable/b.jpg", "unsearchable/c.jpg"):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).touch()
        (folder / "unreadable").chmod(0)
        (folder / "unsearchable").chmod(0o444)
        monkeypatch.chdir(folder)
        user = os.geteuid()
        if not user:
            os.seteuid(_NOBODY)
        yield folder
        os.seteuid(user)
        for path in ("unreadable", "unsearchable"):
            (folder / path).chmod(0o700)


def reasons(results: list[Result]) -> dict[str, object]:
    """Return the reason of each failure by its path."""
    return {
        str(result.source): result.failure.details["reason"] for result in results if result.failure
    }


def test_an_unreadable_folder_below_a_folder(photos: Path) -> None:
    """A folder below the given one that can't be read is named; the rest is rated."""
    tasks, without_photos = expand_paths([str(photos)], None)
    assert [task.source for task in tasks] == [photos / "a.jpg", photos / "unsearchable/c.jpg"]
    assert reasons(without_photos) == {str(photos / "unreadable"): "permission denied"}


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("path", ["unsearchable/c.jpg", "unsearchable/c.jpg/d.jpg"])
def test_a_photo_in_a_folder_that_can_not_be_searched(path: str) -> None:
    """A file that can't be looked at fails when it is read, with its reason."""
    tasks, _ = expand_paths([path, "a.jpg"], None)
    assert [str(task.source) for task in tasks] == [path, "a.jpg"]
    with pytest.raises(SourceUnreadable, match="permission denied"):
        read_photo(tasks[0].source, 100)


@pytest.mark.usefixtures("photos")
def test_an_unreadable_folder_by_name() -> None:
    """A given folder that can't be read fails with that reason, and not as an empty one."""
    tasks, without_photos = expand_paths(["unreadable", "unreadable", "a.jpg"], None)
    assert [str(task.source) for task in tasks] == ["a.jpg"]
    assert reasons(without_photos) == {"unreadable": "permission denied"}


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("pattern", ["**/*.jpg", "*/*.jpg", "./*/**", "unreadable/*.jpg", "**"])
def test_a_pattern_across_an_unreadable_folder(pattern: str) -> None:
    """A folder in which photos could match a pattern is named if it can't be read."""
    _, without_photos = expand_paths([pattern], None)
    assert reasons(without_photos) == {"unreadable": "permission denied"}


def test_deep_folders(tmp_path: Path) -> None:
    """Folders within folders have no limit but the length of a path."""
    depth = (4000 - len(str(tmp_path))) // 2
    deepest = tmp_path.joinpath(*["d"] * depth)
    # Python's own functions recurse, to make folders as well as to delete them.
    subprocess.run(["/bin/mkdir", "-p", deepest], check=True)
    try:
        (deepest / "a.jpg").touch()
        tasks, without_photos = expand_paths([str(tmp_path)], None)
    finally:
        subprocess.run(["/bin/rm", "-r", tmp_path / "d"], check=True)
    assert [task.source for task in tasks] == [deepest / "a.jpg"]
    assert without_photos == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("n" * 300 + ".jpg", "file name too long"),
        ("n" * 300 + "/a.jpg", "file name too long"),
        ("n/" * 3000 + "a.jpg", "file name too long"),
        ("loop", "too many levels of symbolic links"),
        ("loop/a.jpg", "too many levels of symbolic links"),
        ("[" + "n" * 300 + "]*.jpg", "no image matches"),
    ],
)
def test_paths_that_can_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """Whatever is wrong with a path, it fails with its reason and stops no other."""
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    Path("a.jpg").touch()
    tasks, without_photos = expand_paths([name, "a.jpg"], None)
    assert str(tasks[-1].source) == "a.jpg"
    found = list(reasons(without_photos).values())
    for task in tasks[:-1]:
        with pytest.raises(SourceUnreadable) as caught:
            read_photo(task.source, 100)
        found.append(caught.value.details["reason"])
    assert found == [reason]


def test_one_file_by_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a path to a folder's entry is written, the photo is rated once."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("x.jpg", "y.jpg", "x.png"):
        (folder / name).touch()
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(folder)
    names = ["x.jpg", str(folder / "x.jpg"), "./x.jpg", "../photos/x.jpg", "../link/x.jpg", "y.jpg"]
    tasks, _ = expand_paths([*names, str(folder), "*.jpg", str(folder / "x.png")], None)
    assert [(str(task.source), str(task.target)) for task in tasks] == [
        ("x.jpg", "x.jpg.rated.jpg"),
        ("y.jpg", "y.rated.jpg"),
        (str(folder / "x.png"), str(folder / "x.png.rated.jpg")),
    ]


def test_links_are_photos_of_their_own(tmp_path: Path) -> None:
    """A link has a name and so a picture of its own."""
    (tmp_path / "x.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("x.jpg")
    tasks, _ = expand_paths([str(tmp_path)], None)
    assert [task.target.name for task in tasks] == ["link.rated.jpg", "x.rated.jpg"]


def page(*results: Result, terminal: bool) -> str:
    """Return what is printed of results."""
    out = StringIO()
    console = Console(file=out, width=200, force_terminal=terminal, color_system=None)
    console.print(table(results))
    console.print(summary(results, 1))
    return out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[31mred\x07.jpg", r"\x1b[31mred\x07.jpg"),
        (":smile:.jpg", ":smile:.jpg"),
        ("[bold]a[/]\\.jpg", "[bold]a[/]\\.jpg"),
        ("a\nb\rc\td.jpg", r"a\nb\rc\td.jpg"),
        ("evil\u202egpj.exe", r"evil\u202egpj.exe"),
        ("\x9b31m.jpg", r"\x9b31m.jpg"),
        (os.fsdecode(b"caf\xe9.jpg"), r"caf\xe9.jpg"),
        ("\ud800.jpg", r"\ud800.jpg"),
        ("жена 👩.jpg", "жена 👩.jpg"),
    ],
)
def test_names_are_shown_as_they_are(name: str, shown: str, terminal: bool) -> None:  # noqa: FBT001 - pytest passes it
    """What would not show as it is, is escaped; nothing in a name is markup or an emoji's code."""
    failure = SourceUnreadable(reason="no such file or directory").failure()
    photo, folder = Path(name), Path(name, "folder")
    rated = Result(photo, photo / "a.rated.jpg", (9, 9))
    assert page(Result(photo, failure=failure), rated, terminal=terminal).count(shown) == 3
    other = Result(photo, folder / "b.rated.jpg", (9, 9))
    assert f"Pictures below {shown}\n" in page(rated, other, terminal=terminal)


def test_folders_of_both_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures in a folder of the current one and in an absolute one have a common folder."""
    monkeypatch.chdir(tmp_path)
    results = [Result(Path("a"), Path("in/a")), Result(Path("b"), tmp_path / "out/b")]
    assert f"Pictures below {tmp_path}\n" in page(*results, terminal=False)
