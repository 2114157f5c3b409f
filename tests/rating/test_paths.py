"""The plan: which files are photos, and where their pictures go."""

from __future__ import annotations

from pathlib import Path

import pytest

from attrai.rating.paths import Outcome, Task, plan


@pytest.fixture(autouse=True)
def party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with photos and other files, as the current one."""
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
    """What is planned: photo -> picture."""
    tasks, barren = plan(paths, Path(folder) if folder else None)
    assert not barren
    return {str(task.source): str(task.target) for task in tasks}


def reasons(*paths: str) -> dict[str, object]:
    """Why paths lead to no photo."""
    tasks, barren = plan(paths, None)
    assert tasks == []
    return {
        str(outcome.source): outcome.failure.details["reason"]
        for outcome in barren
        if outcome.failure
    }


def test_folder() -> None:
    """A folder stands for the photos in it and below, less hidden files and our pictures."""
    assert targets("party") == {
        "party/B.HEIC": "party/B.rated.jpg",
        "party/a.jpg": "party/a.rated.jpg",
        "party/late/c.png": "party/late/c.rated.jpg",
    }


def test_output_folder_keeps_the_folders_below() -> None:
    """Under an output folder the pictures lie as the photos did below the given path."""
    assert targets("party", "scan", folder="out") == {
        "party/B.HEIC": "out/B.rated.jpg",
        "party/a.jpg": "out/a.rated.jpg",
        "party/late/c.png": "out/late/c.rated.jpg",
        "scan": "out/scan.rated.jpg",
    }


def test_patterns() -> None:
    """A pattern stands for the photos that match, in order."""
    assert list(targets("party/*")) == ["party/B.HEIC", "party/a.jpg"]
    assert list(targets("party/**/*.png")) == ["party/late/c.png"]


def test_named_files_are_tried() -> None:
    """A file that is named by itself is a photo, whatever it is called; twice named, once."""
    assert targets("scan", "party/notes.txt", "scan") == {
        "scan": "scan.rated.jpg",
        "party/notes.txt": "party/notes.rated.jpg",
    }


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    """A file that exists is that file, although its name has a pattern's marks."""
    (tmp_path / "me[1].jpg").touch()
    assert targets("me[1].jpg") == {"me[1].jpg": "me[1].rated.jpg"}


def test_pictures_never_collide(tmp_path: Path) -> None:
    """Photos whose pictures would share a name get one each."""
    for name in ("party/a.png", "late/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert targets("party/a.jpg", "party/a.png", "late/a.jpg", folder="out") == {
        "party/a.jpg": "out/a.jpg.rated.jpg",
        "party/a.png": "out/a.png.rated.jpg",
        "late/a.jpg": "out/a.jpg-2.rated.jpg",
    }


def test_barren_paths() -> None:
    """A folder without photos, a pattern without matches and a missing file say which."""
    assert reasons("empty", "party/*.gif") == {
        "empty": "no images in this folder",
        "party/*.gif": "no image matches",
    }


def test_missing_files_are_left_to_ingest() -> None:
    """A file that does not exist is a task like any other: its reading tells why it fails."""
    tasks, barren = plan(["absent.jpg"], None)
    assert tasks == [Task(Path("absent.jpg"), Path("absent.rated.jpg"))]
    assert barren == list[Outcome]()
