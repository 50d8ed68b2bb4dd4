"""Successes among trials whose common chance is itself not known: the beta-binomial distribution."""

from __future__ import annotations

import numpy as np
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive, whole
from tearless.probability.areas import Floats

MOST = 10_000_000
"""The most trials whose chances are written out: 80 MB."""


def beta_binomial(trials: int, a: float, b: float) -> Floats:
    """P(k successes), k = 0 … trials, (trials + 1,), where the chance is drawn from Beta(a, b).

    C(n, k) B(k + a, n − k + b)/B(a, b), by logarithms, right to about 1e-13 · n. Raises ``InputError`` for more than
    10 million trials and for a, b not above 0. N. L. Johnson, A. W. Kemp and S. Kotz, *Univariate Discrete
    Distributions*, 3rd ed., section 6.2.

    >>> beta_binomial(3, 1.0, 1.0).round(12).tolist()  # any count alike
    [0.25, 0.25, 0.25, 0.25]
    """
    n = whole(trials, "trials", least=0, most=MOST)
    positive(a, "a")
    positive(b, "b")
    k = np.arange(n + 1, dtype=np.float64)
    logs = -np.log1p(n) - special.betaln(n - k + 1, k + 1) + special.betaln(k + a, n - k + b) - special.betaln(a, b)
    mass = np.exp(logs)
    return np.asarray(mass / mass.sum())


def predicted_successes(trials: int, a: float, b: float, level: float = 0.95) -> tuple[int, int]:
    """The counts between which the successes lie with at least this probability, at most half the rest to each side.

    Raises ``InputError`` unless ``level`` is inside (0, 1).

    >>> predicted_successes(9, 1.0, 1.0, 0.8)  # ten counts, each a tenth
    (1, 8)
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected a probability between 0 and 1, got {level!r}; 0.95 is usual")
    mass, tail = beta_binomial(trials, a, b), (1 - level) / 2 + 1e-12
    low = int(np.searchsorted(np.cumsum(mass), tail, side="right"))
    high = trials - int(np.searchsorted(np.cumsum(mass[::-1]), tail, side="right"))
    return min(low, trials), max(high, 0)
