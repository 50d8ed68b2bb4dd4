"""The two sides of a column, each with the few values that stand apart most on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.linear_algebra.facts import floats

from .facts import Tails
from .tails import MOST_SPACINGS, NEAR, apart

Floats = NDArray[np.float64]
FEWEST = 12
"""Fewer values than this have no tail to speak of."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a column: its most separate group, how sure that is, and what the column is without it.

    ``values`` are the group's, farthest first, in ``rows``; ``rest`` is the next value inwards and ``std_rest`` the
    standard deviation from there inwards (nan where nothing stands apart). ``logs`` says that distances were taken on
    the log scale.

    Made by ``sides``. ``above`` says which side; ``count``, ``p`` and ``ratio`` are those of ``apart``.
    """

    above: bool
    logs: bool
    count: int
    p: float
    ratio: float
    values: Floats
    rows: tuple[int, ...]
    rest: float
    std_rest: float


@dataclass(frozen=True, slots=True)
class _Middle:
    """Where the bulk of a column lies: its centre, the value that fills half of it (else nan), and its best scale."""

    centre: float
    spike: float
    share: float
    even_in_logs: bool


def sides(tails: Tails, j: int, n: float, thin: pl.Series, sample: pl.Series) -> Iterator[Side]:
    """Both sides of the j-th numeric column, which has ``n`` finite values.

    ``thin`` is a part of its sample, for the middle; ``sample`` the whole of it, for the tail beyond the 64 values that
    ``tails`` keeps. A value that fills at least half of the column (the zeros of an amount) is set aside: the rest is
    judged. Yields nothing for a column of fewer than 12 values.

    >>> from tearless.readers.source import Batch
    >>> x = pl.Series("x", [float(i % 97) for i in range(970)] + [5_000.0])
    >>> upper, lower = sides(Tails.of(Batch(x.to_frame())), 0, 971.0, x, x)
    >>> upper.values.tolist(), upper.rows, upper.p < 1e-6, upper.rest, lower.p > 0.01
    ([5000.0], (970,), True, 96.0, True)
    """
    middle = _middle(floats(thin))
    if middle is None:
        return
    for above in (True, False):
        ends, rows = (tails.high[j], tails.high_rows[j]) if above else (tails.low[j], tails.low_rows[j])
        kept = np.isfinite(ends) & (ends != middle.spike)
        ends, rows = ends[kept], rows[kept]
        logs = bool(tails.low[j][0] > 0) and (middle.even_in_logs or not above)
        unit = max(float(np.abs(ends).max(initial=0.0)), abs(middle.centre)) or 1.0
        d = _distances(ends, middle.centre, above, logs, unit)
        if len(d) < 10:
            continue
        body, drawn = None, 0.0
        if len(ends) < n * middle.share and _gaping(d):
            body, drawn = _body(floats(sample), middle, above, logs, unit)
        found = apart(d, n * middle.share, body, drawn)
        m = found.count
        rest = float(ends[m])
        std = _std_of_rest(floats(thin), rest, above) if found.p < 1 else float("nan")
        numbers = tuple(int(r) for r in rows[:m])
        yield Side(above, logs, m, found.p, found.ratio, ends[:m], numbers, rest, std)


def _middle(x: Floats) -> _Middle | None:
    x = x[np.isfinite(x)]
    if len(x) < FEWEST:
        return None
    k = len(x)
    quarter = np.partition(x, (k // 4, k // 2, 3 * k // 4))[[k // 4, k // 2, 3 * k // 4]]
    at_median = x == quarter[1]
    spike, share = np.nan, 1.0
    if 2 * int(at_median.sum()) >= k:
        spike, x = float(quarter[1]), x[~at_median]
        if len(x) < FEWEST:
            return None
        share = len(x) / k
        k = len(x)
        quarter = np.partition(x, (k // 4, k // 2, 3 * k // 4))[[k // 4, k // 2, 3 * k // 4]]
    positive = bool(quarter[0] > 0)
    even_in_logs = positive and _unevenness(np.log(quarter)) < _unevenness(quarter)
    return _Middle(float(quarter[1]), spike, share, even_in_logs)


def _unevenness(quartiles: Floats) -> float:
    """Bowley's skewness of the quartiles, without its sign."""
    low, middle, high = (quartiles / max(1e-300, float(np.abs(quartiles).max()))).tolist()
    return abs(high + low - 2 * middle) / (high - low) if high > low else 0.0


def _distances(values: Floats, centre: float, above: bool, logs: bool, unit: float) -> Floats:
    """Distances from the centre outwards, those beyond it only, in a unit in which they do not overflow."""
    d = np.log(values) - np.log(centre) if logs else values / unit - centre / unit
    d = d if above else -d
    outwards: Floats = d[d > 0]
    return outwards


def _gaping(d: Floats) -> bool:
    """Whether any of the first ten distances is much longer than the next: else no group can stand apart."""
    return bool((d[:10] >= NEAR * d[1:11]).any()) if len(d) > 10 else True


def _body(x: Floats, middle: _Middle, above: bool, logs: bool, unit: float) -> tuple[Floats, float]:
    x = x[np.isfinite(x) & (x != middle.spike)]
    drawn = float(len(x))
    outer = x[x > middle.centre] if above else x[x < middle.centre]
    if len(outer) > MOST_SPACINGS + 1:
        cut = MOST_SPACINGS + 1
        outer = np.partition(outer, -cut)[-cut:] if above else np.partition(outer, cut - 1)[:cut]
    outer = outer[outer > 0] if logs else outer
    return np.sort(_distances(outer, middle.centre, above, logs, unit))[::-1], drawn


def _std_of_rest(x: Floats, rest: float, above: bool) -> float:
    x = x[np.isfinite(x)]
    x = x[x <= rest] if above else x[x >= rest]
    if len(x) < 2:
        return 0.0
    scale = float(np.abs(x).max()) or 1.0
    return float(np.std(x / scale, ddof=1)) * scale
