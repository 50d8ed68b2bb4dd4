"""One fault raises many alarms: hang the symptoms under their cause, and say what to mend first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tearless.core import Finding
from tearless.core.check import Check


def arranged(findings: Iterable[Finding], checks: Sequence[Check]) -> list[Finding]:
    """Findings by severity, then by what to mend first, each symptom right after the finding that explains it.

    A finding is a symptom where its check names a cause (``SYMPTOM_OF``) that was found on columns of its own subject,
    or where either concerns the whole table.
    """
    causes = {check.name: check.symptom_of for check in checks}
    ordered = sorted(findings, key=lambda f: (-f.severity, f.mend))
    below: dict[int, list[Finding]] = {}
    top: list[tuple[int, Finding]] = []
    for i, finding in enumerate(ordered):
        explained_by = _cause(i, ordered, causes)
        if explained_by is None:
            top.append((i, finding))
        else:
            symptom = replace(finding, because=ordered[explained_by].name)
            below.setdefault(explained_by, []).append(symptom)
    return [f for i, finding in top for f in (finding, *below.get(i, ()))]


def _cause(i: int, findings: Sequence[Finding], causes: dict[str, tuple[str, ...]]) -> int | None:
    """The finding that explains this one and is itself no symptom; the causes' own order says which comes first."""
    for name in causes.get(findings[i].name, ()):
        for j, other in enumerate(findings):
            if other.name == name and _share(findings[i], other) and not causes.get(name):
                return j
    return None


def _share(a: Finding, b: Finding) -> bool:
    return not a.subject or not b.subject or bool(set(a.subject) & set(b.subject))
