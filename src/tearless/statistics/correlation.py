"""How far two quantities go together, how sure that is, and what is left of it once a third is held fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import stdtr

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, arrays
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, of_one_length, plain
from tearless.statistics.intervals import clopper_pearson
from tearless.statistics.ranks import (
    agreement,
    average_ranks,
    chance_of_concordance,
    chance_of_rank_correlation,
    row_agreement,
)
from tearless.statistics.standard_error import scaled_deviation

Kind = Literal["pearson", "spearman", "kendall"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation with its interval, the chance of one as far from 0 by chance alone, and its number of rows.

    Made by ``correlation``: ``estimate`` holds the coefficient and the interval, ``p`` the chance; ``kind`` is as
    asked.
    """

    kind: Kind
    estimate: Estimate
    p: float
    rows: int


@dataclass(frozen=True, slots=True)
class Confounding:
    """The same pair before and after a third quantity is held fixed.

    Made by ``confounding``: ``raw`` is before, ``partial`` after.
    """

    raw: Correlation
    partial: Correlation

    @property
    def explained(self) -> float:
        """The part of the raw correlation that goes when the third is held fixed; above 1 where the sign turns."""
        raw = self.raw.estimate.value
        return 1 - self.partial.estimate.value / raw if raw else math.nan


def pearson(x: Any, y: Any) -> Array:
    """Pearson's r, Σ(x − x̄)(y − ȳ)/√(Σ(x − x̄)²·Σ(y − ȳ)²): how near the rows are to one straight line.

    Shapes (n,), n ≥ 2; in [−1, 1]; no unit. The deviations are brought to size 1 before they are multiplied, so that
    neither a large offset nor values near 1e300 cost digits. nan where a column is constant or holds nan or inf.
    Differentiable. Raises ``InputError`` for unequal lengths.

    >>> float(pearson([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]))  # 1 over sqrt(2 * 2)
    0.5
    """
    xp, x, y = arrays(1, x=x, y=y)
    of_one_length(x=x, y=y)
    a, b = scaled_deviation(xp, x), scaled_deviation(xp, y)
    r = xp.sum(a * b) / xp.sqrt(xp.sum(a * a) * xp.sum(b * b))
    return xp.clip(r, -1.0, 1.0)


def spearman(x: Any, y: Any) -> float:
    """Spearman's ρ: Pearson's r of the ranks, ties sharing the mean of theirs: how near the rows are to one order.

    Shapes (n,), finite; nan where a column is constant. Raises ``InputError`` as ``plain``. C. Spearman, Am. J.
    Psychol. 15, 1904, 72-101.

    >>> spearman([1.0, 2.0, 3.0], [1.0, 100.0, 2.0])
    0.5
    """
    x, y = plain(x, "x"), plain(y, "y")
    return float(pearson(average_ranks(x), average_ranks(y)))


def kendall(x: Any, y: Any) -> float:
    """Kendall's τ-b: pairs of rows in the same order less pairs in opposite order, over √(pairs not tied in x · in y).

    Shapes (n,), finite; nan where a column is constant. Counted in O(n log n), exactly, with no row-by-row loop. Raises
    ``InputError`` as ``plain``. M. G. Kendall, Biometrika 33, 1945, 239-251.

    >>> round(kendall([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]), 12)  # 2 pairs agree, 1 does not
    0.333333333333
    """
    x, y = plain(x, "x"), plain(y, "y")
    of_one_length(x=x, y=y)
    found = agreement(x, y)
    return found.tau


