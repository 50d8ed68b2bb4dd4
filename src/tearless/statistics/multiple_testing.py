"""Many tests at once: what a chance is worth after looking many times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted chances that control the false discovery rate.

    Shape ``(m,)`` in and out. Rejecting where the result is at most α keeps the expected share of false findings among
    the findings at α for independent or positively dependent tests; where nothing is wrong at all, the chance of any
    finding is at most α (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995, 289-300). Exact up to rounding.

    >>> [round(q, 12) for q in benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).tolist()]
    [0.04, 0.053333333333, 0.053333333333, 0.5]
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p: expected a 1-D array of chances between 0 and 1, got {p!r}; drop or mend the others")
    m = len(p)
    order = np.argsort(p)
    raised = p[order] * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return np.minimum(q, 1.0)
