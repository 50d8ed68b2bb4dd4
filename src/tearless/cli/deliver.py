"""A report, printed or written, and the exit status that goes with it: the same for every command that has one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

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
