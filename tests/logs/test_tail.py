"""Following a log file: each complete line once, through rotations and restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

import pytest

from attrai.logs.tail import Tail


@pytest.fixture(name="path")
def log_path(tmp_path: Path) -> Path:
    """Return the path of a log that isn't there yet."""
    return tmp_path / "redis.log"


def write(path: Path, text: str) -> None:
    """Append to a file as a program does that opens it for each line."""
    with path.open("a") as file:
        file.write(text)


@pytest.fixture(name="follow")
def closed_afterwards() -> Iterator[Callable[..., Tail]]:
    """Return a function that makes a tail, which is closed after the test."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(closing(Tail(*arguments)))


def drain(tail: Tail) -> list[str]:
    """Return all lines up to the end, also of a file that took the place of another."""
    lines = []
    for _ in range(3):  # a change of files is between two reads
        while more := tail.read():
            lines += more
    return lines


def test_lines(follow: Callable[..., Tail], path: Path) -> None:
    """Lines are read once they are complete, whatever bytes they have; empty ones are left out."""
    tail = follow(path)
    assert drain(tail) == []
    write(path, "one\n\ntw")
    assert drain(tail) == ["one"]
    write(path, "o\r\nthree\n")
    with path.open("ab") as file:
        file.write(b"\xff\n")
    assert drain(tail) == ["two", "three", "\ufffd"]
    assert drain(tail) == []


def test_long_file_and_long_line(follow: Callable[..., Tail], path: Path) -> None:
    """A large file is read in pieces, and a line without an end is cut."""
    numbers = [str(number) for number in range(50_000)]
    write(path, "\n".join(numbers) + "\n")
    tail = follow(path)
    assert 1 < len(tail.read()) < len(numbers)
    assert drain(tail)[-1] == numbers[-1]
    write(path, "x" * 3_000_000)
    pieces = drain(tail)
    write(path, "\n")
    assert "".join([*pieces, *drain(tail)]) == "x" * 3_000_000


def test_rotation(follow: Callable[..., Tail], path: Path) -> None:
    """The rest of a renamed file is read before the file that took its place."""
    write(path, "1\n")
    tail = follow(path)
    assert drain(tail) == ["1"]
    with path.open("a") as still_open:
        path.rename(f"{path}.0")
        still_open.write("2\n")
    assert drain(tail) == ["2"]
    write(Path(f"{path}.0"), "3\nend")
    write(path, "4\n")
    assert drain(tail) == ["3", "end", "4"]


def test_the_last_moment(
    follow: Callable[..., Tail], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is written after the end was seen and before the file is renamed is read."""
    write(path, "1\n")
    tail = follow(path)
    assert drain(tail) == ["1"]
    is_replaced = Tail._is_replaced

    def replaced_at_once(self: Tail, file: BinaryIO) -> bool:
        monkeypatch.undo()
        write(path, "2\n")
        path.rename(f"{path}.0")
        write(path, "3\n")
        return is_replaced(self, file)

    monkeypatch.setattr(Tail, "_is_replaced", replaced_at_once)
    assert drain(tail) == ["2", "3"]


def test_own_rotation(follow: Callable[..., Tail], path: Path) -> None:
    """A large file is renamed once it is read to its end, and only then."""
    write(path, "1234567890\n")
    tail = follow(path)
    tail.rotate(5)
    assert path.exists()
    assert len(drain(tail)) == 1
    tail.rotate(50)
    write(path, "part")
    drain(tail)
    tail.rotate(5)
    assert path.exists()
    write(path, "s\n")
    assert drain(tail) == ["parts"]
    tail.rotate(5)
    assert not path.exists()
    write(Path(f"{path}.1"), "late\n")
    assert drain(tail) == ["late"]
    write(path, "new\n")
    tail.rotate(0)
    assert drain(tail) == ["new"]


@pytest.mark.parametrize("rotated", [False, True])
def test_restart(follow: Callable[..., Tail], path: Path, rotated: bool) -> None:  # noqa: FBT001 - pytest passes it
    """A new reader goes on where the last one was, also if the file was renamed meanwhile."""
    write(path, "1\n2\nhal")
    before = follow(path)
    assert drain(before) == ["1", "2"]
    position = before.position
    before.close()
    write(path, "f\n")
    if rotated:
        path.rename(f"{path}.0")
    write(path, "3\n")
    assert drain(follow(path, position)) == ["half", "3"]


def test_an_emptied_file(follow: Callable[..., Tail], path: Path) -> None:
    """A file that was emptied, or another one, is read from its start after a restart."""
    write(path, "1\n2\n3\n")
    tail = follow(path)
    drain(tail)
    position = tail.position
    tail.close()
    path.write_text("4\n")
    assert drain(follow(path, position)) == ["4"]
    path.rename(path.with_name("other"))
    write(path, "5\n5\n5\n5\n")
    assert drain(follow(path, position)) == ["5"] * 4
