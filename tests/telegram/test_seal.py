"""Seal: encryption keyed by the bot's token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.telegram import Seal, SealBroken
from tests.telegram.served import TOKEN


@given(st.text())
def test_what_is_sealed_can_be_opened(text: str) -> None:
    """Any text comes back, also in another process with the same token."""
    assert Seal(TOKEN).open(Seal(TOKEN).seal(text)) == text


def test_a_seal_hides() -> None:
    """The same text sealed twice looks different, and shows nothing of itself."""
    seal = Seal(TOKEN)
    first, second = seal.seal("123456789"), seal.seal("123456789")
    assert first != second
    assert "123456789" not in first


def test_a_broken_seal() -> None:
    """Another token, a changed or cut text, and what was never sealed are refused."""
    sealed = Seal(TOKEN).seal("123456789")
    with pytest.raises(SealBroken):
        Seal("1:another").open(sealed)
    changed = sealed[:-10] + ("A" if sealed[-10] != "A" else "B") + sealed[-9:]
    for text in (changed, sealed[:-4], sealed[4:], "", "123456789", "Ж", "\ud800"):
        with pytest.raises(SealBroken):
            Seal(TOKEN).open(text)
