"""Texts: every failure has one, and none is left with a hole."""

from __future__ import annotations

import pytest

from attrai import errors
from attrai.texts import text

DETAILS = {
    "source-unreadable": {"reason": "permission denied"},
    "file-too-large": {"limit_mb": 20},
    "too-many-pixels": {"limit_megapixels": 50},
    "too-small": {"limit": 64},
    "undeliverable": {"reason": "no space left on device"},
}


CODES = [error.code for error in errors.UserError.__subclasses__()]


@pytest.mark.parametrize("code", [*CODES, errors.INTERNAL.code, errors.TIMED_OUT.code])
def test_every_failure_has_a_sentence(code: str) -> None:
    """Each failure's text fills its placeholders with the failure's details."""
    details = DETAILS.get(code, {})
    sentence = text(code, **details)
    assert sentence.endswith(".")
    assert all(str(value) in sentence for value in details.values())


def test_missing_value() -> None:
    """A text whose placeholder gets no value is a fault, not a sentence with a hole."""
    with pytest.raises(KeyError, match="too-small"):
        text("too-small")


def test_missing_text() -> None:
    """A key without a text is a fault."""
    with pytest.raises(LookupError):
        text("no-such-text")
