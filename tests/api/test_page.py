"""The page on which the interface can be tried, in a real browser."""

from __future__ import annotations

from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from attrai.errors import NoFace
from attrai.locales import text
from testing.waiting import wait_for
from tests.api.conftest import KEY, Door, open_door
from tests.conftest import ASTRONAUT

pytestmark = pytest.mark.browser


def rate(page: Page, door: Door, photo: bytes, *, rated: bool) -> None:
    """Send a photo on the page, and do what the stages would."""

    def process() -> None:
        wait_for(door.jobs)
        id_ = door.jobs()[0].id
        door.broker.queues["ingest"].queue.clear()
        job = door.ledger.admitted(id_)
        assert job is not None
        if rated:
            door.channel.deliver(job, photo)
        else:
            job = job.with_(failure=NoFace().failure())
            door.channel.send_failure(job, NoFace().failure())
        door.ledger.finish(job)
        door.store.delete_job(id_)

    stages = Thread(target=process)
    stages.start()
    page.get_by_role("button", name="Rate").click()
    stages.join()


def test_rating(page: Page, console_errors: list[str]) -> None:
    """With a key the page sends a photo and shows the picture and the faces, or what is wrong."""
    with open_door([KEY]) as door:
        page.goto(f"{door.url}/docs")
        page.get_by_label("Photo").set_input_files(ASTRONAUT)
        page.get_by_role("button", name="Rate").click()
        expect(page.get_by_role("status")).to_contain_text("unauthorized")
        page.get_by_label("API key").fill(KEY)
        page.get_by_label("Renderer").select_option("ranking")
        rate(page, door, ASTRONAUT.read_bytes(), rated=True)
        picture = page.get_by_alt_text("The rated picture")
        expect(picture).to_be_visible()
        width = "picture => picture.decode().then(() => picture.naturalWidth)"
        assert picture.evaluate(width) == 512
        expect(page.locator("#result")).to_contain_text('"state": "done"')
        expect(page.locator("#result")).to_contain_text('"renderer": "ranking"')
        rate(page, door, b"", rated=False)
        expect(page.get_by_role("status")).to_contain_text(text("no-face"))
        expect(picture).to_be_hidden()
        for method in ("POST /v1/photos", "DELETE /v1/photos/{id}", "GET /v1/photos/{id}/picture"):
            expect(page.get_by_text(method, exact=True)).to_be_visible()
    # The two answers that say what is wrong.
    assert [error for error in console_errors if "401" not in error and "422" not in error] == []
    console_errors.clear()


def test_without_keys(page: Page) -> None:
    """Where no key is needed, none is asked for."""
    with open_door([]) as door:
        page.goto(f"{door.url}/docs")
        expect(page.get_by_text("POST /v1/photos", exact=True)).to_be_visible()
        expect(page.get_by_label("API key")).to_be_hidden()
