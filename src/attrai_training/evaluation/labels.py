"""Labelled photos: a folder with a `labels.csv`, one row a photo.

The columns `file`, relative to the folder, and `score`, the mean rating from 1 to 10, are required.
`n1` to `n10`, how many raters gave each rating, `gender`, `ethnicity` and `split` are optional.
Other columns are ignored. Unusable rows are reported and left out.
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
#: The columns with the number of raters who gave 1, 2, ... 10.
COUNTS = tuple(f"n{rating}" for rating in RATINGS)

_REQUIRED = ("file", "score")
_COLUMNS = (*_REQUIRED, *COUNTS, "gender", "ethnicity", "split")
#: The most characters of a value to quote in a message.
_QUOTED = 200


def read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str] | csv.Error]]:
    """Yield each row's line number and its stripped values by column, or the error in it.

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
            # An unclosed quote swallows the lines after it.
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
    """Shorten `text` if it is too long for a message."""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "..."


LABELS = "labels.csv"
#: The fewest photos from which a scorer can be evaluated or trained.
MIN_PHOTOS = 50

#: The largest plausible count of one rating: more than there are people.
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
    """A photo and its ratings."""

    path: Path
    #: The mean of the ratings, 1 to 10.
    score: float
    #: How many raters gave 1, 2, ... 10, at least one in total; None when not known.
    histogram: tuple[int, ...] | None = None
    gender: str | None = None
    ethnicity: str | None = None
    split: str | None = None
    #: The line in labels.csv, where the header is 1; 0 if it comes from elsewhere.
    row: int = 0


@dataclass(frozen=True)
class LabelProblem:
    """The reason why a row of labels.csv is left out."""

    #: The line in labels.csv, where the header is 1.
    row: int
    #: The photo's path, shortened if it is very long; empty if none is given.
    file: str
    kind: ProblemKind
    reason: str


class _Unusable(Exception):
    """A row can't be used."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: ProblemKind = kind


def read_labels(folder: Path) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Read the labelled photos in `folder`, in the order of its labels.csv, and the unusable rows.

    Photos are not opened: whether one can be decoded and has a face shows when it is cropped.

    Raises:
        LabelsError: labels.csv is missing, unreadable or lacks a column, or fewer than
            `MIN_PHOTOS` of its rows are usable.
    """
    photos: list[LabelledPhoto] = []
    problems: list[LabelProblem] = []
    for line, row in read_rows(folder / LABELS):
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
    """Refuse to continue with too few photos.

    Raises:
        LabelsError: there are fewer than `MIN_PHOTOS`; the message counts the problems by kind,
            with the first of each.
    """
    if usable >= MIN_PHOTOS:
        return
    first = {problem.kind: problem for problem in reversed(problems)}
    counts = [
        f"{count} {kind} (row {first[kind].row}: {first[kind].reason})"
        for kind, count in Counter(problem.kind for problem in problems).most_common()
    ]
    said = f"{usable} usable photos, where at least {MIN_PHOTOS} are needed"
    raise LabelsError("; left out: ".join([said, *([", ".join(counts)] if counts else [])]))


def of_split(photos: Sequence[LabelledPhoto], split: str) -> list[LabelledPhoto]:
    """Return the photos whose `split` is the given one.

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
    # Symbolic links may lead out of the folder: they are the operator's own, while labels.csv may
    # be untrusted.
    inside = os.path.normpath(file)
    if Path(inside).is_absolute() or Path(inside).parts[:1] == ("..",):
        raise _Unusable("outside the folder", f"{cut(file)!r} leads out of {folder}")
    path = folder / inside
    try:
        there = path.is_file()
    except (OSError, ValueError):  # no file can have this name
        there = False
    if not there:
        raise _Unusable("missing file", f"there is no file {cut(file)!r}")
    return path


def _score(text: str) -> float:
    score = _number(text)
    if not RATINGS[0] <= score <= RATINGS[-1]:  # also refuses NaN
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
    """Parse a number; NaN if it is none, or has underscores as in Python's own 1_000."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _without_repeats(
    photos: Sequence[LabelledPhoto],
) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Return each photo once, without those whose rows contradict each other."""
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
