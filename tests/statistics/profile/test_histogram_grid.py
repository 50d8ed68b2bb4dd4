"""A histogram is a function of the values alone: no cut and no order of merging changes it, and no cell loses one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.statistics.profile.histogram import COARSEST, MOST_CELLS, Histogram, keys_of, numbers_of

finite = st.floats(allow_nan=False, allow_infinity=False)
some = st.one_of(finite, st.floats(-3, 3).map(lambda v: round(v, 2)), st.sampled_from([0.0, -0.0, 1e300, 5e-324, 0.1]))
values = st.lists(some, max_size=60).map(lambda x: np.array(x, dtype=np.float64))


def brute(x: np.ndarray, most: int) -> tuple[int, list[int], list[int]]:
    """Level by level, with sets: the definition."""
    keys = [int(k) for k in keys_of(x)]
    level = next(n for n in range(64) if len({k >> n for k in keys}) <= most)
    cells = sorted({k >> level for k in keys})
    return level, cells, [sum(k >> level == c for k in keys) for c in cells]


def parts_of(histogram: Histogram) -> tuple[int, list[int], list[int]]:
    return histogram.level, histogram.cells.tolist(), histogram.counts.tolist()


def merged(pieces: list[Histogram], rng: np.random.Generator) -> Histogram:
    """The pieces as one, two drawn at random at a time."""
    pieces = list(pieces)
    while len(pieces) > 1:
        i, j = (int(k) for k in rng.permutation(len(pieces))[:2])
        both = pieces[i].merge(pieces[j])
        pieces = [one for k, one in enumerate(pieces) if k not in (i, j)] + [both]
    return pieces[0]


@given(values, st.integers(2, 12))
def test_the_level_is_the_finest_that_fits(x: np.ndarray, most: int) -> None:
    assert parts_of(Histogram.of(x, most)) == brute(x, most)


@given(values, st.integers(2, 12), st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_no_cut_and_no_merge_tree_changes_it(x: np.ndarray, most: int, seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = np.split(rng.permutation(x), np.sort(rng.integers(0, len(x) + 1, parts - 1)))
    together = merged([Histogram.of(piece, most) for piece in pieces], rng)
    assert parts_of(together) == parts_of(Histogram.of(x, most))
    assert together.total == len(x)


def laws() -> dict[str, np.ndarray]:
    rng, n = np.random.default_rng(0), 20_000
    few = rng.normal(size=1_500)
    return {
        "normal": rng.normal(size=n),
        "cauchy": rng.standard_cauchy(n),
        "whole": rng.integers(-9, 9, n).astype(np.float64),
        "many whole": rng.integers(0, 9_000, n).astype(np.float64),
        "constant": np.full(n, 0.1),
        "cents": rng.integers(0, 3_000, n) / 100,
        "many cents": np.round(rng.lognormal(3, 1, n), 2),
        "ends": np.r_[rng.normal(100, 1, n - 2), -1e300, 1e300],
        "times": 1.7e9 + rng.uniform(0, 1e5, n),
        "clusters": rng.choice(few, n) * (1 + rng.integers(0, 9, n) * 2.0**-51),
        "tiny and huge": np.exp(rng.uniform(-700, 700, n)) * rng.choice([-1, 1], n),
        "zeros": np.r_[np.zeros(n - 4), -0.0, 1e-300, 5e-324, -5e-324],
    }


@pytest.mark.parametrize("law", laws())
def test_many_values_are_counted_as_few_are(law: str) -> None:
    x = laws()[law]
    whole = Histogram.of(x)
    keys, counts = np.unique(keys_of(x), return_counts=True)
    level = next(n for n in range(64) if len(np.unique(keys >> n)) <= MOST_CELLS)
    cells, at = np.unique(keys >> level, return_inverse=True)
    assert (whole.level, whole.cells.tolist()) == (level, cells.tolist())
    assert whole.counts.tolist() == np.bincount(at, weights=counts).astype(int).tolist()
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.integers(0, len(x), 5))
    assert parts_of(merged([Histogram.of(one) for one in np.split(x, cuts)], rng)) == parts_of(whole)


@given(values.filter(len), st.integers(0, COARSEST))
def test_each_value_lies_between_the_edges_of_its_cell(x: np.ndarray, level: int) -> None:
    histogram = Histogram.of(x).coarser(level)
    low, high = histogram.edges()
    assert np.all(low <= high)
    assert np.all(high[:-1] < low[1:])
    assert [int(np.sum((x >= a) & (x <= b))) for a, b in zip(low, high, strict=True)] == histogram.counts.tolist()


@given(values)
def test_keys_order_as_numbers_do_and_lead_back_to_them(x: np.ndarray) -> None:
    keys = keys_of(x)
    assert np.array_equal(numbers_of(keys), x)
    assert np.array_equal(x[np.argsort(keys)], np.sort(x))


def test_minus_zero_is_zero() -> None:
    assert parts_of(Histogram.of(np.array([-0.0, 0.0]))) == (0, [0], [2])


def test_a_finer_level_than_its_own_is_refused() -> None:
    coarse = Histogram.of(np.array([1.0, 3.0])).coarser(60)
    with pytest.raises(ValueError, match="expected a level from 60 to 63, got 59"):
        coarse.coarser(59)


@settings(max_examples=30)
@given(values, st.integers(2, 9))
def test_fewer_cells_hold_the_same_values(x: np.ndarray, most: int) -> None:
    histogram = Histogram.of(x)
    fewer = histogram.within(most)
    assert len(fewer.cells) <= most
    assert parts_of(fewer) == brute(x, most)
