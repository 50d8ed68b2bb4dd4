"""Reliability: of all rows given about this probability, the share that came true, and what honest luck allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.probability.calibration.forecasts import Floats, Indices, confidence, exact_share, outcomes
from tearless.probability.poisson_binomial import PoissonBinomial, poisson_binomial

By = Literal["width", "mass"]
"""Bins of equal width, or of an equal number of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Rows in bins of their forecast, the empty bins left out; all (bins,), in the order of the forecasts.

    Made by ``reliability``. ``left`` and ``right`` are the bins' ends, ``count`` the rows, ``forecast`` their mean
    probability, ``came`` the share that came true, ``low`` and ``high`` Clopper and Pearson's interval of what that
    share estimates. ``band_low`` and ``band_high`` hold the share of an honest forecaster with at least ``level`` (the
    consistency band of Bröcker and Smith, Weather and Forecasting 22, 2007, 651-661, exact and given these forecasts
    instead of resampled): each bin by itself, or all bins at once where ``simultaneous``.
    """

    left: Floats
    right: Floats
    count: Indices
    forecast: Floats
    came: Floats
    low: Floats
    high: Floats
    band_low: Floats
    band_high: Floats
    level: float
    simultaneous: bool
    by: By

    @property
    def outside(self) -> Any:
        """Which bins lie outside their band."""
        return (self.came < self.band_low) | (self.came > self.band_high)

    @property
    def rows(self) -> int:
        return int(self.count.sum())


def reliability(
    y: Any, p: Any, *, bins: int = 15, by: By = "mass", level: float = 0.95, simultaneous: bool = False
) -> Reliability:
    """The reliability curve of probabilities ``p`` (n,) for outcomes ``y`` (n,) of 0 and 1.

    Bins hold their left end and not their right, but for the last, which holds 1; equal forecasts share a bin, so
    equal mass may make fewer bins. With ``simultaneous`` the band of each of B bins is at level^(1/B), which is exact
    as bins are independent given the forecasts. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> r = reliability([1, 0], [0.95, 1.0], bins=10, by="width")
    >>> r.count.tolist(), r.forecast.round(6).tolist(), r.came.tolist()
    ([2], [0.975], [0.5])
    """
    came, said = outcomes(y, p)
    tail = confidence(level)
    edges = bin_edges(said, bins, by)
    at, count = in_bins(said, edges)
    k = np.bincount(at, came, minlength=len(count))
    some = count > 0
    n = count[some]
    each = 1 - tail if not simultaneous else math.exp(math.log1p(-tail) / len(n))
    held = np.array([law.central(each) for law in bin_laws(said, at, len(count)) if law is not None], dtype=np.float64)
    low, high = exact_share(k[some], n, level)
    forecast = np.clip(np.bincount(at, said, minlength=len(count))[some] / n, edges[:-1][some], edges[1:][some])
    return Reliability(
        edges[:-1][some], edges[1:][some], n, forecast, k[some] / n, low, high, held[:, 0] / n, held[:, 1] / n, level,
        simultaneous, by,
    )  # fmt: skip


def bin_edges(p: Floats, bins: int, by: By) -> Floats:
    """The ends of the bins, from 0 to 1, rising, (bins + 1,) or fewer.

    Equal width: k/bins. Equal mass: the forecasts at ranks n·k/bins of the sorted ones, each once, so that no bin is
    empty. Raises ``InputError`` for other names, and fewer bins than 1.

    >>> bin_edges(np.array([0.1, 0.2, 0.3, 0.4]), 2, "mass").tolist(), bin_edges(np.array([0.5]), 2, "width").tolist()
    ([0.0, 0.3, 1.0], [0.0, 0.5, 1.0])
    """
    whole(bins, "bins", most=1_000_000)
    if by not in get_args(By):
        raise InputError(f"by: expected width or mass, got {by!r}; width is the textbook's, mass fills every bin alike")
    if by == "width":
        return np.arange(bins + 1) / bins
    n = len(p)
    ranks = np.unique(np.arange(1, bins) * n // bins)
    ranks = ranks[ranks > 0]
    cuts = np.unique(np.partition(p, ranks)[ranks]) if len(ranks) else np.empty(0)
    return np.concatenate([[0.0], cuts[(cuts > p.min()) & (cuts > 0)], [1.0]])


def in_bins(p: Floats, edges: Floats) -> tuple[Indices, Indices]:
    """The bin of each forecast, (n,), and how many each bin holds; 1 belongs to the last.

    >>> at, count = in_bins(np.array([0.0, 0.29, 1.0]), np.arange(101) / 100)
    >>> at.tolist(), int(count.sum())
    ([0, 29, 99], 3)
    """
    at = np.searchsorted(edges[1:-1], p, side="right")
    return at, np.bincount(at, minlength=len(edges) - 1)


def bin_laws(p: Floats, at: Indices, bins: int) -> list[PoissonBinomial | None]:
    """How many rows of each bin come true if every forecast is honest; None for an empty bin.

    ``p`` (n,), and ``at`` (n,), the bin of each.

    >>> [law.mass.tolist() for law in bin_laws(np.array([0.5, 0.25]), np.array([0, 1]), 2)]
    [[0.5, 0.5], [0.75, 0.25]]
    """
    order = np.argsort(at, kind="stable")
    ends = np.cumsum(np.bincount(at, minlength=bins))[:-1]
    return [poisson_binomial(part) if len(part) else None for part in np.split(p[order], ends)]
