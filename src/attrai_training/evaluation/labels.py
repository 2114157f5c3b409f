"""The rows of a labels.csv, whatever is in it.

Labelled photos: a folder with a `labels.csv`, a row a photo.

The columns `file`, relative to the folder, and `score`, the mean rating from 1 to 10, must be
there. `n1` to `n10`, how many raters gave each rating, `gender`, `ethnicity` and `split` may be.
Others are passed over. What can't be used is named and left out, and the rest goes on.
"""

from __future__ import annotations

import csv
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Literal

from attrai_training.errors import LabelsError

RATINGS = range(1, 11)
#: The columns that say how many raters gave 1, 2, ... 10.
COUNTS = tuple(f"n{rating}" for rating in RATINGS)

_REQUIRED = ("file", "score")
_COLUMNS = (*_REQUIRED, *COUNTS, "gender", "ethnicity", "split")
#: A value that is quoted in a message is cut to so many characters.
_QUOTED = 200


def rows_of(path: Path) -> Iterator[tuple[int, Mapping[str, str] | csv.Error]]:
    """Each row's line and its values by their columns, stripped; or what is wrong with it.

    Raises:
        LabelsError: the file can't be read, or lacks a column.
    """
    reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise LabelsError(f"{path}: line 1: {error}") from error
    _check_header(path, header)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # An opening quote takes the lines after it along.
            several = reader.line_num > line
            yield line, csv.Error(f"{error}, up to row {reader.line_num}") if several else error
            continue
        if len(cells) == len(header):
            yield line, dict(zip(header, map(str.strip, cells), strict=True))
        elif cells:  # else the line is blank
            yield line, csv.Error(f"has {len(cells)} values for {len(header)} columns")


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise LabelsError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabelsError(f"{path}: line {line} is not in UTF-8") from error


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not any(header):
        raise LabelsError(f"{path}: is empty")
    known = Counter(name for name in header if name in _COLUMNS)
    missing = [name for name in _REQUIRED if name not in known]
    if any(name in known for name in COUNTS):
        missing += [name for name in COUNTS if name not in known]
    if missing:
        there = cut(", ".join(header))
        raise LabelsError(f"{path}: lacks the columns {', '.join(missing)}; it has {there}")
    if repeated := [name for name, count in known.items() if count > 1]:
        raise LabelsError(f"{path}: has the column {repeated[0]} more than once")


def cut(text: str) -> str:
    """The text, shortened where it is too long for a message."""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "..."


LABELS = "labels.csv"
#: Fewer photos say nothing about a scorer, and teach it nothing.
LEAST_PHOTOS = 50

#: More ratings of one kind than people there are.
_MOST_RATINGS = 10**10

ProblemKind = Literal[
    "broken row",
    "outside the folder",
    "missing file",
    "bad score",
    "bad histogram",
    "duplicate",
    "contradiction",
    "unreadable photo",
    "no face",
]


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what its raters said."""

    path: Path
    #: The mean of the ratings, 1 to 10.
    score: float
    #: How many raters gave 1, 2, ... 10, at least one in all; None when not known.
    histogram: tuple[int, ...] | None = None
    gender: str | None = None
    ethnicity: str | None = None
    split: str | None = None
    #: The line of labels.csv that it stands in, the header's being 1; 0 when in none.
    row: int = 0


@dataclass(frozen=True)
class LabelProblem:
    """Why a row of labels.csv is left out."""

    #: The line of labels.csv, the header's being 1.
    row: int
    #: The photo's path, cut when it is very long; empty when none is given.
    file: str
    kind: ProblemKind
    reason: str


class _Unusable(Exception):
    """A row can't be used."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: ProblemKind = kind


def read_labels(folder: Path) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """The labelled photos in `folder`, in the order of its labels.csv, and the unusable rows.

    No photo is opened: whether one can be read and has a face shows when its crop is cut.

    Raises:
        LabelsError: labels.csv is missing, unreadable or lacks a column, or fewer than
            `LEAST_PHOTOS` of its rows are usable.
    """
    photos: list[LabelledPhoto] = []
    problems: list[LabelProblem] = []
    for line, row in rows_of(folder / LABELS):
        if isinstance(row, csv.Error):
            problems.append(LabelProblem(line, "", "broken row", str(row)))
            continue
        try:
            photos.append(_photo(folder, row, line))
        except _Unusable as error:
            path = str(folder / row["file"]) if row["file"] else ""
            problems.append(LabelProblem(line, cut(path), error.kind, str(error)))
    photos, repeated = _without_repeats(photos)
    problems = sorted([*problems, *repeated], key=lambda problem: problem.row)
    require_enough(len(photos), problems)
    return photos, problems


