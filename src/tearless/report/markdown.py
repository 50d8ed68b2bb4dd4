"""The report as Markdown for a pull request or a wiki. Nothing from the data is markup there."""

from __future__ import annotations

import re

from tearless.core import Finding, visible

from . import words
from .report import Report

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:&$=^\"'])")
_HARMLESS = re.compile(r"\\([.\-+!:()=\"'])(?=[\s\d]|$)")


def to_markdown(report: Report) -> str:
    """A summary, a table of the findings, then each in full, then what the other checks did."""
    parts = [f"# tearless: {inert(words.severities(report.findings))}", f"{inert(words.table_line(report))}."]
    if report.stopped:
        parts.append(f"**{inert(words.partial(report))}**")
    parts += [f"> {inert(note)}" for note in report.notes]
    if report.findings:
        parts.append(table(["severity", "check", "finding"], [_row(f) for f in report.findings]))
    parts += [_finding(report, f) for f in report.findings]
    parts.append(
        f"{inert(words.severities(report.findings))}; {inert(words.silence(report.outcomes))}; seed {report.seed}."
    )
    if report.tests:
        parts.append(f"{inert(words.correction(report))}.")
    return "\n\n".join(parts) + "\n"


def inert(text: str, in_table: bool = False) -> str:
    """``text`` as Markdown that renders as itself; what stands in backticks is set as code.

    >>> inert("`a*b` holds *one* <b>")
    '`a*b` holds \\\\*one\\\\* \\\\<b\\\\>'
    """
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(_code(p, in_table) if i % 2 else _plain(p) for i, p in enumerate(pieces))


def _plain(text: str) -> str:
    escaped = _HARMLESS.sub(r"\1", _SPECIAL.sub(r"\\\1", text))
    escaped = re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", escaped)
    return escaped.replace("@", "@&#8203;").replace("www\\.", "www&#8203;\\.")


def _code(text: str, in_table: bool) -> str:
    if not text.strip() or (in_table and ("|" in text or "\\" in text)):
        return "<code>" + "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in text) + "</code>"
    return f"`{text}`"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _row(finding: Finding) -> list[str]:
    return [finding.severity.name, f"{finding.pillar}/{finding.name}", inert(finding.headline, in_table=True)]


def _finding(report: Report, finding: Finding) -> str:
    parts = [f"## {finding.severity.name}: {inert(finding.headline)}"]
    because = f", explained by {finding.because}" if finding.because else ""
    parts.append(f"`{finding.pillar}/{finding.name}`{because}")
    if finding.said:
        parts.append(inert(finding.said))
    rows = words.rows_line(report, finding)
    points = [("why", finding.why), ("do", finding.do), *([("rows", rows)] if rows else [])]
    parts.append("\n".join(f"- **{label}**: {inert(text)}" for label, text in points))
    numbers = [
        [
            name.replace("_", "\\_"),
            inert(words.quantity(n), True),
            inert(words.interval(n), True),
            inert(n.meaning, True),
        ]
        for name, n in finding.evidence.items()
    ]
    parts.append(table(["number", "value", "interval", "meaning"], numbers))
    parts.append(f"`{finding.page}`")
    return "\n\n".join(parts)
