"""The report for a terminal: findings worst first, symptoms under their cause, and one last line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tearless.core import Finding, Severity, listed

from . import words
from .layout import LABEL, NAME, STYLES, Sheet
from .report import Report

SHOWN_IN_FULL = 3
MOST_NAMED = 12


@dataclass
class Case:
    """One finding with the symptoms that it explains."""

    finding: Finding
    symptoms: list[Finding] = field(default_factory=list)


def to_text(report: Report, width: int = 80, color: bool = False, verbose: bool = False, concise: bool = False) -> str:
    """The report in ``width`` columns; ``concise`` gives each finding one line, ``verbose`` hides nothing."""
    sheet = Sheet(width, color)
    if report.stopped:
        sheet.para((words.partial(report), STYLES[Severity.warning]))
        sheet.blank()
    if concise:
        _write_lines(sheet, report.findings)
    else:
        for group in grouped(cases(report.findings)):
            _write_group(sheet, report, group, verbose)
    _write_end(sheet, report, verbose, concise)
    return sheet.text()


def cases(findings: Iterable[Finding]) -> list[Case]:
    """Findings as the doctor arranged them, each with the symptoms that follow it."""
    out: list[Case] = []
    for finding in findings:
        if finding.because is not None and out:
            out[-1].symptoms.append(finding)
        else:
            out.append(Case(finding))
    return out


def grouped(all_cases: Iterable[Case]) -> list[list[Case]]:
    """Cases of one check and severity together, where the first of them stands."""
    groups: dict[tuple[str, Severity], list[Case]] = {}
    for case in all_cases:
        groups.setdefault((case.finding.name, case.finding.severity), []).append(case)
    return list(groups.values())


def rest(findings: list[Finding]) -> str:
    """The findings that are not shown in full, by their columns: ``and 297 more columns: a, b, c and 294 more``."""
    if all(len(f.subject) == 1 for f in findings):
        noun = "more column" if len(findings) == 1 else "more columns"
        return f"and {len(findings):,} {noun}: {listed([f.subject[0] for f in findings], MOST_NAMED)}"
    columns = list(dict.fromkeys(name for f in findings for name in f.subject))
    return f"and {len(findings):,} more like it" + (f", over {listed(columns, MOST_NAMED)}" if columns else "")


def _write_lines(sheet: Sheet, findings: Iterable[Finding]) -> None:
    for finding in findings:
        because = f"  (explained by {finding.because})" if finding.because else ""
        sheet.line(*_head(finding), (because, LABEL))


def _head(finding: Finding) -> Iterator[str | tuple[str, str]]:
    yield finding.severity.name, STYLES[finding.severity]
    yield "  "
    yield f"{finding.pillar}/{finding.name}", NAME
    yield f"  {finding.headline}"


def _write_group(sheet: Sheet, report: Report, group: list[Case], verbose: bool) -> None:
    in_full = group if verbose or len(group) <= SHOWN_IN_FULL + 1 else group[:SHOWN_IN_FULL]
    for case in in_full:
        _write_case(sheet, report, case, verbose)
    left = [case.finding for case in group[len(in_full) :]]
    if left:
        finding = left[0]
        sheet.para(
            (finding.severity.name, STYLES[finding.severity]),
            "  ",
            (f"{finding.pillar}/{finding.name}", NAME),
            f"  {rest(left)} (--verbose shows all)",
            hang=3,
        )
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
    sheet.labelled("learn", finding.page)
    _write_symptoms(sheet, case.symptoms, verbose)
    sheet.blank()


def _write_symptoms(sheet: Sheet, symptoms: list[Finding], verbose: bool) -> None:
    """What the cause explains, a line each; beyond a few, counted by check."""
    lines = symptoms if verbose or len(symptoms) <= SHOWN_IN_FULL + 1 else symptoms[:SHOWN_IN_FULL]
    for i, symptom in enumerate(lines):
        sheet.labelled("also" if i == 0 else "", *_head(symptom))
    left = symptoms[len(lines) :]
    if left:
        names = ", ".join(dict.fromkeys(f.name for f in left))
        sheet.labelled("", f"and {len(left):,} more: {names} (--verbose shows all)")


def _write_end(sheet: Sheet, report: Report, verbose: bool, concise: bool) -> None:
    if verbose:
        _write_outcomes(sheet, report)
    for note in () if concise else report.notes:
        sheet.para(("note", LABEL), f": {note}", hang=3)
    if report.notes and not concise:
        sheet.blank()
    correction = words.correction(report)
    worst = max((f.severity for f in report.findings), default=None)
    sheet.para(
        (words.severities(report.findings), STYLES[worst] if worst else NAME),
        f"; {words.silence(report.outcomes)}. {words.table_line(report)}; ",
        f"{report.seconds:.1f} s, seed {report.seed}",
        f"; {correction}." if correction else ".",
    )


def _write_outcomes(sheet: Sheet, report: Report) -> None:
    for result in ("silent", "not applicable", "cannot tell", "skipped"):
        having = [o for o in report.outcomes if o.result == result]
        if not having:
            continue
        sheet.para((result, NAME))
        if result == "silent":
            sheet.para(", ".join(o.name for o in having), indent=3)
        for outcome in having if result != "silent" else ():
            sheet.para(f"{outcome.name}: {outcome.reason}", indent=3, hang=3)
        sheet.blank()
