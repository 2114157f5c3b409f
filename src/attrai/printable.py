"""Strings of strangers, such as file names, made safe to print."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""Return a string in which all that would not show as it is, is escaped as in Python.

    Control characters could change what a terminal shows, marks of direction the order in which a
    name is read. A byte that is no UTF-8, which Python keeps as half of a surrogate pair, becomes
    `\xff`; it could not be printed at all.
    """
    return "".join(map(_printable, str(text)))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # what os.fsdecode makes of a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
