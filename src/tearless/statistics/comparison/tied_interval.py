"""An interval that never contradicts the test it is printed with.

A score interval holds every difference d whose score |estimate − d| / SE(d) is at most z; so it says no to 0 exactly
where the score test does. Printed beside another test, mid-p or Fisher's, it now and then says yes where the test says
no. Let t be the score at 0 and m the normal size of the test's p, −Φ⁻¹(p/2). The interval is tied to the test by asking

    |estimate − d| ≤ z · stretch · SE(d) + shift · SE(0)

with shift = max(0, t − m), a continuity correction (what the test asks for beyond the score), and, where the test asks
for less (m > t, far out in the tails), stretch = (t/m)^min(z/m, m/z)⁴. At d = 0 this is t ≤ z exactly where m ≤ z: for
t ≥ m at once, and for t < m because z ↦ z · stretch rises and is t at z = m. (It rises while 4 ln(m/t) < 1; beside
McNemar's tests t/m never falls under 1/√(2 ln 2) = 0.849, and elsewhere the power is lowered.) Away from z = m the
stretch goes to 1, and the shift shrinks as 1/√n beside z · SE: what is left is the score interval. A plain z · t/m
would agree as well, and would cover 90 % in place of 95 % where all disagreements go one way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tearless.statistics.estimate import Floats


def tied(score: ArrayLike, size: ArrayLike, z: float) -> tuple[Floats, Floats]:
    """The z to use and the shift, in standard errors at 0, that tie a score interval to a test.

    ``score`` is the score at 0 and ``size`` the normal size of the test's p, both ≥ 0, of one shape or of shapes that
    broadcast.

    >>> stretched, shift = tied(1.7, 1.5, 1.96)
    >>> float(stretched), float(shift.round(6))
    (1.96, 0.2)
    >>> stretched, shift = tied(2.9, 3.0, 3.0)
    >>> float(stretched.round(6)), float(shift)
    (2.9, 0.0)
    """
    t, m = np.broadcast_arrays(np.asarray(score, dtype=np.float64), np.asarray(size, dtype=np.float64))
    beyond = m > t
    safe = np.where(beyond, m, 1.0)
    shortfall = np.where(beyond & (t > 0), np.log(safe / np.where(t > 0, t, 1.0)), 0.0)
    power = np.minimum(4.0, 0.9 / np.maximum(shortfall, 1e-9))
    return z * np.exp(-shortfall * np.minimum(z / safe, safe / z) ** power), np.maximum(t - m, 0.0)


def cut_at_nothing(low: ArrayLike, high: ArrayLike, estimate: ArrayLike, sure: ArrayLike) -> tuple[Floats, Floats]:
    """The interval with what rounding did about 0 mended: 0 is no inner point where ``sure``, and one elsewhere.

    It changes ends by rounding alone. All of one shape, or of shapes that broadcast.

    >>> low, high = cut_at_nothing(-1e-18, 0.2, 0.1, True)
    >>> float(low), float(high)
    (0.0, 0.2)
    """
    first, last, value = (np.asarray(v, dtype=np.float64) for v in (low, high, estimate))
    certain = np.asarray(sure, dtype=np.bool_)
    tiny = np.finfo(np.float64).smallest_subnormal
    lower = np.where(certain & (value > 0), np.maximum(first, 0.0), np.where(certain, first, np.minimum(first, -tiny)))
    upper = np.where(certain & (value < 0), np.minimum(last, 0.0), np.where(certain, last, np.maximum(last, tiny)))
    return lower, upper


def contradicts(low: float, high: float, sure: bool) -> bool:
    """Whether an interval and a test say different things about 0; an end at 0 leaves 0 out.

    >>> contradicts(-0.01, 0.3, sure=True), contradicts(0.0, 0.3, sure=True)
    (True, False)
    """
    return (low < 0 < high) == sure
