"""``tearless published``."""

from __future__ import annotations

from typing import Annotated

import typer

from .explain import Shape
from .streams import colored, say, stdout, width


def published(
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
) -> int:
    """Compute figures of a widely read tutorial again.

    Each is shown as it was printed and as its own inputs give it, with the reason where the two differ.
    """
    from tearless.guide.published.page import every_row, to_markdown, to_text

    rows = every_row()
    say(to_markdown(rows) if shape is Shape.markdown else to_text(rows, width(), colored(stdout())))
    return 0
