"""Expands the paths of a command line to photos, and chooses where their pictures go."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from attrai.errors import SourceUnreadable
from attrai.images.files import reason_of
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

    A folder below a given one that can't be read is such a path too.

    Args:
        paths: files, folders (searched through) and patterns such as `party/*.jpg`.
        folder: where the pictures go, in the folders that the photos had below a path that
            was given; None for beside the photos.
    """
    sources: dict[Path, tuple[Path, Path]] = {}  # the photo, and its picture without the suffix
    without_photos: dict[Path, Result] = {}
    for text in paths:
        found, reasons = _expand(text)
        for path, reason in reasons.items():
            failure = SourceUnreadable(reason=reason).failure()
            without_photos.setdefault(path, Result(path, failure=failure))
        for source, below in found:
            stem = source.parent / source.stem if folder is None else folder / below.with_suffix("")
            sources.setdefault(_entry(source), (source, stem))
    return _without_collisions(sources.values()), list(without_photos.values())


def _entry(path: Path) -> Path:
    """Return the one name of a folder's entry that all paths to it share.

    The entry itself may be a link: two links to one photo are two photos with two pictures.
    """
    return Path(os.path.realpath(path.parent), path.name)


def _expand(text: str) -> tuple[list[tuple[Path, Path]], dict[Path, str]]:
    """Return the photos that `text` stands for, and why paths lead to none.

    Each photo comes with its path below `text`.
    """
    path = Path(text)
    # Where a path can't be looked at, as its name is too long or a folder above it can't be
    # searched, these functions answer False, and pathlib's raise.
    if os.path.isdir(path):  # noqa: PTH112 - see above
        photos, reasons = _search(path)
        if not photos:
            reasons.setdefault(path, "no images in this folder")
        return [(file, file.relative_to(path)) for file in photos], reasons
    if not os.path.lexists(path) and glob.has_magic(text):
        photos = [file for file in _matches(text) if _is_photo(file)]
        reasons = _unreadable_folders(text)
        if not photos and not reasons:
            reasons[path] = "no image matches"
        return [(file, Path(file.name)) for file in photos], reasons
    return [(path, Path(path.name))], {}


def _search(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """Return the photos below a folder, and why folders below it can't be read.

    Links to folders are not followed. However deep the folders are, nothing here recurses.
    """
    photos: list[Path] = []
    reasons: dict[Path, str] = {}
    pending = [folder]
    while pending:
        place = pending.pop()
        try:
            entries = sorted(place.iterdir())
        except OSError as error:
            reasons[place] = reason_of(error)
            continue
        photos += filter(_is_photo, entries)
        pending += (entry for entry in entries if os.path.isdir(entry) and not entry.is_symlink())  # noqa: PTH112 - as above
    return sorted(photos), reasons


def _matches(pattern: str) -> list[Path]:
    # pathlib's glob takes no absolute patterns.
    return [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207


def _unreadable_folders(pattern: str) -> dict[Path, str]:
    """Return why folders can't be read in which a pattern's matches would lie: glob is silent."""
    reasons: dict[Path, str] = {}
    folders = _matches(pattern) if Path(pattern).name == "**" else []
    while glob.has_magic(pattern):
        pattern = os.path.dirname(pattern)  # noqa: PTH120 - a Path would drop the end of "a/**/"
        folders += _matches(pattern or os.curdir)
    for folder in folders:
        if os.path.isdir(folder):  # noqa: PTH112 - as above
            try:
                os.scandir(folder).close()
            except OSError as error:
                reasons[folder] = reason_of(error)
    return reasons


def _is_photo(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith(".")
    return path.suffix.lower() in _PHOTOS and not hidden and not name.endswith(SUFFIX)


def _without_collisions(photos: Iterable[tuple[Path, Path]]) -> list[Task]:
    """Choose a target per photo. Those that would share one keep their suffix or get a number."""
    stems = [(source, stem, _entry(stem)) for source, stem in photos]
    shared = Counter(entry for _, _, entry in stems)
    taken: set[Path] = set()
    tasks = []
    for source, stem, entry in stems:
        name = stem.name + source.suffix if shared[entry] > 1 else stem.name
        target, number = stem.with_name(name + SUFFIX), 1
        while _entry(target) in taken:
            number += 1
            target = stem.with_name(f"{name}-{number}{SUFFIX}")
        taken.add(_entry(target))
        tasks.append(Task(source, target))
    return tasks
