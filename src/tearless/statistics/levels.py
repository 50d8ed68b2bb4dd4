"""Levels of a column: how many rows hold a value seen nowhere else, and whether chance allows so few repeats."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import InputError

from .intervals import clopper_pearson, poisson_at_most


@dataclass(frozen=True, slots=True)
class Levels:
    """How often the values of one column occur: its rows, its distinct values, those seen once and those seen twice.

    >>> levels = Levels.of(pl.Series(["a", "a", "b", "c"]))
    >>> levels.distinct, levels.once, levels.twice, levels.unseen  # 2 of 4 rows hold a value of their own
    (3, 2, 1, 0.5)
    """

    rows: int
    distinct: int
    once: int
    twice: int
    counts: NDArray[np.int64]
    """How many rows hold each distinct value, in no order."""

    @classmethod
    def of(cls, values: pl.Series) -> Levels:
        """The levels of a column without holes."""
        counts = values.to_frame("v").group_by("v").len()["len"].to_numpy().astype(np.int64)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        return cls(len(values), len(counts), once, twice, counts)

    @property
    def unseen(self) -> float:
        """The chance that one more row holds a value not among these: once / rows (Good, Biometrika 1953)."""
        return self.once / self.rows

    def unseen_interval(self, level: float = 0.95) -> tuple[float, float]:
        """The interval of ``unseen``: Esty's normal limit, or the exact binomial interval where that is wider.

        The variance is (once + 2·twice)/n² − once²/n³ (W. W. Esty, Annals of Statistics 1983), which vanishes where
        all rows differ; the binomial interval does not.
        """
        from scipy.special import ndtri

        n, z = self.rows, float(ndtri((1 + level) / 2))
        half = z * math.sqrt(max(0.0, (self.once + 2 * self.twice) / n**2 - self.once**2 / n**3))
        low, high = clopper_pearson(self.once, n, level)
        return max(0.0, min(low, self.unseen - half)), min(1.0, max(high, self.unseen + half))


def chance_of_few_repeats(rows: int, repeats: int, steps: float) -> float:
    """The chance that independent draws from ``steps`` possible values repeat as little as this, at most about.

    ``repeats`` is the rows less the distinct values. Equal probabilities give the fewest repeats of all distributions
    on ``steps`` values (the chance of no repeat is Schur-concave), so this bounds the chance under every one. Without
    a repeat it is the birthday product ∏(1 − i/steps), exact; with some it is the Poisson tail at the expected number
    n − steps·(1 − (1 − 1/steps)ⁿ), whose spread is wider than the true one. Raises ``InputError`` unless
    rows ≥ repeats ≥ 0 and steps ≥ 1.

    >>> round(chance_of_few_repeats(23, 0, 365), 4)
    0.4927
    """
    if not rows >= repeats >= 0:
        raise InputError(f"repeats: expected 0 to {rows} (the rows), got {repeats}; subtract the distinct values")
    if not steps >= 1:
        raise InputError(f"steps: expected at least 1, got {steps}; count the possible values")
    if rows < 2:
        return 1.0
    if repeats:
        filled = -math.expm1(rows * math.log1p(-1 / steps)) if steps > 1 else 1.0
        return poisson_at_most(repeats, max(0.0, rows - steps * filled))
    if rows > steps:
        return 0.0
    return float(np.exp(np.log1p(-np.arange(rows) / steps).sum()))


def steps_of(values: NDArray[np.integer]) -> float:
    """How many values a whole-number column could hold between its least and its greatest, in its own step.

    The step is the greatest common divisor of the differences. ``values`` has shape (n,), of any integer type; exact
    over the whole range of 64 bits. Raises ``InputError`` for no value.

    >>> import numpy as np
    >>> steps_of(np.array([1_000, 1_300, 1_200]))
    4.0
    """
    if values.size == 0:
        raise InputError("values: expected at least one whole number, got none; leave empty columns out")
    ordered = np.sort(values)
    gaps = np.diff(ordered.astype(np.uint64) if ordered.dtype.kind == "u" else ordered.astype(np.int64).view(np.uint64))
    gaps = gaps[gaps > 0]
    if not gaps.size:
        return 1.0
    span = int(ordered[-1]) - int(ordered[0])
    return float(span // int(np.gcd.reduce(gaps)) + 1)
