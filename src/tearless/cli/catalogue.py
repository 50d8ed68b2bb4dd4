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
    """List every check, by pillar, and every learning algorithm."""
    from tearless.algorithms.pillars import names
    from tearless.core.page import title_of
    from tearless.report import catalogue

    if shape is Shape.json:
        say(catalogue.to_json())
        return 0
    algorithms = {name: title_of(f"tearless.algorithms.{name.replace('-', '_')}") for name in names()}
    say(catalogue.to_text(algorithms, width(), colored(stdout())))
    return 0
