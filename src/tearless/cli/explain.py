"""``tearless explain``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .streams import colored, say, stdout, width

if TYPE_CHECKING:
    from tearless.core.catalogue import Entry
    from tearless.core.seen import Seen


class Shape(StrEnum):
    """How to print the page."""

    text = "text"
    markdown = "markdown"


def explain(
    name: Annotated[str, typer.Argument(help="A check, as `tearless catalogue` lists it.")],
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
) -> int:
    """Explain one check, and argue its limits.

    Its mathematics, its limits and their reasons, when it is wrong, and what it said on its own examples.
    """
    from tearless.core.catalogue import find
    from tearless.report import page

    entry = find(name)
    seen = _seen(entry)
    if shape is Shape.markdown:
        say(page.to_markdown(entry, seen))
    else:
        say(page.to_text(entry, seen, width(), colored(stdout())))
    return 0


def _seen(entry: Entry) -> tuple[Seen, ...]:
    """What the examples said: as recorded, or run now where the check is newer than the record."""
    from tearless.core.seen import recorded

    known = recorded(entry.path, entry.page().examples)
    if known is not None:
        return known
    from tearless.testing import seen

    return seen(entry.load())
