"""Chromium, as tests use it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, JSHandle, Page, expect, sync_playwright

from testing.servers.fixtures import require
from testing.waiting import PATIENCE_S

#: Milliseconds after which what a page does not show counts as missing.
PATIENCE_MS = 1000 * PATIENCE_S
#: Neither a window nor a call to anybody but the page's server.
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
    """A file that a person drags or pastes."""

    name: str
    type: str
    data: bytes


# Playwright leaves a loop running in its thread, in which `asyncio.run` of another module's test
# would fail: so a browser lives no longer than a module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that a module's tests share."""
    path = require("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, timeout=PATIENCE_MS
        )
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """The errors in the page's console. A test that provokes some checks and clears them."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """An English visitor's first page; what its console complains of fails the test."""
    context = browser.new_context(locale="en-US", viewport={"width": 1100, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def drop(page: Page, *files: File) -> None:
    """Drags the files onto the page."""
    transfer = _transfer(page, files)
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_be_hidden()


def paste(page: Page, *files: File) -> None:
    """Pastes the files where the cursor is."""
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
