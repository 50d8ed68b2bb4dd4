"""Values that no earlier day has."""

from __future__ import annotations

import numpy as np

from tearless.core import quoted, visible
from tearless.core.number import shown

from .categories import Categories
from .chances import at_least
from .change import Change
from .nights import Floats

NAMED = 3


def of_new_values(name: str, now: Categories, past: Categories) -> Change:
    """The values that are kept of a table and of no earlier day, and the chance that one of so many rows is new.

    If all rows come from one source, every division of them between now and the past is equally likely: a value of c
    rows lies in the n rows of now alone with chance C(n, c)/C(n + m, c), and any value of at least so many rows with at
    most the sum of these. A value that the past may have lost sight of (``error``) counts for that many rows there.
    ``size`` is the share of rows with new values; ``before`` how many values are known, ``after`` how many are new.

    >>> found = of_new_values("x", Categories({"a": 60, "b": 40}, 0, 0), Categories({"a": 100}, 0, 0))
    >>> found.after, found.size, found.alone < 1e-9, found.said
    (1.0, 0.4, True, '`b`')
    """
    n, m = now.total, past.total
    new = {value: rows for value, rows in now.counts.items() if value not in past.counts}
    if past.error:
        new = {value: rows for value, rows in new.items() if rows * m > past.error * n}
    most = max(new.values(), default=0)
    chance = _chance(most, now, past) if most else 1.0
    names = sorted(new, key=lambda value: (-new[value], value))
    told = ", ".join(quoted(visible(value, 24)) for value in names[:NAMED])
    said = told + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
    size = sum(new.values()) / max(1, n)
    known = float(len(past.counts))
    meaning = "values that an earlier day holds"
    return Change(name, "new", size, chance, known, float(len(new)), "values", meaning, said or shown(0.0))


def _chance(most: int, now: Categories, past: Categories) -> float:
    """The chance that any value of at least so many rows lies in now alone, but for ``past.error`` rows of it."""
    pooled = dict(past.counts)
    for value, rows in now.counts.items():
        pooled[value] = pooled.get(value, past.error) + rows
    least = most + past.error
    held: Floats = np.array([count for count in pooled.values() if count >= least], dtype=np.float64)
    return min(1.0, float(at_least(held - past.error, now.total, np.full(len(held), past.error), past.total).sum()))
