"""Items that come in clusters: how much they go together, and what they are worth.

Questions of one passage, rows of one user, pictures of one patient tell less than as many independent ones: a mean
varies by its clusters' sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.statistics.bootstrap import Bootstrap, Method, bootstrap
from tearless.statistics.classification_scores import labels
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain, student_quantile


@dataclass(frozen=True, slots=True)
class Clustering:
    """How n items in G clusters vary.

    ``error`` is the CR1 standard error of the mean; ``naive_error`` the one that takes items for independent;
    ``correlation`` the intra-class correlation (nan where every cluster has one item, or nothing varies).

    >>> found = clustering([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])
    >>> found.clusters, round(found.design_effect, 12), round(found.effective_items, 12)
    (2, 3.0, 1.333333333333)
    """

    clusters: int
    items: int
    largest: int
    error: float
    naive_error: float
    correlation: float
    effective_clusters: float
    kish_clusters: float

    @property
    def design_effect(self) -> float:
        """How many times larger the variance is than that of as many independent items; nan where nothing varies."""
        return (self.error / self.naive_error) ** 2 if self.naive_error > 0 else math.nan

    @property
    def effective_items(self) -> float:
        """How many independent items would tell as much (L. Kish, *Survey Sampling*, 1965, section 8.2)."""
        return self.items / self.design_effect


def clustering(values: Any, clusters: Any) -> Clustering:
    """The spread of a mean of clustered items.

    Shapes (n,): finite numbers and the label of each one's cluster. CR1 is √(G/(G − 1)·Σ Sᵍ²)/n with Sᵍ the cluster's
    sum of deviations from the mean, as Stata's and statsmodels' for a regression on a constant (A. C. Cameron, D. L.
    Miller, J. Human Resources 50, 2015, 317-372, section II). The correlation is the analysis-of-variance estimate (A.
    Donner, Int. Stat. Rev. 54, 1986, 67-82). ``effective_clusters`` is the function of that name at the correlation
    seen, ``kish_clusters`` at 0. Raises ``InputError`` for one cluster: it cannot tell how clusters differ.

    >>> found = clustering([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])
    >>> found.error, found.correlation, round(found.design_effect, 12)  # sqrt(2/1 * (1 + 1))/4; s²/n = 1/12
    (0.5, 1.0, 3.0)
    """
    x, codes = plain(values, "values"), cluster_codes(clusters)
    of_one_length(values=x, clusters=codes)
    return of_codes(x, codes)


def of_codes(x: Floats, codes: NDArray[np.int64]) -> Clustering:
    """The same of numbers ``x`` (n,) and their codes (n,) from 0, of two clusters or more.

    >>> of_codes(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1])).error
    0.5
    """
    n = len(x)
    sizes = np.bincount(codes)
    groups = len(sizes)
    scale = float(np.abs(x).max()) or 1.0
    deviation = x / scale - float((x / scale).mean())
    deviation -= deviation.mean()
    sums = np.bincount(codes, weights=deviation)
    total = float(deviation @ deviation)
    error = scale * math.sqrt(groups / (groups - 1) * float(sums @ sums)) / n
    naive = scale * math.sqrt(total / (n - 1) / n)
    between = float((sums**2 / sizes).sum())
    correlation = _correlation(between, total - between, sizes, n)
    seen = min(1.0, max(0.0, correlation)) if n > groups and total > 0 else 1.0
    effective, even = effective_clusters(sizes, seen), effective_clusters(sizes, 0.0)
    return Clustering(groups, n, int(sizes.max()), error, naive, correlation, effective, even)


def effective_clusters(sizes: ArrayLike, correlation: float = 1.0) -> float:
    """How many clusters of one size would know the variance of a mean as well as these of unequal sizes do.

    Shape (G,): items in each cluster. G/(1 + Γ), Γ the squared coefficient of variation of the clusters' shares of the
    variance, nᵍ(1 + (nᵍ − 1)ρ) (A. V. Carter, K. T. Schnepel, D. G. Steigerwald, Review of Economics and Statistics
    99, 2017, 698-709, who advise ρ = 1 where it is not known). At ρ = 0 it is Kish's (Σn)²/Σn². Where it is far below
    G, t(G − 1) promises too much. Raises ``InputError`` for sizes below 1 or a correlation outside 0..1.

    >>> effective_clusters([10, 10, 10]), round(effective_clusters([90, 10, 10]), 3), effective_clusters([2, 1, 1], 0.0)
    (3.0, 1.05, 2.6666666666666665)
    """
    n = plain(sizes, "sizes")
    if n.min() < 1 or not 0 <= correlation <= 1:
        got = f"{n.min():g} and {correlation}"
        raise InputError(f"sizes, correlation: expected at least 1, and 0 to 1, got {got}; count the items again")
    shares = n * (1 + (n - 1) * correlation)
    shares = shares / shares.max()
    return float(shares.sum() ** 2 / (shares @ shares))


def clustered_mean(values: Any, clusters: Any, *, level: float = 0.95) -> Estimate:
    """The mean of clustered items with its CR1 standard error, and the interval by Student's t of G − 1.

    Shapes as ``clustering``. In simulations of 30 clusters of 10 with a logit spread of 1.3 it covers 94 % of the time
    where the interval for independent items covers 71 %. No width where all clusters agree: see ``compare_clustered``.
    Raises ``InputError`` as ``clustering``.

    >>> print(clustered_mean([1.0, 1.0, 0.0, 0.0, 1.0, 0.0], [1, 1, 2, 2, 3, 3]))
    0.5 (-0.7421 to 1.742)
    """
    x = plain(values, "values")
    found = clustering(x, clusters)
    value = float(x.mean())
    reach = student_quantile(level, found.clusters - 1) * found.error
    return Estimate(value, found.error, value - reach, value + reach, level)


def cluster_bootstrap(
    values: Any,
    clusters: Any,
    *,
    method: Method = "bca",
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
) -> Bootstrap:
    """The mean of clustered items, whole clusters drawn again with putting back.

    Shapes as ``clustering``; arguments as ``bootstrap``. Only the clusters' sums and sizes are resampled: the cost does
    not grow with the items. With few clusters it promises too much, as any bootstrap of few units does. Raises
    ``InputError`` as ``clustering``.

    >>> found = cluster_bootstrap([1.0, 1.0, 0.0, 0.0, 1.0, 0.0], [1, 1, 2, 2, 3, 3], resamples=99)
    >>> found.estimate.value
    0.5
    """
    x, codes = plain(values, "values"), cluster_codes(clusters)
    of_one_length(values=x, clusters=codes)
    sizes = np.bincount(codes).astype(np.float64)
    sums = np.bincount(codes, weights=x)

    def mean(s: Floats, n: Floats) -> Floats:
        means: Floats = s.sum(axis=-1) / n.sum(axis=-1)
        return means

    return bootstrap(mean, sums, sizes, paired=True, method=method, level=level, resamples=resamples, seed=seed)


def cluster_codes(clusters: Any) -> NDArray[np.int64]:
    """Each item's cluster as a code from 0, (n,) for (n,). Raises ``InputError`` for fewer than two clusters.

    >>> cluster_codes(["b", "a", "b"]).tolist()
    [1, 0, 1]
    """
    names, codes = np.unique(labels(clusters, "clusters"), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            "clusters: expected at least two, got one; one cluster cannot tell how clusters differ, so collect more"
        )
    return codes.astype(np.int64)


def _correlation(between: float, within: float, sizes: NDArray[np.int64], n: int) -> float:
    """(MSB − MSW)/(MSB + (n₀ − 1)·MSW), n₀ the size that unequal clusters amount to."""
    groups = len(sizes)
    if n == groups or between + within <= 0:
        return math.nan
    even = (n - float((sizes.astype(np.float64) ** 2).sum()) / n) / (groups - 1)
    mean_between, mean_within = between / (groups - 1), max(within, 0.0) / (n - groups)
    return (mean_between - mean_within) / (mean_between + (even - 1) * mean_within)
