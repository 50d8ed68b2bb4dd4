"""The bootstrap: how a statistic strays when the sample is drawn again from itself.

Where the law of the resampled statistic has a closed form (a share, a median, a difference of paired yes-or-no
answers) take it from ``resampling_laws``: no simulation, no simulation error. What depends on the counts of a few cells
only is resampled by those counts, ``bootstrap_counts``: the law of resampling rows, at a cost that no row adds to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from tearless.core import InputError
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, of_one_length, plain

Method = Literal["bca", "percentile"]
CELLS = 1 << 21
"""Numbers that one block of resamples may hold: 16 MiB of float64, whatever n and the number of resamples are."""
JACKKNIFE_ROWS = 4_000
"""Rows up to which each is left out by itself; above, groups of rows are, for n statistics of n rows cost n²."""
JACKKNIFE_GROUPS = 500


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """An estimate by resampling, and what its interval was made of.

    ``bias`` is the mean of the replicates less the value; ``z0`` the median bias in standard deviations of the normal;
    ``acceleration`` the rate at which the standard error grows with the value. Both are 0 for a percentile interval.

    Made by ``bootstrap`` and ``bootstrap_counts``: ``estimate`` is the interval, ``replicates`` (B,) the statistic of
    each resample.
    """

    estimate: Estimate
    bias: float
    z0: float
    acceleration: float
    replicates: Floats


def bootstrap(
    statistic: Callable[..., ArrayLike],
    *samples: Any,
    paired: bool = False,
    method: Method = "bca",
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
) -> Bootstrap:
    """The value of a statistic with a confidence interval from ``resamples`` resamples.

    Each sample has shape (n,), finite; ``statistic`` takes as many arrays of shape (b, n) and gives (b,), working along
    the last axis. ``paired=True`` draws the same rows of all samples, which then have one length; for tables pass
    ``np.arange(n)`` and let the statistic look rows up. ``"percentile"`` takes quantiles of the replicates; ``"bca"``
    moves their ranks for median bias and for a standard error that changes with the value, which makes the coverage
    right to order 1/n and the interval the same after any monotone change of unit (B. Efron, J. Am. Statist. Assoc. 82,
    1987, 171-185; Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 14.3). The acceleration comes
    from leaving out each row, or each of 500 random groups of rows above 4,000. Memory stays at a few tens of MB.
    Replicates that are nan are refused with ``InputError``, as are bad arguments. The interval has no width where all
    replicates agree: that is no knowledge.

    >>> times = [94.0, 197.0, 16.0, 38.0, 99.0, 141.0, 23.0]
    >>> found = bootstrap(lambda x: x.mean(axis=-1), times)
    >>> round(found.estimate.value, 3), found.estimate.low < 55 < 135 < found.estimate.high
    (86.857, True)
    """
    rng = _generator(method, resamples, seed)
    data = [plain(x, f"sample {i + 1}") for i, x in enumerate(samples)]
    if not data:
        raise InputError("samples: expected at least one sample, got none; pass an array after the statistic")
    if paired:
        of_one_length(**{f"sample {i + 1}": x for i, x in enumerate(data)})
    value = float(_called(statistic, [x[None, :] for x in data])[0])
    rows = sum(len(x) for x in data)
    block = max(1, CELLS // rows)
    replicates = np.empty(resamples)
    for start in range(0, resamples, block):
        stop = min(resamples, start + block)
        replicates[start:stop] = _called(statistic, _drawn(data, stop - start, paired, rng))
    acceleration = 0.0
    if method == "bca":
        acceleration = _acceleration([list(_influence(statistic, data, paired, i, rng)) for i in _units(data, paired)])
    return _read(value, replicates, level, method, acceleration)


def bootstrap_counts(
    statistic: Callable[[Floats], ArrayLike],
    counts: ArrayLike,
    *,
    method: Method = "bca",
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
) -> Bootstrap:
    """The same for a statistic of the counts of k cells, such as a confusion table: one multinomial draws n rows.

    ``counts`` has any shape with k cells, whole numbers, one positive; ``statistic`` takes (b, *shape) and gives (b,).
    The law is that of resampling rows (multinomial with the seen shares); cost and memory do not depend on n. The
    acceleration is that of leaving out each row, exactly. Raises ``InputError`` for counts that are none.

    >>> table = [[40, 10], [5, 45]]
    >>> found = bootstrap_counts(lambda t: (t[:, 0, 0] + t[:, 1, 1]) / t.sum(axis=(1, 2)), table)
    >>> found.estimate.value, abs(found.estimate.standard_error - (0.85 * 0.15 / 100) ** 0.5) < 0.001
    (0.85, True)
    """
    rng = _generator(method, resamples, seed)
    given = np.asarray(counts)
    if given.size == 0 or not np.issubdtype(given.dtype, np.integer) or (given < 0).any() or not given.any():
        raise InputError(f"counts: expected whole numbers, none negative and one positive, got {counts!r}; count rows")
    flat, n = given.ravel(), int(given.sum())
    value = float(_called(statistic, [given[None].astype(np.float64)])[0])
    block = max(1, CELLS // flat.size)
    replicates = np.empty(resamples)
    for start in range(0, resamples, block):
        drawn = rng.multinomial(n, flat / n, size=min(block, resamples - start))
        replicates[start : start + len(drawn)] = _called(
            statistic, [drawn.reshape(-1, *given.shape).astype(np.float64)]
        )
    acceleration = 0.0
    if method == "bca" and n > 1:
        held = np.flatnonzero(flat)
        less = np.repeat(flat[None].astype(np.float64), len(held), axis=0)
        less[np.arange(len(held)), held] -= 1
        left_out = _called(statistic, [less.reshape(-1, *given.shape)])
        acceleration = _acceleration([[(left_out, flat[held].astype(np.float64))]])
    return _read(value, replicates, level, method, acceleration)


def _generator(method: str, resamples: int, seed: int | np.random.Generator) -> np.random.Generator:
    if method not in get_args(Method):
        raise InputError(f"method: expected one of {get_args(Method)}, got {method!r}; name one of them")
    if resamples < 2:
        raise InputError(f"resamples: expected at least 2, got {resamples}; 9,999 is usual")
    return np.random.default_rng(seed)


def _called(statistic: Callable[..., ArrayLike], blocks: list[Floats]) -> Floats:
    out = np.asarray(statistic(*blocks), dtype=np.float64)
    if out.shape != (len(blocks[0]),):
        raise InputError(
            f"statistic: expected shape ({len(blocks[0])},) for samples of shape {blocks[0].shape}, got {out.shape}; "
            "work along the last axis"
        )
    if np.isnan(out).any():
        raise InputError(
            "statistic: expected a number for each resample, got nan; define it where a resample has one value only"
        )
    return out


def _drawn(data: list[Floats], times: int, paired: bool, rng: np.random.Generator) -> list[Floats]:
    if paired:
        rows = rng.integers(0, len(data[0]), (times, len(data[0])))
        return [x[rows] for x in data]
    return [x[rng.integers(0, len(x), (times, len(x)))] for x in data]


def _units(data: list[Floats], paired: bool) -> range:
    """The samples whose rows are left out: all together where they are paired."""
    return range(1) if paired else range(len(data))


def _influence(
    statistic: Callable[..., ArrayLike], data: list[Floats], paired: bool, which: int, rng: np.random.Generator
) -> Iterator[tuple[Floats, Floats]]:
    """The statistic without each part of the sample in turn, with how often each counts: blocks of bounded memory."""
    n = len(data[which])
    groups = n if n <= JACKKNIFE_ROWS else JACKKNIFE_GROUPS
    parts = np.arange(n) if groups == n else rng.permutation(n)
    size = n // groups
    if n < 2:
        return
    width = sum(len(x) for x in data)
    block = max(1, CELLS // width)
    kept = np.arange(n - size)
    for start in range(0, groups, block):
        g = np.arange(start, min(groups, start + block))[:, None]
        rows = parts[np.where(kept < g * size, kept, kept + size)]
        blocks = [x[rows] if paired or i == which else np.broadcast_to(x, (len(g), len(x))) for i, x in enumerate(data)]
        yield _called(statistic, blocks), np.ones(len(g))


def _acceleration(samples: list[list[tuple[Floats, Floats]]]) -> float:
    """A sixth of the skewness of the influence: Σ U³ / (6 (Σ U²)^1.5), U the fall when a part is left out."""
    cubes = squares = 0.0
    for blocks in samples:
        if not blocks:
            continue
        values, times = (np.concatenate(x) for x in zip(*blocks, strict=True))
        n = times.sum()
        fall = (times @ values / n - values) * (n - 1) / n
        squares += float(times @ fall**2)
        cubes += float(times @ fall**3)
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _read(value: float, replicates: Floats, level: float, method: Method, acceleration: float) -> Bootstrap:
    """The interval from the replicates."""
    z = normal_quantile(level)
    z0 = 0.0
    ranks: NDArray[np.float64] = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        count = len(replicates)
        below = (np.count_nonzero(replicates < value) + np.count_nonzero(replicates <= value)) / (2 * count)
        z0 = float(ndtri(min(max(below, 0.5 / count), 1 - 0.5 / count)))
        shifted = z0 + np.array([-z, z])
        ranks = ndtr(z0 + shifted / (1 - acceleration * shifted))
    ends = np.quantile(replicates, ranks)
    estimate = Estimate(
        value, float(replicates.std(ddof=1)), min(float(ends[0]), value), max(float(ends[1]), value), level
    )
    return Bootstrap(estimate, math.fsum(replicates) / len(replicates) - value, z0, acceleration, replicates)
