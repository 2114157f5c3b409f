"""Labelled photos: a folder with a `labels.csv`, one row a photo.

The columns `file`, relative to the folder, and `score`, the mean rating from 1 to 10, are required.
`n1` to `n10`, how many raters gave each rating, `gender`, `ethnicity` and `split` are optional.
Other columns are ignored. Unusable rows are reported and left out.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from attrai_training.errors import LabelsError

LABELS = "labels.csv"
#: The fewest photos from which a scorer can be evaluated or trained.
MIN_PHOTOS = 50
RATINGS = range(1, 11)

#: The columns with the number of raters who gave 1, 2, ... 10.
_COUNTS = tuple(f"n{rating}" for rating in RATINGS)
#: The largest plausible count of one rating: more than there are people.
_MOST_RATINGS = 10**10
#: The most characters of a value to quote in a message.
_QUOTED = 200


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and its ratings."""

    path: Path
    #: The mean of the ratings: 1 to 10, or on the scale of another column.
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
    #: What is wrong in two or three words, by which problems are counted.
    kind: str
    reason: str


class _Unusable(Exception):
    """A row can't be used, for a reason of a kind: the two arguments."""


def read_labels(
    folder: Path, column: str = "score", lowest: float = RATINGS[0], highest: float = RATINGS[-1]
) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Read the labelled photos in `folder`, in the order of its labels.csv, and the unusable rows.

    Photos are not opened: whether one can be decoded and has a face shows when it is cropped.

    Args:
        folder: the folder.
        column: the column with the mean ratings.
        lowest: the lowest rating; may be infinite.
        highest: the highest rating; may be infinite.

    Raises:
        LabelsError: labels.csv is missing, unreadable or lacks a column, or fewer than
            `MIN_PHOTOS` of its rows are usable.
    """
    photos: dict[Path, list[LabelledPhoto]] = {}
    problems: list[LabelProblem] = []
    for line, row in read_rows(folder / LABELS, ("file", column), _COUNTS):
        file = row.get("file", "") if isinstance(row, dict) else ""
        try:
            if isinstance(row, csv.Error):
                raise _Unusable("broken row", str(row))
            path = _path(folder, file)
            score = number(row[column])
            if not (lowest <= score <= highest and math.isfinite(score)):
                scale = (
                    f" from {lowest:g} to {highest:g}" if math.isfinite(highest - lowest) else ""
                )
                raise _Unusable("bad score", f"{cut(row[column])!r} is no score{scale}")
            histogram = _histogram([row.get(name, "") for name in _COUNTS])
        except _Unusable as error:
            problems.append(
                LabelProblem(line, cut(str(folder / file)) if file else "", *error.args)
            )
        else:
            labels = (row.get(name) or None for name in ("gender", "ethnicity", "split"))
            photo = LabelledPhoto(path, score, histogram, *labels, row=line)
            photos.setdefault(path, []).append(photo)
    kept, repeated = _without_repeats(photos)
    problems = sorted([*problems, *repeated], key=lambda problem: problem.row)
    require_enough(len(kept), problems)
    return kept, problems


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
        there = ", ".join(sorted({photo.split for photo in photos if photo.split})) or "none"
        raise LabelsError(f"no photo of the split {split!r}; there are {there}")
    return chosen


def read_rows(
    path: Path, required: Sequence[str], together: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str] | csv.Error]]:
    """Yield each row's line number and its stripped values by column, or the error in it.

    Args:
        path: a CSV file, which may be compressed if its name ends in .gz.
        required: columns that must be there.
        together: columns of which all must be there, or none.

    Raises:
        LabelsError: the file can't be read, or lacks a column.
    """
    reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise LabelsError(f"{path}: line 1: {error}") from error
    if not any(header):
        raise LabelsError(f"{path}: is empty")
    needed = [*required, *(together if set(together) & set(header) else ())]
    if missing := [name for name in needed if name not in header]:
        there = cut(", ".join(header))
        raise LabelsError(f"{path}: lacks the columns {', '.join(missing)}; it has {there}")
    if repeated := [name for name in needed if header.count(name) > 1]:
        raise LabelsError(f"{path}: has the column {repeated[0]} more than once")
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


def number(text: str) -> float:
    """Parse a number; NaN if it is none, or has underscores as in Python's own 1_000."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def cut(text: str) -> str:
    """Shorten `text` if it is too long for a message."""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "..."


def _text(path: Path) -> str:
    data = b""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabelsError(f"{path}: line {line} is not in UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LabelsError(f"{path}: {reason.lower()}") from error


def _path(folder: Path, file: str) -> Path:
    if not file:
        raise _Unusable("missing file", "names no file")
    # Symbolic links may lead out of the folder: they are the operator's own, while labels.csv may
    # be untrusted.
    inside = Path(os.path.normpath(file))
    if inside.is_absolute() or inside.parts[:1] == ("..",):
        raise _Unusable("outside the folder", f"{cut(file)!r} leads out of {folder}")
    try:
        there = (folder / inside).is_file()
    except (OSError, ValueError):  # no file can have this name
        there = False
    if not there:
        raise _Unusable("missing file", f"there is no file {cut(file)!r}")
    return folder / inside


def _histogram(texts: Sequence[str]) -> tuple[int, ...] | None:
    if not any(texts):
        return None
    counts = [number(text) for text in texts]
    for name, text, count in zip(_COUNTS, texts, counts, strict=True):
        if not (0 <= count <= _MOST_RATINGS and count.is_integer()):
            raise _Unusable("bad histogram", f"{name} is {cut(text)!r}, no count")
    if not any(counts):
        raise _Unusable("bad histogram", "n1 to n10 are all zero")
    return tuple(int(count) for count in counts)


def _without_repeats(
    rows: Mapping[Path, Sequence[LabelledPhoto]],
) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Return each photo once, without those whose rows contradict each other."""
    kept, problems = [], []
    for path, same in rows.items():
        first, wrong, kind = same[0], same[1:], "duplicate"
        reason = f"says the same as row {first.row}"
        if any(replace(photo, row=first.row) != first for photo in wrong):
            wrong, kind = same, "contradiction"
            reason = f"rows {', '.join(str(photo.row) for photo in same)} differ"
        else:
            kept.append(first)
        problems += [LabelProblem(photo.row, str(path), kind, reason) for photo in wrong]
    return kept, problems
