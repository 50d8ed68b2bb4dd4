"""The site of the documentation: every page is there, every link leads to one, and it opens from disk."""

from __future__ import annotations

import posixpath
import re
import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tearless.algorithms.pillars import PILLARS, names
from tearless.core.catalogue import catalogue, lessons

SITE = Path(__file__).parents[2] / "docs" / "site.py"
COMMANDS = {"check", "compare", "calibrate", "watch", "learn", "explain", "describe", "power", "sample", "gradients"}
Pages = Mapping[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, with few stops on each slider."""
    made = tmp_path_factory.mktemp("site")
    runpy.run_path(str(SITE))["build"](made, stops=2)
    return made


@pytest.fixture(scope="module")
def pages(folder: Path) -> Pages:
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


def test_everything_has_its_page(pages: Pages) -> None:
    wanted = {"index.html", "start.html", "map.html", "published.html", "incidents.html"}
    wanted |= {f"lesson/{entry.name}.html" for entry in lessons()} | {f"check/{e.name}.html" for e in catalogue()}
    wanted |= {f"command/{name}.html" for name in COMMANDS} | {f"algorithm/{name}.html" for name in names()}
    wanted |= {f"functions/{pillar}.html" for pillar in PILLARS}
    assert not wanted - set(pages)


def test_every_link_leads_to_a_file_and_to_a_place_in_it(folder: Path, pages: Pages) -> None:
    for name, text in pages.items():
        for link in set(re.findall(r'\s(?:href|src)="([^"]*)"', text)) - {"data:,"}:
            path, _, part = link.partition("#")
            there = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            assert (folder / there).is_file(), f"{name}: {link} leads nowhere"
            assert not part or f'id="{part}"' in pages[there], f"{name}: no {part} in {there}"


def test_nothing_is_loaded_from_elsewhere(folder: Path, pages: Pages) -> None:
    for name, text in {**pages, "style.css": (folder / "style.css").read_text(encoding="utf-8")}.items():
        assert not re.search(r"""(?:href|src|action)=["']?(?:\w+:)?//|url\(|@import""", text), name


def test_every_page_is_found_from_the_first(pages: Pages) -> None:
    seen: set[str] = set()
    wait = ["index.html"]
    while wait:
        name = wait.pop()
        if name not in seen:
            seen.add(name)
            found = re.findall(r'\shref="([^":#]+\.html)', pages[name])
            wait += [posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) for link in found]
    assert seen == set(pages)


def test_a_function_is_shown_with_its_example(pages: Pages) -> None:
    text = pages["functions/calculus.html"]
    _, _, after = text.partition('id="stability.largest_rate"')
    section = after.partition("</section>")[0]
    assert "largest_rate(curvature:" in section
    assert "&gt;&gt;&gt; " in section


@pytest.mark.parametrize(
    "page",
    [
        "index.html",
        "lesson/gradient-descent.html",
        "functions/calculus.html",
        "command/check.html",
        "check/underconfident.html",
    ],
)
def test_a_page_opens_from_disk(browser: Browser, folder: Path, page: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark", offline=True)
    tab, troubles, asked = context.new_page(), list[str](), list[str]()
    tab.on("console", lambda said: troubles.append(said.text))
    tab.on("pageerror", lambda fault: troubles.append(str(fault)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((folder / page).as_uri())
    if page.startswith("lesson/"):
        before = tab.inner_html("#view")
        tab.locator("#stop").focus()
        tab.keyboard.press("Home")
        tab.keyboard.press("End")
        assert tab.inner_html("#view") != before
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert not troubles
    assert all(url.startswith((folder.as_uri(), "data:")) for url in asked)
    context.close()
