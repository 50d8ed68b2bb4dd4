"""The report as annotations of a GitHub workflow run."""

from __future__ import annotations

from tearless.core import Finding, Severity, visible

from . import words
from .report import Report

_COMMAND = {Severity.error: "error", Severity.warning: "warning", Severity.note: "notice"}


def to_github(report: Report) -> str:
    """One workflow command a finding, then the last line of the report with its notes."""
    lines = [_annotation(report, finding) for finding in report.findings]
    partial = f"{words.partial(report)}. " if report.stopped else ""
    end = f"{words.severities(report.findings)}; {words.silence(report.outcomes)}. {words.table_line(report)}"
    notes = "".join(f" {note}." for note in report.notes)
    return "\n".join([*lines, visible(f"tearless: {partial}{end}; seed {report.seed}.{notes}")]) + "\n"


def _annotation(report: Report, finding: Finding) -> str:
    properties = {"title": f"{finding.pillar}/{finding.name}"}
    if report.path:
        line = line_of_first(report, finding)
        properties = {"file": report.path, **({"line": str(line)} if line else {}), **properties}
    said = "\n".join(
        [
            visible(finding.headline),
            f"evidence: {visible(words.evidence_line(finding))}",
            f"why: {visible(finding.why)}",
            f"do: {visible(finding.do)}",
            f"learn: {', '.join(words.learn(report, finding))}",
        ]
    )
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMAND[finding.severity]} {listed}::{_message(said)}"


def line_of_first(report: Report, finding: Finding) -> int | None:
    """The line of the file on which the first row concerned stands."""
    return words.line_of(report, finding.rows[0]) if finding.rows else None


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
