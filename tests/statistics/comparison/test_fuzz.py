"""Every comparison of two models in random designs, degenerate ones among them: what no result may ever break."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tearless.core import InputError
from tearless.statistics.comparison.clusters import compare_clustered
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.folds import corrected_resampled_t
from tearless.statistics.comparison.means import compare_means_paired, compare_means_unpaired
from tearless.statistics.comparison.metrics import metric_difference
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired
from tearless.statistics.comparison.seed_scores import seed_scores
from tearless.statistics.comparison.signed_ranks import sign_test, signed_ranks
from tearless.statistics.comparison.two_proportions import compare_unpaired

LEVELS = (0.9, 0.95, 0.99)
Of = Callable[[Any, Any, float], Difference]


def holds(of: Of, a: Any, b: Any, nested: bool = True) -> None:
    """A p above 0, an interval with a width about the value, agreement about 0, nested levels, and the mirror image."""
    outer = (0.0, 0.0)
    for level in LEVELS:
        found, turned = of(a, b, level), of(b, a, level)
        e, t = found.estimate, turned.estimate
        assert 0 < found.p <= 1
        assert e.low <= e.value <= e.high
        assert e.low < e.high
        assert (e.low <= 0 <= e.high) == (found.p > 1 - level), (found, level)
        assert found.p == pytest.approx(turned.p, rel=1e-7)
        for mine, other in ((e.value, t.value), (e.low, t.high), (e.high, t.low)):
            assert mine == -other or math.isclose(mine, -other, rel_tol=1e-7, abs_tol=1e-9 * (1 + abs(mine)))
        if level > LEVELS[0] and nested:
            slack = 1e-9 * (1 + abs(e.value))
            assert e.low <= outer[0] + slack
            assert e.high >= outer[1] - slack
        outer = (e.low, e.high)


def scores(rng: np.random.Generator) -> tuple[Any, Any]:
    n = int(rng.choice([2, 3, 5, 8, 20, 60]))
    a, shift = rng.normal(size=n), float(rng.choice([0, 0.1, 1, 5]))
    kinds = (
        lambda: a + rng.normal(size=n) / 2 + shift,
        lambda: np.round(a + rng.normal(size=n) + shift, 1),
        lambda: a.copy(),
        lambda: a + np.r_[1000.0, np.zeros(n - 1)],
        lambda: a + rng.standard_cauchy(n),
        lambda: np.zeros(n),
    )
    return a, kinds[int(rng.integers(len(kinds)))]()


@pytest.mark.parametrize("test", ["mid-p", "exact", "asymptotic", "corrected", "exact-unconditional"])
def test_right_or_wrong_on_shared_items(test: Any) -> None:
    rng = np.random.default_rng(1)
    for _ in range(15 if test == "exact-unconditional" else 60):
        n = int(rng.choice([1, 2, 5, 20, 100, 10**7])) if test != "exact-unconditional" else 40
        cells = rng.multinomial(n, rng.dirichlet([float(rng.choice([0.2, 1.0, 5.0]))] * 4)).tolist()

        def of(a: Any, b: Any, level: float, cells: list[int] = cells) -> Difference:
            return compare_paired(PairedTable(cells[0], cells[a], cells[b], cells[3]), level, test=test)

        holds(of, 1, 2)


@pytest.mark.parametrize("test", ["score", "pooled-z", "fisher", "mid-p"])
def test_right_or_wrong_on_different_items(test: Any) -> None:
    rng = np.random.default_rng(2)
    for _ in range(25):
        n, m = (int(v) for v in rng.choice([1, 2, 5, 50, 300, 10**6], 2))
        a, b = (int(rng.binomial(k, float(rng.choice([0, 0.01, 0.5, 0.9, 1])))) for k in (n, m))
        holds(lambda x, y, level: compare_unpaired(*x, *y, level, test=test), (a, n), (b, m))


@pytest.mark.parametrize(
    "of",
    [
        lambda a, b, level: compare_means_paired(a, b, level=level, resamples=999),
        lambda a, b, level: compare_means_paired(a, b, method="t", level=level),
        lambda a, b, level: compare_means_unpaired(a, b, level=level),
        lambda a, b, level: signed_ranks(a, b, level=level).difference,
        lambda a, b, level: signed_ranks(a, b, zeros="split", level=level).difference,
        lambda a, b, level: sign_test(a, b, level=level),
        lambda a, b, level: corrected_resampled_t(a, b, test_to_train=1 / 9, level=level),
        lambda a, b, level: seed_scores(a[:6], b[:6], level=level).difference,
        lambda a, b, level: compare_clustered(a, b, np.arange(len(a)) % 7, level=level).difference,
    ],
    ids=["sign flips", "t", "welch", "ranks", "ranks, split", "signs", "folds", "seeds", "clusters"],
)
def test_scores(of: Of, request: pytest.FixtureRequest) -> None:
    rng = np.random.default_rng(3)
    refused = 0
    ranked = request.node.callspec.id in ("signs", "ranks", "ranks, split")  # of ties alone no finer step is seen
    for _ in range(30):
        a, b = scores(rng)
        try:
            holds(of, a, b, nested=not ranked)
        except InputError:  # every score alike
            refused += 1
    assert refused < 12


@pytest.mark.parametrize("name", ["f1-macro", "balanced-accuracy", "kappa", "matthews", "auc", "average-precision"])
def test_metrics(name: str) -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        n = int(rng.choice([4, 10, 40, 200]))
        truth = np.r_[0, 1, (rng.random(n - 2) < float(rng.choice([0.5, 0.1]))).astype(int)]
        if name in ("auc", "average-precision"):
            steps = int(rng.choice([0, 1, 12]))
            a, b = (np.round(float(rng.choice([0, 1, 20])) * truth + rng.normal(size=n), steps) for _ in "ab")
        else:
            wrong = float(rng.choice([0, 0.1, 0.5]))
            a, b = (np.where(rng.random(n) < wrong, 1 - truth, truth) for _ in "ab")
        holds(lambda x, y, level, truth=truth: metric_difference(name, truth, x, y, level=level), a, b)
        order = rng.permutation(n)
        one, other = metric_difference(name, truth, a, b), metric_difference(name, truth[order], a[order], b[order])
        assert one.p == pytest.approx(other.p, rel=1e-9)
        if name == "auc":
            assert metric_difference(name, truth, a**3 * 7 + 2, b).p == pytest.approx(one.p, rel=1e-9)
