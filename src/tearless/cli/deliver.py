"""A report, printed or written, and the exit status that goes with it: the same for every command that has one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tearless.core.text import visible

from .exits import CLEAN, FAULT, FOUND, STOPPED, fault_words
from .streams import colored, complain, say, stdout, width, write

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


ENDINGS = {
    ".html": Shape.html,
    ".json": Shape.json,
    ".md": Shape.markdown,
    ".sarif": Shape.sarif,
    ".txt": Shape.text,
    ".xml": Shape.junit,
}
"""What a report is written as, by the ending of the file's name."""


def shapes_of(files: Sequence[str]) -> list[tuple[str, Shape]]:
    """How each file is to be written. Raises ``InputError`` for an ending that no report has.

    >>> shapes_of(["reports/findings.sarif"])
    [('reports/findings.sarif', <Shape.sarif: 'sarif'>)]
    """
    from tearless.core import InputError, quoted

    known = [(file, ENDINGS.get(Path(file).suffix.lower())) for file in files]
    for file, shape in known:
        if shape is None:
            raise InputError(
                f"--save: expected a name that ends in {', '.join(ENDINGS)}, got {quoted(file)}; its ending says how "
                "the report is written (.xml is JUnit)"
            )
    return [(file, shape) for file, shape in known if shape is not None]


def save(report: Report, files: Sequence[tuple[str, Shape]], fail_on: FailOn, verbose: bool) -> None:
    """Write the report to each file, as its ending says."""
    for file, shape in files:
        write(file, _rendered(report, shape, fail_on, False, verbose, False))
        complain(f"the report is in {visible(file)}")


def deliver(report: Report, output: str | None, shape: Shape, fail_on: FailOn, concise: bool, verbose: bool) -> int:
    """Print or write the report, say which checks failed themselves, and give the exit status."""
    text = _rendered(report, shape, fail_on, concise, verbose, colored(stdout()) and output is None)
    if output is None:
        say(text)
    else:
        write(output, text)
        complain(f"{_summary(report)}; the report is in {output}")
    for fault in report.faults:
        complain(fault_words(f"the check {fault.pillar}/{fault.name}", fault.fault))
    return _status(report, fail_on)


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
