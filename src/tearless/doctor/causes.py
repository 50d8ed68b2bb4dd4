"""One fault raises many alarms: hang the symptoms under their cause, and say what to mend first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from tearless.core import Finding, Mend, Severity
from tearless.core.check import Check


def arranged(findings: Iterable[Finding], checks: Sequence[Check]) -> list[Finding]:
    """Findings by severity, then by what to mend first, each symptom right after the finding that explains it.

    A finding is a symptom where its check names a cause (``SYMPTOM_OF``) that was found on columns of its own subject,
    or where either concerns the whole table. A cause that is itself a symptom passes its own on to the first cause. A
    finding that sums up the columns of its check is a symptom of none: mending one of them leaves the others.

    Of a training run all findings concern the one run, and the kind of fault comes before its severity (a broken
    contract, then numerics, data, the optimiser, capacity; notes last): see ``of_a_run``.
    """
    findings = list(findings)
    causes = {check.name: check.symptom_of for check in checks}
    if any(check.about == "training" for check in checks):
        return of_a_run(findings, causes)
    ordered = sorted(findings, key=lambda f: (-f.severity, f.mend))
    by_column = {f.name for f in ordered if f.subject}
    found = _by_column(ordered, {name for names in causes.values() for name in names})
    explained_by = [
        None if not f.subject and f.name in by_column else _cause(f, found, causes.get(f.name, ())) for f in ordered
    ]
    return _hung(ordered, explained_by)


def of_a_run(
    findings: Sequence[Finding], causes: Mapping[str, Sequence[str]], gains: Mapping[str, float] | None = None
) -> list[Finding]:
    """The findings on one run, cause first.

    ``gains``: by how much a change on a copy made the run better, for the checks that were tested so: among data,
    optimiser and capacity the larger gain comes first, since what was tried outweighs what was only measured.

    A check's own ``SYMPTOM_OF`` decides; else an error in contract, numerics or data explains what the optimiser and
    the capacity show, for their evidence was measured on a run that this fault had spoilt.
    """
    tried = gains or {}

    def place(f: Finding) -> tuple[bool, int, float, int, int]:
        measured = f.mend >= Mend.data
        return f.severity is Severity.note, measured, -round(tried.get(f.name, 0.0), 1) * measured, f.mend, -f.severity

    ordered = sorted(findings, key=place)
    telling = [(i, f) for i, f in enumerate(ordered) if f.severity is not Severity.note]
    first = {f.name: i for i, f in reversed(telling)}
    spoilt = next((i for i, f in telling if _spoils(f) and not any(n in first for n in causes.get(f.name, ()))), None)

    def cause(i: int) -> int | None:
        named = [first[name] for name in causes.get(ordered[i].name, ()) if name in first]
        if named:
            return named[0] if named[0] != i else None
        return spoilt if spoilt is not None and ordered[i].mend >= Mend.optimiser else None

    return _hung(ordered, [cause(i) for i in range(len(ordered))])


def _spoils(finding: Finding) -> bool:
    return finding.severity is Severity.error and finding.mend < Mend.optimiser


def _hung(ordered: Sequence[Finding], explained_by: Sequence[int | None]) -> list[Finding]:
    """Each symptom right after the first of its causes."""
    below: dict[int, list[Finding]] = {}
    top: list[tuple[int, Finding]] = []
    for i, finding in enumerate(ordered):
        first = _first(i, explained_by)
        if first == i:
            top.append((i, finding))
        else:
            below.setdefault(first, []).append(replace(finding, because=ordered[first].name))
    return [f for i, finding in top for f in (finding, *below.get(i, ()))]


def _by_column(findings: Sequence[Finding], names: Set[str]) -> dict[str, dict[str | None, int]]:
    """For each check in ``names`` its first finding on each column, and under ``None`` its first on the whole table."""
    found: dict[str, dict[str | None, int]] = {name: {} for name in names}
    for i, finding in enumerate(findings):
        for column in finding.subject or (None,):
            if finding.name in found:
                found[finding.name].setdefault(column, i)
    return found


def _cause(finding: Finding, found: Mapping[str, Mapping[str | None, int]], names: Sequence[str]) -> int | None:
    """The finding that explains this one; the order of the causes' names says which comes first."""
    for name in names:
        columns = (*finding.subject, None) if finding.subject else tuple(found[name])
        shared = [found[name][column] for column in columns if column in found[name]]
        if shared:
            return min(shared)
    return None


def _first(i: int, explained_by: Sequence[int | None]) -> int:
    """The first cause: the finding that explains this one and is explained by none; itself where causes go round."""
    seen, at = {i}, i
    while (cause := explained_by[at]) is not None:
        if cause in seen:
            return i
        seen.add(cause)
        at = cause
    return at
