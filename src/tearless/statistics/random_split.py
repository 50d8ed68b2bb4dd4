"""What a random split of one set of rows into two would give: the levels that fall on one side only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tearless.core import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OneSided:
    """Rows of the second part whose level the first part lacks: how many there are, and a random split's mean.

    ``more`` and ``fewer`` bound the chance that a random split gives at least, and at most, so many.

    Made by ``one_sided``: ``rows`` there are, ``expected`` on average.
    """

    rows: int
    expected: float
    more: float
    fewer: float


def one_sided(first: ArrayLike, second: ArrayLike) -> OneSided:
    """The rows of the second part whose level the first part lacks, against a random split of all rows.

    Shapes ``(k,)``: counts per level in either part, the levels in one order. If both parts come from one source, every
    division of the n + m rows is equally likely, and a level with c rows is in the second part alone with chance
    C(m, c)/C(n+m, c). The mean is exact. The events are negatively associated, so Chernoff's product bound holds: the
    two chances are upper bounds, never too small (K. Joag-Dev, F. Proschan, Ann. Statist. 11, 1983, 286-295). Raises
    ``InputError`` for unequal shapes or negative counts.

    >>> found = one_sided([50, 49, 0], [30, 31, 40])
    >>> found.rows, round(found.expected, 9), found.more < 1e-9, found.fewer
    (40, 0.0, True, 1.0)
    """
    x, y = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if x.shape != y.shape or x.ndim != 1 or (x < 0).any() or (y < 0).any():
        raise InputError(
            f"first, second: expected counts of the same levels, got shapes {x.shape}, {y.shape}; align them"
        )
    n, m = int(x.sum()), int(y.sum())
    seen = int(y[x == 0].sum())
    sizes, levels = np.unique((x + y)[x + y > 0], return_counts=True)
    log_chance = _log_all_in(sizes, n, m)
    chance = np.exp(log_chance)
    expected = float((levels * sizes * chance).sum())
    more = _bound(seen, sizes, levels, log_chance, +1.0) if seen > expected else 1.0
    fewer = _bound(seen, sizes, levels, log_chance, -1.0) if seen < expected else 1.0
    return OneSided(seen, expected, more, fewer)


def _log_all_in(sizes: NDArray[np.int64], n: int, m: int) -> Floats:
    """log of C(m, c)/C(n+m, c): the chance that all c rows of a level fall among the m; −∞ where c > m."""
    c = np.minimum(sizes, m)
    log = (
        special.gammaln(m + 1)
        - special.gammaln(m - c + 1)
        - special.gammaln(n + m + 1)
        + special.gammaln(n + m - c + 1)
    )
    return np.where(sizes > m, -np.inf, np.minimum(log, 0.0))


def _bound(seen: int, sizes: NDArray[np.int64], levels: NDArray[np.int64], log_chance: Floats, sign: float) -> float:
    """Chernoff: the least of E exp(λ(S − seen)) over a grid of λ of one sign, E bounded by the product over levels."""
    rates = sign * np.geomspace(1e-6, 40.0, 240)
    best = 0.0
    for part in np.array_split(rates, max(1, len(sizes) * len(rates) // 1_000_000)):
        # log(1 + h(e^{λc} − 1)) = log((1 − h) + e^{log h + λc})
        log_stays = np.log1p(-np.minimum(np.exp(log_chance), 1 - 1e-16))
        terms = np.logaddexp(log_stays[None, :], log_chance[None, :] + part[:, None] * sizes[None, :])
        best = min(best, float(((terms * levels).sum(axis=1) - part * seen).min()))
    return float(np.exp(best))


def unseen_share(counts: ArrayLike) -> tuple[float, tuple[float, float]]:
    """The share of fresh rows whose level is not among those counted, with a 95 % interval.

    Shape ``(k,)``: rows per level. The Good-Turing estimate, the share n₁/n of rows whose level stands alone; its error
    is that of n₁ and of the levels seen twice: variance (n₁ + 2n₂ − n₁²/n)/n² (W. Esty, Ann. Statist. 11, 1983,
    905-912). Raises ``InputError`` where there is no row (I. J. Good, Biometrika 40, 1953, 237-264).

    >>> unseen_share([5, 3, 1, 1])[0]
    0.2
    """
    x = np.asarray(counts, dtype=np.int64)
    n = int(x.sum())
    if n < 1 or (x < 0).any():
        raise InputError(f"counts: expected at least one row and no negative count, got {n} rows; count the levels")
    once, twice = int((x == 1).sum()), int((x == 2).sum())
    share = once / n
    reach = 1.959963984540054 * float(np.sqrt(max(0.0, once + 2 * twice - once**2 / n))) / n
    return share, (max(0.0, share - reach), min(1.0, share + reach))
