"""The report as one HTML page that needs nothing else: no script, no network, light or dark as the reader has it."""

from __future__ import annotations

from contextlib import suppress
from html import escape

from tearless.core import Finding, visible

from . import words
from .answer import Answer
from .grouping import Case, Group, groups
from .lesson import fold_out
from .markup import PAPER, report_style, shown
from .pictures.svg import STYLE as PICTURES
from .pictures.svg import figure
from .report import Report
from .tables import cell_text


def to_html(report: Report) -> str:
    """A whole page, in ASCII with references."""
    title = f"tearless: {words.headline(report)}"
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{shown(title)}</title>\n<style>{PAPER}</style>\n</head>\n<body>\n<main>\n{fragment(report)}</main>\n</body>\n</html>\n"
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def fragment(report: Report) -> str:
    """The report as a part of a page, with its style: what a notebook shows."""
    parts = [f"<style>{report_style()}{PICTURES}</style>", '<section class="tearless">']
    parts.append(f"<h1>{shown(words.headline(report))}</h1>")
    if report.answer and report.findings:
        parts.append(f"<p><strong>{shown(words.severities(report.findings))}</strong></p>")
    parts.append(f'<p class="soft">{shown(words.table_line(report))}</p>')
    if report.stopped:
        parts.append(f"<p><strong>{shown(words.partial(report))}</strong></p>")
    if report.answer:
        parts += _answer(report.answer)
    parts += [f"<p>{shown(note)}</p>" for note in report.notes]
    parts += [part for group in groups(report.findings) for part in _group(report, group)]
    correction = f"; {words.correction(report)}" if report.tests else ""
    parts.append(f'<p class="soft">{shown(words.silence(report.outcomes) + correction)}; seed {report.seed}.</p>')
    parts.append("</section>")
    return "\n".join(parts) + "\n"


def findings_html(report: Report) -> str:
    """The findings of a report alone, within another page that has its style."""
    found = "".join(part for group in groups(report.findings) for part in _group(report, group))
    said = found or f"<p>{shown(words.severities(report.findings))}</p>"
    return f'<section class="tearless">{said}<p class="soft">{report.count("silent")} checks silent</p></section>'


def _answer(answer: Answer) -> list[str]:
    said = "".join(f"<dt>{shown(label)}</dt><dd>{shown(text)}</dd>" for label, text in answer.said)
    parts = []
    for block in answer.blocks:
        title = f"<h2>{shown(block.title)}</h2>" if block.title else ""
        lines = "\n".join(escape(visible(line), quote=False) for line in block.lines)
        parts.append(f'{title}<pre class="wide" tabindex="0">{lines}</pre>')
    parts.append(f"<dl>{said}</dl>" if said else "")
    if answer.pictures:
        parts.append(f'<div class="pictures">{"".join(map(figure, answer.pictures))}</div>')
    for table in answer.tables:
        heads = "".join(f"<th>{shown(head)}</th>" if head else "<td></td>" for head in table.heads)
        rows = "".join(
            "<tr>" + "".join(f"<td>{shown(cell_text(cell))}</td>" for cell in row) + "</tr>" for row in table.rows
        )
        caption = f"<h2>{shown(table.title)}</h2>" if table.title else ""
        parts.append(f'{caption}<div class="wide" tabindex="0"><table><tr>{heads}</tr>{rows}</table></div>')
    return [part for part in parts if part]


def _group(report: Report, group: Group) -> list[str]:
    parts = [_case(report, case) for case in group.in_full]
    if group.left:
        parts.append(f'<article class="{group.left[0].severity.name}">{_head(group.left[0], group.rest)}</article>')
    return parts


def _case(report: Report, case: Case) -> str:
    also = "\n".join(f'<article class="{s.severity.name}">{_head(s)}</article>' for s in case.symptoms)
    points = f"<dt>also</dt><dd>{also}</dd>" if also else ""
    finding = case.finding
    parts = [_head(finding), _points(report, finding, points)]
    if finding.picture:
        parts.append(f'<div class="pictures">{figure(finding.picture)}</div>')
    if finding.name in report.lessons:
        with suppress(Exception):  # the lesson is an offer: the report stands without it
            parts.append(fold_out(report.lessons[finding.name]))
    return f'<article class="{finding.severity.name}">{"".join(parts)}</article>'


def _head(finding: Finding, text: str | None = None) -> str:
    where = f'<span class="soft">{shown(f"{finding.pillar}/{finding.name}")}</span>'
    return f"<h2><b>{finding.severity.name}</b> {where} {shown(text or finding.headline)}</h2>"


def _points(report: Report, finding: Finding, more: str) -> str:
    rows = words.rows_line(report, finding)
    told = [("evidence", words.evidence_line(finding)), *([("rows", rows)] if rows else [])]
    told += [
        ("why", finding.why),
        ("do", finding.do),
        ("learn", ", ".join(f"`{command}`" for command in words.learn(report, finding))),
    ]
    points = "".join(f"<dt>{label}</dt><dd>{shown(text)}</dd>" for label, text in told)
    numbers = f"<details><summary>all</summary>{_numbers(finding)}</details>"
    return f"<dl>{points}<dt>numbers</dt><dd>{numbers}</dd>{more}</dl>"


def _numbers(finding: Finding) -> str:
    rows = "".join(
        f"<tr><td>{shown(name)}</td><td>{shown(words.quantity(n))}</td><td>{shown(words.interval(n))}</td>"
        f"<td>{shown(n.meaning)}</td></tr>"
        for name, n in finding.evidence.items()
    )
    return f"<table><tr><th>number</th><th>value</th><th>interval</th><th>meaning</th></tr>{rows}</table>"
