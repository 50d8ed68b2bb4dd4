"""Which columns of numbers hold what another one held before, and the other way round."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import combinations

from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

from .change import Change
from .gaps import largest_gap

LEAST = 0.1
"""Share of rows that must have changed for a column to be looked at."""
LEFT = 0.2
"""Share of the change that may be left once the names are exchanged."""
CERTAIN = 0.01
MOST = 40
"""Columns that changed most, of which all pairs are looked at."""
CHANCE = 1.95
"""The gap of two samples of one source, over √(1/n + 1/m), is larger in one of a thousand."""


def swapped(profile: Profile, past: Past, changes: Iterable[Change]) -> Mapping[str, str]:
    """Each column that changed places with another one, and that one: both agree with the past under its name.

    >>> import numpy as np, polars as pl
    >>> from tearless.readers.source import Batch
    >>> from tearless.statistics.facts import Columns
    >>> from tearless.statistics.against.changes import Changes
    >>> rng = np.random.default_rng(0)
    >>> days = [Batch(pl.DataFrame({"a": rng.normal(0, 1, 300), "b": rng.normal(5, 2, 300)})) for _ in range(2)]
    >>> now = Batch(days[1].frame.rename({"a": "b", "b": "a"}))
    >>> before = Past.of([("monday", Profile.of(days[0]))])
    >>> found = Changes.derive(Profile.of(now), before, Columns.of(now))
    >>> dict(sorted(swapped(Profile.of(now), before, found.of("values")).items()))
    {'a': 'b', 'b': 'a'}
    """
    found = [c for c in changes if c.unit == "column unit" and c.size >= LEAST and c.chance <= CERTAIN]
    found = sorted(found, key=lambda c: (-c.size, c.column))[:MOST]
    pairs = []
    for a, b in combinations(found, 2):
        there, back = _left(profile, past, a, b.column), _left(profile, past, b, a.column)
        if max(there, back) <= LEFT:
            pairs.append((there + back, a.column, b.column))
    partner: dict[str, str] = {}
    for _, one, other in sorted(pairs):
        if one not in partner and other not in partner:
            partner |= {one: other, other: one}
    return partner


def _left(profile: Profile, past: Past, change: Change, other: str) -> float:
    """The share of a change that is left against the past of another column; all of it where that is not sampling."""
    now, before = profile.columns[change.column].histogram, past.whole.columns[other].histogram
    if now is None or before is None:
        return 1.0
    distance = largest_gap(before, now).distance
    if distance > CHANCE * math.sqrt(1 / max(1, now.total) + 1 / max(1, before.total)) + 0.4 * change.nights:
        return 1.0
    return distance / change.size
