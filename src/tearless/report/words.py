"""The sentences that every format shares: the evidence in words, and the last line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from tearless.core import Finding, Number, Outcome, Severity, listed, visible
from tearless.core.catalogue import lesson_on
from tearless.core.number import shown

from .report import Report

MOST_TELLING = 3
MOST_ROWS = 5
MOST_NAMES = 6
_UNIT_IN_VALUE = {"share", "chance", "1", "column unit"}
_SINGULAR = {"axes": "axis", "ies": "y", "sses": "ss", "ss": "ss", "s": ""}
_ASKED_FOR = {"--test": "--test FILE", "--target": "--target COL", "--against": "--against FACTS"}


def quantity(number: Number) -> str:
    """A number with its unit, once.

    >>> quantity(Number(3.0, "rows", "rows")), quantity(Number(1.0, "rows", "rows"))
    ('3 rows', '1 row')
    """
    if number.value is None or number.unit in _UNIT_IN_VALUE:
        return str(number)
    return f"{number} {_one(number.unit) if number.value == 1 else number.unit}"


def _one(unit: str) -> str:
    """The singular of a unit that starts with a plural: ``steps per digit`` becomes ``step per digit``.

    >>> _one("axes"), _one("steps per digit"), _one("losses")
    ('axis', 'step per digit', 'loss')
    """
    plural, *rest = unit.split(" ")
    for ending, single in _SINGULAR.items():
        if plural.endswith(ending):
            return " ".join([plural.removesuffix(ending) + single, *rest])
    return unit


def interval(number: Number) -> str:
    """The confidence interval in words; empty where there is none."""
    if number.interval is None:
        return ""
    low, high = (shown(end, number.unit) for end in number.interval)
    level = f"{shown(number.level, 'share')} interval " if number.level is not None else ""
    return f"{level}{low} to {high}"


def evidence_line(finding: Finding) -> str:
    """The evidence in one sentence: the check's own, or the first few numbers with their meanings."""
    if finding.said:
        return finding.said
    known = [n for n in finding.evidence.values() if n.value is not None]
    return "; ".join(f"{n.meaning}: {quantity(n)}" for n in known[:MOST_TELLING])


def evidence_lines(finding: Finding) -> list[str]:
    """All the evidence, one number a line, with intervals."""
    lines = []
    for name, number in finding.evidence.items():
        span = f" ({interval(number)})" if number.interval else ""
        lines.append(f"{name} = {quantity(number)}{span}: {number.meaning}")
    return lines


def learn(report: Report, finding: Finding) -> list[str]:
    """The commands that open the check's page and, on the same file, its lesson."""
    entry = lesson_on(finding.name, finding.pillar)
    if entry is None:
        return [finding.page]
    data = f" --data {shlex.quote(visible(report.path))}" if report.path else ""
    target = f" --target {shlex.quote(visible(report.target))}" if data and report.target else ""
    return [finding.page, f"tearless learn {entry.name}{data}{target}"]


def rows_line(report: Report, finding: Finding, most: int = MOST_ROWS) -> str:
    """The rows concerned, counted from 0, and their lines in the file where these are known."""
    if not finding.rows:
        return ""
    some = ", ".join(f"{row}" for row in finding.rows[:most])
    more = f" and {len(finding.rows) - most:,} more" if len(finding.rows) > most else ""
    first = line_of(report, finding.rows[0])
    return f"{some}{more} (counted from 0{f'; the first is line {first:,} of the file' if first else ''})"


def line_of(report: Report, row: int) -> int | None:
    """The line of the file on which a row stands, counted from 1; ``None`` where it is not known."""
    return report.header_lines + row + 1 if report.path and report.header_lines else None


def counted(number: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "error"), counted(1200, "row")
    ('1 error', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def severities(findings: Iterable[Finding]) -> str:
    """Findings by severity: ``1 error, 2 warnings``, or ``no findings``."""
    findings = list(findings)
    counts = [(s.name, sum(f.severity == s for f in findings)) for s in sorted(Severity, reverse=True)]
    return ", ".join(counted(n, name) for name, n in counts if n) or "no findings"


def headline(report: Report) -> str:
    """What the report comes to, in one line: the answer where there is one, else the findings by severity."""
    return report.answer.verdict if report.answer else severities(report.findings)


def silence(outcomes: Sequence[Outcome]) -> str:
    """What the other checks did: silent, not applicable, cannot tell (and what would let them), skipped."""
    if not outcomes:
        return "no checks"
    results = [o.result for o in outcomes]
    parts = [f"{counted(results.count('silent'), 'check')} silent"]
    parts += [f"{results.count(r)} {r}" for r in ("not applicable",) if r in results]
    if "cannot tell" in results:
        parts.append(f"{results.count('cannot tell')} cannot tell ({cannot_tell(outcomes)})")
    parts += [f"{results.count(r)} {r}" for r in ("skipped",) if r in results]
    return ", ".join(parts)


def cannot_tell(outcomes: Iterable[Outcome]) -> str:
    """Which checks cannot tell, grouped by what would let them: ``without --test FILE: drift, unseen-categories``."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.result == "cannot tell":
            groups.setdefault(_lacking(outcome), []).append(outcome.name)
    return "; ".join(_told(why, _some(names)) for why, names in groups.items())


def _some(names: Sequence[str]) -> str:
    """Names of checks, of many the first few: the JSON report has them all."""
    few = ", ".join(names[:MOST_NAMES])
    return few if len(names) <= MOST_NAMES else f"{few} and {counted(len(names) - MOST_NAMES, 'other')}"


def _told(why: str, names: str) -> str:
    return f"{why}: {names}" if why.startswith("without --") else f"{names}: {why}"


def _lacking(outcome: Outcome) -> str:
    options = [shape for option, shape in _ASKED_FOR.items() if f"with {option}" in outcome.reason]
    return f"without {options[0]}" if options else outcome.reason


def table_line(report: Report) -> str:
    """What was looked at: rows, columns, target and test table, by their names; what has no columns by its own."""
    if not report.columns:
        return report.source
    target = f", target {listed([report.target])}" if report.target is not None else ""
    test = f", against {report.test}" if report.test is not None else ""
    some = f"; {said}" if (said := drawn(report.outcomes)) else ""
    return f"{report.source}: {counted(report.rows, 'row')}, {counted(report.columns, 'column')}{target}{test}{some}"


def drawn(outcomes: Iterable[Outcome]) -> str:
    """How many checks looked at a part of the rows alone, and at which; empty where none did.

    >>> drawn([Outcome("drift", "statistics", "silent", rests_on="9 of 20 rows, drawn at random")])
    '1 check looked at 9 of 20 rows, drawn at random'
    """
    parts = [o.rests_on for o in outcomes if o.rests_on and "every row" not in o.rests_on]
    counts = {part: parts.count(part) for part in dict.fromkeys(parts)}
    return ", ".join(f"{counted(n, 'check')} looked at {part}" for part, n in counts.items())


def correction(report: Report) -> str:
    """How chances were corrected for many looks; empty where there was none."""
    if not report.tests:
        return ""
    return f"{counted(report.tests, 'test')} corrected together for the false discovery rate (Benjamini-Hochberg)"


def partial(report: Report) -> str:
    """What a report that was broken off is worth; empty for a whole one."""
    if not report.stopped:
        return ""
    return f"stopped by Ctrl-C: this is what the first {counted(report.rows, 'row')} and the checks done until then say"
