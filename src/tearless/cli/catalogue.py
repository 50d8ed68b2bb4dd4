"""``tearless catalogue``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .streams import colored, say, stdout, width


class Shape(StrEnum):
    """How to print the list."""

    text = "text"
    json = "json"


def catalogue(shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text) -> int:
    """List every check, by pillar."""
    from tearless.report import catalogue

    say(catalogue.to_json() if shape is Shape.json else catalogue.to_text(width(), colored(stdout())))
    return 0
