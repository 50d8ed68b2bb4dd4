"""The guide in a real browser: every lesson, on a wide page and on a phone, light and dark, by keyboard alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tearless.core.catalogue import lessons
from tearless.guide.export import exported
from tearless.guide.pages import Guide
from tearless.guide.replays.all import INCIDENTS
from tearless.guide.server import serve

LARGEST = 400_000
WIDTHS = {"wide": 1200, "phone": 390}
every_lesson = pytest.mark.parametrize("name", [entry.name for entry in lessons()])


@pytest.fixture(scope="module")
def address() -> str:
    """A guide that is served in a thread until the tests end; its address holds the key."""
    told: list[str] = []
    threading.Thread(target=lambda: serve(Guide(), ready=told.append), daemon=True).start()
    until = time.monotonic() + 60
    while not told and time.monotonic() < until:
        time.sleep(0.02)
    return told[0]


class Watched:
    """A page with all that it asked for and complained of."""

    def __init__(self, browser: Browser, width: int, scheme: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console", lambda said: self.troubles.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda fault: self.troubles.append(str(fault)))
        self.page.on("request", lambda request: self.asked.append(request.url))


def at(address: str, path: str) -> str:
    host, _, token = address.partition("/?")
    return f"{host}{path}{'&' if '?' in path else '?'}{token}"


def open_lesson(browser: Browser, address: str, name: str, width: int, scheme: str) -> Watched:
    watched = Watched(browser, width, scheme)
    watched.page.goto(at(address, f"/lesson/{name}"))
    return watched


def sound(watched: Watched, address: str, width: int) -> None:
    """The page asked nobody else, complained of nothing, fits its width and its size, and everybody can use it."""
    page = watched.page
    assert page.inner_text("h1")
    assert not watched.troubles
    assert all(url.startswith((address.partition("/?")[0], "data:")) for url in watched.asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(page.content().encode()) <= LARGEST
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert not found.violations_count, found.generate_report()


@every_lesson
def test_a_lesson_opens_on_a_phone_in_the_dark(browser: Browser, address: str, name: str) -> None:
    watched = open_lesson(browser, address, name, WIDTHS["phone"], "dark")
    sound(watched, address, WIDTHS["phone"])
    watched.context.close()


@every_lesson
def test_a_lesson_opens_in_the_light_and_every_control_moves_it(browser: Browser, address: str, name: str) -> None:
    """By keyboard alone: the sentence, the picture, the numbers and the code follow."""
    watched = open_lesson(browser, address, name, WIDTHS["wide"], "light")
    sound(watched, address, WIDTHS["wide"])
    page = watched.page
    for i in range(page.locator("#controls .control").count()):
        control = page.locator("#controls .control").nth(i).locator("input[type=range], select")
        before = page.inner_html("#view")
        control.focus()
        for key in ("End", "ArrowDown", "Home", "ArrowUp"):
            value = control.input_value()
            page.keyboard.press(key)
            if control.input_value() != value and moves(page, before):
                break
        assert page.inner_html("#view") != before, "nothing moved"
    assert not watched.troubles
    watched.context.close()


def moves(page: Page, before: str, seconds: float = 10.0) -> bool:
    """Whether the picture changes; where it does, as soon as it does."""
    until = time.monotonic() + seconds
    while page.inner_html("#view") == before and time.monotonic() < until:
        page.wait_for_timeout(20)
    return page.inner_html("#view") != before


def wait_until(page: Page, so: Any, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < until, "nothing moved"
        page.wait_for_timeout(20)


def test_the_contents_open(browser: Browser, address: str) -> None:
    watched = Watched(browser, WIDTHS["phone"], "light")
    watched.page.goto(address)
    assert watched.page.locator("a[data-lesson]").count() == len(lessons())
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    assert not Axe().run(watched.page).violations_count
    assert not watched.troubles
    watched.context.close()


def test_a_lesson_reads_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(at(address, "/lesson/gradient-descent"))
    before = page.inner_text(".says")
    page.fill("input[name=rate]", "1.2")
    page.click("button[type=submit]")
    assert "diverges" in page.inner_text(".says") != before
    context.close()


def test_the_code_runs_on_the_page(browser: Browser, address: str) -> None:
    watched = open_lesson(browser, address, "gradient-descent", WIDTHS["wide"], "light")
    page = watched.page
    page.click("#run")
    wait_until(page, lambda: "as above" in page.inner_text("#output"), 30)
    page.fill("#code", "print('mine'); bound = 3.0")
    page.click("#run")
    wait_until(page, lambda: "mine" in page.inner_text("#output"), 30)
    assert "above:" in page.inner_text("#output")
    watched.context.close()


def test_a_dragged_slider_ends_where_it_was_put(browser: Browser, address: str) -> None:
    """The latest setting wins, however many were asked for on the way; half of the moves are painted within 0.1 s on an
    idle machine (``bench/guide.py`` measures that)."""
    watched = open_lesson(browser, address, "gradient-descent", WIDTHS["wide"], "light")
    page = watched.page
    slider = page.locator("#c-rate")
    for share in range(0, 1001, 25):
        slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); }", share)
    high = page.locator("input[name=rate]").input_value()
    wait_until(page, lambda: f"At a rate of {float(high):g}" in page.inner_text(".says"))
    watched.context.close()


def test_an_exported_lesson_opens_from_disk(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "lesson.html"
    file.write_text(exported(Guide(), "gradient-descent", {}), encoding="utf-8")
    assert file.stat().st_size <= LARGEST
    watched = Watched(browser, WIDTHS["phone"], "dark")
    watched.context.set_offline(True)
    watched.page.goto(file.as_uri())
    watched.page.locator("#stop").focus()
    watched.page.keyboard.press("End")
    assert "diverges" in watched.page.inner_text(".says")
    assert watched.asked == [file.as_uri()]
    assert not watched.troubles
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    watched.context.close()


@pytest.mark.parametrize(
    "path", ["/start", "/map", "/published", "/incidents", "/check/overconfident", "/check/class-collapse"]
)
def test_the_other_pages_open(browser: Browser, address: str, path: str) -> None:
    watched = Watched(browser, WIDTHS["phone"], "dark")
    watched.page.goto(at(address, path))
    assert watched.page.inner_text("h1")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    found = Axe().run(watched.page)
    assert not found.violations_count, found.generate_report()
    assert not watched.troubles
    watched.context.close()


@pytest.mark.parametrize("incident", [incident.name for incident in INCIDENTS])
def test_an_incident_is_run_on_its_page(browser: Browser, address: str, incident: str) -> None:
    watched = Watched(browser, WIDTHS["phone"], "light")
    watched.page.goto(at(address, f"/incident/{incident}"))
    assert "What the checks say" in watched.page.inner_text("main")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    found = Axe().run(watched.page)
    assert not found.violations_count, found.generate_report()
    assert not watched.troubles
    watched.context.close()
