"""The ends of a column: its largest values, and whether a few of them stand apart from the tail below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tearless.core import InputError

Floats = NDArray[np.float64]
MOST_APART = 10
"""A group of more values than this is a part of the column, not a slip."""
LONG = 32_768
"""Values from which on a threshold is guessed for a column's largest, instead of looking at all of them."""
MOST_SPACINGS = 2_048
CUBIC = 3.0
"""The power of the heaviest tail that measurements commonly have: Student's t with three degrees of freedom."""
NEAR = 1.4
"""A group less than this many times as far out as the rest is not looked at: its chance is left at 1."""
_STEPS = 25
_NODES = np.sinh(np.linspace(-4.5, 4.5, 181))
_WIDTHS = np.cosh(np.linspace(-4.5, 4.5, 181))
_AHEAD = np.concatenate([np.linspace(0, 8, 81), np.linspace(8.5, 80, 144)])
_HALF_STEPS = np.diff(_AHEAD) / 2


def largest(x: Floats, k: int) -> NDArray[np.int64]:
    """Positions of the k largest finite values of ``x``, largest first; of equal values the first ones.

    ``x`` has shape ``(n,)`` and may hold nan and ±inf; the result has shape ``(min(k, finite),)``. Exact. A threshold
    guessed from every 64th value leaves a few hundred candidates to sort, so the cost is that of one comparison of the
    column; where the guess fails all values are candidates. Raises ``InputError`` for another shape, and for k < 1.

    >>> largest(np.array([2.0, np.nan, 5.0, np.inf, 5.0]), 2).tolist()
    [2, 4]
    """
    if x.ndim != 1 or k < 1:
        raise InputError(f"x, k: expected one dimension and k ≥ 1, got shape {x.shape} and k = {k}; ravel x first")
    at = _candidates(x, k)
    values = x[at]
    if len(at) > k:
        floor = np.partition(values, len(at) - k)[len(at) - k]
        above = at[values > floor]
        at = np.concatenate([above, at[values == floor][: k - len(above)]])
        values = x[at]
    return at[np.lexsort((at, -values))]


def largest_of_rows(block: Floats, k: int) -> NDArray[np.int64]:
    """``largest`` of each row of a block, shapes ``(m, n)`` and ``(m, k)``; −1 where a row has fewer finite values.

    Rows without ties at the k-th value, nan or +∞ are done together. Raises ``InputError`` where ``largest`` does.

    >>> largest_of_rows(np.array([[2.0, 7.0, 5.0], [1.0, np.nan, np.inf]]), 2).tolist()
    [[1, 2], [0, -1]]
    """
    m, n = block.shape
    out, clear = np.full((m, k), -1, dtype=np.int64), np.zeros(m, dtype=bool)
    if m > 1 and k < n <= LONG:
        floor = np.partition(block, n - k, axis=1)[:, n - k :].min(axis=1)  # nan, which sorts last, makes it nan
        above = block >= floor[:, None]
        clear = np.isfinite(floor) & (np.count_nonzero(above, axis=1) == k) & (block.max(axis=1) < np.inf)
        at = np.nonzero(above[clear])[1].reshape(-1, k)
        order = np.argsort(-np.take_along_axis(block[clear], at, axis=1), axis=1, kind="stable")
        out[clear] = np.take_along_axis(at, order, axis=1)
    for i in np.flatnonzero(~clear):
        found = largest(block[i], k)
        out[i, : len(found)], out[i, len(found) :] = found, -1
    return out


def _candidates(x: Floats, k: int) -> NDArray[np.int64]:
    every = 64
    if len(x) > LONG:
        thin = x[::every]
        thin = thin[np.isfinite(thin)]
        take = 2 + 4 * k // every
        if len(thin) > 4 * take:
            at = np.flatnonzero(x >= np.partition(thin, len(thin) - take)[len(thin) - take])
            at = at[x[at] < np.inf]
            if len(at) >= k:
                return at
    return np.flatnonzero(np.isfinite(x))


@dataclass(frozen=True, slots=True)
class Apart:
    """The few largest values that stand apart most, and how sure that is.

    ``count`` values lie beyond the gap; ``p`` is the chance of such a gap, or a wider one under any smaller group, when
    the tail goes on as it does below; ``ratio`` is the distance of the nearest of them from the centre over that of the
    farthest value of the rest.

    Made by ``apart``.
    """

    count: int
    p: float
    ratio: float


