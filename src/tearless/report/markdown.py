"""The report as Markdown for a pull request or a wiki. Nothing from the data is markup there."""

from __future__ import annotations

import re

from tearless.core import Finding, visible

from . import words
from .answer import Answer, Block
from .grouping import Group, groups
from .report import Report
from .tables import cell_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_AT_THE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))")


def to_markdown(report: Report) -> str:
    """A summary, a table of the findings, then each in full, then what the other checks did."""
    told = groups(report.findings)
    parts = [f"# tearless: {inert(words.headline(report))}", f"{inert(words.table_line(report))}."]
    if report.stopped:
        parts.append(f"**{inert(words.partial(report))}**")
    if report.answer:
        parts += _answer(report.answer)
    parts += [f"> {inert(note)}" for note in report.notes]
    if report.findings:
        parts.append(table(["severity", "check", "finding"], [row for g in told for row in _rows(g)]))
    parts += [_finding(report, f) for g in told for case in g.in_full for f in (case.finding, *case.symptoms)]
    correction = f"; {words.correction(report)}" if report.tests else ""
    parts.append(f"{inert(words.silence(report.outcomes) + correction)}; seed {report.seed}.")
    return "\n\n".join(parts) + "\n"


def inert(text: str, in_table: bool = False) -> str:
    """``text`` as Markdown that renders as itself; what stands in backticks is set as code.

    >>> inert("`a*b` holds *one* <b>")
    '`a*b` holds \\\\*one\\\\* \\\\<b\\\\>'
    """
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:
        pieces[-2:] = ["`".join(pieces[-2:])]
    out = "".join(_code(p, in_table) if i % 2 else _plain(p) for i, p in enumerate(pieces))
    return out if in_table else _AT_THE_START.sub(_escaped_start, out)


def _escaped_start(start: re.Match[str]) -> str:
    """A line that opens as a list, a rule or a heading would, made plain."""
    blank, mark = start.groups()
    return f"{blank}&#{ord(mark[0])};{mark[1:]}"


def _plain(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text)
    return escaped.replace("@", "@&#8203;").replace("://", ":&#8203;//").replace("www.", "www&#8203;.")


def _code(text: str, in_table: bool) -> str:
    if not text.strip() or (in_table and ("|" in text or "\\" in text)):
        return "<code>" + "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in text) + "</code>"
    return f"`{text}`"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rows(group: Group) -> list[list[str]]:
    shown = [f for case in group.in_full for f in (case.finding, *case.symptoms)]
    lines = [(f, f.headline) for f in shown] + ([(group.left[0], group.rest)] if group.left else [])
    return [[f.severity.name, f"{f.pillar}/{f.name}", inert(text, in_table=True)] for f, text in lines]


def _answer(answer: Answer) -> list[str]:
    parts = [part for block in answer.blocks for part in _block(block)]
    parts.append("\n".join(f"- **{inert(label)}**: {inert(text)}" for label, text in answer.said))
    for one in answer.tables:
        rows = [[inert(cell_text(cell), in_table=True) for cell in row] for row in one.rows]
        parts += [f"## {inert(one.title)}"] if one.title else []
        parts.append(table([inert(head, in_table=True) for head in one.heads], rows))
    return [part for part in parts if part]


def _block(block: Block) -> list[str]:
    """Lines as code, within a fence that none of them can close."""
    lines = [visible(line) for line in block.lines]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [*([f"## {inert(block.title)}"] if block.title else []), "\n".join([f"{fence}text", *lines, fence])]


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
        [inert(text, in_table=True) for text in (name, words.quantity(n), words.interval(n), n.meaning)]
        for name, n in finding.evidence.items()
    ]
    parts.append(table(["number", "value", "interval", "meaning"], numbers))
    parts.append(", ".join(f"`{command}`" for command in words.learn(report, finding)))
    return "\n\n".join(parts)
