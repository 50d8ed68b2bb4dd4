"""The report as JUnit XML: each check a test case."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from tearless.core import Finding, Outcome, Severity

from . import words
from .report import Report

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) cannot hold in any form."""


def to_junit(report: Report, fail_on: Severity | str | None = "error") -> str:
    """Failed: checks that found something at or above ``fail_on``; ``None`` fails none. ASCII with references.

    Raises ``InputError`` for an unknown severity.
    """
    least = None if fail_on is None else Severity.of(fail_on)
    cases, totals = [], {"failures": 0, "errors": 0, "skipped": 0}
    for outcome in report.outcomes:
        found = [f for f in report.findings if (f.pillar, f.name) == (outcome.pillar, outcome.name)]
        failing = [f for f in found if least is not None and f.severity >= least]
        body = _body(report, outcome, found, failing)
        for kind, tag in (("failures", "<failure"), ("errors", "<error"), ("skipped", "<skipped")):
            totals[kind] += any(line.startswith(tag) for line in body)
        names = f"classname={_attribute(f'tearless.{outcome.pillar}')} name={_attribute(outcome.name)}"
        cases.append(f"    <testcase {names}>" + "".join(f"\n      {line}" for line in body) + "\n    </testcase>")
    counts = " ".join(f'{name}="{count}"' for name, count in {"tests": len(report.outcomes), **totals}.items())
    stopped = f"\n    <system-err>{_content(words.partial(report))}</system-err>" if report.stopped else ""
    notes = f"\n    <system-out>{_content(chr(10).join(report.notes))}</system-out>" if report.notes else ""
    named = f"  <testsuite name={_attribute(report.source)} {counts}>\n"
    suite = named + "\n".join(cases) + f"{notes}{stopped}\n  </testsuite>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tearless" {counts}>\n{suite}\n</testsuites>\n'
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _body(report: Report, outcome: Outcome, found: list[Finding], failing: list[Finding]) -> list[str]:
    if outcome.fault:
        return [f"<error message={_attribute(outcome.reason)}>{_content(outcome.fault)}</error>"]
    if outcome.result not in ("fired", "silent"):
        return [f"<skipped message={_attribute(f'{outcome.result}: {outcome.reason}')}/>"]
    lines = []
    if failing:
        headline = failing[0].headline + (f" (and {len(failing) - 1:,} more)" if len(failing) > 1 else "")
        body = "\n\n".join(_told(report, f) for f in failing)
        kind = failing[0].severity.name
        lines.append(f"<failure type={_attribute(kind)} message={_attribute(headline)}>{_content(body)}</failure>")
    others = [f for f in found if f not in failing]
    if others:
        lines.append(f"<system-out>{_content(chr(10).join(_told(report, f) for f in others))}</system-out>")
    return lines


def _told(report: Report, finding: Finding) -> str:
    rows = words.rows_line(report, finding)
    lines = [
        f"{finding.severity.name}  {finding.headline}",
        f"evidence   {words.evidence_line(finding)}",
        *([f"rows       {rows}"] if rows else []),
        f"why        {finding.why}",
        f"do         {finding.do}",
        f"learn      {', '.join(words.learn(report, finding))}",
    ]
    return "\n".join(lines)


def _content(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
