"""Seeds and items: the parts of the variance, the difference of two models, plans, and runs alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import scipy.stats as sps
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from tearless.core import InputError
from tearless.statistics.comparison.seed_scores import seed_scores
from tearless.statistics.comparison.seeds import SeedsAndItems, cheapest_plan, seeds_and_items, variance_components

SHAPE = st.tuples(st.integers(2, 5), st.integers(2, 8))
TABLE = SHAPE.flatmap(lambda s: arrays(np.int64, s, elements=st.integers(0, 9)))
PAIR = SHAPE.flatmap(lambda s: st.tuples(*[arrays(np.int64, s, elements=st.integers(0, 9))] * 2))


def squares(y: np.ndarray) -> tuple[Fraction, Fraction, Fraction]:
    """Mean squares of the two-way table in exact fractions, by the sums of squares about means."""
    s, i = y.shape
    cells = [[Fraction(int(v)) for v in row] for row in y]
    mean = sum(map(sum, cells)) / (s * i)
    rows = [sum(row) / i for row in cells]
    columns = [sum(row[j] for row in cells) / s for j in range(i)]
    rest = sum((cells[r][c] - rows[r] - columns[c] + mean) ** 2 for r, c in product(range(s), range(i)))
    return (
        i * sum((r - mean) ** 2 for r in rows) / (s - 1),
        s * sum((c - mean) ** 2 for c in columns) / (i - 1),
        rest / ((s - 1) * (i - 1)),
    )


@given(TABLE)
def test_components_are_the_moments_in_fractions(y: np.ndarray) -> None:
    s, i = y.shape
    of_seeds, of_items, rest = squares(y)
    found = variance_components(y)
    expected = [float(v) for v in ((of_seeds - rest) / i, (of_items - rest) / s, rest)]
    assert found.moments == pytest.approx(expected, abs=1e-10)
    assert (found.seed, found.item, found.seed_item) == pytest.approx([max(0.0, v) for v in expected], abs=1e-10)


def test_mean_squares_are_those_of_statsmodels() -> None:
    y = np.random.default_rng(1).normal(size=(4, 7)) + np.arange(4)[:, None]
    seed, item = np.meshgrid(range(4), range(7), indexing="ij")
    frame = pd.DataFrame({"y": y.ravel(), "seed": seed.ravel(), "item": item.ravel()})
    table = anova_lm(ols("y ~ C(seed) + C(item)", frame).fit())
    of_seeds, of_items, rest = table["mean_sq"]
    assert variance_components(y).moments == pytest.approx(((of_seeds - rest) / 7, (of_items - rest) / 4, rest))


def test_the_moments_are_unbiased_over_all_draws_from_a_small_world() -> None:
    """Seeds and items drawn, with putting back, from 2 × 3 cells: the mean of the moments is the truth, exactly.

    Every (seed, item) of the world has its own fixed score, so that what is particular to a cell is drawn with its seed
    and item: the parts of the world's variance, row, column and rest, each over its full population.
    """
    world = np.array([[0.0, 1.0, 5.0], [2.0, 2.0, 9.0]])
    rows, columns = world.mean(axis=1), world.mean(axis=0)
    rest = world - rows[:, None] - columns + world.mean()
    truth = (rows.var(), columns.var(), (rest**2).mean())
    draws = [
        variance_components(world[np.ix_(s, i)]).moments
        for s, i in product(product(range(2), repeat=2), product(range(3), repeat=3))
    ]
    assert np.mean(draws, axis=0) == pytest.approx(truth, abs=1e-12)


@given(PAIR)
def test_the_standard_error_is_the_mean_squares_formula(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """Var = Σ (M_s − M_e)/(S·I) over models where that is above 0, and the spread of the items' differences over I."""
    a, b = pair
    s, i = a.shape
    own = [squares(t) for t in pair]
    apart = [Fraction(int(v), s) for v in (b.sum(axis=0) - a.sum(axis=0))]
    mean = sum(apart) / i
    between = sum((d - mean) ** 2 for d in apart) / (i - 1)
    variance = between / i + sum(max(Fraction(0), m[0] - m[2]) / (s * i) for m in own)
    assume(variance > 0)
    found = seeds_and_items(a, b)
    assert found.difference.estimate.value == pytest.approx(float(mean), abs=1e-12)
    assert found.difference.estimate.standard_error == pytest.approx(float(variance) ** 0.5, rel=1e-9)
    assert found.difference.sure == (not found.difference.estimate.low <= 0 <= found.difference.estimate.high)
    other = seeds_and_items(b, a).difference
    assert other.p == pytest.approx(found.difference.p)
    assert other.estimate.high == pytest.approx(-found.difference.estimate.low, rel=1e-9, abs=1e-9)
    assert found.freedom >= 1
    if all(m[0] > m[2] for m in own) and between > sum(m[2] for m in own) / s:
        assert found.standard_error(s, i) == pytest.approx(found.difference.estimate.standard_error, rel=1e-9)


