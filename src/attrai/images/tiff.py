"""The directories of a TIFF, read without decoding anything and without trusting a number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

#: The most entries that are read of a directory, and the most values of an entry.
MAX_VALUES = 200_000
#: Far more than a camera writes.
_MAX_DIRECTORIES, _MAX_ENTRIES = 64, 1000
#: Bytes of a whole number, by its type.
_WIDTHS = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
#: The tag with the positions of directories below one.
SUBIFDS = 330


class Entry(NamedTuple):
    """One entry of a directory."""

    tag: int
    kind: int
    length: int  #: number of values
    position: int


class TiffDirectories:
    """Reader of the directories of a TIFF or BigTIFF."""

    def __init__(self, data: bytes) -> None:
        """Read the file's byte order and the widths of its numbers."""
        self._data = data
        self._order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
        #: Bytes of an offset, and of a directory's number of entries.
        self.width, self._count_width = (8, 8) if data.startswith(b"II+") else (4, 2)

    @property
    def first(self) -> int:
        """The position of page 1's directory."""
        return self.number(self.width, self.width)

    def number(self, start: int, length: int) -> int:
        """Return the number at a position; what is missing at the end of the file counts as 0."""
        return int.from_bytes(self._data[start : start + length], self._order)

    def entries(self, directory: int) -> Iterator[Entry]:
        """Yield the entries of the directory at a position."""
        start, end = self._range(directory)
        for entry in islice(range(start, min(end, len(self._data)), self._length), MAX_VALUES):
            length = self.number(entry + 4, self.width)
            yield Entry(self.number(entry, 2), self.number(entry + 2, 2), length, entry)

    def all(self) -> Iterator[dict[int, Entry]]:
        """Yield the directory of each page and of what is below it, the first page's first."""
        seen: set[int] = set()
        pending = [self.first]
        while pending and len(seen) < _MAX_DIRECTORIES:
            directory = pending.pop(0)
            if not 0 < directory < len(self._data) or directory in seen:
                continue
            seen.add(directory)
            some = islice(self.entries(directory), _MAX_ENTRIES)
            entries = {entry.tag: entry for entry in some}
            yield entries
            if SUBIFDS in entries and entries[SUBIFDS].length <= _MAX_DIRECTORIES:
                pending += self.values(entries[SUBIFDS])
            pending.append(self.number(self._range(directory)[1], self.width))

    def values(self, entry: Entry) -> list[int]:
        """Return the numbers of an entry; none if they are no whole ones or lie beyond the end."""
        width = _WIDTHS.get(entry.kind, 0)
        size = width * entry.length
        inline = entry.position + 4 + self.width
        start = inline if size <= self.width else self.number(inline, self.width)
        if not 0 < size <= MAX_VALUES * 8 or start + size > len(self._data):
            return []
        return [self.number(place, width) for place in range(start, start + size, width)]

    @property
    def _length(self) -> int:
        return 4 + 2 * self.width

    def _range(self, directory: int) -> tuple[int, int]:
        start = directory + self._count_width
        return start, start + self.number(directory, self._count_width) * self._length