def apart(distances: Floats, n: float, body: Floats | None = None, drawn: float = 0.0) -> Apart:
    """Whether a few of the largest distances from the centre stand apart from the tail below them.

    ``distances`` (k,) holds the largest of n distances in falling order, ``body`` (b,) further ones from a sample of
    ``drawn`` of the n, in falling order, for the shape of the tail below where ``distances`` does not reach.

    With u = i/n and t = −ln u, Rényi: the normalised spacings i·(dᵢ − dᵢ₊₁) of a sample with quantile function Q(t) are
    independent and exponential with mean Q′(t) (exactly so for linear Q, else to first order). The model is
    ln Q′(t) = ln Q′ of the normal + a + c·x, fitted by maximum likelihood to the spacings below the group, once with
    x = t (as in bounded and exponential tails), once with x = z²/2, z the normal's quantile at t (as in Student's and
    Pareto's); the one that expects the wider gap is used. Smooth tails bend the line downwards, which errs on the safe
    side. Followed along the fitted curve, or along its tangent where that is shorter, a gap takes E steps of t, and
    m·E is exponential. As the curve is estimated, the chance is the mean of e^(−m·E·X), where ln X follows Student's
    law with the variance of the fitted logarithm at the gap and a quarter as many degrees of freedom as spacings. One
    step of the column (the median gap below) is taken off first, so that whole numbers do not count as gaps.

    With few values the curve is known too badly to exclude anything, so a second law stands beside it: in a
    tail d⁻ᵅ, m·ln(d_m/d_{m+1}) is exponential with rate α. Here α is 3 (Student's t with three degrees) unless Hill's
    estimate below is smaller; then that estimate less two standard errors. The two laws share the error as 4 : 1, and
    groups of m = 1, 2, ... values as 1/(m(m + 1)), which sums to 1.
    A. Rényi, *On the theory of order statistics*, Acta Math. Acad. Sci. Hungar. 4, 1953, 191-231.

    >>> tail = np.sort(np.abs(np.random.default_rng(0).normal(size=1_000)))[::-1][:64]
    >>> apart(tail, 1_000.0).p > 0.01, apart(np.r_[40.0, tail[:63]], 1_000.0).count
    (True, 1)
    """
    best = Apart(1, 1.0, 1.0)
    for m in range(1, min(MOST_APART, len(distances) - 8) + 1):
        ratio = float(distances[m - 1] / distances[m]) if distances[m] > 0 else 1.0
        if ratio < NEAR:
            continue
        fitted, bounded = _chance(distances, m, n, body, drawn), _chance_in_a_power_tail(distances, m, n)
        p = min(1.0, m * (m + 1) * min(fitted / 0.8, bounded / 0.2))
        if p < best.p or best.ratio == 1.0:
            best = Apart(m, p, ratio)
    return best


def _spacings(distances: Floats, m: int, n: float, body: Floats | None, drawn: float) -> tuple[Floats, Floats]:
    """Depth t and normalised spacing of the values below the group, from the ends inwards."""
    d = _spread_ties(_whole_ties(distances[m:]))
    i = np.arange(m + 1, m + len(d))
    t, s = -np.log(i / n), i * (d[:-1] - d[1:])
    if body is not None and len(body) > 1:
        first = int(np.searchsorted(-body, -distances[-1]))
        d = _spread_ties(_whole_ties(body[first:]))
        j = np.arange(first + 1, first + len(d))
        t = np.concatenate([t, -np.log(j / drawn)])
        s = np.concatenate([s, j * (d[:-1] - d[1:])])
    return t[:MOST_SPACINGS], s[:MOST_SPACINGS]


def _chance(distances: Floats, m: int, n: float, body: Floats | None, drawn: float) -> float:
    lower = distances[m:-1] - distances[m + 1 :]
    if (lower > 0).sum() < 3:
        return 1.0
    gap = distances[m - 1] - distances[m] - float(np.median(lower[lower > 0][:20]))
    if gap <= 0:
        return 1.0
    t, s = _spacings(distances, m, n, body, drawn)
    top = -np.log(m / n)
    z = _normal(t)
    relative = s / np.exp(_log_mills(t, z))
    ahead = top + _AHEAD
    z_ahead = _normal(ahead)
    slope = _log_mills(ahead, z_ahead)
    fits = [_leap(relative, x, slope, x_ahead, gap) for x, x_ahead in ((t, ahead), (z * z / 2, z_ahead**2 / 2))]
    leap, v = min(fits)
    freedom = max(3.0, len(t) / 4)
    weights = _WIDTHS * np.exp(-(freedom + 1) / 2 * np.log1p(_NODES**2 / freedom))
    return float(weights @ np.exp(-m * leap * np.exp(np.clip(np.sqrt(v) * _NODES, -500, 500))) / weights.sum())