@given(PAIR)
def test_shared_seeds_are_the_two_way_analysis_of_the_differences(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    s, i = a.shape
    of_seeds, of_items, rest = squares(b - a)
    variance = (of_items + max(Fraction(0), of_seeds - rest)) / (s * i)
    assume(variance > 0)
    found = seeds_and_items(a, b, same_seeds=True)
    assert found.difference.estimate.standard_error == pytest.approx(float(variance) ** 0.5, rel=1e-9)


def test_without_seed_luck_it_is_the_paired_t_of_the_items() -> None:
    """Runs that all agree: the seeds add nothing, and the test is the paired t over items."""
    a, b = np.random.default_rng(2).normal(size=(2, 12))
    found = seeds_and_items(np.tile(a, (3, 1)), np.tile(b, (4, 1)))
    assert found.difference.p == pytest.approx(sps.ttest_rel(b, a).pvalue)
    assert found.freedom == pytest.approx(11)
    assert found.seeds == (3, 4)
    assert found.seed == pytest.approx(0, abs=1e-12)


def planted(seed: float, item: float, rest: float) -> SeedsAndItems:
    alone = variance_components([[0.0, 1.0], [1.0, 0.0]])
    difference = seeds_and_items([[0, 1], [1, 1]], [[1, 1], [1, 0]]).difference
    return SeedsAndItems(difference, seed, item, rest, 3.0, (2, 2), 2, alone, alone)


@pytest.mark.parametrize("parts", [(0.04, 0.5, 0.3), (0.0, 0.5, 0.3), (0.3, 0.0, 2.0), (0.01, 1.0, 0.0)])
@pytest.mark.parametrize("costs", [(10.0, 0.1, 0.0), (1.0, 0.0, 0.01), (0.0, 1.0, 0.5), (50.0, 0.0, 0.0)])
def test_the_plan_is_the_cheapest_of_all(parts: tuple[float, float, float], costs: tuple[float, float, float]) -> None:
    found, target = planted(*parts), 0.2
    plan = cheapest_plan(found, target, seed_cost=costs[0], item_cost=costs[1], run_cost=costs[2], most_items=300)
    seeds, items = np.meshgrid(np.arange(2, 200), np.arange(2, 301), indexing="ij")
    enough = parts[0] / seeds + parts[1] / items + parts[2] / (seeds * items) <= target**2 * (1 + 1e-12)
    cost = np.where(enough, costs[0] * seeds + costs[1] * items + costs[2] * seeds * items, np.inf)
    assert plan.cost == pytest.approx(cost.min())
    assert plan.standard_error <= target * (1 + 1e-9)


def test_a_target_out_of_reach_is_refused_with_what_can_be_reached() -> None:
    with pytest.raises(InputError, match=r"at least 0\.1\d* with 50 items"):
        cheapest_plan(planted(0.01, 1.0, 0.3), 0.05, most_items=50)
    assert cheapest_plan(planted(0.01, 1.0, 0.3), 0.05, most_items=10_000).items >= 400


def test_tables_that_cannot_be_judged_are_refused() -> None:
    good = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    with pytest.raises(InputError, match="1 items lack one"):
        seeds_and_items(good, [[1.0, np.nan, 0.0], [1.0, 1.0, 0.0]])
    with pytest.raises(InputError, match="at least 2 seeds by 2 items"):
        seeds_and_items(good[:1], good[:1])
    with pytest.raises(InputError, match="the same items"):
        seeds_and_items(good, good[:, :2])
    with pytest.raises(InputError, match="seeds and items"):
        seeds_and_items(good, np.vstack([good, good]), same_seeds=True)
    with pytest.raises(InputError, match="item by item"):
        seeds_and_items(np.zeros((2, 3)), np.ones((2, 3)))
    same = seeds_and_items(np.ones((2, 3)), np.ones((3, 3))).difference
    assert (same.p, same.estimate.low, same.estimate.high) == (1.0, -np.inf, np.inf)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.lists(st.integers(0, 40), min_size=2, max_size=6))
