"""A column of one value against a past of which the mean and the spread alone are known."""

from __future__ import annotations

import numpy as np

from tearless.core.number import shown
from tearless.statistics.profile.profile import ColumnProfile

from .change import Change, ToSizes
from .nights import Floats, apart

TOLD = 1e-3
"""Chance above which a mean and a spread cannot tell one value from a column that holds it nearly everywhere."""


def is_one_value(column: ColumnProfile) -> bool:
    """Whether two numbers or more are there, and all are one.

    >>> from tearless.linear_algebra.moments import Moments
    >>> is_one_value(ColumnProfile("number", "Float64", 0, 0, Moments.of([np.zeros(3)])))
    True
    """
    return column.moments is not None and float(column.moments.n[0]) > 1 and float(column.moments.m2[0]) == 0


def of_one_value(name: str, now: ColumnProfile, past: ColumnProfile, weights: Floats, sizes: ToSizes) -> Change | None:
    """One value now, against a mean and a spread; ``None`` where these allow that nearly every row ever held it.

    At d standard deviations from the mean a value has a share of at most p = 1/(1 + d²) of the rows, whatever the
    distribution (Cantelli: the rest must make up for it), exactly that share where there are two values. So n rows
    that all hold one value at least so far away have a chance of at most p to the power of n − 1. ``weights``: how
    likely each effect of a night is, shape ``(T,)``.

    >>> from tearless.linear_algebra.moments import Moments
    >>> from .change import QUIET
    >>> from .chances import Sizes
    >>> both = (Moments.of([np.array(x)]) for x in ([0.0] * 9, [4.0, 6.0]))
    >>> now, past = (ColumnProfile("number", "Float64", 0, 0, one) for one in both)
    >>> found = of_one_value("x", now, past, QUIET, lambda n, m, one: Sizes(n, m * 100, 1.0, one))
    >>> found.said
    'holds one value, 0, in every row: mean 5 earlier'
    """
    if now.moments is None or past.moments is None or not is_one_value(now):
        return None
    n, m = float(now.moments.n[0]), float(past.moments.n[0])
    mean, wide = float(past.moments.mean[0]), float(past.moments.std()[0])
    value = float(now.moments.mean[0])
    if not (m > 1 and wide > 0):
        return None
    far = abs(value - mean) / wide
    reckoned = sizes(n, m, weights)
    rows = np.maximum(0.0, 1 / reckoned.spread() - 1)
    chance = reckoned.mixed(np.exp(-2 * rows * np.log(np.hypot(1.0, far))))
    if now.kind != "bool" and chance > TOLD:
        return None
    size = (far / np.hypot(1.0, far)) ** 2
    said = f"holds one value, {shown(value)}, in every row: mean {shown(mean)} earlier"
    meaning = "mean of the finite cells"
    return Change(name, "values", float(size), chance, mean, value, "column unit", meaning, said, apart(weights))
