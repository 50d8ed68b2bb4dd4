"""How long the vector functions take beside NumPy's, SciPy's, PyTorch's, scikit-learn's and transformers' own.

    OMP_NUM_THREADS=1 python bench/vectors.py           # all of it, as Markdown, some minutes
    OMP_NUM_THREADS=1 python bench/vectors.py l2 eigh   # the rows that have one of these words

Each figure is the median, over pairs timed by turns, of our CPU time over theirs; 1.5 is the most that is aimed at.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from scipy.spatial import distance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics.pairwise import cosine_similarity
from transformers.generation.logits_process import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from tearless.calculus import exponentials
from tearless.linear_algebra import covariance, eigen, embedding, layer, least_squares, norms, pca, vectors
from tearless.probability import cut_offs
from tearless.probability.temperature import temperature
from tearless.statistics import correlation
from tearless.statistics.ranks import average_ranks

SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)
PAIRS = 15
SECONDS = 0.008
"""Time of one timing, as many calls as fit: short, so that another program's load falls on both sides of a pair."""

Call = Callable[[], Any]


def seconds(f: Call, number: int) -> float:
    start = time.process_time()
    for _ in range(number):
        f()
    return time.process_time() - start


def ratio(ours: Call, theirs: Call) -> float:
    """Median over pairs of our seconds a call over theirs; who goes first alternates."""
    number = {}
    for f in (ours, theirs):
        f()
        once = seconds(f, 1)
        number[f] = max(1, int(SECONDS / once), int(SECONDS / (seconds(f, 100) / 100)) if once < SECONDS / 100 else 1)
    found = []
    gc.disable()
    for i in range(PAIRS if max(seconds(f, 1) for f in number) < 1 else 3):
        took = {f: seconds(f, number[f]) / number[f] for f in ((ours, theirs) if i % 2 else (theirs, ours))}
        found.append(took[ours] / took[theirs])
    gc.enable()
    return statistics.median(found)


def numpy_vectors(n: int) -> Iterator[tuple[str, Call, Call]]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=n), rng.normal(size=n)
    yield "l1 / np.linalg.norm(x, 1)", partial(norms.l1, x), partial(np.linalg.norm, x, 1)
    yield "l2 / np.linalg.norm", partial(norms.l2, x), partial(np.linalg.norm, x)
    yield "l2 / scipy.linalg.norm", partial(norms.l2, x), partial(scipy.linalg.norm, x)
    yield "l3 / np.linalg.norm(x, 3)", partial(norms.lp, x, 3), partial(np.linalg.norm, x, 3)
    yield "max / np.linalg.norm(x, inf)", partial(norms.lp, x, np.inf), partial(np.linalg.norm, x, np.inf)
    yield "dot / np.vecdot", partial(vectors.dot, x, y), partial(np.vecdot, x, y)
    yield "cosine / scipy's distance.cosine", partial(vectors.cosine, x, y), partial(distance.cosine, x, y)
    for name, theirs in (
        ("logsumexp", scipy.special.logsumexp),
        ("softmax", scipy.special.softmax),
        ("log_softmax", scipy.special.log_softmax),
        ("sigmoid", scipy.special.expit),
        ("log_sigmoid", scipy.special.log_expit),
    ):
        yield f"{name} / scipy.special.{theirs.__name__}", partial(getattr(exponentials, name), x), partial(theirs, x)


def torch_vectors(n: int) -> Iterator[tuple[str, Call, Call]]:
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(n, dtype=torch.float64, generator=rng) for _ in range(2))
    for name, norm in (("l1", partial(norms.l1, x)), ("l2", partial(norms.l2, x)), ("l3", partial(norms.lp, x, 3))):
        yield f"{name} / torch.linalg.vector_norm", norm, partial(torch.linalg.vector_norm, x, int(name[1]))
    yield "dot / torch.linalg.vecdot", partial(vectors.dot, x, y), partial(torch.linalg.vecdot, x, y)
    yield "cosine / cosine_similarity", partial(vectors.cosine, x, y), partial(torch.cosine_similarity, x, y, dim=0)
    for name, theirs in (
        ("logsumexp", partial(torch.logsumexp, x, 0)),
        ("softmax", partial(torch.softmax, x, 0)),
        ("log_softmax", partial(torch.log_softmax, x, 0)),
        ("sigmoid", partial(torch.sigmoid, x)),
        ("log_sigmoid", partial(torch.nn.functional.logsigmoid, x)),
    ):
        yield f"{name} / torch's", partial(getattr(exponentials, name), x), theirs


