"""The page of `attrai status` on a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO, TextIOWrapper

import pytest
from rich.console import Console

from attrai.job import STAGES
from attrai.monitoring import status
from attrai.monitoring.snapshot import Times
from tests.monitoring.states import snapshot, stage

HEADERS = ("Stage", "Waiting", "Processing", "Retrying", "Workers", "minute", "Wait, s", "Work, s")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_and_numbers_are_whole(encoding: str) -> None:
    """In 80 columns no name and no number of the table is cut, and each stage has one line."""
    times = Times(1234.5, 12345.6)
    stages = [
        replace(stage(name, 123_456, 999), per_minute=12_345, waited=times, took=times)
        for name in STAGES
    ]
    out = TextIOWrapper(BytesIO(), encoding=encoding, errors="backslashreplace")
    Console(file=out, width=status.MIN_WIDTH).print(status.table(snapshot(*stages)))
    out.seek(0)
    page = out.read()
    assert "…" not in page
    assert r"\u2026" not in page
    assert all(header in page for header in HEADERS)
    for name in STAGES:
        (row,) = (line.split() for line in page.splitlines() if name in line and "999" in line)
        figures = [figure for each in row for figure in each.split("|") if figure]
        assert figures[:6] == [name, "123456", "0", "0", "999", "12345"]
        assert figures[6:] == ["1234", "12346", "1234", "12346"]
