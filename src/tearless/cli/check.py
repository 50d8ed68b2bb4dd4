"""``tearless check``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .deliver import FailOn, Shape, deliver, save, shapes_of
from .progress import Progress
from .streams import writable

NAMES = "NAME,..."


class Kind(StrEnum):
    """What the file is."""

    table = "table"
    predictions = "predictions"
    training = "training"


class Engine(StrEnum):
    """Who reads the files."""

    dask = "dask"
    spark = "spark"


FILE = "A table (file, folder, glob of Parquet), or a training run: its log, record, events or checkpoints."
AS = "What the file is; seen from its content if not given."
ENGINE = "Who measures Parquet files part by part; this process if not given."
AGAINST = "The facts of an earlier table (tearless summarize); may be repeated."
SAVE = "Write the report there too, as its ending says (.html .json .md .sarif .txt .xml); may be repeated."
SKIP = "Leave out files of the table that cannot be read, and say so."
NULL = "In text files this stands for a missing value; may be repeated."


def check(
    data: Annotated[list[str], typer.Argument(metavar="FILE...", help=FILE)],
    target: Annotated[str | None, typer.Option(metavar="COL", help="The column to predict.")] = None,
    test: Annotated[str | None, typer.Option(metavar="FILE", help="A second table to compare with.")] = None,
    against: Annotated[list[str] | None, typer.Option(metavar="FACTS", help=AGAINST)] = None,
    select: Annotated[list[str] | None, typer.Option(metavar=NAMES, help="Run only these checks or pillars.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar=NAMES, help="Leave these checks or pillars out.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print the report.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there.")] = None,
    saved: Annotated[list[str] | None, typer.Option("--save", metavar="FILE", help=SAVE)] = None,
    concise: Annotated[bool, typer.Option("--concise", help="One line a finding.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every finding, number and outcome.")] = False,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=NULL)] = None,
    kind: Annotated[Kind | None, typer.Option("--as", help=AS)] = None,
    engine: Annotated[Engine | None, typer.Option(help=ENGINE)] = None,
    skip_unreadable: Annotated[bool, typer.Option("--skip-unreadable", help=SKIP)] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Check a table before training on it, or what a training run left behind.

    Exit status: 0 nothing at or above --fail-on, 1 findings, 2 unusable input or usage, 3 a fault of tearless itself.
    """
    if against and len(data) > 1:
        data, against = _told_apart(data, against)
    files = shapes_of(saved or ())
    for file in (*((output,) if output is not None else ()), *(file for file, _ in files)):
        writable(file, (*data, test, *(against or ())))
    with Progress() as progress:
        from tearless.doctor.check import check

        report = check(
            data if len(data) > 1 else data[0],
            target=target,
            test=test,
            against=against or None,
            select=select or (),
            ignore=ignore or (),
            seed=seed,
            null=null or (),
            kind=kind.value if kind else None,
            engine=engine.value if engine else None,
            skip_unreadable=skip_unreadable,
            progress=progress,
        )
    save(report, files, fail_on, verbose)
    return deliver(report, output, shape, fail_on, concise, verbose)


def _told_apart(data: list[str], against: list[str]) -> tuple[list[str], list[str]]:
    """The shell makes several names of ``--against day*.facts``: all but the first stand among the tables."""
    from tearless.readers.fact_files import holds_facts

    facts = [name for name in data if holds_facts(name)]
    rest = [name for name in data if name not in facts]
    return (rest, [*against, *facts]) if rest else (data, against)
