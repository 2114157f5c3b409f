"""The buttons under answers and progress messages, and what their data says.

The data is `prefix:asker:rest`. It names who may press by a keyed hash, so that it is known even
when the photo is deleted; and Telegram tells which buttons a message has, so that nobody can press
one that belongs to another message.
"""

from __future__ import annotations

from typing import NamedTuple

from attrai.locales import text
from attrai.telegram.address import Address
from attrai.telegram.keyboards import MAX_DATA_BYTES, Button, Keyboard

#: Prefixes of the data of buttons. The rest is a style, the style of the answer, nothing, or the
#: first job of a progress message.
STYLE, FILE, DELETE, CANCEL = "s", "f", "d", "c"
#: Maximum number of styles in a row.
_ROW = 3


class ButtonData(NamedTuple):
    """What the data of a button says."""

    prefix: str
    asker: str
    rest: str


def parse_data(data: str) -> ButtonData:
    """Return what a button's data says."""
    prefix, _, more = data.partition(":")
    return ButtonData(prefix, *more.partition(":")[::2])


def answer_keyboard(address: Address, style: str, locale: str) -> Keyboard:
    """Return the buttons under a picture in a style: the other styles, file and delete."""
    if address.asker is None:
        return ()
    delete = _button(text("button-delete", locale), DELETE, address.asker)
    if address.as_file or not address.styles:
        return (delete,)
    others = [
        button
        for name in address.styles
        if name != style
        for button in _button(style_label(name, locale), STYLE, address.asker, name)
    ]
    rows = [others[start : start + _ROW] for start in range(0, len(others), _ROW)]
    file = _button(text("button-file", locale), FILE, address.asker, style)
    return (*rows, (*file, *delete))


def progress_keyboard(asker: str, first: str, locale: str) -> Keyboard:
    """Return the button under the progress message of a first job."""
    return (_button(text("button-cancel", locale), CANCEL, asker, first),)


def style_label(name: str, locale: str) -> str:
    """Return the label of a style: that of another package is its own name."""
    try:
        return text(f"button-{name}", locale)
    except KeyError:
        return name


def _button(label: str, prefix: str, asker: str, rest: str = "") -> tuple[Button, ...]:
    """Return a button, or none if a name is too long for its data."""
    data = f"{prefix}:{asker}:{rest}"
    return (Button(label, data),) if len(data.encode()) <= MAX_DATA_BYTES else ()
