"""How alike the targets within a batch are: whether batches were drawn at random from all samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

DRAWS = 1000
MOST_IN_A_BATCH = 256
"""Labels of a batch that are looked at: of more, so many are drawn."""


@dataclass(frozen=True)
class Alike:
    """``correlation`` of two targets of one batch (0 where batches are drawn at random, 1 where each holds one value),
    and the ``chance`` of one as large where they are. ``worth``: independent samples that tell as much as a batch of
    ``size``. Made by ``alike_labels`` and ``alike_numbers``."""

    correlation: float
    chance: float
    size: float

    @property
    def worth(self) -> float:
        return self.size / (1 + (self.size - 1) * max(0.0, self.correlation))


def alike_labels(counts: ArrayLike, rng: np.random.Generator) -> Alike | None:
    """Of ``counts``, shape (k, c): labels of c classes in k batches. ``None`` where no batch could show it.

    Of pairs within batches the share with equal labels is compared with that of all pairs whatever, (s − q)/(1 − q).
    The chance is found by dealing the same labels out anew, which is the multivariate hypergeometric law; it is never
    below 1 / 1,001 (L. Kish, *Survey Sampling*, 1965, section 5.4, for what such a batch is worth).

    >>> found = alike_labels([[8, 0], [8, 0], [0, 8], [0, 8]], np.random.default_rng(0))
    >>> round(found.correlation, 2), round(found.worth, 2), found.chance < 0.002
    (1.0, 1.0, True)
    """
    n = np.asarray(counts, dtype=np.int64)
    if n.size and n.sum(1).max() > MOST_IN_A_BATCH:
        n = np.array([rng.multivariate_hypergeometric(row, min(int(row.sum()), MOST_IN_A_BATCH)) for row in n])
    size = float(np.median(np.asarray(counts).sum(1)))
    sizes, totals = n.sum(1), n.sum(0)
    within, among = float((sizes * (sizes - 1)).sum()), float(sizes.sum() * (sizes.sum() - 1))
    q = float((totals * (totals - 1)).sum()) / among if among else 1.0
    if len(n) < 2 or not within or q >= 1:
        return None
    equal = float((n * (n - 1)).sum())
    labels = np.repeat(np.arange(n.shape[1]), totals)
    batch = np.repeat(np.arange(len(n)), sizes)
    reached = 0
    for _ in range(DRAWS):
        dealt = np.bincount(batch * n.shape[1] + rng.permutation(labels), minlength=n.size)
        reached += float((dealt * (dealt - 1)).sum()) >= equal
    return Alike((equal / within - q) / (1 - q), (reached + 1) / (DRAWS + 1), size)


def alike_numbers(means: ArrayLike, stds: ArrayLike, size: int) -> Alike | None:
    """Of the ``means`` and ``stds`` of k batches of ``size`` numbers, shapes (k,). ``None`` where none can show it.

    The variance between batches against that within them, F = b s²(means) / s²(within) with their degrees of freedom,
    and the correlation (F − 1) / (F + b − 1) (R. A. Fisher, *Statistical Methods for Research Workers*, 1925, VII).

    >>> found = alike_numbers([0.0, 1.0, 2.0, 3.0], [0.1, 0.1, 0.1, 0.1], 8)
    >>> round(found.correlation, 3), found.chance < 1e-9
    (0.993, True)
    """
    m, s = np.asarray(means, dtype=np.float64), np.asarray(stds, dtype=np.float64)
    if len(m) < 2 or size < 2:
        return None
    within = float((s**2).mean()) * size / (size - 1)
    between = size * float(m.var(ddof=1))
    if within + between == 0:
        return None
    if within == 0:
        return Alike(1.0, 0.0, size)
    f = between / within
    chance = float(special.fdtrc(len(m) - 1, len(m) * (size - 1), f))
    return Alike((f - 1) / (f + size - 1), chance, size)
