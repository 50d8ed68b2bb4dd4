"""Base rates and mistakes: Bayes by hand, EM by its own loop, SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tearless.core import InputError
from tearless.probability.calibration.expected_mistakes import from_data, if_honest, near
from tearless.probability.calibration.prevalence import adjusted, meaning_of_a_flag, new_prevalence, new_shares


@settings(max_examples=80, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_adjusting_is_bayes_in_odds(p: float, old: float, new: float) -> None:
    """Elkan 2001, theorem 2: p' = b'(p − pb)/(b − pb + b'p − bb'), the same as odds times the ratio of odds."""
    there = adjusted([p], old, new)
    elkan = new * (p - p * old) / (old - p * old + new * p - old * new)
    assert there[0] == pytest.approx(elkan, rel=1e-9)
    assert adjusted(there, new, old)[0] == pytest.approx(p, rel=1e-9)
    many = adjusted([[1 - p, p]], [1 - old, old], [1 - new, new])
    assert many[0, 1] == pytest.approx(there[0], rel=1e-12)


def test_adjusting_at_the_edges() -> None:
    assert adjusted([0.0, 1.0, 0.5], 0.5, 0.0).tolist() == [0.0, 1.0, 0.0]
    for old, new in ((0.0, 0.5), (0.5, 1.5), ([0.5, 0.5], [0.2, 0.2])):
        with pytest.raises(InputError):
            adjusted([0.5], old, new)
    with pytest.raises(InputError, match="new"):
        adjusted([[0.5, 0.25, 0.25]], [1 / 3] * 3, [0.5, 0.5])


def shifted(n: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a mixture with normal scores, and the right probabilities at even shares."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < share
    x = rng.normal(1.5 * y, 1)
    return y, 1 / (1 + np.exp(-(1.5 * x - 1.125)))


def test_the_new_share_is_where_saerens_em_ends() -> None:
    _, p = shifted(400, 0.15, 0)
    x = 0.5
    for _ in range(5_000):
        x = adjusted(p, 0.5, x).mean()
    found = new_prevalence(p, 0.5)
    assert found.value == pytest.approx(x, abs=1e-7)
    many = new_shares(np.column_stack([1 - p, p]), [0.5, 0.5])
    assert many[1].value == pytest.approx(x, abs=1e-6)
    assert (many[1].low, many[1].high) == pytest.approx((found.low, found.high), abs=1e-5)
    logs = [np.log(s * p / 0.5 + (1 - s) * (1 - p) / 0.5).sum() for s in (found.value, found.low, found.high)]
    assert 2 * (logs[0] - logs[1]) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)
    assert 2 * (logs[0] - logs[2]) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)


def test_the_new_share_of_known_rows_is_their_count() -> None:
    found = new_prevalence([1.0] * 3 + [0.0] * 7, 0.5)
    assert found.value == pytest.approx(0.3, abs=1e-9)
    assert 0.08 < found.low < 0.1
    assert 0.59 < found.high < 0.62
    big = new_prevalence(np.repeat([1.0, 0.0, 0.5], [3_000, 7_000, 5_000]), 0.5)
    assert big.value == pytest.approx(0.3, abs=1e-9)


@pytest.mark.parametrize("p", [[0.5] * 3, [1.0], [0.0] * 9, [0.7], [0.5]])
def test_degenerate_forecasts_leave_a_range(p: list[float]) -> None:
    found = new_prevalence(p, 0.5)
    assert found.low < found.high
    assert found.low <= found.value <= found.high
    assert found.holds(0.5) == (len(p) < 9)
    for f in new_shares([[1.0, 0.0, 0.0]], [1 / 3] * 3):
        assert f.low < f.high


def test_what_a_flag_means_at_another_prevalence() -> None:
    y = np.r_[np.ones(100), np.zeros(200)]
    p = np.r_[np.full(95, 0.9), np.full(5, 0.1), np.full(190, 0.1), np.full(10, 0.9)]
    flag = meaning_of_a_flag(y, p, 0.5, 0.01)
    assert flag.result.if_positive == pytest.approx(0.95 * 0.01 / (0.95 * 0.01 + 0.05 * 0.99))
    assert flag.if_positive is not None
    assert flag.if_negative is not None
    assert flag.if_positive.low < flag.result.if_positive < flag.if_positive.high
    assert flag.if_negative.holds(flag.result.if_negative)
    nobody = meaning_of_a_flag([1, 1, 0], [0.5] * 3, 0.9, 0.1)
    assert nobody.if_positive is None
    assert nobody.if_negative is not None
    assert (nobody.result.if_positive, nobody.result.if_negative) == pytest.approx((0.1, 0.1))
    everybody = meaning_of_a_flag([1, 1, 0], [0.5] * 3, 0.1, 0.1)
    assert (everybody.if_negative, everybody.result.if_negative) == (None, 0.1)
    with pytest.raises(InputError, match="both outcomes"):
        meaning_of_a_flag([1, 1], [0.5, 0.5], 0.5, 0.1)


def test_five_hundred_of_ten_thousand() -> None:
    """0.95 said of 10,000: the binomial's middle 95 % if it is honest; what the data show if it is not."""
    told = if_honest(np.full(10_000, 0.95))
    assert told.expected == pytest.approx(500)
    assert (told.low, told.high) == tuple(stats.binom(10_000, 0.05).ppf([0.025, 0.975]))
    y = np.r_[np.ones(160), np.zeros(40)]
    seen = from_data(y, np.full(200, 0.95), 0.95, 10_000)
    law = stats.betabinom(10_000, 40.5, 160.5)
    assert seen.expected == pytest.approx(law.mean())
    assert law.cdf(seen.high) - law.cdf(seen.low - 1) >= 0.95 - 1e-9
    assert seen.low > 500


def test_the_rows_nearest_to_what_is_asked() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(3_000)
    y = rng.random(3_000) < p
    told = near(y, p, 0.9)
    assert told.count == 200
    assert 0.85 < told.left < 0.9 < told.right < 0.95
    assert told.came.holds(0.9)
    assert near([1], [0.2], 0.9).came.low < near([1], [0.2], 0.9).came.high
    for at, cases in ((1.5, 10), (0.5, 0)):
        with pytest.raises(InputError):
            from_data(y, p, at, cases)
    assert from_data([1], [1.0], 1.0, 10).high > 0  # one row right proves little
