"""``tearless check``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import CLEAN, FAULT, FOUND, STOPPED, fault_words
from .progress import Progress
from .streams import colored, complain, say, stdout, width, writable, write

if TYPE_CHECKING:
    from tearless.report.report import Report


class FailOn(StrEnum):
    """The least severity that makes the command fail."""

    error = "error"
    warning = "warning"
    never = "never"


class Shape(StrEnum):
    """How to print the report."""

    text = "text"
    json = "json"
    markdown = "markdown"
    github = "github"
    sarif = "sarif"
    junit = "junit"
    html = "html"


NAMES = "NAME,..."
NULL = "In text files this stands for a missing value; may be repeated."


def check(
    train: Annotated[str, typer.Argument(help="The table: a file, a folder or a glob of Parquet.")],
    target: Annotated[str | None, typer.Option(metavar="COL", help="The column to predict.")] = None,
    test: Annotated[str | None, typer.Option(metavar="FILE", help="A second table to compare with.")] = None,
    select: Annotated[list[str] | None, typer.Option(metavar=NAMES, help="Run only these checks or pillars.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar=NAMES, help="Leave these checks or pillars out.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print the report.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there.")] = None,
    concise: Annotated[bool, typer.Option("--concise", help="One line a finding.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every finding, number and outcome.")] = False,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=NULL)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Check a table before training on it.

    Exit status: 0 nothing at or above --fail-on, 1 findings, 2 unusable input or usage, 3 a fault of tearless itself.
    """
    if output is not None:
        writable(output, (train, test))
    with Progress() as progress:
        from tearless.doctor.check import check

        report = check(
            train,
            target=target,
            test=test,
            select=select or (),
            ignore=ignore or (),
            seed=seed,
            null=null or (),
            progress=progress,
        )
    _deliver(report, output, shape, fail_on, concise, verbose)
    return _status(report, fail_on)


def _deliver(report: Report, output: str | None, shape: Shape, fail_on: FailOn, concise: bool, verbose: bool) -> None:
    """Print or write the report, and say which checks failed themselves."""
    text = _rendered(report, shape, fail_on, concise, verbose, colored(stdout()) and output is None)
    if output is None:
        say(text)
    else:
        write(output, text)
        complain(f"{_summary(report)}; the report is in {output}")
    for fault in report.faults:
        complain(fault_words(f"the check {fault.pillar}/{fault.name}", fault.fault))


def _rendered(report: Report, shape: Shape, fail_on: FailOn, concise: bool, verbose: bool, color: bool) -> str:
    match shape:
        case Shape.text:
            return report.to_text(width(), color, verbose, concise)
        case Shape.junit:
            return report.to_junit(None if fail_on is FailOn.never else fail_on.value)
        case _:
            text: str = getattr(report, f"to_{shape.value}")()
            return text


def _summary(report: Report) -> str:
    from tearless.report.words import severities

    return severities(report.findings)


def _status(report: Report, fail_on: FailOn) -> int:
    if report.stopped:
        return STOPPED
    if report.faults:
        return FAULT
    found = fail_on is not FailOn.never and report.at_least(fail_on.value)
    return FOUND if found else CLEAN
