"""Looking more than once: the published tables, and the same chances by other routes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.statistics.comparison.peeking import crossing_chances, peeking_cost, planned_bounds, spent_bounds


# P. Armitage, C. K. McPherson, B. C. Rowe (1969), as in C. Jennison, B. W. Turnbull, *Group Sequential Methods with
# Applications to Clinical Trials* (2000), table 2.1's companion of repeated 5 % tests.
@pytest.mark.parametrize(
    ("looks", "error"),
    [(1, 0.050), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320), (100, 0.374)],
)
def test_repeated_tests_at_five_percent(looks: int, error: float) -> None:
    assert round(peeking_cost(looks).error, 3) == error


# The constants of Pocock and of O'Brien and Fleming, two-sided, by number of looks (Jennison and Turnbull, 2000, tables
# 2.1 and 2.3).
LOOKS = (2, 3, 4, 5, 10)
CONSTANTS = {
    ("pocock", 0.90): (1.875, 1.992, 2.067, 2.122, 2.270),
    ("pocock", 0.95): (2.178, 2.289, 2.361, 2.413, 2.555),
    ("pocock", 0.99): (2.772, 2.873, 2.939, 2.986, 3.117),
    ("obrien-fleming", 0.90): (1.678, 1.710, 1.733, 1.751, 1.801),
    ("obrien-fleming", 0.95): (1.977, 2.004, 2.024, 2.040, 2.087),
    ("obrien-fleming", 0.99): (2.580, 2.595, 2.609, 2.621, 2.660),
}


@pytest.mark.parametrize(("plan", "level"), CONSTANTS)
def test_published_constants(plan: str, level: float) -> None:
    found = tuple(round(float(planned_bounds(k, plan=plan, level=level)[-1]), 3) for k in LOOKS)
    assert found == CONSTANTS[plan, level]


def test_published_spending_bounds() -> None:
    """Five even looks, two-sided 5 %: the bounds of the Lan-DeMets programs (O'Brien-Fleming and Pocock type).

    D. M. Reboussin, D. L. DeMets, K. M. Kim, K. K. G. Lan, Controlled Clinical Trials 21 (2000) 190-207: three digits.
    """
    strict = spent_bounds(5, most_items=1.0)
    assert strict == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)
    even = spent_bounds(5, most_items=1.0, plan="pocock")
    assert even == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=5e-4)


@given(st.lists(st.floats(0.05, 3), min_size=2, max_size=4), st.lists(st.floats(0.5, 3), min_size=4, max_size=4))
@settings(max_examples=15, deadline=None)
def test_chances_are_those_of_the_joint_normal(steps: list[float], bounds: list[float]) -> None:
    """The box of a multivariate normal with correlations √(tᵢ/tⱼ): scipy's integration, looks unevenly spaced."""
    times = np.cumsum(steps)
    limits = np.array(bounds[: len(times)])
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    law = sps.multivariate_normal(cov=correlation, maxpts=400_000, abseps=1e-7, seed=0)
    inside = law.cdf(limits, lower_limit=-limits)
    assert crossing_chances(times, limits)[-1] == pytest.approx(1 - inside, abs=2e-5)


def test_two_looks_are_a_double_integral() -> None:
    """1 − P(|Z₁| < b₁, |Z₂| < b₂), the inner integral in closed form, the outer by fine Simpson sums."""
    (first, second), ratio = (1.7, 2.2), 0.37
    z = np.linspace(-first, first, 20_001)
    sd = np.sqrt(1 - ratio)
    inner = sps.norm.cdf((second - z * np.sqrt(ratio)) / sd) - sps.norm.cdf((-second - z * np.sqrt(ratio)) / sd)
    weights = np.ones(20_001)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    inside = (weights * inner * sps.norm.pdf(z)).sum() * (z[1] - z[0]) / 3
    assert crossing_chances([37, 100], [first, second])[-1] == pytest.approx(1 - inside, abs=1e-10)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.floats(0.8, 0.99))
@settings(max_examples=25, deadline=None)
def test_laws_of_looking(steps: list[int], level: float) -> None:
    times = np.cumsum(steps)
    found = peeking_cost(times, level=level)
    assert found.by_look[0] == pytest.approx(1 - level)
    assert (np.diff(found.by_look) > 0).all()
    assert found.error <= min(1.0, len(times) * (1 - level)) + 1e-12
    assert found.p_needed <= 1 - level + 1e-12
    assert found.p_needed >= (1 - level) / len(times) - 1e-9
    assert peeking_cost(times * 7.5, level=level).error == pytest.approx(found.error, abs=1e-9)
    for plan in ("pocock", "obrien-fleming"):
        bounds = planned_bounds(times, plan=plan, level=level)
        assert crossing_chances(times, bounds)[-1] == pytest.approx(1 - level, abs=1e-7)
        spent = spent_bounds(times, most_items=times[-1], plan=plan, level=level)
        assert crossing_chances(times, spent)[-1] == pytest.approx(1 - level, abs=1e-7)


def test_a_bound_depends_on_the_past_only() -> None:
    most = spent_bounds([10, 20, 50, 90], most_items=100)
    some = spent_bounds([10, 20], most_items=100)
    assert some == pytest.approx(most[:2], abs=1e-9)


def test_very_early_and_very_many_looks() -> None:
    assert spent_bounds([1, 1000], most_items=1000)[0] == 9.0  # nothing to spend yet
    assert peeking_cost(1000).error == pytest.approx(0.530, abs=5e-4)
    early = crossing_chances([1, 10_000_000], [1.96, 1.96])[-1]
    assert early == pytest.approx(1 - 0.95**2, abs=1e-4)


def test_looks_that_make_no_sense() -> None:
    for looks in (0, [], [2, 1], [1, 1], [0, 1], [1000, 1000.01], 1001):
        with pytest.raises(InputError, match="looks"):
            peeking_cost(looks)
    with pytest.raises(InputError, match="bounds"):
        crossing_chances(3, [2, 2])
    with pytest.raises(InputError, match="most_items"):
        spent_bounds([10, 20], most_items=15)
    with pytest.raises(InputError, match="plan"):
        planned_bounds(3, plan="haybittle")
    with pytest.raises(InputError, match="level"):
        peeking_cost(3, level=95)
