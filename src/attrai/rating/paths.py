"""Expands the paths of a command line to photos, and chooses where their pictures go."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attrai.errors import SourceUnreadable
from attrai.job import Failure, ScoredFace, Timing

#: What a picture's name ends with. In folders such files are passed over, being no photos.
SUFFIX = ".rated.jpg"

#: Suffixes of the files taken from a folder. A file named explicitly may have any suffix.
_PHOTOS = {
    *{".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib"},
    *{".tif", ".tiff", ".gif", ".heic", ".heif", ".hif", ".avif"},
}


@dataclass(frozen=True)
class Task:
    """A photo to rate and where its picture goes."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Result:
    """One photo's end: its faces and its picture, or a failure."""

    source: Path
    #: Where its picture is; None after a failure.
    target: Path | None = None
    #: Width and height of the rated photo in pixels.
    size: tuple[int, int] | None = None
    #: From left to right.
    faces: tuple[ScoredFace, ...] = ()
    #: How many faces were found; more than `faces` holds when there were too many.
    faces_found: int = 0
    #: How long each step took.
    trace: tuple[Timing, ...] = ()
    failure: Failure | None = None


def expand_paths(paths: Sequence[str], folder: Path | None) -> tuple[list[Task], list[Result]]:
    """Return the photos to rate, and a failure for each path that leads to none.

    Args:
        paths: files, folders (searched through) and patterns such as `party/*.jpg`.
        folder: where the pictures go, in the folders that the photos had below a path that
            was given; None for beside the photos.
    """
    sources: dict[Path, Path] = {}  # the photo, and its picture without the suffix
    without_photos: list[Result] = []
    for text in paths:
        found, reason = _expand(text)
        if not found:
            failure = SourceUnreadable(reason=reason).failure()
            without_photos.append(Result(Path(text), failure=failure))
        for source, below in found:
            stem = source.parent / source.stem if folder is None else folder / below.with_suffix("")
            sources.setdefault(source, stem)
    return _without_collisions(sources), without_photos


def _expand(text: str) -> tuple[list[tuple[Path, Path]], str]:
    """Photos that `text` stands for, each with its path below it; why there are none."""
    path = Path(text)
    if path.is_dir():
        photos = sorted(file for file in path.rglob("*") if _is_photo(file))
        return [(file, file.relative_to(path)) for file in photos], "no images in this folder"
    if not path.exists() and glob.has_magic(text):
        # pathlib's glob takes no absolute patterns.
        matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207
        photos = [file for file in matches if _is_photo(file)]
        return [(file, Path(file.name)) for file in photos], "no image matches"
    return [(path, Path(path.name))], ""


def _is_photo(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith(".")
    return path.suffix.lower() in _PHOTOS and not hidden and not name.endswith(SUFFIX)


def _without_collisions(sources: dict[Path, Path]) -> list[Task]:
    """Choose a target per source. Those that would share one keep their suffix or get a number."""
    shared = Counter(sources.values())
    taken: set[Path] = set()
    tasks = []
    for source, stem in sources.items():
        name = stem.name + source.suffix if shared[stem] > 1 else stem.name
        target, number = stem.with_name(name + SUFFIX), 1
        while target in taken:
            number += 1
            target = stem.with_name(f"{name}-{number}{SUFFIX}")
        taken.add(target)
        tasks.append(Task(source, target))
    return tasks
