"""The rows of a labels.csv, whatever is in it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from attrai.errors import LabelsError

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
