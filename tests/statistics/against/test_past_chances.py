"""The chances of a change are upper bounds, whatever the distribution, and hold for all comparisons and looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tearless.statistics.against.chances import Sizes, corrected, of_counts, of_gap, of_shares, of_step
from tearless.statistics.against.gaps import largest_gap, moved
from tearless.statistics.against.nights import EFFECTS, Series, posterior
from tearless.statistics.profile.categories import Categories
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.two_sample import largest_gap as exact_gap

QUIET = np.eye(len(EFFECTS))[0]


def sizes(n: float, m: float) -> Sizes:
    return Sizes(n, m, 1.0, QUIET)


@pytest.mark.parametrize(("n", "m", "k"), [(12, 9, 8), (40, 400, 31), (5_000, 70_000, 240)])
def test_the_chance_of_a_count_is_at_least_that_of_both_tails(n: int, m: int, k: int) -> None:
    x = np.arange(max(0, k - m), min(k, n) + 1)
    law = stats.hypergeom(n + m, k, n)
    found = of_counts(x, k - x, sizes(n, m))
    exact = np.minimum(1.0, 2 * np.minimum(law.sf(x - 1), law.cdf(x)))
    assert (found >= exact * (1 - 1e-9)).all()
    far = exact < 1e-3
    assert (found[far] <= 1.5 * exact[far]).all()


def test_a_gap_between_cells_is_at_most_that_of_the_values_and_equal_to_it_for_few_values() -> None:
    rng = np.random.default_rng(0)
    for law in (rng.normal, rng.standard_cauchy, rng.lognormal):
        a, b = law(size=3_000), 1.1 * law(size=2_000)
        coarse = largest_gap(Histogram.of(a).within(100), Histogram.of(b).within(500)).distance
        whole = exact_gap(a, b).distance
        assert whole - 0.03 < coarse <= whole + 1e-12
    a, b = (rng.poisson(4, n).astype(float) for n in (500, 700))
    assert largest_gap(Histogram.of(a), Histogram.of(b)).distance == exact_gap(a, b).distance


def test_the_chance_of_shares_is_no_oftener_small_than_it_says() -> None:
    rng = np.random.default_rng(1)
    for shares in ([0.5, 0.5], [0.02] * 50, [0.9, 0.09, 0.01]):
        pairs = rng.multinomial(300, shares, size=(2_000, 2))
        chances = [of_shares(np.abs(a - b).sum() / 600, (a + b) / 600, sizes(300, 300)) for a, b in pairs]
        assert (np.array(chances) <= 0.05).mean() <= 0.05


def test_a_step_of_the_mean_is_no_oftener_certain_than_it_says_where_tails_are_heavy() -> None:
    rng = np.random.default_rng(2)
    for law in (rng.standard_normal, lambda size: rng.lognormal(0, 2, size), lambda size: rng.pareto(1.2, size)):
        a, b = law(size=(2_000, 200)), law(size=(2_000, 200))
        unit = np.sqrt((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 2)
        heavy = np.maximum(stats.kurtosis(a, axis=1), stats.kurtosis(b, axis=1))
        steps = (a.mean(axis=1) - b.mean(axis=1)) / unit
        chances = [of_step(step, sizes(200, 200), max(0.0, k)) for step, k in zip(steps, heavy, strict=True)]
        assert (np.array(chances) <= 0.01).mean() <= 0.015


def test_what_the_past_lost_sight_of_is_taken_at_its_nearest_to_now() -> None:
    now = Categories({"a": 900, "b": 60, "c": 40}, 0, 0)
    assert moved(now, Categories({"a": 900}, 100, 60)).distance == pytest.approx(0.0, abs=1e-12)
    assert moved(now, Categories({"a": 800}, 200, 60)).distance == pytest.approx(0.03)


def test_all_looks_of_a_growing_history_together_cost_twice_the_limit() -> None:
    charged = [corrected([1e-9], looks)[0] / 1e-9 for looks in range(1, 2_000)]
    assert sum(1 / one for one in charged) == pytest.approx(2.0, abs=2e-3)
    assert charged[0] == pytest.approx(1.0)


def test_a_history_that_grows_alarms_falsely_no_oftener_than_it_says() -> None:
    rng = np.random.default_rng(3)
    ever, histories, limit = 0, 150, 0.2
    for _ in range(histories):
        past = Histogram.of(rng.normal(size=100))
        for look in range(1, 15):
            now = Histogram.of(rng.normal(size=100))
            chance = of_gap(largest_gap(past, now).distance, sizes(100, 100 * look))
            if corrected([chance], look)[0] <= limit:
                ever += 1
                break
            past = past.merge(now)
    assert ever <= stats.binom.ppf(0.999, histories, 2 * limit)


def days(rng: np.random.Generator, effect: float, count: int) -> Series:
    return Series(rng.normal(0, np.sqrt(1 / 5_000 + effect), count), np.full(count, 5_000.0), 1.0)


@pytest.mark.parametrize("count", [2, 3, 7, 30])
def test_nights_that_are_alike_are_taken_for_alike_nearly_always(count: int) -> None:
    rng = np.random.default_rng(4)
    quiet = [bool((posterior([days(rng, 0.0, count) for _ in range(50)])[:, 0] == 1).all()) for _ in range(100)]
    assert sum(quiet) >= 94


@pytest.mark.parametrize("count", [5, 14])
def test_a_few_columns_whose_nights_differ_are_told_from_the_others(count: int) -> None:
    rng = np.random.default_rng(5)
    found = posterior([days(rng, 0.04 if i < 4 else 0.0, count) for i in range(50)]) @ EFFECTS
    assert (found[:4] > 0.004).all()
    assert (found[4:] < 0.001).all()


def test_one_day_tells_nothing_of_how_nights_differ() -> None:
    assert (posterior([days(np.random.default_rng(6), 1.0, 1)])[:, 0] == 1).all()


def test_an_honest_night_is_no_oftener_certain_than_it_says() -> None:
    rng = np.random.default_rng(7)
    alarms = nights = 0
    for _ in range(60):
        columns = [days(rng, 0.03, 7) for _ in range(20)]
        likely = posterior([Series(one.means[:6], one.rows[:6], 1.0) for one in columns])
        for one, weights in zip(columns, likely, strict=True):
            step = one.means[6] - one.means[:6].mean()
            alarms += of_step(step, Sizes(5_000, 30_000, 1 / 6, weights), 0.0) <= 0.01
            nights += 1
    assert alarms <= stats.binom.ppf(0.999, nights, 0.02)
