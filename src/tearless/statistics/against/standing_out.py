"""Which columns stood out on which of the earlier days, beside the others."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from tearless.statistics.profile.past import Past

from .changes import Changes
from .nights import Floats, Series

CHANCE = 0.01
"""Of so many histories at most, all days alike, one has a day that stands out."""
LEAST = 0.1
"""Standard deviations of a row by which a day that stands out is elsewhere."""
FEWEST_DAYS = 4


def standing_out(past: Past, changes: Changes) -> dict[int, list[str]]:
    """The columns that lay elsewhere on a day than on the others, the farthest first, by the number of the day.

    Each day against the others, by Student's t with the spread of the others or, where that is larger, the spread by
    sampling; corrected for all of them. Fewer than four days stand out from nothing.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> from tearless.statistics.facts import Columns
    >>> from tearless.statistics.profile.profile import Profile
    >>> rng = np.random.default_rng(0)
    >>> days = [Batch(pl.DataFrame({"x": rng.normal(k == 3, 1, 500)})) for k in range(9)]
    >>> past = Past.of([(f"day {k}", Profile.of(day)) for k, day in enumerate(days)])
    >>> standing_out(past, Changes.derive(Profile.of(days[0]), past, Columns.of(days[0])))
    {3: ['x']}
    """
    found: dict[int, dict[str, float]] = {}
    tests = max(1, len(changes.series) * len(past.days))
    for (name, _), (series, _) in changes.series.items():
        if series.variance <= 0 or np.count_nonzero(series.rows) < FEWEST_DAYS:
            continue
        away, chances = _apart(series)
        for i in np.flatnonzero((chances * tests <= CHANCE) & (np.abs(away) >= LEAST)):
            day = found.setdefault(int(i), {})
            day[name] = max(day.get(name, 0.0), float(abs(away[i])))
    return {i: sorted(names, key=lambda name: -names[name]) for i, names in found.items()}


def _apart(series: Series) -> tuple[Floats, Floats]:
    """How far each day is from the mean of the others, in standard deviations of a row, and the chance of that."""
    there = series.rows > 0
    k = int(there.sum())
    means = series.means[there] / math.sqrt(series.variance)
    sampling = 1 / series.rows[there]
    others = (means.sum() - means) / (k - 1)
    squares = (means**2).sum() - means**2 - (k - 1) * others**2
    spread = np.maximum(np.maximum(squares, 0.0) / (k - 2), sampling)
    chance = 2 * special.stdtr(k - 2, -np.abs(means - others) / np.sqrt(spread * (1 + 1 / (k - 1))))
    away: Floats = np.zeros(len(there))
    chances: Floats = np.ones(len(there))
    away[there], chances[there] = means - others, chance
    return away, chances