def _chance_in_a_power_tail(distances: Floats, m: int, n: float) -> float:
    """The chance of the distance of the group in a tail d⁻ᵅ: α is 3, or what the values below surely reach."""
    k = min(len(distances) - m - 1, max(8, int(n / 10)))
    below = distances[m : m + k + 1]
    if k < 8 or below[-1] <= 0 or 25 * m > max(n, 25):
        return 1.0
    spread = float(np.log(below[:k] / below[k]).mean())
    alpha = CUBIC if spread * CUBIC <= 1 else (1 - 2 / np.sqrt(k)) / spread
    steps = -np.diff(below)
    step = max(float(np.median(steps[:20])), float(np.min(steps, where=steps > 0, initial=np.inf)))
    return float(max((distances[m - 1] - step) / distances[m], 1.0) ** (-alpha * m))


def _leap(s: Floats, x: Floats, slope: Floats, ahead: Floats, gap: float) -> tuple[float, float]:
    """How many steps of t the gap takes on the fitted curve, and the variance of the curve's logarithm at its start."""
    a, c, centre, v = _fit(x, s, float(ahead[0]))
    r = s * np.exp(-np.clip(a + c * (x - centre), -700, 700))
    excess = max(1.0, float(np.mean((np.minimum(r, 1e6) - 1) ** 2)) - 2 * np.sqrt(8 / len(x)))
    speed = np.exp(np.clip(slope + a + c * (ahead - centre), -600, 600))
    far = np.zeros(len(speed))
    np.cumsum((speed[1:] + speed[:-1]) * _HALF_STEPS, out=far[1:])
    return min(float(np.interp(gap, far, _AHEAD)), gap / float(speed[0])) / excess, v * excess


def _normal(t: Floats) -> Floats:
    """The standard normal's quantile at the upper tail e^(−t)."""
    z: Floats = -ndtri(np.minimum(np.exp(-t), 0.5))
    return z


def _log_mills(t: Floats, z: Floats) -> Floats:
    """ln dz/dt: the logarithm of Mills' ratio."""
    out: Floats = -t + 0.5 * z * z + 0.5 * np.log(2 * np.pi)
    return out


def _fit(x: Floats, s: Floats, top: float) -> tuple[float, float, float, float]:
    """Maximum likelihood of s ~ exponential with mean e^(a + c(x − x̄)): a, c, x̄, the variance of ln mean at ``top``."""
    centre = float(x.mean())
    x, ahead = x - centre, top - centre
    squares = float(x @ x) or 1.0
    a, c = float(np.log(s.mean())), 0.0
    for _ in range(_STEPS):
        power = c * x
        power += a
        np.maximum(power, -700, out=power)
        np.minimum(power, 700, out=power)
        r = s / np.exp(power, out=power)
        r -= 1
        da, dc = float(np.add.reduce(r)) / len(r), float(x @ r) / squares
        cut = max(1.0, abs(da), abs(dc) * abs(ahead))
        a, c = a + da / cut, c + dc / cut
        if max(abs(da), abs(dc)) < 1e-6:
            break
    return a, c, centre, 1 / len(x) + ahead**2 / squares


def _whole_ties(values: Floats) -> Floats:
    """Values in falling order without the last tie, of which some may lie beyond the cut."""
    tied = len(values) > 2 and values[-1] == values[-2] and values[0] > values[-1]
    return values[values > values[-1]] if tied else values


def _spread_ties(values: Floats) -> Floats:
    """Values in falling order with those of each tie laid out evenly over its cell, half way to the next values."""
    differ = values[1:] != values[:-1]
    if differ.all() or not differ.any():
        return values
    starts = np.flatnonzero(np.r_[True, differ])
    counts = np.diff(np.r_[starts, len(values)])
    u = values[starts]
    half = (u[:-1] - u[1:]) / 2
    up, down = np.r_[half[0], half], np.r_[half, half[-1]]
    at = (np.arange(len(values)) - np.repeat(starts, counts) + 0.5) / np.repeat(counts, counts)
    spread = np.repeat(u + up, counts) - at * np.repeat(up + down, counts)
    return np.where(np.repeat(counts, counts) > 1, spread, values)
