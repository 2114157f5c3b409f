"""Switching the metrics on and off."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from attrai.errors import CannotStart
from attrai.monitoring import exporter
from attrai.monitoring.exporter import open_stage_metrics, open_state_metrics
from attrai.settings import Settings


def test_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a port nothing is counted, opened or required."""
    monkeypatch.delattr(exporter, "share")
    monkeypatch.setattr(exporter, "find_spec", lambda _: None)
    assert Settings().metrics_port is None
    assert open_stage_metrics(Settings()) is None
    open_state_metrics(Settings())


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port without the package is refused, and the error says what to install."""
    monkeypatch.setattr(exporter, "find_spec", lambda _: None)
    for start in (open_stage_metrics, open_state_metrics):
        with pytest.raises(CannotStart, match=r"attrai\[metrics\]"):
            start(Settings(metrics_port=9100))


def test_an_address_that_is_none() -> None:
    """An invalid address is refused with an error that names the setting and not its password."""
    settings = Settings(
        metrics_port=9100, redis_url=SecretStr("redis://:opensesame@h?socket_timeout=soon")
    )
    with pytest.raises(CannotStart, match="ATTRAI_REDIS_URL") as refusal:
        open_state_metrics(settings)
    assert "opensesame" not in str(refusal.value)
