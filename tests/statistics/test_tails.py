"""The ends of a column are kept exactly; a few values stand apart only when the tail below does not explain them."""

from __future__ import annotations

import itertools
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.readers.source import Batch
from tearless.statistics.facts import TAIL_KEPT, Tails
from tearless.statistics.tails import _spread_ties, apart, largest, largest_of_rows

cells = st.one_of(st.floats(-5, 5).map(lambda v: round(v, 1)), st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))


def brute(x: np.ndarray, k: int) -> list[int]:
    finite = [i for i in range(len(x)) if np.isfinite(x[i])]
    return sorted(finite, key=lambda i: (-x[i], i))[:k]


@given(st.lists(cells, max_size=80), st.integers(1, 20))
def test_largest_is_a_stable_sort(x: list[float], k: int) -> None:
    values = np.array(x, dtype=np.float64)
    assert largest(values, k).tolist() == brute(values, k)


@given(st.lists(st.lists(cells, min_size=12, max_size=12), min_size=1, max_size=6), st.integers(1, 14))
def test_the_largest_of_many_rows_are_those_of_each(rows: list[list[float]], k: int) -> None:
    block = np.array(rows, dtype=np.float64)
    expected = [brute(row, k) + [-1] * (k - len(brute(row, k))) for row in block]
    assert largest_of_rows(block, k).tolist() == expected


@pytest.mark.parametrize("kind", ["normal", "ties", "sorted", "spike of inf", "constant", "periodic"])
def test_largest_is_exact_where_it_guesses_a_threshold(kind: str) -> None:
    rng = np.random.default_rng(3)
    n = 40_000
    x = {
        "normal": rng.normal(size=n),
        "ties": rng.integers(0, 3, n).astype(float),
        "sorted": np.arange(n, dtype=float),
        "spike of inf": np.where(rng.random(n) < 0.3, np.inf, rng.normal(size=n)),
        "constant": np.ones(n),
        "periodic": np.where(np.arange(n) % 64 == 0, 1e9, rng.normal(size=n)),
    }[kind]
    assert largest(x, 64).tolist() == brute(x, 64)


@settings(deadline=None)
@given(st.lists(cells, max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_tails_do_not_depend_on_the_cuts(x: list[float], cuts: list[int]) -> None:
    frame = pl.DataFrame({"x": pl.Series(x, dtype=pl.Float64), "i": pl.Series(range(len(x)), dtype=pl.Int64)})
    whole = Tails.of(Batch(frame))
    edges = [0, *sorted(c for c in cuts if c <= len(x)), len(x)]
    parts = [Tails.of(Batch(frame[a:b], a)) for a, b in itertools.pairwise(edges)]
    merged = Tails.of(Batch(frame[:0]))
    for part in parts:
        merged = merged.merge(part)
    for name in ("high", "high_rows", "low", "low_rows"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))


def test_tails_of_a_wide_batch_are_quick() -> None:
    rng = np.random.default_rng(0)
    batch = Batch(pl.DataFrame({f"x{i}": rng.normal(size=73_000) for i in range(41)}))
    Tails.of(batch)
    began = time.process_time()
    tails = Tails.of(batch)
    assert time.process_time() - began < 0.2
    assert tails.high.shape == (41, TAIL_KEPT)


def distances(x: np.ndarray) -> np.ndarray:
    d = np.sort(x - np.median(x))[::-1]
    return d[d > 0][:2_049]


HEALTHY = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "Student t3": lambda rng, n: rng.standard_t(3, n),
    "Laplace": lambda rng, n: rng.laplace(size=n),
    "Pareto 1.5": lambda rng, n: rng.pareto(1.5, n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "counts": lambda rng, n: rng.poisson(3, n).astype(float),
    "integers": lambda rng, n: rng.integers(0, 100, n).astype(float),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_the_chance_is_no_smaller_than_it_should_be_on_smooth_tails(kind: str) -> None:
    rng = np.random.default_rng(11)
    p = np.array([apart(distances(HEALTHY[kind](rng, n)), n).p for n in (30, 120, 600) for _ in range(60)])
    assert (p <= 0.05).mean() <= 0.05
    assert (p <= 0.01).mean() <= 0.02
    assert p.min() > 1e-4


def test_gross_errors_are_found_alone_and_in_company() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=2_000)
        x[:1] = 12
        assert apart(distances(x), 2_000).p < 1e-3
        x[:3] = 9, 9, 9
        got = apart(distances(x), 2_000)
        assert (got.count, got.p < 1e-3) == (3, True)


def test_a_tie_is_laid_out_evenly_and_keeps_its_order() -> None:
    values = np.array([5.0, 3.0, 3.0, 3.0, 3.0, 1.0])
    assert _spread_ties(values).tolist() == [5.0, 3.75, 3.25, 2.75, 2.25, 1.0]


def test_largest_refuses_a_table() -> None:
    with pytest.raises(InputError, match="ravel x first"):
        largest(np.zeros((2, 2)), 1)
