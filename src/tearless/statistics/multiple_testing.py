"""Many tests at once: what a chance is worth after looking many times.

All take chances of shape (m,) and give adjusted ones of the same shape and order: reject what is at most α. *Family*
procedures (``bonferroni``, ``holm``, ``hochberg``, ``hommel``) keep the chance of any false finding at α; *discovery*
procedures (``benjamini_hochberg``, ``benjamini_yekutieli``) the expected share of false ones among the findings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]


def bonferroni(p: ArrayLike) -> Floats:
    """Each chance times their number: any dependence between the tests is allowed.

    Shape ``(m,)`` in and out. Exact up to rounding. Raises ``InputError`` for what are no chances.

    >>> bonferroni([0.01, 0.04, 0.5]).tolist()
    [0.03, 0.12, 1.0]
    """
    p = _chances(p)
    return np.minimum(p * len(p), 1.0)


def holm(p: ArrayLike) -> Floats:
    """Bonferroni step by step: the smallest times m, the next times m − 1 ..., none below the one before.

    Never above ``bonferroni``, under the same conditions: none. S. Holm, Scand. J. Statist. 6, 1979, 65-70. Shape
    ``(m,)`` in and out. Exact up to rounding. Raises ``InputError`` for what are no chances.

    >>> holm([0.01, 0.04, 0.03]).tolist()  # 3 x 0.01; 2 x 0.03; 1 x 0.04, raised to the one before
    [0.03, 0.06, 0.06]
    """
    p = _chances(p)
    order = np.argsort(p, kind="stable")
    return _back(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), order)


def hochberg(p: ArrayLike) -> Floats:
    """Holm's factors, taken from the largest down: the same numbers, none above the one after.

    Never above ``holm``; for independent or positively dependent tests only. Y. Hochberg, Biometrika 75, 1988, 800-802.
    Shape ``(m,)`` in and out. Exact up to rounding. Raises ``InputError`` for what are no chances.

    >>> hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _chances(p)
    order = np.argsort(p, kind="stable")
    raised = p[order] * np.arange(len(p), 0, -1)
    return _back(np.minimum.accumulate(raised[::-1])[::-1], order)


def hommel(p: ArrayLike) -> Floats:
    """Simes' test on every set of the hypotheses that holds the one in question; the largest of its chances.

    Never above ``hochberg``, under the same conditions. G. Hommel, Biometrika 75, 1988, 383-386; computed as by
    S. P. Wright, Biometrics 48, 1992, 1005-1013, in O(m²). Shape ``(m,)`` in and out. Exact up to rounding. Raises
    ``InputError`` for what are no chances.

    >>> hommel([0.01, 0.02, 0.03]).tolist()
    [0.03, 0.03, 0.03]
    """
    p = _chances(p)
    m = len(p)
    order = np.argsort(p, kind="stable")
    up = p[order]
    if m < 2:
        return p.copy()
    every = float(np.min(m * up / np.arange(1, m + 1)))
    raised = np.full(m, every)
    for size in range(m - 1, 1, -1):
        top = size * up[m - size + 1 :] / np.arange(2, size + 1)
        least = float(top.min())
        first = np.minimum(size * up[: m - size + 1], least)
        now = np.concatenate([first, np.full(size - 1, first[-1])])
        raised = np.maximum(raised, now)
    return _back(np.maximum(raised, up), order)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted chances that control the false discovery rate.

    Shape ``(m,)`` in and out. Rejecting where the result is at most α keeps the expected share of false findings among
    the findings at α for independent or positively dependent tests; where nothing is wrong at all, the chance of any
    finding is at most α (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995, 289-300). Exact up to rounding. Raises
    ``InputError`` for what are no chances.

    >>> [round(q, 12) for q in benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).tolist()]
    [0.04, 0.053333333333, 0.053333333333, 0.5]
    """
    p = _chances(p)
    m = len(p)
    order = np.argsort(p)
    raised = p[order] * m / np.arange(1, m + 1)
    return _back(np.minimum.accumulate(raised[::-1])[::-1], order)


def benjamini_yekutieli(p: ArrayLike) -> Floats:
    """The same under any dependence between the tests: raised by 1 + 1/2 + ... + 1/m.

    Y. Benjamini and D. Yekutieli, Ann. Statist. 29, 2001, 1165-1188. Shape ``(m,)`` in and out. Exact up to rounding.
    Raises ``InputError`` for what are no chances.

    >>> benjamini_yekutieli([0.01, 0.5]).round(12).tolist()  # 1.5 x (0.02, 0.5)
    [0.03, 0.75]
    """
    p = _chances(p)
    m = len(p)
    order = np.argsort(p)
    raised = p[order] * m * float(np.sum(1 / np.arange(1, m + 1))) / np.arange(1, m + 1)
    return _back(np.minimum.accumulate(raised[::-1])[::-1], order)


def _chances(p: ArrayLike) -> Floats:
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"p: expected a 1-D array of chances between 0 and 1, got {p!r}; drop or mend the others")
    return p


def _back(raised: Floats, order: NDArray[np.intp]) -> Floats:
    """At most 1, in the order they came."""
    out = np.empty(len(order))
    out[order] = raised
    return np.minimum(out, 1.0)
