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
_COUNTS = tuple(f"n{rating}" for rating in RATINGS)
#: The largest plausible count of one rating: more than there are people.
_MOST_RATINGS = 10**10
#: The most characters of a value to quote in a message.
_QUOTED = 200


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and its ratings."""

    path: Path
    score: float  #: the mean of the ratings
    #: How many raters gave 1, 2, ... 10, at least one in total; None when not known.
    histogram: tuple[int, ...] | None = None
    gender: str | None = None
    ethnicity: str | None = None
    split: str | None = None
    row: int = 0  #: the line in labels.csv, where the header is 1; 0 if it comes from elsewhere


@dataclass(frozen=True)
class LabelProblem:
    """The reason why a row of labels.csv is left out."""

    row: int  #: the line, where the header is 1
    file: str  #: the photo's path, shortened if it is very long; empty if none is given
    kind: str  #: two or three words, the same for all problems that are counted together
    reason: str


class _Unusable(Exception):
    """A row can't be used; the arguments are the kind and the reason."""


def read_labels(
    folder: Path, column: str = "score", lowest: float = RATINGS[0], highest: float = RATINGS[-1]
) -> tuple[list[LabelledPhoto], list[LabelProblem]]:
    """Read the labelled photos in `folder`, in the order of its labels.csv, and the unusable rows.

    Scores are read from `column`, and lie within `lowest` and `highest`, which may be infinite.
    Photos are not opened: whether one can be decoded and has a face shows when it is cropped.

    Raises:
        LabelsError: labels.csv is missing, unreadable or lacks a column, or fewer than
            `MIN_PHOTOS` of its rows are usable.
    """
    photos: dict[Path, list[LabelledPhoto]] = {}
    problems: list[LabelProblem] = []
    for line, row, wrong in read_rows(folder / LABELS, ("file", column), _COUNTS):
        file = row.get("file", "")
        try:
            if wrong:
                raise _Unusable("broken row", wrong)  # noqa: TRY301 - is reported like the others
            path = _path(folder, file)
            score = _score(row[column], lowest, highest)
            persons = row.get("gender") or None, row.get("ethnicity") or None
            split = row.get("split") or None
            photo = LabelledPhoto(path, score, _histogram(row), *persons, split, line)
            photos.setdefault(path, []).append(photo)
        except _Unusable as error:
            problems.append(
                LabelProblem(line, cut(str(folder / file)) if file else "", *error.args)
            )
    kept = []
    for path, same in photos.items():
        first, others, kind = same[0], same[1:], "duplicate"
        reason = f"says the same as row {first.row}"
        if any(replace(other, row=first.row) != first for other in others):
            others, kind = same, "contradiction"
            reason = f"rows {', '.join(str(photo.row) for photo in same)} differ"
        else:
            kept.append(first)
        problems += [LabelProblem(photo.row, str(path), kind, reason) for photo in others]
    problems.sort(key=lambda problem: problem.row)
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
    counts = ", ".join(
        f"{count} {kind} (row {first[kind].row}: {first[kind].reason})"
        for kind, count in Counter(problem.kind for problem in problems).most_common()
    )
    said = f"{usable} usable photos, where at least {MIN_PHOTOS} are needed"
    raise LabelsError(f"{said}; left out: {counts}" if counts else said)


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
) -> Iterator[tuple[int, Mapping[str, str], str]]:
    """Yield each row's line number, its stripped values by column, and what is wrong with it.

    One of the last two is empty. The file may be compressed, as .gz. Of the columns `together` all
    must be there, or none.

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
            several = f", up to row {reader.line_num}" if reader.line_num > line else ""
            yield line, {}, f"{error}{several}"
            continue
        if len(cells) == len(header):
            yield line, dict(zip(header, map(str.strip, cells), strict=True)), ""
        elif cells:  # else the line is blank
            yield line, {}, f"has {len(cells)} values for {len(header)} columns"


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


def _score(text: str, lowest: float, highest: float) -> float:
    score = number(text)
    if not (math.isfinite(score) and lowest <= score <= highest):
        scale = f" from {lowest:g} to {highest:g}" if math.isfinite(highest - lowest) else ""
        raise _Unusable("bad score", f"{cut(text)!r} is no score{scale}")
    return score


def _histogram(row: Mapping[str, str]) -> tuple[int, ...] | None:
    texts = {name: row.get(name, "") for name in _COUNTS}
    if not any(texts.values()):
        return None
    for name, text in texts.items():
        if not (0 <= number(text) <= _MOST_RATINGS and number(text).is_integer()):
            raise _Unusable("bad histogram", f"{name} is {cut(text)!r}, no count")
    counts = tuple(int(number(text)) for text in texts.values())
    if not any(counts):
        raise _Unusable("bad histogram", "n1 to n10 are all zero")
    return counts
