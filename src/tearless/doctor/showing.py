"""What is shown beside findings: their evidence drawn, and the lesson about them on the same data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tearless.core import Finding, Measured
from tearless.core.catalogue import lesson_on
from tearless.core.check import Check
from tearless.core.fact import Need, needs
from tearless.core.lesson import Opened
from tearless.core.limit import Limit
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Picture, Rule
from tearless.report.grouping import groups

from .gather import Facts

WIDE = 30.0
"""Ratio from which a value and its limit stand on a scale of powers of ten."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with the check and the measurement that it came of."""

    check: Check
    measured: Measured
    finding: Finding


def with_pictures(findings: Sequence[Finding], judged: Sequence[Judged], facts: Facts) -> tuple[Finding, ...]:
    """The findings, with a picture for each that a report shows in full: the check's own, else its number by its limit.

    A picture that cannot be drawn is left out: it takes no finding with it.
    """
    origin = {id(one.finding.evidence): one for one in judged}
    full = {id(case.finding.evidence) for group in groups(findings) for case in group.in_full}
    return tuple(
        replace(f, picture=_picture(origin[id(f.evidence)], facts)) if id(f.evidence) in full else f for f in findings
    )


def _picture(judged: Judged, facts: Facts) -> Picture | None:
    check = judged.check
    try:
        if check.picture is None:
            return by_its_limit(check, judged.finding)
        wanted = {name: need for name, need in needs(check.picture).items() if need != Need(Measured)}
        given = {
            name: facts.get(need, lambda: np.random.default_rng(facts.asked.seed)) for name, need in wanted.items()
        }
        return check.picture(judged.measured, **given)
    except Exception:
        return by_its_limit(check, judged.finding)


def by_its_limit(check: Check, finding: Finding) -> Picture | None:
    """The number that decided, beside the limit that it crossed."""
    deciding = [limit for limit in check.limits if limit.severity is finding.severity]
    limit = next((one for one in deciding if _both(one, finding)), None)
    if limit is None:
        return None
    value, at = _both(limit, finding) or (0.0, 0.0)
    number = finding.evidence[limit.of]
    log = min(value, at) > 0 and max(value, at) / min(value, at) > WIDE
    side = "at least" if limit.crossed == "above" else "at most"
    said = shown(at, number.unit)
    marks = (
        Bars((0.0,), (value,), role="main", along="x", base=at / 10 if log else 0.0),
        Rule(at, f"limit {said}", role="bad"),
    )
    label = "" if number.unit in ("1", "share", "chance") else number.unit
    return Picture(
        f"{number.meaning.partition(',')[0]}: {number}",
        f"{number}, where {side} {said} is a finding",
        marks,
        Axis(label, log=log, low=None if log or min(value, at) < 0 else 0.0),
        Axis(names=(limit.of.replace("_", " "),)),
    )


def _both(limit: Limit, finding: Finding) -> tuple[float, float] | None:
    """The number that a limit is about and the limit itself, where both can be drawn."""
    value, at = finding.evidence[limit.of].value, limit.value(finding.evidence)
    drawable = value is not None and at is not None and math.isfinite(at) and value != at
    return (value, at) if drawable and value is not None and at is not None else None


def lessons_on(findings: Sequence[Finding], facts: Facts) -> dict[str, Opened]:
    """For the checks that found something the lessons about it, on the facts at hand and each lesson once.

    Those that cannot be had on these facts are left out.
    """
    found: dict[str, Opened] = {}
    for name, pillar in dict.fromkeys((f.name, f.pillar) for f in findings if f.because is None):
        entry = lesson_on(name, pillar)
        if entry is None or any(opened.lesson.name == entry.name for opened in found.values()):
            continue
        try:
            lesson = entry.load()
            found[name] = Opened(lesson, lesson.problem(**facts.given(lesson.problem)), "these data", True)
        except Exception:  # noqa: S112 (the lesson is an offer: the report stands without it)
            continue
    return found
