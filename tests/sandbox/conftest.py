"""Fixtures for a running sandbox and clients, and test pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from telegram_sandbox import Sandbox, running
from testing.waiting import PATIENCE_S


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox without users."""
    return Sandbox()


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """Serve the sandbox and yield its URL."""
    with running(sandbox) as address:
        yield address


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Yield an HTTP session."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def call(sandbox: Sandbox, url: str, http: requests.Session) -> Callable[..., dict[str, Any]]:
    """Return a function that calls a method of the Bot API and returns the answer's JSON.

    The parameters are sent as JSON. The HTTP status must agree with the answer's `error_code`.
    """

    def call_method(method: str, **parameters: Any) -> dict[str, Any]:
        answer = http.post(
            f"{url}/bot{sandbox.token}/{method}", json=parameters, timeout=PATIENCE_S
        )
        body: dict[str, Any] = answer.json()
        assert answer.status_code == body.get("error_code", 200)
        return body

    return call_method


def blank(width: int, height: int) -> bytes:
    """Return the PNG of a black picture, which is quick to encode at any size."""
    file = BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def picture(width: int = 640, height: int = 480, kind: str = "JPEG") -> bytes:
    """Return an encoded picture with some texture."""
    noise = np.random.default_rng(0).integers(0, 255, (3, 4, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).resize((width, height)).save(file, kind)
    return file.getvalue()
