"""The page of a check, and the files made from the checks."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from rich.cells import cell_len

from tearless.core.catalogue import Entry, catalogue, find
from tearless.core.page import SECTIONS, page_of, title_of
from tearless.core.seen import Seen, as_text, recorded
from tearless.report.page import to_markdown, to_text

BUILD = Path(__file__).parents[2] / "docs" / "build.py"
SEEN = (
    Seen("healthy", "two_values", ()),
    Seen("sick", "one_year_only", ("warning: `year` holds one value",)),
    Seen("fooled", "one_stray_value", (), "one stray value hides it"),
)


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.path)
def test_a_page_holds_every_section_limit_and_reason(entry: Entry) -> None:
    page = entry.page()
    text = " ".join(to_text(entry.path, page, SEEN).split())
    for name in SECTIONS:
        assert name in text
        assert " ".join(page.sections[name].split()[:12]) in text
    for limit in page.limits:
        assert f"{limit.name}: " in text
        assert " ".join(limit.because.split()) in text
        assert limit.kind in text
    markdown = to_markdown(entry.path, page, SEEN)
    assert all(f"## {name}" in markdown for name in SECTIONS)


def test_a_page_says_what_was_seen() -> None:
    (entry,) = find("constant-column")
    text = to_text(entry.path, entry.page(), SEEN)
    assert "healthy  two_values: silent" in text
    assert "sick  one_year_only: warning: `year` holds one value" in text
    assert "fooled  one_stray_value: silent (admitted: one stray value hides it)" in text


@pytest.mark.parametrize("width", [40, 80])
def test_pages_fit_the_terminal(width: int) -> None:
    for entry in catalogue():
        text = to_text(entry.path, entry.page(), SEEN, width)
        assert max(map(cell_len, text.splitlines())) <= width


def test_the_title_read_alone_is_that_of_the_page() -> None:
    assert all(title_of(entry.module) == page_of(entry.module).title for entry in catalogue())


def test_the_record_is_refused_where_the_examples_changed() -> None:
    (entry,) = find("constant-column")
    examples = entry.page().examples
    assert recorded(entry.path, {**examples, "sick": ("another",)}) is None
    assert recorded("statistics/no-such-check", {"sick": ("another",)}) is None
    assert as_text({"b": SEEN, "a": ()}).startswith('{\n "a"')


def test_the_docs_and_the_record_are_current() -> None:
    """Else run ``python docs/build.py``."""
    assert runpy.run_path(str(BUILD))["stale"]() == []
