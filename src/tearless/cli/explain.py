"""``tearless explain``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .streams import colored, say, stdout, width

if TYPE_CHECKING:
    from tearless.core.catalogue import Entry
    from tearless.core.page import Page
    from tearless.core.seen import Seen


class Shape(StrEnum):
    """How to print the page."""

    text = "text"
    markdown = "markdown"


def explain(
    name: Annotated[str, typer.Argument(help="A check or an algorithm, as `tearless catalogue` lists it.")],
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
) -> int:
    """Explain one check, or one learning algorithm.

    Of a check: its mathematics, its limits and their reasons, when it is wrong, and what it said on its own examples.
    Of an algorithm: the pillars it stands on, its mathematics, what goes wrong, and the check that catches it.
    """
    from tearless.algorithms.pillars import names

    if name in names():
        say(_algorithm(name, shape))
        return 0
    from tearless.core.catalogue import find
    from tearless.report.page import to_markdown, to_text

    for entry in find(name):
        page = entry.page()
        seen = _seen(entry, page)
        if shape is Shape.markdown:
            say(to_markdown(entry.path, page, seen))
        else:
            say(to_text(entry.path, page, seen, width(), colored(stdout())))
    return 0


def _algorithm(name: str, shape: Shape) -> str:
    """The page of an algorithm, read from its source and its imports."""
    from tearless.algorithms.pillars import pillars_of, source_of
    from tearless.core.page import parsed
    from tearless.report.algorithm import to_markdown, to_text

    page, pillars = parsed(source_of(name)), pillars_of(name)
    if shape is Shape.markdown:
        return to_markdown(name, page.title, page.sections, pillars)
    return to_text(name, page.title, page.sections, pillars, width(), colored(stdout()))


def _seen(entry: Entry, page: Page) -> tuple[Seen, ...]:
    """What the examples said: as recorded, or run now where the check is newer than the record."""
    from tearless.core.seen import recorded

    known = recorded(entry.path, page.examples)
    if known is not None:
        return known
    from tearless.testing import seen

    return seen(entry.load())
