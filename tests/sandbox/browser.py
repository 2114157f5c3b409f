"""Chromium fixtures, and helpers that drag and paste files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    JSHandle,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from testing.servers.fixtures import require
from testing.waiting import PATIENCE_S

#: Milliseconds after which an element that the page does not show counts as missing.
PATIENCE_MS = 1000 * PATIENCE_S
#: Flags that run Chromium without a GPU, a first-run window or background network traffic.
_ARGUMENTS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_MAKE_TRANSFER = """files => {
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}"""


class File(NamedTuple):
    """A file that a user drags or pastes."""

    name: str
    type: str
    data: bytes


# Playwright leaves an event loop running in its thread, which would make `asyncio.run` fail in
# other modules' tests. So the browser is closed at the end of each module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a Chromium that the tests of a module share."""
    path = require("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, timeout=PATIENCE_MS
        )
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture
def console_errors() -> list[str]:
    """Return the list of errors in the page's console.

    A test that provokes errors must check and clear them.
    """
    return []


@pytest.fixture
def page(browser: Browser, console_errors: list[str]) -> Iterator[Page]:
    """Yield a blank page with an English locale; a console error or warning fails the test."""

    def record(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            console_errors.append(message.text)

    viewport: ViewportSize = {"width": 1100, "height": 800}
    with patient_context(browser, locale="en-US", viewport=viewport) as context:
        page = context.new_page()
        page.on("console", record)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        yield page
    assert console_errors == []


@contextmanager
def patient_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Open a context, which is a browser of its own, that waits as long as other tests do."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context


def drop(page: Page, *files: File) -> None:
    """Drag files onto the page."""
    transfer = _transfer(page, files)
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_hidden()


def paste(page: Page, *files: File) -> None:
    """Paste files into the focused element."""
    page.evaluate(
        """clipboardData => document.activeElement.dispatchEvent(
             new ClipboardEvent("paste", { clipboardData, bubbles: true }))""",
        _transfer(page, files),
    )


def _transfer(page: Page, files: tuple[File, ...]) -> JSHandle:
    encoded = [
        {"name": file.name, "type": file.type, "base64": base64.b64encode(file.data).decode()}
        for file in files
    ]
    return page.evaluate_handle(_MAKE_TRANSFER, encoded)
