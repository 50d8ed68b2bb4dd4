"""Many findings, told once: symptoms under their cause, and beyond the first few of one check the columns alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tearless.core import Finding, Severity, listed

SHOWN_IN_FULL = 3
MOST_NAMED = 12


@dataclass
class Case:
    """One finding with the symptoms that it explains."""

    finding: Finding
    symptoms: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """The cases of one check and severity: those to show in full, and the findings left over."""

    in_full: tuple[Case, ...]
    left: tuple[Finding, ...]

    @property
    def rest(self) -> str:
        """The findings left over, by their columns: ``and 297 more columns: a, b, c and 294 more``.

        Findings without a column, on a whole table or on code that ran, are only counted.
        """
        count = len(self.left)
        if len({f.subject for f in self.left if len(f.subject) == 1}) == count:
            noun = "column" if count == 1 else "columns"
            return f"and {count:,} more {noun}: {listed([f.subject[0] for f in self.left], MOST_NAMED)}"
        columns = list(dict.fromkeys(name for f in self.left for name in f.subject))
        if not columns:
            return f"and {count:,} more like it"
        over = [listed(columns, MOST_NAMED)]
        over += [] if all(f.subject for f in self.left) else ["the whole table"]
        return f"and {count:,} more like it, over {' and over '.join(over)}"


def groups(findings: Iterable[Finding], everything: bool = False) -> list[Group]:
    """Findings as the doctor arranged them, by check; ``everything`` leaves none over."""
    together: dict[tuple[str, Severity], list[Case]] = {}
    for case in cases(findings):
        together.setdefault((case.finding.name, case.finding.severity), []).append(case)
    return [Group(*_cut(many, everything)) for many in together.values()]


def _cut(many: list[Case], everything: bool) -> tuple[tuple[Case, ...], tuple[Finding, ...]]:
    full = len(many) if everything or len(many) <= SHOWN_IN_FULL + 1 else SHOWN_IN_FULL
    return tuple(many[:full]), tuple(case.finding for case in many[full:])


def cases(findings: Iterable[Finding]) -> list[Case]:
    """Each finding with the symptoms that follow it."""
    out: list[Case] = []
    for finding in findings:
        if finding.because is not None and out:
            out[-1].symptoms.append(finding)
        else:
            out.append(Case(finding))
    return out
