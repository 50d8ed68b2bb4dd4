"""How much a value says about the next one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tearless.core import InputError


def lag_1_autocorrelation(x: ArrayLike) -> float:
    """Lag-1 autocorrelation r₁ = Σ (xᵢ − x̄)(xᵢ₊₁ − x̄) / Σ (xᵢ − x̄)².

    ``x`` has shape ``(n,)``, n ≥ 2, all finite; the result has no unit and lies in [−1, 1]; nan where all are equal.
    Both sums share one mean and the divisor has all n terms, as is usual for time series (Box and Jenkins, *Time Series
    Analysis*, 1976, section 2.1.5). The mean is taken twice, the second time of the deviations, so that a large offset
    costs no digits; scaling by a power of two keeps huge values from overflowing. Exact up to rounding. Raises
    ``InputError`` for another shape or for values that are not finite.

    >>> lag_1_autocorrelation([10000001.0, 10000003.0, 10000002.0])
    -0.5
    """
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        raise InputError(f"x: expected at least two finite numbers in a row, got {_said(values)}; drop the others")
    scaled = np.ldexp(values, -int(np.frexp(np.abs(values).max())[1]))
    deviation = scaled - scaled.mean()
    deviation = deviation / (np.abs(deviation).max() or 1.0)
    deviation -= deviation.mean()
    total = float(deviation @ deviation)
    return float(deviation[:-1] @ deviation[1:]) / total if total > 0 else float("nan")


def _said(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    holes = int((~np.isfinite(values)).sum())
    return f"shape {values.shape} with {holes} values that are not finite"
