"""A comparison drawn: each difference with its interval, beside none and beside what these rows could show."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tearless.core import visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Mark, Picture, Ranges, Rule, values
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.words import title

MOST_DRAWN = 16


def pictures(found: Comparison) -> tuple[Picture, ...]:
    """The differences, and each model's own value."""
    return (*_differences(found), *_values(found))


def _differences(found: Comparison) -> Iterator[Picture]:
    pairs = [p for p in found.pairs if _drawable(p.difference.estimate.low, p.difference.estimate.high)][:MOST_DRAWN]
    if not pairs:
        return
    estimates = [pair.difference.estimate for pair in pairs]
    marks: list[Mark] = [
        Ranges(
            values(range(len(pairs))),
            values(e.low for e in estimates),
            values(e.high for e in estimates),
            values(e.value for e in estimates),
        ),
        Rule(0.0, "no difference", role="soft"),
    ]
    smallest = [pair.detectable for pair in pairs if pair.detectable is not None and math.isfinite(pair.detectable)]
    if len(pairs) == 1 and smallest:
        side = math.copysign(smallest[0], estimates[0].value)
        marks.append(Rule(side, f"detectable {shown(smallest[0], found.unit)}", role="second"))
    says = "; ".join(
        f"{visible(p.b)} less {visible(p.a)}: {shown(e.value, found.unit)}, {shown(e.low, found.unit)} to "
        f"{shown(e.high, found.unit)}"
        for p, e in zip(pairs, estimates, strict=True)
    )
    names = tuple(f"{visible(pair.b)} − {visible(pair.a)}" for pair in pairs)
    yield Picture("The difference, with its interval", says, tuple(marks), Axis(title(found.metric)), Axis(names=names))


def _values(found: Comparison) -> Iterator[Picture]:
    known = [(n, e) for n, e in zip(found.plan.models, found.estimates, strict=True) if _drawable(e.low, e.high)]
    known = known[:MOST_DRAWN]
    if not known:
        return
    mark = Ranges(
        values(range(len(known))),
        values(e.low for _, e in known),
        values(e.high for _, e in known),
        values(e.value for _, e in known),
    )
    says = "; ".join(f"{visible(name)}: {shown(e.value, found.unit)}" for name, e in known)
    names = tuple(visible(name) for name, _ in known)
    yield Picture("Each model by itself", says, (mark,), Axis(title(found.metric)), Axis(names=names))


def _drawable(low: float, high: float) -> bool:
    return math.isfinite(low) and math.isfinite(high)
