"""``tearless summarize``."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from .check import ENGINE, NULL, SKIP, Engine
from .exits import CLEAN
from .progress import Progress
from .streams import colored, complain, say, stdout, width, writable

OUTPUT = "Write the facts there: a file for `tearless check --against`."
PRIVATE = "Keep no value: no extremes, no categories, no distribution; means and spreads of 20 numbers or more alone."
LABEL = "What the table is called in a history; its file's name if not given."


class Shape(StrEnum):
    """How to print the summary."""

    text = "text"
    json = "json"


def summarize(
    file: Annotated[str, typer.Argument(help="The table: a file, a folder or a glob of Parquet.")],
    output: Annotated[str, typer.Option(metavar="FILE", help=OUTPUT)],
    private: Annotated[bool, typer.Option("--private", help=PRIVATE)] = False,
    label: Annotated[str | None, typer.Option(metavar="TEXT", help=LABEL)] = None,
    shape: Annotated[Shape, typer.Option("--format", help="How to print what is kept.")] = Shape.text,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=NULL)] = None,
    engine: Annotated[Engine | None, typer.Option(help=ENGINE)] = None,
    skip_unreadable: Annotated[bool, typer.Option("--skip-unreadable", help=SKIP)] = False,
) -> int:
    """Keep of a table what a later one can be compared with, without its rows.

    The file holds of each column its name, type and counts of missing and infinite cells; of numbers the moments, the
    smallest and largest value, and counts in at most 512 cells, wide ones where fewer than 10 rows fall; of text the
    values that at least 10 rows hold. No rows. --private keeps no value of the table.

    Then: tearless check TODAY --against FILE
    """
    writable(output, (file,))
    with Progress() as progress:
        from tearless.doctor.summarize import summarize

        summary = summarize(
            file,
            label=label,
            private=private,
            null=null or (),
            engine=engine.value if engine else None,
            skip_unreadable=skip_unreadable,
            progress=progress,
        )
    summary.save(output)
    if not os.path.isfile(output):
        return CLEAN
    say(summary.to_text(width(), colored(stdout())) if shape is Shape.text else summary.to_json())
    complain(f"the facts are in {output}")
    return CLEAN
