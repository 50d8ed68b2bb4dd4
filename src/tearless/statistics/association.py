"""Whether two yes-or-no properties of the same rows go together: exact chances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from tearless.core import InputError


def fisher_chance(both: int, first: int, second: int, rows: int) -> float:
    """Chance, when two properties are independent, of a count of rows with both at least this far out on its side.

    ``first`` of ``rows`` rows have the first property, ``second`` the second, ``both`` both. Given those margins the
    count of both is hypergeometric, whatever the shares are, so the chance is exact: twice the smaller tail, at most 1.
    Raises ``InputError`` for counts that no table has. R. A. Fisher, *Statistical Methods for Research Workers*, 5th
    ed. 1934, section 21.02; doubling after Agresti, *Categorical Data Analysis*, 3rd ed., section 3.5.

    The lady who tasted eight cups and named three of the four right: the upper tail is 17/70.

    >>> round(fisher_chance(3, 4, 4, 8), 6), round(34 / 70, 6)
    (0.485714, 0.485714)
    """
    low, high = max(0, first + second - rows), min(first, second)
    if not (0 <= first <= rows and 0 <= second <= rows and low <= both <= high):
        got = f"both={both}, first={first}, second={second}, rows={rows}"
        raise InputError(f"both: expected between {low} and {high} for these margins, got {got}; count again")
    above = np.arange(both, high + 1, dtype=np.float64)
    below = np.arange(low, both + 1, dtype=np.float64)
    tails = (float(np.exp(_log_chance(x, first, second, rows)).sum()) for x in (above, below))
    return min(1.0, 2 * min(tails))


def _log_chance(x: NDArray[np.float64], first: int, second: int, rows: int) -> NDArray[np.float64]:
    """Log of the hypergeometric chance of each count in ``x``."""
    out: NDArray[np.float64] = (
        _log_choose(float(first), x) + _log_choose(float(rows - first), second - x) - _log_choose(rows, float(second))
    )
    return out


def _log_choose(n: float, k: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """log n!/(k!(n−k)!), through the beta function: no difference of large logarithms."""
    out: NDArray[np.float64] = -betaln(n - k + 1, np.asarray(k) + 1) - np.log1p(n)
    return out


def tie_to_groups(
    flags: NDArray[np.float32], groups: NDArray[np.float32], known: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each group and flag: how far the count of flagged rows in the group is from independence, squared, in sd.

    Shapes: ``flags`` (n, h), ``groups`` (n, t) and ``known`` (n, t), all 0 or 1; a row counts for group j only where
    ``known[:, j]`` is 1. Returns the squared standardised distance (t, h), 0 where it has no spread, and the counts it
    was made of: flagged in the group (t, h), flagged (t, h), in the group (t,), known (t,). Counts are exact up to 2²⁴.
    Raises ``InputError`` where the rows, or the groups, are not as many.

    >>> flags, groups = np.array([[1], [1], [0], [0]], "f4"), np.array([[1], [1], [0], [0]], "f4")
    >>> tie_to_groups(flags, groups, np.ones((4, 1), "f4"))[0].tolist()
    [[3.0]]
    """
    if not len(flags) == len(groups) == len(known) or groups.shape != known.shape:
        got = f"{flags.shape}, {groups.shape} and {known.shape}"
        raise InputError(f"groups: expected as many rows as flags, and one known a group, got {got}; align them")
    both = (groups.T @ flags).astype(np.float64)
    flagged = (known.T @ flags).astype(np.float64)
    size = groups.sum(axis=0, dtype=np.float64)
    rows = known.sum(axis=0, dtype=np.float64)
    share = _over(size, rows)[:, None]
    spread = flagged * share * (1 - share) * _over(rows[:, None] - flagged, rows[:, None] - 1)
    squared = _over((both - flagged * share) ** 2, spread)
    return squared, both, flagged, size, rows


def _over(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """a/b, and 0 where b is not positive."""
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=b > 0)
