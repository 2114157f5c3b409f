"""Planning: which files are rated, and where their pictures go."""

from __future__ import annotations

from pathlib import Path

import pytest

from attrai.rating.paths import Result, Task, expand_paths


@pytest.fixture(autouse=True)
def party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder with photos and other files, and change to its parent."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "party/a.jpg",
        "party/a.rated.jpg",
        "party/B.HEIC",
        "party/notes.txt",
        "party/.hidden.jpg",
        "party/late/c.png",
        "empty/notes.txt",
        "scan",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch()


def targets(*paths: str, folder: str | None = None) -> dict[str, str]:
    """Return the planned picture of each photo."""
    tasks, barren = expand_paths(paths, Path(folder) if folder else None)
    assert not barren
    return {str(task.source): str(task.target) for task in tasks}


def reasons(*paths: str) -> dict[str, object]:
    """Return the reason why each path leads to no photo."""
    tasks, barren = expand_paths(paths, None)
    assert tasks == []
    return {
        str(outcome.source): outcome.failure.details["reason"]
        for outcome in barren
        if outcome.failure
    }


def test_folder() -> None:
    """A folder stands for all photos below it, except hidden files and rated pictures."""
    assert targets("party") == {
        "party/B.HEIC": "party/B.rated.jpg",
        "party/a.jpg": "party/a.rated.jpg",
        "party/late/c.png": "party/late/c.rated.jpg",
    }


def test_output_folder_keeps_the_folders_below() -> None:
    """An output folder has the same subfolders as the given path."""
    assert targets("party", "scan", folder="out") == {
        "party/B.HEIC": "out/B.rated.jpg",
        "party/a.jpg": "out/a.rated.jpg",
        "party/late/c.png": "out/late/c.rated.jpg",
        "scan": "out/scan.rated.jpg",
    }


def test_patterns() -> None:
    """A pattern stands for the photos that match it, in order."""
    assert list(targets("party/*")) == ["party/B.HEIC", "party/a.jpg"]
    assert list(targets("party/**/*.png")) == ["party/late/c.png"]


def test_named_files_are_tried() -> None:
    """A file given by name is rated once, whatever its suffix and however often it is given."""
    assert targets("scan", "party/notes.txt", "scan") == {
        "scan": "scan.rated.jpg",
        "party/notes.txt": "party/notes.rated.jpg",
    }


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    """An existing file is taken literally, even if its name looks like a pattern."""
    (tmp_path / "me[1].jpg").touch()
    assert targets("me[1].jpg") == {"me[1].jpg": "me[1].rated.jpg"}


def test_pictures_never_collide(tmp_path: Path) -> None:
    """Photos whose pictures would have the same name get different names."""
    for name in ("party/a.png", "late/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert targets("party/a.jpg", "party/a.png", "late/a.jpg", folder="out") == {
        "party/a.jpg": "out/a.jpg.rated.jpg",
        "party/a.png": "out/a.png.rated.jpg",
        "late/a.jpg": "out/a.jpg-2.rated.jpg",
    }


def test_barren_paths() -> None:
    """A folder without photos and a pattern without matches each have their own reason."""
    assert reasons("empty", "party/*.gif") == {
        "empty": "no images in this folder",
        "party/*.gif": "no image matches",
    }


def test_missing_files_are_left_to_ingest() -> None:
    """A missing file is planned like any other, and fails only when ingest reads it."""
    tasks, barren = expand_paths(["absent.jpg"], None)
    assert tasks == [Task(Path("absent.jpg"), Path("absent.rated.jpg"))]
    assert barren == list[Result]()
