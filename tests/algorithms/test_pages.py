"""Every algorithm explains itself: its headings, its pillars from its imports, and checks that exist."""

from __future__ import annotations

import re

import pytest

from tearless.algorithms.pillars import names, pillars_of, source_of
from tearless.core.catalogue import catalogue
from tearless.core.page import parsed
from tearless.report.algorithm import to_markdown, to_text

HEADINGS = ["What it learns", "The mathematics", "How it is computed", "What goes wrong", "References"]
CHECKS = {entry.name for entry in catalogue()}


def caught(section: str) -> set[str]:
    """The checks that the section of what goes wrong points to, each after an arrow."""
    arrows = re.findall(r"→((?:\s*(?:,|and|or)?\s*`[a-z0-9-]+`)+)", section)
    return {name for some in arrows for name in re.findall(r"`([a-z0-9-]+)`", some)}


@pytest.mark.parametrize("name", names())
def test_the_page_has_its_headings_and_stands_on_pillars(name: str) -> None:
    page = parsed(source_of(name))
    assert list(page.sections) == HEADINGS
    assert all(page.sections.values())
    assert pillars_of(name)


@pytest.mark.parametrize("name", names())
def test_what_goes_wrong_names_checks_that_exist(name: str) -> None:
    named = caught(parsed(source_of(name)).sections["What goes wrong"])
    assert named
    assert named <= CHECKS, f"{name} points to {named - CHECKS}, which no catalogue holds"


def test_a_check_that_does_not_exist_is_caught() -> None:
    assert caught("- it fails → `no-such-check` and\n  `another`") == {"no-such-check", "another"}


def test_the_page_renders_as_text_and_as_markdown() -> None:
    page, pillars = parsed(source_of("ridge")), pillars_of("ridge")
    text = to_text("ridge", page.title, page.sections, pillars)
    assert "linear algebra: least_squares" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "## Stands on" in to_markdown("ridge", page.title, page.sections, pillars)