def require_enough(usable: int, problems: Sequence[LabelProblem]) -> None:
    """Refuses to go on with too few photos.

    Raises:
        LabelsError: there are fewer than `LEAST_PHOTOS`; it counts the problems by their kind,
            with the first of each.
    """
    if usable >= LEAST_PHOTOS:
        return
    first = {problem.kind: problem for problem in reversed(problems)}
    counts = [
        f"{count} {kind} (row {first[kind].row}: {first[kind].reason})"
        for kind, count in Counter(problem.kind for problem in problems).most_common()
    ]
    said = f"{usable} usable photos, where at least {LEAST_PHOTOS} are needed"
    raise LabelsError("; left out: ".join([said, *([", ".join(counts)] if counts else [])]))


def of_split(photos: Sequence[LabelledPhoto], split: str) -> list[LabelledPhoto]:
    """Those photos whose `split` is the given one.

    Raises:
        LabelsError: there are none.
    """
    chosen = [photo for photo in photos if photo.split == split]
    if not chosen:
        there = sorted({photo.split for photo in photos if photo.split})
        raise LabelsError(
            f"no photo of the split {split!r}; there are {', '.join(there) or 'none'}"
        )
    return chosen


def _photo(folder: Path, row: Mapping[str, str], line: int) -> LabelledPhoto:
    return LabelledPhoto(
        path=_path(folder, row["file"]),
        score=_score(row["score"]),
        histogram=_histogram([row[name] for name in COUNTS]) if COUNTS[0] in row else None,
        gender=row.get("gender") or None,
        ethnicity=row.get("ethnicity") or None,
        split=row.get("split") or None,
        row=line,
    )


def _path(folder: Path, file: str) -> Path:
    if not file:
        raise _Unusable("missing file", "names no file")
    # Links may lead out of it: they are the operator's own, labels.csv may be anybody's.
    inside = os.path.normpath(file)
    if Path(inside).is_absolute() or Path(inside).parts[:1] == ("..",):
        raise _Unusable("outside the folder", f"{cut(file)!r} leads out of {folder}")
    path = folder / inside
    try:
        there = path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        there = False
    if not there:
        raise _Unusable("missing file", f"there is no file {cut(file)!r}")
    return path


def _score(text: str) -> float:
    score = _number(text)
    if not RATINGS[0] <= score <= RATINGS[-1]:  # NaN is not either
        raise _Unusable("bad score", f"{cut(text)!r} is no score from 1 to 10")
    return score


def _histogram(texts: Sequence[str]) -> tuple[int, ...] | None:
    if not any(texts):
        return None
    counts = [_number(text) for text in texts]
    for name, text, count in zip(COUNTS, texts, counts, strict=True):
        if not (0 <= count <= _MOST_RATINGS and count.is_integer()):
            raise _Unusable("bad histogram", f"{name} is {cut(text)!r}, no count")
    if not any(counts):
        raise _Unusable("bad histogram", "n1 to n10 are all zero")
    return tuple(int(count) for count in counts)


def _number(text: str) -> float:
    """The number that is written there; NaN for none. Python's own 1_000 is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _without_repeats(
    photos: Sequence[LabelledPhoto],
) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Each photo once, and none whose rows say different things of it."""
    rows: dict[Path, list[LabelledPhoto]] = defaultdict(list)
    for photo in photos:
        rows[photo.path].append(photo)
    kept: list[LabelledPhoto] = []
    problems: list[LabelProblem] = []
    for path, same in rows.items():
        first = same[0]
        lines = ", ".join(str(photo.row) for photo in same)
        if all(replace(photo, row=first.row) == first for photo in same):
            kept.append(first)
            problems += [
                LabelProblem(photo.row, str(path), "duplicate", f"says the same as row {first.row}")
                for photo in same[1:]
            ]
        else:
            problems += [
                LabelProblem(photo.row, str(path), "contradiction", f"rows {lines} differ")
                for photo in same
            ]
    return kept, problems
