"""How long the vector functions take beside NumPy's, SciPy's and scikit-learn's own, in one run.

    python bench/vectors.py

Each figure is the best of several repeats, ours over theirs; 1.5 is the most that is aimed at.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
import torch
from scipy.spatial import distance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics.pairwise import cosine_similarity

from tearless.linear_algebra import covariance, eigen, embedding, layer, least_squares, norms, pca, vectors

SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)


def best(f: Callable[[], Any], seconds: float = 0.2) -> float:
    """Seconds a call, best of at least three runs that together take about ``seconds``."""
    once = max(timeit.timeit(f, number=1), 1e-7)
    number = max(1, int(seconds / 6 / once))
    return min(timeit.repeat(f, number=number, repeat=6 if once < seconds else 3)) / number


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any]) -> float:
    """Ours over theirs, measured by turns so that another program's load falls on both."""
    pairs = [(best(ours), best(theirs)) for _ in range(3)]
    return min(a for a, _ in pairs) / min(b for _, b in pairs)


def by_size() -> None:
    rng = np.random.default_rng(0)
    print("vectors, ours / theirs".ljust(46) + "".join(f"{n:>12,}" for n in SIZES))
    rows: dict[str, list[float]] = {}
    for n in SIZES:
        x, y = rng.normal(size=n), rng.normal(size=n)
        t = torch.from_numpy(x)
        for name, ours, theirs in (
            ("l1 / np.linalg.norm(x, 1)", partial(norms.l1, x), partial(np.linalg.norm, x, 1)),
            ("l2 / np.linalg.norm", partial(norms.l2, x), partial(np.linalg.norm, x)),
            ("l2 / scipy.linalg.norm", partial(norms.l2, x), partial(scipy.linalg.norm, x)),
            ("l2 of a tensor / torch.linalg.vector_norm", partial(norms.l2, t), partial(torch.linalg.vector_norm, t)),
            ("l3 / np.linalg.norm(x, 3)", partial(norms.lp, x, 3), partial(np.linalg.norm, x, 3)),
            ("max / np.linalg.norm(x, inf)", partial(norms.lp, x, np.inf), partial(np.linalg.norm, x, np.inf)),
            ("dot / np.vecdot", partial(vectors.dot, x, y), partial(np.vecdot, x, y)),
            ("cosine / scipy.spatial.distance.cosine", partial(vectors.cosine, x, y), partial(distance.cosine, x, y)),
        ):
            rows.setdefault(name, []).append(ratio(ours, theirs))
    for name, ratios in rows.items():
        print(name.ljust(46) + "".join(f"{r:12.2f}" for r in ratios))


def matrices() -> None:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(100_000, 50)), rng.normal(size=(50, 20))
    y, S = X @ rng.normal(size=50) + rng.normal(size=100_000), X.T @ X
    items, ids = rng.normal(size=(10_000, 64)), rng.integers(10_000, size=50_000)
    print("\nmatrices, 100,000 x 50 where not said")
    ols, ridge = partial(LinearRegression().fit, X, y), partial(Ridge(solver="svd").fit, X, y)
    for name, ours, theirs in (
        ("layer / x @ w", partial(layer.layer, X, w), lambda: X @ w),
        ("l2 of each row / np.linalg.norm", partial(norms.l2, X, axis=1), partial(np.linalg.norm, X, axis=1)),
        ("covariance / np.cov", partial(covariance.covariance, X), partial(np.cov, X.T)),
        ("merged moments / np.cov", partial(covariance.Comoments.of, X), partial(np.cov, X.T)),
        ("correlation / np.corrcoef", partial(covariance.correlation, X), partial(np.corrcoef, X.T)),
        ("least squares, QR / LinearRegression", partial(least_squares.qr, X, y, intercept=True), ols),
        ("least squares, SVD / scipy.linalg.lstsq", partial(least_squares.svd, X, y),
         partial(scipy.linalg.lstsq, X, y)),
        ("ridge / Ridge(solver='svd')", partial(least_squares.ridge, X, y, 1.0), ridge),
        ("pca / np.linalg.svd", partial(pca.pca, X), partial(np.linalg.svd, X, full_matrices=False)),
        ("eigh 50 x 50 / np.linalg.eigh", partial(eigen.eigh, S), partial(np.linalg.eigh, S)),
        ("cosines 10,000 x 64 / cosine_similarity", partial(vectors.cosines, items[:500], items),
         partial(cosine_similarity, items[:500], items)),
        ("lookup 50,000 of 64 / table[ids]", partial(embedding.lookup, items, ids), lambda: items[ids]),
    ):  # fmt: skip
        print(name.ljust(46) + f"{ratio(ours, theirs):12.2f}")


if __name__ == "__main__":
    by_size()
    matrices()