def partial(x: Any, y: Any, given: Any) -> Array:
    """Pearson's r of what is left of x and y once straight lines in ``given`` are taken off both.

    Shapes (n,), (n,) and (n,) or (n, k), n > k + 1. The lines are fitted by QR with an intercept, the columns brought
    to one size first. nan where nothing is left of x or y. Differentiable. Raises ``InputError`` where the columns of
    ``given`` depend on each other. R. A. Fisher, *Metron* 3, 1924, 329-332.

    >>> z = [1.0, 2.0, 3.0, 4.0, 5.0]
    >>> float(partial([2.0, 1.0, 4.0, 3.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.5], z)) < 0.8
    True
    """
    xp, x, y = arrays(1, x=x, y=y)
    _, z, x, y = arrays((1, 2), given=given, x=x, y=y)
    z = z[:, None] if z.ndim == 1 else z
    of_one_length(x=x, y=y, given=z)
    n, k = z.shape
    if n < k + 2:
        raise InputError(f"given: expected at most {n - 2} columns for {n} rows, got {k}; take fewer")
    centred = z - z[:1, :]
    centred = centred - xp.mean(centred, axis=0)
    size = xp.max(xp.abs(centred), axis=0)
    q, r = xp.linalg.qr(centred / xp.where(size > 0, size, xp.ones_like(size)))
    least, most = (f(xp.abs(xp.linalg.diagonal(r))) for f in (xp.min, xp.max))
    if not bool(least > 1e3 * xp.finfo(z.dtype).eps * most):
        raise InputError("given: expected columns none of which follows from the others, got such a one; drop it")
    left = []
    for v in (x, y):
        u = scaled_deviation(xp, v)
        for _ in range(2):
            u = u - q @ (xp.matrix_transpose(q) @ u)
        one = xp.ones_like(u[0])
        left.append(u * xp.where(xp.mean(u * u) > (1e3 * xp.finfo(z.dtype).eps) ** 2, one, one * float("nan")))
    return pearson(*left)


def correlation(x: Any, y: Any, kind: Kind = "pearson", *, given: Any = None, level: float = 0.95) -> Correlation:
    """A correlation with its interval and its chance; of what ``given`` leaves, where it is named.

    Shapes (n,), finite. *Pearson*: Fisher's z, tanh(atanh r ± z/√(n − 3)), and Student's t, exact for normal values.
    *Spearman*: the same with √((1 + ρ²/2)/(n − 3)) (D. G. Bonett, T. A. Wright, Psychometrika 65, 2000, 23-28); p over
    all orders up to 8 rows, by t above. *Kendall*: each row's own agreement gives the standard error, on the scale of
    atanh; p by counting orders up to 50 rows without ties, by the normal above. k columns of ``given`` (not for
    Kendall) count as k rows less. A rank correlation of ±1 says only that the ⌊n/2⌋ disjoint pairs, which are
    independent, all agree: the other end is the exact bound for that share (for Spearman through 3τ ≤ 1 + 2ρ, H. E.
    Daniels, J. R. Statist. Soc. B 12, 1950, 171-181). Too few rows give −1 to 1. Raises ``InputError`` for constant
    columns.

    >>> found = correlation([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 3.0, 2.0, 5.0, 4.0, 6.0])
    >>> print(found.estimate, round(found.p, 4))
    0.8857 (0.2637 to 0.9875) 0.0188
    """
    if kind not in get_args(Kind):
        raise InputError(f"kind: expected one of {get_args(Kind)}, got {kind!r}; name one of them")
    a, b = plain(x, "x"), plain(y, "y")
    of_one_length(x=a, y=b)
    for name, column in (("x", a), ("y", b)):
        if column.min() == column.max():
            raise InputError(f"{name}: expected values that differ, got one value {len(a)} times; nothing goes with it")
    if kind == "kendall":
        if given is not None:
            raise InputError("given: expected none with kind='kendall'; use 'spearman' for ranks")
        return _kendall(a, b, level)
    held = np.empty((len(a), 0)) if given is None else plain(given, "given", ndim=(1, 2)).reshape(len(a), -1)
    ranked = kind == "spearman"
    if ranked:
        a, b = average_ranks(a), average_ranks(b)
        held = np.column_stack([average_ranks(z) for z in held.T]) if held.shape[1] else held
    r = float(partial(a, b, held) if held.shape[1] else pearson(a, b))
    n = len(a) - held.shape[1]
    spread = (1 + r * r / 2 if ranked else 1.0) / (n - 3) if n > 3 else math.inf
    p = chance_of_rank_correlation(a, b) if ranked and len(a) <= 8 and not held.shape[1] else _student(r, n)
    return Correlation(kind, _on_fisher_scale(r, spread, level, len(a) if ranked else 0), p, len(a))


