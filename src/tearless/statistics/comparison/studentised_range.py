"""The range of k independent standard normal deviates: Tukey's studentised range with the spread known."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import log_ndtr

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole


def range_above(q: float, k: int) -> float:
    """The chance that the range of k standard normal deviates is above q.

    k ∫ φ(z) [Φ(z)^(k−1) − (Φ(z) − Φ(z−q))^(k−1)] dz, the difference taken without cancelling, by the trapezoidal rule,
    which converges faster than any power for such integrands: about 13 digits, in the far tail too. Raises
    ``InputError`` for k below 2. H. O. Hartley, Biometrika 32, 1942, 334-348.

    >>> round(range_above(1.959963984540054 * 2**0.5, 2), 12)  # the range of two is |z| * sqrt 2
    0.05
    """
    whole(k, "k", least=2)
    if not q > 0:
        return 1.0
    z = np.linspace(-12.0, 12.0 + q, 601 + math.ceil(25 * q))
    below = log_ndtr(z)
    with np.errstate(under="ignore"):
        missed = -np.expm1((k - 1) * np.log1p(-np.minimum(np.exp(log_ndtr(z - q) - below), 1.0 - 1e-16)))
        density = np.exp((k - 1) * below - z * z / 2) / math.sqrt(2 * math.pi)
        area = float((density * missed).sum()) * float(z[1] - z[0])
    return min(1.0, k * area)


def range_quantile(level: float, k: int) -> float:
    """The range that k standard normal deviates exceed with chance 1 − ``level``, to 12 digits.

    Raises ``InputError`` unless 0 < level < 1 and k ≥ 2.

    >>> round(range_quantile(0.95, 4) / 2**0.5, 3)  # Demsar 2006, table 5a
    2.569
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected a confidence between 0 and 1, got {level}; 0.95 is usual")
    low, high = 0.0, 1.0
    while range_above(high, k) > 1 - level:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if range_above(middle, k) > 1 - level else (low, middle)
    return (low + high) / 2