def samplers(choices: int) -> Iterator[tuple[str, Call, Call]]:
    """One row of float32 logits, as a language model gives; the logits that are left, as transformers leaves them."""
    z = 3 * torch.randn(1, choices, generator=torch.Generator().manual_seed(0))
    for ours, theirs in (
        (lambda: temperature(z, 0.7), TemperatureLogitsWarper(0.7)),
        (lambda: cut_offs.top_k(z, 50).logits, TopKLogitsWarper(50)),
        (lambda: cut_offs.top_p(z, 0.9).logits, TopPLogitsWarper(0.9)),
        (lambda: cut_offs.min_p(z, 0.1).logits, MinPLogitsWarper(0.1)),
        (lambda: cut_offs.typical(z, 0.9).logits, TypicalLogitsWarper(0.9)),
        (lambda: cut_offs.epsilon(z, 3e-4).logits, EpsilonLogitsWarper(3e-4)),
        (lambda: cut_offs.eta(z, 3e-4).logits, EtaLogitsWarper(3e-4)),
    ):
        yield type(theirs).__name__, ours, partial(theirs, None, z)


def ranks(n: int) -> Iterator[tuple[str, Call, Call]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n)
    a, b = np.floor(4 * x), np.floor(4 * y)
    yield "kendall / scipy.stats.kendalltau", partial(correlation.kendall, x, y), partial(scipy.stats.kendalltau, x, y)
    yield "the same with many ties", partial(correlation.kendall, a, b), partial(scipy.stats.kendalltau, a, b)
    yield "spearman / scipy.stats.spearmanr", partial(correlation.spearman, x, y), partial(scipy.stats.spearmanr, x, y)
    yield "average_ranks / scipy.stats.rankdata", partial(average_ranks, x), partial(scipy.stats.rankdata, x)
    yield "pearson / scipy.stats.pearsonr", partial(correlation.pearson, x, y), partial(scipy.stats.pearsonr, x, y)


def matrices() -> Iterator[tuple[str, Call, Call]]:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(100_000, 50)), rng.normal(size=(50, 20))
    y, S = X @ rng.normal(size=50) + rng.normal(size=100_000), X.T @ X
    items, ids = rng.normal(size=(10_000, 64)), rng.integers(10_000, size=50_000)
    few = items[:500]
    tensor = torch.from_numpy(X)
    ols, ridge = partial(LinearRegression().fit, X, y), partial(Ridge(solver="svd").fit, X, y)
    yield "layer / x @ w", partial(layer.layer, X, w), lambda: X @ w
    yield "l2 of each row / np.linalg.norm", partial(norms.l2, X, axis=1), partial(np.linalg.norm, X, axis=1)
    yield "softmax of each row / scipy's", partial(exponentials.softmax, X), partial(scipy.special.softmax, X, axis=1)
    yield "covariance / np.cov", partial(covariance.covariance, X), partial(np.cov, X.T)
    yield "covariance of a tensor / torch.cov", partial(covariance.covariance, tensor), partial(torch.cov, tensor.T)
    yield "merged moments / np.cov", partial(covariance.Comoments.of, X), partial(np.cov, X.T)
    yield "correlation / np.corrcoef", partial(covariance.correlation, X), partial(np.corrcoef, X.T)
    yield "least squares, QR / LinearRegression", partial(least_squares.qr, X, y, intercept=True), ols
    yield "least squares, SVD / scipy.linalg.lstsq", partial(least_squares.svd, X, y), partial(scipy.linalg.lstsq, X, y)
    yield "ridge / Ridge(solver='svd')", partial(least_squares.ridge, X, y, 1.0), ridge
    yield "pca / np.linalg.svd", partial(pca.pca, X), partial(np.linalg.svd, X, full_matrices=False)
    yield "eigh 50 x 50 / np.linalg.eigh", partial(eigen.eigh, S), partial(np.linalg.eigh, S)
    yield "svd 100,000 x 50 / np.linalg.svd", partial(eigen.svd, X), partial(np.linalg.svd, X, full_matrices=False)
    cosines = partial(vectors.cosines, few, items)
    yield "cosines 500 x 10,000 of 64 / sklearn's", cosines, partial(cosine_similarity, few, items)
    yield "lookup 50,000 of 64 / table[ids]", partial(embedding.lookup, items, ids), lambda: items[ids]


def table(title: str, rows: Callable[..., Iterator[tuple[str, Call, Call]]], sizes: tuple[int, ...] = ()) -> None:
    """Print one table of ratios, a column for each size; only the rows that were asked for."""
    asked, found = sys.argv[1:], dict[str, list[float]]()
    for size in sizes or (None,):
        for name, ours, theirs in rows(*(() if size is None else (size,))):
            if not asked or any(word in name for word in asked):
                found.setdefault(name, []).append(ratio(ours, theirs))
    if found:
        print(f"\n| {title} | " + " | ".join(f"{n:,}" for n in sizes or (1,)) + " |" if sizes else f"\n| {title} | |")
        print("|---|" + "--:|" * len(sizes or (1,)))
        for name, ratios in found.items():
            print(f"| {name} | " + " | ".join(f"{r:.2f}" for r in ratios) + " |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    table("NumPy vectors, numbers in each", numpy_vectors, SIZES)
    table("PyTorch vectors, float64, numbers in each", torch_vectors, SIZES)
    table("logits, choices; beside transformers'", samplers, (1_000, 32_000, 128_000))
    table("ranks, rows", ranks, (1_000, 10_000, 100_000, 1_000_000))
    table("matrices, 100,000 x 50 where not said", matrices)
