"""The progress display of long commands."""

from __future__ import annotations

import pytest

from attrai.cli.console import add_lines


def test_lines_in_place_of_bars(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is printed at each tenth of the steps, however many steps are reported at once."""
    advance = add_lines("Learning", 30)
    advance(14)  # as when an interrupted run is resumed
    for _ in range(16):
        advance(1)
    lines = capsys.readouterr().err.splitlines()
    counts = [line.removeprefix("Learning: ").split(",")[0] for line in lines]
    assert counts == [f"{done} of 30" for done in (14, 15, 18, 21, 24, 27, 30)]
    assert lines[-1].endswith("0 min left")