def confounding(x: Any, y: Any, by: Any, *, kind: Kind = "pearson", level: float = 0.95) -> Confounding:
    """The correlation of x and y, and what is left of it with ``by`` held fixed: what a common cause had made.

    Two effects of one cause go together although neither moves the other; with the cause held fixed nothing is left.
    (Holding a common *effect* fixed does the opposite: it makes a correlation where there is none. Which of the two a
    third quantity is, data alone do not say.) Shapes and errors as ``correlation``.

    >>> rng = np.random.default_rng(0)
    >>> heat = rng.normal(size=500)
    >>> found = confounding(heat + 0.5 * rng.normal(size=500), heat + 0.5 * rng.normal(size=500), heat)
    >>> print(found.raw.estimate, "|", found.partial.estimate)
    0.8101 (0.7776 to 0.8382) | -0.02499 (-0.1125 to 0.06293)
    """
    return Confounding(correlation(x, y, kind, level=level), correlation(x, y, kind, given=by, level=level))


def _student(r: float, n: int) -> float:
    """Two-sided chance of |r| where nothing goes together: t = r√((n−2)/(1−r²)) with n − 2 degrees of freedom."""
    if n < 3:
        return 1.0
    if abs(r) == 1:
        return 0.0
    return float(2 * stdtr(n - 2, -abs(r) * math.sqrt((n - 2) / ((1 - r) * (1 + r)))))


def _on_fisher_scale(r: float, variance: float, level: float, ranked_rows: int) -> Estimate:
    """tanh(atanh r ± z·√variance); a rank correlation of ±1 takes the bound from disjoint pairs."""
    reach = normal_quantile(level) * math.sqrt(variance)
    error = (1 - r * r) * math.sqrt(variance) if math.isfinite(variance) else math.nan
    if math.isinf(variance):
        low, high = -1.0, 1.0
    elif abs(r) == 1:
        low = (3 * _all_pairs_agree(ranked_rows, level) - 1) / 2 if ranked_rows else 1.0
        low, high = (low, 1.0) if r > 0 else (-1.0, -low)
    else:
        low, high = (math.tanh(math.atanh(r) + side * reach) for side in (-1, 1))
    return Estimate(r, error, max(-1.0, low), high, level)


def _all_pairs_agree(n: int, level: float) -> float:
    """The least τ with which all of n rows agree: the exact bound for the share of agreeing pairs, as 2π − 1."""
    return 2 * clopper_pearson(n // 2, n // 2, level)[0] - 1


def _kendall(x: Floats, y: Floats, level: float) -> Correlation:
    found = agreement(x, y)
    n, tau = len(x), found.tau
    s, free_x, free_y = row_agreement(x, y)
    share_x, share_y = free_x.mean(), free_y.mean()
    influence = 2 * (
        (s - s.mean()) / math.sqrt(share_x * share_y) - tau / 2 * (free_x / share_x + free_y / share_y - 2)
    )
    error = math.sqrt(float(influence @ influence) / n / max(n - 1, 1)) if n > 3 else math.nan
    if n <= 3:
        low, high = -1.0, 1.0
    elif abs(tau) >= 1:
        low = _all_pairs_agree(n, level)
        low, high = (low, 1.0) if tau > 0 else (-1.0, -low)
    else:
        reach = normal_quantile(level) * error / (1 - tau * tau)
        low, high = (math.tanh(math.atanh(tau) + side * reach) for side in (-1, 1))
    return Correlation("kendall", Estimate(tau, error, low, high, level), chance_of_concordance(found), n)
