"""The report for a terminal: findings worst first, symptoms under their cause, and one last line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tearless.core import Finding, Severity

from . import words
from .grouping import SHOWN_IN_FULL, Case, Group, groups
from .layout import LABEL, NAME, STYLES, Sheet
from .report import Report
from .tables import write_answer


def to_text(report: Report, width: int = 80, color: bool = False, verbose: bool = False, concise: bool = False) -> str:
    """The report in ``width`` columns; ``concise`` gives each finding one line, ``verbose`` hides nothing."""
    sheet = Sheet(width, color)
    if report.stopped:
        sheet.para((words.partial(report), STYLES[Severity.warning]))
        sheet.blank()
    if report.answer:
        write_answer(sheet, report.answer, verbose)
    if concise:
        _write_lines(sheet, report.findings)
    else:
        for group in groups(report.findings, everything=verbose):
            _write_group(sheet, report, group, verbose)
    _write_end(sheet, report, verbose, concise)
    return sheet.text()


def _write_lines(sheet: Sheet, findings: Iterable[Finding]) -> None:
    for finding in findings:
        because = f"  (explained by {finding.because})" if finding.because else ""
        sheet.line(*_head(finding), (because, LABEL))


def _head(finding: Finding) -> Iterator[str | tuple[str, str]]:
    yield finding.severity.name, STYLES[finding.severity]
    yield "  "
    yield f"{finding.pillar}/{finding.name}", NAME
    yield f"  {finding.headline}"


def _write_group(sheet: Sheet, report: Report, group: Group, verbose: bool) -> None:
    for case in group.in_full:
        _write_case(sheet, report, case, verbose)
    if group.left:
        finding = group.left[0]
        severity, check = (finding.severity.name, STYLES[finding.severity]), (f"{finding.pillar}/{finding.name}", NAME)
        sheet.para(severity, "  ", check, f"  {group.rest} (--verbose shows all)", hang=3)
        sheet.blank()


def _write_case(sheet: Sheet, report: Report, case: Case, verbose: bool) -> None:
    finding = case.finding
    sheet.para(*_head(finding), hang=3)
    said = [words.evidence_line(finding)] if finding.said or not verbose else []
    for i, line in enumerate(said + (words.evidence_lines(finding) if verbose else [])):
        sheet.labelled("evidence" if i == 0 else "", line)
    rows = words.rows_line(report, finding, 50 if verbose else words.MOST_ROWS)
    if rows:
        sheet.labelled("rows", rows)
    sheet.labelled("why", finding.why)
    sheet.labelled("do", finding.do)
    for i, command in enumerate(words.learn(report, finding)):
        sheet.labelled("learn" if i == 0 else "", command)
    _write_symptoms(sheet, case.symptoms, verbose)
    sheet.blank()


def _write_symptoms(sheet: Sheet, symptoms: list[Finding], verbose: bool) -> None:
    """What the cause explains, a line each; beyond a few, counted by check."""
    lines = symptoms if verbose or len(symptoms) <= SHOWN_IN_FULL + 1 else symptoms[:SHOWN_IN_FULL]
    for i, symptom in enumerate(lines):
        severity = (symptom.severity.name, STYLES[symptom.severity])
        sheet.labelled("also" if i == 0 else "", severity, "  ", (symptom.name, NAME), f"  {symptom.headline}")
    left = symptoms[len(lines) :]
    if left:
        names = ", ".join(dict.fromkeys(f.name for f in left))
        sheet.labelled("", f"and {len(left):,} more: {names} (--verbose shows all)")


def _write_end(sheet: Sheet, report: Report, verbose: bool, concise: bool) -> None:
    if verbose:
        _write_outcomes(sheet, report)
    for note in () if concise else report.notes:
        sheet.para(("as read", LABEL), f": {note}", hang=3)
    if report.notes and not concise:
        sheet.blank()
    if report.answer and not report.outcomes:
        return
    correction = words.correction(report)
    worst = max((f.severity for f in report.findings), default=None)
    sheet.para(
        (words.severities(report.findings), STYLES[worst] if worst else NAME),
        f"; {words.silence(report.outcomes)}. {words.table_line(report)}; ",
        f"{report.seconds:.1f} s, seed {report.seed}",
        f"; {correction}." if correction else ".",
    )


def _write_outcomes(sheet: Sheet, report: Report) -> None:
    """The checks that found nothing, by outcome, and within one by reason."""
    for result in ("silent", "not applicable", "cannot tell", "skipped"):
        reasons: dict[str, list[str]] = {}
        for outcome in report.outcomes:
            if outcome.result == result:
                reasons.setdefault(outcome.reason, []).append(outcome.name)
        if reasons:
            sheet.para((result, NAME))
            for reason, names in reasons.items():
                sheet.para(", ".join(names) + (f": {reason}" if reason else ""), indent=3, hang=3)
            sheet.blank()
