"""Reports to be rendered: one that is all there is, with hostile names, and those of real tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import tearless
from tearless import Report
from tearless.core import Finding, Mend, Number, Outcome, Severity, listed, visible

HOSTILE = "a|b`c`\x1b[31m<script>alert(1)</script>\n[red]x[/red] **b** ‮ 🎉 ]]> & \x00 % :: ,"
EXAMPLES = Path(__file__).parents[2] / "examples"


def finding(name: str, severity: Severity, subject: tuple[str, ...], **more: object) -> Finding:
    """A finding about ``subject``; ``more`` replaces its parts."""
    parts: dict[str, object] = {
        "name": name,
        "pillar": "statistics",
        "severity": severity,
        "mend": Mend.source,
        "subject": subject,
        "headline": f"{listed(subject)} is not what it seems",
        "evidence": {
            "share": Number(0.5, "share", "share of the rows", (0.4, 0.6), 0.95),
            "rows": Number(12.0, "rows", "rows concerned"),
            "gone": Number(None, "1", "a number that is not known"),
        },
        "why": f"a model would learn {visible(HOSTILE)} instead",
        "do": "look at the rows",
    }
    return Finding(**(parts | more))  # type: ignore[arg-type]


@pytest.fixture
def hostile() -> Report:
    """Everything at once: symptoms, rows, intervals, faults, notes, hostile names, a stop."""
    return Report(
        findings=(
            finding("target-leak", Severity.error, (HOSTILE,), said="half of it is in one column", rows=(3, 8, 9)),
            finding("outliers", Severity.warning, (HOSTILE, "b"), because="target-leak"),
            finding("duplicate-rows", Severity.warning, (), headline="12 rows are copies", rows=tuple(range(40))),
            finding("sorted-rows", Severity.note, ("day",)),
        ),
        outcomes=(
            Outcome("target-leak", "statistics", "fired"),
            Outcome("outliers", "statistics", "fired"),
            Outcome("duplicate-rows", "statistics", "fired"),
            Outcome("sorted-rows", "statistics", "fired"),
            Outcome("constant-column", "statistics", "silent"),
            Outcome("drift", "statistics", "cannot tell", "no second table was given; name one with --test"),
            Outcome("broken", "statistics", "cannot tell", "the check itself failed", f"Traceback\n  {HOSTILE}\nE: x"),
            Outcome("class-imbalance", "statistics", "not applicable", "the target is a number"),
            Outcome("skewed-column", "statistics", "skipped", "by --select or --ignore"),
        ),
        source=f"data/{HOSTILE}.csv",
        rows=1309,
        columns=14,
        seed=7,
        target=HOSTILE,
        test="test.csv",
        seconds=1.25,
        stopped=True,
        notes=(f"read as Latin-1: {HOSTILE}",),
        path="data/a b.csv",
        header_lines=1,
        tests=312,
    )


@pytest.fixture(scope="session")
def wine() -> Report:
    return tearless.check(EXAMPLES / "wine.csv", target="target")
