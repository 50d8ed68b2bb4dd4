"""Counts of features by class, smoothed into probabilities: what a naive Bayes classifier of texts learns.

A word never seen in a class has probability 0 there, and one such word rules the class out whatever the other thousand
words say. Smoothing adds alpha to every count: Laplace's rule with 1, Lidstone's with less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array
from tearless.probability.evidence import Evidence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """Sums by class: ``classes`` (K,) the number of rows, or their weight; ``features`` (K, d) the sum of columns.

    Made by ``count_by_class``.
    """

    classes: Floats
    features: Floats

    @property
    def zeros(self) -> list[tuple[int, int]]:
        """(class, feature) where the count is 0 but not in all classes: unsmoothed, each excludes its class."""
        seen = self.features.sum(axis=0) > 0
        return [(int(k), int(j)) for k, j in np.argwhere((self.features == 0) & seen)]


def count_by_class(X: ArrayLike, codes: ArrayLike, classes: int, weights: ArrayLike | None = None) -> ClassCounts:
    """The rows of each class, and the sum of each column over them, each row times its weight.

    ``X`` has shape (n, d), none negative; ``codes`` (n,) are class numbers below ``classes``. Whole counts are exact up
    to 2⁵³. Raises ``InputError`` for negative or non-finite counts, unknown class numbers, and shapes that do not
    match.

    >>> count_by_class([[2, 0], [1, 1], [0, 3]], [0, 0, 1], 2).features.tolist()
    [[3.0, 1.0], [0.0, 3.0]]
    """
    x = np.asarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    k = np.asarray(codes)
    if not (np.isfinite(x).all() and (x >= 0).all()):
        raise InputError("X: expected counts of at least 0, got negative or non-finite numbers; count first")
    if k.shape != x.shape[:1] or k.dtype.kind not in "iu" or not ((k >= 0) & (k < classes)).all():
        raise InputError(
            f"codes: expected {len(x)} whole numbers below {classes}, one a row, got others; renumber them"
        )
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != x.shape[:1] or not (np.isfinite(w).all() and (w >= 0).all()):
        raise InputError(
            f"weights: expected {len(x)} finite numbers of at least 0, one a row, got others; match the rows"
        )
    sums = np.zeros((classes, x.shape[1]))
    order = np.argsort(k, kind="stable")
    present, starts = np.unique(k[order], return_index=True)
    rows = x[order] if weights is None else x[order] * w[order][:, None]
    sums[present] = np.add.reduceat(rows, starts, axis=0)
    return ClassCounts(np.bincount(k, w, minlength=classes).astype(np.float64), sums)


def log_shares(counts: Any, alpha: Any = 0.0) -> Array:
    """ln((c + α)/Σ(c + α)) along the last axis: the smoothed share of each count; −inf for a count of 0 with α = 0.

    Shapes (d,) or (K, d); ``alpha`` is a number of at least 0, or one for each of d. It is the posterior mean under a
    Dirichlet prior with those pseudo-counts, so it sums to 1 (C. D. Manning, P. Raghavan, H. Schütze, *Introduction to
    Information Retrieval*, 2008, section 13.2). Any Array API array. Raises ``InputError`` for negative counts or
    alpha, nan, inf, and a row without counts at α = 0.

    Counts 3 and 1 with α = 1: shares 4/6 and 2/6.

    >>> import numpy as np
    >>> np.exp(log_shares([3, 1], 1.0)).round(6).tolist(), log_shares([4, 0]).tolist()
    ([0.666667, 0.333333], [0.0, -inf])
    """
    xp, c = array(counts, "counts", ndim=(1, 2))
    extra = xp.asarray(alpha, dtype=c.dtype, device=getattr(c, "device", None))
    if not bool(xp.all(extra >= 0) & xp.all(extra < xp.inf)) or tuple(extra.shape) not in ((), (c.shape[-1],)):
        raise InputError(f"alpha: expected numbers of at least 0, one or {c.shape[-1]}, got {alpha!r}; 1 is Laplace's")
    if not bool(xp.all((c >= 0) & (c < xp.inf))):
        raise InputError("counts: expected numbers of at least 0, got negative ones, nan or inf; count first")
    smoothed = c + extra
    total = xp.sum(smoothed, axis=-1, keepdims=True)
    if not bool(xp.all(total > 0)):
        raise InputError("alpha: expected a number above 0, got 0 for a class that has no counts; use 1")
    some = smoothed > 0
    logs = xp.log(xp.where(some, smoothed, xp.ones_like(smoothed))) - xp.log(total)
    return xp.where(some, logs, xp.full_like(logs, -xp.inf))


def log_joint(X: ArrayLike, log_prior: Floats, log_likelihood: Floats) -> Floats:
    """ln prior + Σⱼ xⱼ ln θₖⱼ for each row and class: shapes (n, d), (K,), (K, d) to (n, K).

    The multinomial coefficient of the row, the same for all classes, is left out. −inf where a class calls a feature
    impossible that the row has; a feature that the row has not, says nothing (0 · −inf = 0).

    >>> import numpy as np
    >>> log_joint([[0, 2], [1, 0]], np.zeros(2), np.log([[0.5, 0.5], [1.0, 1e-9]])).round(3).tolist()
    [[-1.386, -41.447], [-0.693, 0.0]]
    """
    x = np.asarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    never = np.isneginf(log_likelihood)
    out = x @ np.where(never, 0.0, log_likelihood).T + log_prior
    if never.any():
        out = np.where((x > 0).astype(np.float64) @ never.T.astype(np.float64) > 0, -np.inf, out)
    return np.asarray(out, dtype=np.float64)


def evidence_of_counts(
    row: ArrayLike, log_prior: Floats, log_likelihood: Floats, classes: Sequence[str], features: Sequence[str]
) -> Evidence:
    """The table of evidence of one row of counts: what each feature that it has says about each class.

    Shapes (d,), (K,), (K, d). Raises ``InputError`` as ``Evidence``: also where every class is ruled out.

    >>> import numpy as np
    >>> e = evidence_of_counts([2, 0], np.log([0.5, 0.5]), np.log([[0.8, 0.2], [0.4, 0.6]]), "ab", ["win", "hi"])
    >>> e.observations, e.weights("a", "b").round(6).tolist(), e.posterior.round(6).tolist()
    (('win × 2',), [2.0], [0.8, 0.2])
    """
    x = np.asarray(array(row, "row", ndim=1)[1], dtype=np.float64)
    at = np.flatnonzero(x).tolist()
    names = tuple(features[j] if x[j] == 1 else f"{features[j]} × {x[j]:g}" for j in at)
    return Evidence(tuple(classes), log_prior, names, x[at, None] * log_likelihood[:, at].T)
