"""Principal components: the directions in which rows differ most, and how much of the spread each explains.

Three conventions that change the numbers are stated and the same everywhere: variances are over n − ``ddof`` (1 by
default), the largest entry of each component is positive, and columns keep their units unless ``standardise`` is asked
for (a column in small units, and so of large numbers, owns the first component otherwise). How many components to keep
is the topic of ``components_to_keep``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tearless.core import InputError

from .arrays import Array, array, arrays, constant, factorable, finite, known, whole
from .eigen import svd
from .norms import l2
from .triangle import centred, triangle


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalComponents:
    """k components of p columns. Scores and back are methods; each takes rows of the same columns.

    Made by ``pca``.

    >>> fit = pca([[3.0, 4.0], [-3.0, -4.0]], k=1)  # all spread lies along (3, 4)
    >>> fit.share.round(12).tolist(), fit.reconstructed(fit.scores([[7.0, 1.0]])).round(12).tolist()  # the point below
    ([1.0], [[3.0, 4.0]])
    """

    mean: Array
    """Shape ``(p,)``."""
    scale: Array
    """Shape ``(p,)``: the standard deviations that the columns were divided by; 1 unless standardised."""
    components: Array
    """Shape ``(k, p)``: one direction a row, of length 1, at right angles to the others."""
    explained_variance: Array
    """Shape ``(k,)``, descending: the variance of the scores, over n − ``ddof``."""
    total_variance: Array
    """Shape ``()``: the sum over all components, kept or not; the number of columns where standardised."""
    rows: int
    ddof: int

    @property
    def share(self) -> Array:
        """Shape ``(k,)``: the part of the total variance each component explains."""
        return self.explained_variance / self.total_variance

    def scores(self, X: Array) -> Array:
        """Coordinates of the rows along the components: shape ``(n, p)`` to ``(n, k)``."""
        _, X, mean = arrays(2, X=X, mean=self.mean[None, :])
        if X.shape[1] != mean.shape[1]:
            raise InputError(f"X: expected {mean.shape[1]} columns as fitted, got shape {tuple(X.shape)}")
        return (X - mean) / self.scale @ self.components.mT

    def whitened(self, X: Array) -> Array:
        """Scores divided by their standard deviation: uncorrelated, of variance 1 on the fitted rows, ``(n, k)``.

        Raises ``InputError`` where a component explains nothing: its score would be rounding blown up.
        """
        v = constant(self.explained_variance)
        if known(v[-1] <= v[0] * self._lost()):
            raise InputError("X: expected components that explain something, got some of variance 0; keep fewer")
        return self.scores(X) / self.explained_variance**0.5

    def reconstructed(self, scores: Array) -> Array:
        """Rows from scores, ``(n, k)`` to ``(n, p)``: the nearest point to each row that k components can reach."""
        _, scores, components = arrays(2, scores=scores, components=self.components)
        if scores.shape[1] != components.shape[0]:
            raise InputError(f"scores: expected {components.shape[0]} columns, got shape {tuple(scores.shape)}")
        return scores @ components * self.scale + self.mean

    def _lost(self) -> float:
        xp, v = array(self.explained_variance, "explained_variance")
        return (self.rows * len(self.mean)) * float(xp.finfo(v.dtype).eps) ** 2


def pca(X: Array, *, k: int | None = None, ddof: int = 1, standardise: bool = False) -> PrincipalComponents:
    """The k directions of most variance; all min(n, p) by default.

    Shape ``(n, p)``. By SVD of the centred columns: eigenvectors of the covariance matrix are the same in exact
    arithmetic, but forming it squares the condition number and loses components below 1e-8 of the first. Differentiable
    where the variances differ. Raises ``InputError`` for nan or inf, for n ≤ ddof, for k above min(n, p), for rows
    that are all one, and, standardised, for a constant column.
    Reference: Jolliffe, Principal Component Analysis, 2nd ed., sections 2.3 (scaling) and 3.5 (SVD).

    >>> fit = pca([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> fit.components[0].round(4).tolist(), fit.explained_variance.round(12).tolist()
    ([0.7071, 0.7071], [2.0, 0.0])
    >>> fit.scores([[3.0, 3.0]]).round(4).tolist()  # 2·√2 from the mean (1, 1)
    [[2.8284, -0.0]]
    """
    xp, X = array(X, "X", ndim=2)
    finite(xp, X, "X")
    X, ddof = factorable(xp, X), whole(ddof, "ddof", least=0)
    n, p = int(X.shape[0]), int(X.shape[1])
    if n <= ddof:
        raise InputError(f"X: expected more than {ddof} rows, got {n}; one row has no spread")
    k = min(n, p) if k is None else whole(k, "k", most=min(n, p))
    d, mean = centred(xp, X)
    scale = xp.ones_like(mean)
    if standardise:
        scale = l2(d, axis=0) / math.sqrt(n - ddof)
        _varying(xp, scale)
        d = d / scale
    R = triangle(xp, d, d[:, :0])[0] if n > p else d
    parts = svd(R)
    variance = parts.values**2 / (n - ddof)
    if known(variance[0] == 0):
        raise InputError("X: expected rows that differ, got all alike; there is no direction of most variance")
    return PrincipalComponents(mean, scale, parts.right[:k, :], variance[:k], xp.sum(variance), n, ddof)


def _varying(xp: Any, scale: Array) -> None:
    flat = scale == 0
    if known(xp.any(flat)):
        first = int(xp.argmax(xp.astype(flat, xp.int32)))
        raise InputError(f"X: expected columns that vary, got a constant one at position {first}; leave it out")
