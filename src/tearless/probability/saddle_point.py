"""Logarithms of Poisson and binomial probabilities that stay right where factorials are large.

n! through ``lgamma`` is a difference of numbers of size n ln n: at n = 10⁶ ten digits are lost. Loader's form takes the
largest part out by hand: what is left is two deviances and the small error of Stirling's formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlog1py, xlogy

from tearless.probability.deviance import deviance

Floats = NDArray[np.float64]
_HALF_LN_2PI = 0.5 * float(np.log(2 * np.pi))
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def stirling_error(n: ArrayLike) -> Floats:
    """ln n! − ln(√(2πn) (n/e)ⁿ) for real n > 0: what Stirling's formula leaves out, about 1/(12n).

    Any shape. Right to about 1e-15 absolutely: the asymptotic series from 15 on, the difference itself below
    (Abramowitz and Stegun, 1964, 6.1.40).

    >>> float(stirling_error(100.0).round(8))
    0.00083333
    """
    x = np.asarray(n, dtype=np.float64)
    large = np.where(x >= 15, x, 15.0)
    series = np.zeros_like(large)
    for c in reversed(_STIRLING):
        series = series / (large * large) + c
    small = np.where(x < 15, x, 1.0)
    direct = gammaln(small + 1) - (small + 0.5) * np.log(small) + small - _HALF_LN_2PI
    return np.asarray(np.where(x >= 15, series / large, direct), dtype=np.float64)


def log_poisson(x: Any, mean: Any) -> Floats:
    """ln(e^−m mˣ / x!) for real x ≥ 0 and m ≥ 0.

    Shapes that broadcast. m = 0 allows x = 0 alone. Right to a few ulp of the logarithm.

    >>> float(log_poisson(0, 2.0)), float(np.exp(log_poisson(2, 2.0)).round(6))
    (-2.0, 0.270671)
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(mean, dtype=np.float64))
    n = np.where(x > 0, x, 1.0)
    tiny = n < 1e-8 * np.maximum(m, 1)
    with np.errstate(over="ignore"):
        general = -deviance(n, m) - stirling_error(n) - _HALF_LN_2PI - np.log(n) / 2
        plain = xlogy(n, m) - m - gammaln(n + 1)
    return np.where(x > 0, np.where(tiny, plain, general), -m)


def log_binomial(x: Any, trials: Any, p: Any, q: Any) -> Floats:
    """ln of n!/(x!(n−x)!) pˣ qⁿ⁻ˣ for real 0 ≤ x ≤ n, with q = 1 − p given by itself so that neither loses digits.

    Shapes that broadcast.

    >>> float(np.exp(log_binomial(2, 4, 0.5, 0.5)).round(12))
    0.375
    """
    x, n, p, q = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, trials, p, q)))
    inner = (x > 0) & (x < n)
    a = np.where(inner, x, 1.0)
    b = np.where(inner, n - x, 1.0)
    total = a + b
    both = stirling_error(total) - stirling_error(a) - stirling_error(b)
    middle = both - deviance(a, total * p) - deviance(b, total * q)
    middle = middle + 0.5 * (np.log(total) - np.log(a) - np.log(b)) - _HALF_LN_2PI
    none = np.where(p < 0.5, xlog1py(n, -p), xlogy(n, q))
    every = np.where(q < 0.5, xlog1py(n, -q), xlogy(n, p))
    return np.where(inner, middle, np.where(x <= 0, none, every))
