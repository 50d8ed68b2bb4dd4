"""Sharpness against statsmodels' logistic regression and SciPy's search; its chance by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit

from tearless.core import InputError
from tearless.probability.calibration.sharpness import sharpness


def test_the_factor_is_the_slope_of_a_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=400)
    y = rng.random(400) < expit(z)
    found = sharpness(y, expit(2 * z + 0.5).clip(1 / 802, 801 / 802))
    z = (logit(expit(2 * z + 0.5).clip(1 / 802, 801 / 802)) - 0.5) / 2
    other = sm.Logit(y.astype(float), sm.add_constant(2 * z + 0.5)).fit(disp=0)
    assert found.factor.value == pytest.approx(other.params[1], rel=1e-8)
    assert (found.factor.low, found.factor.high) == pytest.approx(tuple(other.conf_int()[1]), rel=1e-6)
    shifted = sm.GLM(y.astype(float), np.ones(400), sm.families.Binomial(), offset=2 * z + 0.5).fit()
    assert found.test.statistic == pytest.approx(2 * (other.llf - shifted.llf), rel=1e-8)


def test_the_factor_of_many_classes_is_the_least_log_loss() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 2, 3], 300) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    y = rng.integers(0, 3, 300)

    def loss(w: float) -> float:
        return float(-log_softmax(w * np.log(p), axis=1)[np.arange(300), y].sum())

    found = sharpness(y, p)
    best = minimize_scalar(loss, bounds=(0, 5), method="bounded", options={"xatol": 1e-10})
    assert found.factor.value == pytest.approx(best.x, abs=1e-5)
    assert found.test.statistic == pytest.approx(2 * (loss(1.0) - best.fun), rel=1e-6)


@pytest.mark.parametrize("n", [40, 200])
def test_the_chance_is_one(n: int) -> None:
    """Honest probabilities are rejected at 5 % in at most 5 % of 600 draws, within 3.5 standard errors of them."""
    rng = np.random.default_rng(n)
    p = expit(1.5 * rng.normal(size=(600, n)))
    y = rng.random((600, n)) < p
    rejected = np.mean([sharpness(a, b).test.p <= 0.05 for a, b in zip(y, p, strict=True) if 0 < a.sum() < n])
    assert rejected <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 600)


def test_two_columns_are_one_probability() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(100)
    y = (rng.random(100) < p).astype(int)
    assert sharpness(y, np.column_stack([1 - p, p])) == sharpness(y, p)


def test_one_impossible_row_does_not_decide_alone() -> None:
    p = np.concatenate([expit(logit(np.linspace(0.05, 0.95, 99))), [0.0]])
    y = np.concatenate([np.arange(99) % 10 < np.linspace(0, 10, 99), [1.0]])
    assert sharpness(y, p).factor.value > 0.3


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [([1, 1], [0.2, 0.4], "expected both outcomes"), ([1, 0], [0.5, 0.5], "two or more different"),
     ([0, 1, 2], np.full((3, 3), 1 / 3), "two or more different")],
)  # fmt: skip
def test_no_slope(y: list[int], p: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        sharpness(y, p)


def test_told_apart_is_under_confident_without_an_end() -> None:
    found = sharpness([0] * 20 + [1] * 20, [0.4] * 20 + [0.6] * 20)
    assert found.factor.value > 2
    assert np.isinf(found.factor.high)
    assert found.test.p < 1e-4