def test_runs_alone_are_welch_and_the_exact_permutation_test(a: list[int], b: list[int]) -> None:
    x, y = np.array(a) / 40, np.array(b) / 40
    assume(np.ptp(x) > 0 or np.ptp(y) > 0)
    found = seed_scores(x, y)
    if np.ptp(x) > 0 and np.ptp(y) > 0:
        assert found.difference.p == pytest.approx(sps.ttest_ind(y, x, equal_var=False).pvalue, rel=1e-6)
    pooled, k = a + b, len(a)
    far = [abs(len(pooled) * sum(dealt) - k * sum(pooled)) for dealt in combinations(pooled, k)]
    seen = abs(len(pooled) * sum(a) - k * sum(pooled))
    assert found.permutation_p == pytest.approx(sum(f >= seen for f in far) / len(far), rel=1e-12)
    assert found.smallest_p <= found.permutation_p + 1e-12
    assert found.p_error == 0
    other = seed_scores(y, x)
    assert (other.permutation_p, other.difference.p) == pytest.approx((found.permutation_p, found.difference.p))


def test_many_runs_are_drawn_and_say_their_error() -> None:
    x, y = np.random.default_rng(3).normal(size=(2, 15)) + np.array([[0.0], [0.9]])
    found = seed_scores(x, y, resamples=20_000)
    again = sps.permutation_test((x, y), lambda u, v: abs(u.mean() - v.mean()), n_resamples=4000, rng=1)
    assert 0 < found.p_error < 0.002
    assert found.permutation_p == pytest.approx(again.pvalue / 1, abs=0.02)
    assert found.permutation_p >= 1 / 20_001


def test_runs_that_say_nothing() -> None:
    with pytest.raises(InputError, match="at least 2 runs"):
        seed_scores([0.9], [0.8, 0.7])
    with pytest.raises(InputError, match="item by item"):
        seed_scores([0.9, 0.9], [0.8, 0.8])
    assert seed_scores([0.9, 0.9], [0.9, 0.9, 0.9]).difference.p == 1
    assert seed_scores([0.9, 0.9], [0.9, 0.9, 0.9]).permutation_p == 1
    assert 0 < seed_scores([0.9, 0.9], [0.8, 0.7]).difference.p < 1


@pytest.mark.parametrize("size", [2.0**-480, 2.0**-30, 2.0**495])
def test_scores_of_any_size_are_judged_as_their_ratios_are(size: float) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(3, 12)), rng.normal(size=(4, 12)) + 0.3
    one, other = seeds_and_items(a, b), seeds_and_items(a * size, b * size)
    assert other.difference.p == one.difference.p
    assert other.freedom == one.freedom
    assert other.difference.estimate.high == one.difference.estimate.high * size
    assert other.seed_item == one.seed_item * size**2
    assert variance_components(a * size).item == variance_components(a).item * size**2
    with pytest.raises(InputError, match="within"):
        seeds_and_items(a * 1e151, b)
