"""A comparison drawn: each difference with its interval, beside none and beside what these rows could show."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tearless.core import visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Picture, Ranges, values
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.pictures import MOST_DRAWN, differences
from tearless.statistics.comparison.words import title


def pictures(found: Comparison) -> tuple[Picture, ...]:
    """The differences, and each model's own value."""
    first = differences(found)
    return (*([first] if first else []), *_values(found))


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
