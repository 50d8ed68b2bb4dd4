"""All pairs of k models at once: which of their equalities can hold together, and what that saves in correcting.

If A equals B and B equals C, A equals C: once some equalities have fallen, not every number of the others can be true.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.estimate import Floats

MOST_MODELS = 9
"""Models up to which all 21,147 ways to be equal in groups are gone through."""


def pairs_of(k: int) -> NDArray[np.int64]:
    """The pairs (i, j), i < j, of k models, row by row. Shape (k(k − 1)/2, 2).

    >>> pairs_of(3).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    return np.column_stack(np.triu_indices(whole(k, "k", least=2), 1)).astype(np.int64)


def shaffer_static(p: ArrayLike) -> Floats:
    """Holm's steps with the most equalities that can still be true: never above ``holm``, any dependence.

    ``p`` has shape (m,), m = k(k − 1)/2, a chance for each of ``pairs_of(k)`` (any order). J. P. Shaffer, J. Am.
    Statist. Assoc. 81, 1986, 826-831, procedure 1. Exact up to rounding. Raises ``InputError`` for another number of
    chances.

    >>> shaffer_static([0.01, 0.02, 0.03]).tolist()  # after one of three has fallen, one at most is true
    [0.03, 0.03, 0.03]
    """
    p, k = _of_pairs(p)
    m = len(p)
    true = np.array(sorted(_numbers_true(k)))
    left = np.arange(m, 0, -1)
    factors = true[np.searchsorted(true, left, side="right") - 1]
    order = np.argsort(p, kind="stable")
    out = np.empty(m)
    out[order] = np.maximum.accumulate(p[order] * np.maximum(factors, 1))
    return np.minimum(out, 1.0)


def bergmann_hommel(p: ArrayLike) -> Floats:
    """The sharpest use of that logic: for each pair the worst of all ways of being equal in groups that hold it.

    Adjusted p of a pair is the largest |I|·min p over sets I of pairs that could all be true and nothing else; I comes
    from splitting the models in groups. Shape as ``shaffer_static``, in the order of ``pairs_of``; up to 9 models.
    B. Bergmann and G. Hommel in *Multiple Hypotheses Testing*, Springer 1988, 100-115; S. García and F. Herrera,
    J. Mach. Learn. Res. 9, 2008, 2677-2694. Exact up to rounding. Raises ``InputError`` for more models.

    >>> bergmann_hommel([0.01, 0.02, 0.03]).tolist()
    [0.03, 0.03, 0.03]
    """
    p, k = _of_pairs(p)
    if k > MOST_MODELS:
        raise InputError(f"p: expected at most {MOST_MODELS} models, got {k}; take Shaffer's procedure")
    together = equal_pairs(k)
    worst = together.sum(axis=1) * np.where(together, p, np.inf).min(axis=1)
    return np.asarray(np.minimum(np.where(together, worst[:, None], 0.0).max(axis=0), 1.0), dtype=np.float64)


def equal_pairs(k: int) -> NDArray[np.bool_]:
    """Every set of equalities that can be true with all others false. Shape (sets, k(k − 1)/2), none empty.

    One for each way to split k models in groups: Bell's number of them less the one of singles.

    >>> equal_pairs(3).astype(int).tolist()
    [[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    group = np.zeros((1, 1), dtype=np.int64)
    for _ in range(1, k):
        choices = group.max(axis=1) + 2
        rows = np.repeat(np.arange(len(group)), choices)
        first = np.repeat(np.cumsum(choices) - choices, choices)
        group = np.column_stack([group[rows], np.arange(len(rows)) - first])
    pairs = pairs_of(k)
    return np.asarray((group[:, pairs[:, 0]] == group[:, pairs[:, 1]])[:-1], dtype=np.bool_)


def cliques(alike: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """The largest sets of two or more in which every pair is alike. ``alike`` (k, k), symmetric.

    C. Bron and J. Kerbosch, Comm. ACM 16, 1973, 575-577, with a pivot.

    >>> cliques(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], dtype=bool))
    ((0, 1), (1, 2))
    """
    neighbours = [set(np.flatnonzero(row).tolist()) - {i} for i, row in enumerate(alike)]
    found: list[tuple[int, ...]] = []

    def grow(chosen: Sequence[int], open_: set[int], done: set[int]) -> None:
        if not open_ and not done:
            if len(chosen) > 1:
                found.append(tuple(sorted(chosen)))
            return
        pivot = max(open_ | done, key=lambda v: len(neighbours[v] & open_))
        for v in sorted(open_ - neighbours[pivot]):
            grow([*chosen, v], open_ & neighbours[v], done & neighbours[v])
            open_, done = open_ - {v}, done | {v}

    grow([], set(range(len(alike))), set())
    return tuple(sorted(found))


def _numbers_true(k: int) -> set[int]:
    """How many equalities of k models can be true at once."""
    numbers: list[set[int]] = [{0}, {0}]
    for models in range(2, k + 1):
        numbers.append({j * (j - 1) // 2 + rest for j in range(1, models + 1) for rest in numbers[models - j]})
    return numbers[k]


def _of_pairs(p: ArrayLike) -> tuple[Floats, int]:
    chances = np.asarray(p, dtype=np.float64)
    k = round((1 + np.sqrt(1 + 8 * chances.size)) / 2)
    if chances.ndim != 1 or k < 2 or k * (k - 1) // 2 != chances.size or not ((chances >= 0) & (chances <= 1)).all():
        raise InputError(f"p: expected a chance for each pair of models (1, 3, 6, 10 ...), got {p!r}; give all pairs")
    return chances, k
