"""The report as HTML, read by an independent parser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tearless import Report

VOID = {"meta"}


class Reader(HTMLParser):
    """Collects tags, attributes and text; fails on a tag that is closed where it is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


def test_the_page_needs_nothing_and_runs_nothing(hostile: Report) -> None:
    page = hostile.to_html()
    reader = read(page)
    assert page.isascii()
    assert not {"script", "img", "link", "iframe", "object", "a"} & reader.tags
    assert reader.attributes <= {"lang", "charset", "name", "content", "class"}
    assert not re.search("url\\(|@import|https?:", page)
    assert "prefers-color-scheme: dark" in page


def test_hostile_names_stay_words(hostile: Report) -> None:
    reader = read(hostile.to_html())
    assert "<script>alert(1)</script>" in reader.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", reader.text)


def test_a_notebook_gets_the_same_without_the_frame(wine: Report) -> None:
    fragment = wine._repr_html_()
    assert "<html" not in fragment
    text = read(fragment).text
    assert all(f.headline.replace("`", "") in text for f in wine.findings)
