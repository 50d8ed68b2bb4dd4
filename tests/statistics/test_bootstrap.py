"""The bootstrap: SciPy's intervals from the same resamples, and exact laws where they exist."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.statistics.bootstrap import bootstrap, bootstrap_counts
from tearless.statistics.resampling_laws import bootstrap_of_difference, bootstrap_of_median, bootstrap_of_share

RNG = np.random.default_rng(0)


def mean(x: np.ndarray) -> Any:
    return x.mean(axis=-1)


@pytest.mark.parametrize(("ours", "theirs"), [("bca", "BCa"), ("percentile", "percentile")])
@pytest.mark.parametrize("statistic", [mean, lambda x: x.var(axis=-1), lambda x: np.median(x, axis=-1)])
def test_intervals_are_those_of_scipy_from_the_same_resamples(
    ours: Any, theirs: Any, statistic: Callable[..., Any]
) -> None:
    x = RNG.exponential(size=35)
    found = bootstrap(statistic, x, method=ours, seed=np.random.default_rng(4), resamples=2000)
    other = sps.bootstrap(
        (x,),
        lambda d, axis: statistic(d),
        rng=np.random.default_rng(4),
        n_resamples=2000,
        method=theirs,
        vectorized=True,
    )
    assert found.estimate.low == pytest.approx(other.confidence_interval.low, rel=1e-10)
    assert found.estimate.high == pytest.approx(other.confidence_interval.high, rel=1e-10)
    assert found.estimate.standard_error == pytest.approx(other.standard_error, rel=1e-10)


def test_two_samples_and_pairs_are_those_of_scipy() -> None:
    x, y = RNG.normal(size=30), RNG.normal(size=30) + 1

    def difference(a: np.ndarray, b: np.ndarray) -> Any:
        return a.mean(axis=-1) - b.mean(axis=-1)

    for paired in (False, True):
        found = bootstrap(difference, x, y, paired=paired, seed=np.random.default_rng(4), resamples=1500)
        other = sps.bootstrap(
            (x, y),
            lambda a, b, axis=-1: difference(a, b),
            paired=paired,
            vectorized=not paired,
            axis=-1,
            rng=np.random.default_rng(4),
            n_resamples=1500,
        )
        assert found.estimate.low == pytest.approx(other.confidence_interval.low, abs=2e-2 if not paired else 1e-9)
        assert found.estimate.high == pytest.approx(other.confidence_interval.high, abs=2e-2 if not paired else 1e-9)


def test_bca_moves_with_a_change_of_unit() -> None:
    x = RNG.lognormal(size=40)
    plain = bootstrap(mean, x, resamples=1000).estimate
    logged = bootstrap(lambda d: np.log(d.mean(axis=-1)), x, resamples=1000).estimate
    assert math.exp(logged.low) == pytest.approx(plain.low, rel=0.02)
    assert math.exp(logged.high) == pytest.approx(plain.high, rel=0.02)


def test_bca_covers_a_skewed_mean_better_than_its_percentiles() -> None:
    rng, truth = np.random.default_rng(5), 1.0
    covered = {"bca": 0, "percentile": 0}
    for _ in range(250):
        x = rng.exponential(size=25)
        for method in covered:
            e = bootstrap(mean, x, method=method, resamples=600, seed=rng).estimate  # type: ignore[arg-type]
            covered[method] += e.low <= truth <= e.high
    assert covered["bca"] / 250 > 0.88
    assert covered["bca"] >= covered["percentile"] - 3


def test_memory_is_bounded_whatever_the_rows() -> None:
    x = RNG.normal(size=200_000)
    tracemalloc.start()
    found = bootstrap(mean, x, resamples=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6
    assert found.estimate.standard_error == pytest.approx(1 / math.sqrt(200_000), rel=0.2)


def test_groups_of_rows_left_out_give_the_same_acceleration() -> None:
    x = np.random.default_rng(6).exponential(size=8000)
    found = bootstrap(mean, x, resamples=100)
    centred = x - x.mean()
    exact = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    assert found.acceleration == pytest.approx(exact, rel=0.5)


def test_the_law_of_a_share_is_what_resampling_tends_to() -> None:
    law = bootstrap_of_share(12, 40)
    x = np.repeat([1.0, 0.0], [12, 28])
    seen = bootstrap(mean, x, method="percentile", resamples=20_000)
    assert law.standard_error == pytest.approx(seen.estimate.standard_error, rel=0.03)
    assert law.quantile(0.025) == pytest.approx(seen.estimate.low, abs=1e-9)
    np.testing.assert_allclose(law.chances, sps.binom.pmf(np.arange(41), 40, 0.3), atol=1e-14)
    assert bootstrap_of_share(5, 5).estimate().low == 1.0


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_the_law_of_a_median_counts_every_resample(x: list[int]) -> None:
    law = bootstrap_of_median([float(v) for v in x])
    medians = np.median(np.array(list(itertools.product(x, repeat=len(x))), dtype=float), axis=1)
    values, counts = np.unique(medians, return_counts=True)
    chances = dict(zip(law.values.tolist(), law.chances.tolist(), strict=True))
    for v, c in zip(values, counts, strict=True):
        assert chances.pop(v) == pytest.approx(c / len(medians), abs=1e-14)
    assert all(c < 1e-15 for c in chances.values())


@pytest.mark.parametrize(("b", "w", "n"), [(0, 0, 3), (2, 1, 4), (3, 0, 5), (4, 0, 4)])
def test_the_law_of_a_paired_difference_counts_every_resample(b: int, w: int, n: int) -> None:
    rows = [1] * b + [-1] * w + [0] * (n - b - w)
    law = bootstrap_of_difference(b, w, n)
    sums = np.array([sum(c) for c in itertools.product(rows, repeat=n)])
    for d in range(-n, n + 1):
        assert law.chances[d + n] == pytest.approx(np.mean(sums == d), abs=1e-14)


def test_laws_of_many_rows_are_quick_and_normal() -> None:
    law = bootstrap_of_difference(3000, 2900, 100_000)
    assert law.standard_error == pytest.approx(math.sqrt((0.059 - 0.001**2) / 100_000), rel=1e-9)
    middle = bootstrap_of_median(np.random.default_rng(7).normal(size=200_000)).estimate()
    assert middle.standard_error == pytest.approx(1.2533 / math.sqrt(200_000), rel=0.15)


def test_counts_resample_as_rows_do() -> None:
    table = np.array([[30, 5], [2, 13]])

    def accuracy(t: np.ndarray) -> Any:
        return (t[:, 0, 0] + t[:, 1, 1]) / t.sum(axis=(1, 2))

    counted = bootstrap_counts(accuracy, table, seed=1).estimate
    rows = bootstrap(mean, np.repeat([1.0, 0.0], [43, 7]), seed=2).estimate
    assert counted.low == pytest.approx(rows.low, abs=0.021)
    assert counted.high == pytest.approx(rows.high, abs=0.021)
    assert bootstrap_counts(accuracy, table * 10**9, resamples=50).estimate.standard_error < 1e-4


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bootstrap(mean), "at least one sample"),
        (lambda: bootstrap(mean, []), "sample 1"),
        (lambda: bootstrap(mean, [1.0, math.nan]), "finite"),
        (lambda: bootstrap(np.mean, [1.0, 2.0]), "along the last axis"),
        (lambda: bootstrap(mean, [1.0, 2.0], method="basic"), "method"),  # type: ignore[arg-type]
        (lambda: bootstrap(mean, [1.0, 2.0], resamples=1), "resamples"),
        (lambda: bootstrap(mean, [1.0, 2.0], level=95.0), "level"),
        (lambda: bootstrap(lambda a, b: a.mean(axis=-1), [1.0], [1.0, 2.0], paired=True), "one length"),
        (lambda: bootstrap_counts(lambda t: t[:, 0], [0, 0]), "one positive"),
        (lambda: bootstrap_of_share(3, 2), "successes"),
        (lambda: bootstrap_of_difference(3, 3, 5), "better"),
        (lambda: bootstrap_of_median([]), "at least one number"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
