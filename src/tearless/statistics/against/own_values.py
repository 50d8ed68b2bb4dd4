"""How much of each day's text was new beside the days before it: labels of the day are new every day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import special

from tearless.statistics.profile.categories import Categories
from tearless.statistics.profile.past import DayColumn

from .chances import at_least
from .nights import Floats

CERTAIN = 0.01
LABELS = 3
"""Different values up to which a column that one day holds is taken for a label of that day."""
FEWEST_DAYS = 3
"""Shares from which their spread is judged."""


def shares_of_own(days: Sequence[DayColumn | None], whole: Categories, sure: bool = True) -> Floats:
    """The share of each day, from the second on, that its kept values have which no day before it is known to have.

    Only days that kept a value count. ``whole`` are the values of all days together: a value of which it counts more
    rows than this day and the later ones have was there before. With ``sure`` a value is new only where the rows that
    an earlier day may have hidden do not explain it. Shape ``(k,)``.

    >>> days = [DayColumn(0, categories=Categories({f"run {k}": 100}, 0, 0)) for k in range(3)]
    >>> shares_of_own(days, Categories({f"run {k}": 100 for k in range(3)}, 0, 0)).tolist()
    [1.0, 1.0]
    """
    kept = [day.categories for day in days if day is not None and day.categories is not None]
    kept = [one for one in kept if one.total]
    later: Counter[str] = Counter()
    for one in kept:
        later.update(one.counts)
    seen: set[str] = set()
    rows, found = 0, []
    for k, one in enumerate(kept):
        held = sum(one.counts.values())
        if k and held:
            fresh = {v: x for v, x in one.counts.items() if v not in seen}
            fresh = {v: x for v, x in fresh.items() if 2 * (whole.counts.get(v, 0) - later[v]) <= x}
            if sure:
                fresh = _certain(fresh, one.total, whole.error * k / len(kept), rows)
            found.append(sum(fresh.values()) / held)
        rows += one.total
        seen.update(one.counts)
        later.subtract(one.counts)
    return np.array(found, dtype=np.float64)


def _certain(fresh: dict[str, int], n: int, hidden: float, m: int) -> dict[str, int]:
    x: Floats = np.array(list(fresh.values()), dtype=np.float64)
    sure = at_least(x, n, np.full(len(x), hidden), m) <= CERTAIN
    return {value: rows for (value, rows), there in zip(fresh.items(), sure, strict=True) if there}


def as_much(size: float, shares: Floats) -> float:
    """The chance that a day like those brings so large a share of new values; 0 where no day ever brought one.

    ``shares`` are those of earlier days, shape ``(days,)``. The smaller of Markov's bound, the mean share over this
    one, and of Student's t where there are three shares.

    >>> as_much(1.0, np.array([1.0, 1.0])), as_much(0.5, np.zeros(4)), as_much(0.9, np.array([0.3]))
    (1.0, 0.0, 0.3333333333333333)
    """
    mean = float(shares.mean()) if len(shares) else 0.0
    if mean == 0.0 or size <= 0.0:
        return 0.0
    chance = min(1.0, mean / size)
    if len(shares) < FEWEST_DAYS or size <= float(shares.max()):
        return chance
    spread = max(float(shares.std(ddof=1)), mean / len(shares)) * float(np.sqrt(1 + 1 / len(shares)))
    return min(chance, float(special.stdtr(len(shares) - 1, -(size - mean) / spread)))


def may_be_label(now: Categories, past: Categories, days: int) -> bool:
    """Whether one earlier day holds a few values, and this table as few others: a date or a batch, for all one knows.

    >>> may_be_label(Categories({"run 2": 9}, 0, 0), Categories({"run 1": 9}, 0, 0), 1)
    True
    """
    few = all(0 < len(one.counts) <= LABELS and not one.others for one in (now, past))
    return days == 1 and few and not set(now.counts) & set(past.counts)
