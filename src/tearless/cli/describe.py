"""``tearless describe``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .check import NULL
from .exits import CLEAN, STOPPED
from .progress import Progress
from .streams import colored, say, stdout, width


class Shape(StrEnum):
    """How to print the description."""

    text = "text"
    json = "json"
    markdown = "markdown"
    csv = "csv"


def describe(
    file: Annotated[str, typer.Argument(help="The table: a file, a folder or a glob of Parquet.")],
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=NULL)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Describe each column in sound numbers.

    Its type, mean, spread, range, quartiles, distinct values, and what is missing.
    """
    with Progress() as progress:
        from tearless.doctor.describe import describe

        description = describe(file, seed=seed, null=null or (), progress=progress)
    if shape is Shape.text:
        say(description.to_text(width(), colored(stdout())))
    else:
        say(getattr(description, f"to_{shape.value}")())
    return STOPPED if description.stopped else CLEAN
