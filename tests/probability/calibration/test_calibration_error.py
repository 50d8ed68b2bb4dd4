"""Calibration error: published values, its yardstick against all outcomes and draws, smooth ECE by quadrature."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tearless.core import InputError
from tearless.probability.calibration.calibration_error import calibration_error, classwise, one_class, top_label
from tearless.probability.calibration.reliability import bin_edges, in_bins
from tearless.probability.calibration.smooth_error import smooth_error, smoothed_gap


def test_certain_forecasts_are_in_the_last_bin() -> None:
    """torchmetrics issue 3510: ([.95, 1.0], [1, 0]) has an ECE of 0.475; a phantom bin makes it 0.525."""
    assert calibration_error([1, 0], [0.95, 1.0], bins=10, by="width").value == pytest.approx(0.475, abs=1e-15)


@pytest.mark.parametrize(("norm", "value"), [("l1", 0.2900), ("l2", 0.2918), ("max", 0.3167)])
def test_torchmetrics_published_binary_values(norm: str, value: float) -> None:
    """torchmetrics, docstring of BinaryCalibrationError."""
    y, p = [0, 0, 1, 1, 1], [0.25, 0.25, 0.55, 0.75, 0.75]
    assert calibration_error(y, p, bins=2, by="width", norm=norm).value == pytest.approx(value, abs=5e-5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("norm", "value"), [("l1", 0.2000), ("l2", 0.2082), ("max", 0.2333)])
def test_torchmetrics_published_multiclass_values(norm: str, value: float) -> None:
    """torchmetrics, docstring of MulticlassCalibrationError."""
    p = [[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60], [0.90, 0.05, 0.05]]
    hit, said = top_label([0, 1, 2, 0], p)
    found = calibration_error(hit, said, bins=3, by="width", norm=norm)  # type: ignore[arg-type]
    assert found.value == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("by", ["width", "mass"])
def test_the_yardstick_is_that_of_all_outcomes(norm: str, by: str) -> None:
    rng = np.random.default_rng(4)
    p = np.round(rng.random(11), 2)
    y = (rng.random(11) < p**3).astype(float)
    said = calibration_error(y, p, bins=4, by=by, norm=norm, level=0.9)  # type: ignore[arg-type]
    errors, masses = [], []
    for outcome in itertools.product((0.0, 1.0), repeat=11):
        came = np.array(outcome)
        masses.append(np.where(came == 1, p, 1 - p).prod())
        errors.append(_plain_error(came, p, 4, by, norm))
    e, m = np.array(errors), np.array(masses)
    assert said.value == pytest.approx(_plain_error(y, p, 4, by, norm))
    assert said.if_calibrated == pytest.approx(e @ m, rel=1e-9)
    assert said.p == pytest.approx(m[e >= said.value - 1e-12].sum(), rel=1e-9)
    assert m[e <= said.usual_to + 1e-12].sum() >= 0.9 - 1e-12
    assert m[e < said.usual_to - 1e-12].sum() < 0.9


def _plain_error(y: np.ndarray, p: np.ndarray, bins: int, by: str, norm: str) -> float:
    at, count = in_bins(p, bin_edges(p, bins, by))  # type: ignore[arg-type]
    gaps = [(n / len(p), abs(y[at == i].mean() - p[at == i].mean())) for i, n in enumerate(count) if n]
    if norm == "max":
        return max(g for _, g in gaps)
    return sum(w * g for w, g in gaps) if norm == "l1" else float(np.sqrt(sum(w * g * g for w, g in gaps)))


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_the_yardstick_is_that_of_simulated_outcomes(norm: str) -> None:
    rng = np.random.default_rng(2)
    p = rng.beta(2, 3, 500)
    y = rng.random(500) < p
    said = calibration_error(y, p, norm=norm)  # type: ignore[arg-type]
    at, count = in_bins(p, bin_edges(p, 15, "mass"))
    draws = rng.random((8_000, 500)) < p
    gaps = np.stack([np.abs(draws[:, at == i].mean(axis=1) - p[at == i].mean()) for i in range(len(count))], axis=1)
    w = count / 500
    e = {"l1": gaps @ w, "l2": np.sqrt(gaps**2 @ w), "max": gaps.max(axis=1)}[norm]
    assert said.if_calibrated == pytest.approx(e.mean(), rel=0.01)
    assert said.usual_to == pytest.approx(np.quantile(e, 0.95), rel=0.03)
    assert said.p == pytest.approx((e >= said.value).mean(), abs=0.02)


def test_a_perfect_model_has_an_error_that_falls_with_the_root_of_the_rows() -> None:
    """Known to first order: Σ nᵦ/n·√(2v/(π nᵦ)), v the mean p(1 − p) of the bin."""
    p = (np.arange(10_000) + 0.5) / 10_000
    said = calibration_error(np.zeros(10_000), p, bins=10, by="width")
    middles = (np.arange(10) + 0.5) / 10
    v = middles * (1 - middles) - 1 / 1200
    assert said.if_calibrated == pytest.approx(float(np.sqrt(2 * v / np.pi / 1_000).mean()), rel=2e-3)


@pytest.mark.parametrize(("bins", "expected"), [(10, 0.0315), (15, 0.0385), (100, 0.098)])
def test_even_forecasts_at_a_thousand_rows(bins: int, expected: float) -> None:
    p = (np.arange(1_000) + 0.5) / 1_000
    found = calibration_error(np.zeros(1_000), p, bins=bins, by="width").if_calibrated
    assert found == pytest.approx(expected, rel=0.02)


def test_debiased_is_kumars_formula_and_nearly_unbiased() -> None:
    """A. Kumar, P. Liang and T. Ma 2019, definition 4.1: gap² − s(1−s)/(n−1), weighted."""
    rng = np.random.default_rng(0)
    said, truth = np.repeat([0.2, 0.5, 0.8], 100), np.repeat([0.3, 0.5, 0.7], 100)
    squares = []
    for _ in range(300):
        y = (rng.random(300) < truth).astype(float)
        share = y.reshape(3, 100).mean(axis=1)
        by_hand = np.mean((share - [0.2, 0.5, 0.8]) ** 2 - share * (1 - share) / 99)
        found = calibration_error(y, said, bins=3, by="width", norm="l2")
        assert found.debiased == pytest.approx(np.sqrt(max(0.0, by_hand)), abs=1e-12)
        squares.append(by_hand)
    assert np.mean(squares) == pytest.approx(0.02 / 3, abs=0.0005)
    l1 = calibration_error(y, said, bins=3, by="width")
    spread = np.sqrt(share * (1 - share) / 100)
    draws = np.abs(rng.normal(share, spread, (200_000, 3)) - [0.2, 0.5, 0.8]).mean()
    assert l1.debiased == pytest.approx(2 * l1.value - draws, abs=2e-4)


def test_classwise_is_each_class_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 200)
    y = np.array([rng.choice(4, p=row) for row in p])
    for k, found in enumerate(classwise(y, p)):
        assert found == calibration_error(*one_class(y, p, k))
    with pytest.raises(InputError, match="k"):
        one_class(y, p, 4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=25),
    st.sampled_from(["l1", "l2", "max"]),
)
def test_the_error_is_a_share_and_its_chance_is_one(rows: list[tuple[bool, float]], norm: str) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    e = calibration_error(y, p, bins=5, norm=norm)  # type: ignore[arg-type]
    turned = calibration_error(1 - y, 1 - p, bins=5, by="width", norm=norm)  # type: ignore[arg-type]
    assert 0 <= e.value <= 1
    assert 0 < e.p <= 1
    assert 0 <= e.if_calibrated <= 1
    assert e.debiased >= 0
    assert 0 < turned.p <= 1
    assert 0 <= smooth_error(y, p).value <= 1


@pytest.mark.parametrize(
    ("y", "p"), [([1], [1.0]), ([0], [1.0]), ([1], [0.0]), ([1] * 9, [0.9] * 9), ([0, 1], [0.0, 1.0])]
)
def test_degenerate_forecasts_are_answered(y: list[int], p: list[float]) -> None:
    for norm in ("l1", "l2", "max"):
        e = calibration_error(y, p, norm=norm)  # type: ignore[arg-type]
        assert e.p > 0
        assert np.isfinite([e.value, e.if_calibrated, e.usual_to, e.debiased]).all()


def _made(n: int) -> tuple[np.ndarray, np.ndarray]:
    i = np.arange(n)
    p, u = (i * 0.6180339887498949) % 1, (i * 0.7548776662466927) % 1
    return (u < p**1.5).astype(float), p


@pytest.mark.parametrize(("n", "relplot"), [(50, 0.12301), (1_000, 0.10287), (5_000, 0.10216)])
def test_smooth_error_is_relplots_to_its_grid(n: int, relplot: float) -> None:
    """relplot 1.0.3, smECE, run on the same rows; its kernel lies on a grid and its width is found by ten halvings."""
    assert smooth_error(*_made(n)).value == pytest.approx(relplot, rel=0.011)


@pytest.mark.parametrize("n", [1, 7, 50, 1_000])
def test_smooth_error_is_the_fixed_point_by_plain_quadrature(n: int) -> None:
    y, p = _made(n)
    y = y if y.any() or n > 1 else np.ones(1)
    p = p if n > 1 else np.array([0.4])
    found = smooth_error(y, p).value
    t = (np.arange(20_000) + 0.5) / 20_000
    r = np.zeros_like(t)
    for m in range(-4, 5):
        for sign in (1, -1):
            at, height = np.unique(sign * p + 2 * m, return_inverse=True)
            weight = np.bincount(height.reshape(-1), (y - p) / n)
            near = (at > -9 * found) & (at < 1 + 9 * found)
            for a, w in zip(at[near], weight[near], strict=True):
                r += w * np.exp(-((t - a) ** 2) / (2 * found**2))
    r /= found * np.sqrt(2 * np.pi)
    assert np.abs(r).mean() == pytest.approx(found, rel=1e-5)
    shown, gap = smoothed_gap(y, p, found, points=5)
    np.testing.assert_allclose(gap[1:4], np.interp(shown[1:4], t, r), rtol=2e-4, atol=1e-6)


def test_smooth_error_where_there_is_none() -> None:
    assert smooth_error([1, 0], [1.0, 0.0]).at_most
    assert smooth_error([0], [1.0]).value == pytest.approx(1.0)
    assert smooth_error([1] * 10, [0.999] * 10).value == pytest.approx(0.001, rel=1e-6)
    with pytest.raises(InputError, match="width"):
        smoothed_gap([1], [0.5], 0.0)


def test_expected_gap_of_one_bin_is_the_binomials_mean_deviation() -> None:
    """De Moivre: E|S − np| = 2 v (1 − p) C(n, v) p^v q^(n−v), v = ⌊np⌋ + 1."""
    n, p = 30, 0.3
    v = int(n * p + 1e-9) + 1
    expected = 2 * v * (1 - p) * special.comb(n, v) * p**v * (1 - p) ** (n - v)
    assert calibration_error([0] * n, [p] * n).if_calibrated == pytest.approx(expected / n, rel=1e-12)


@pytest.mark.parametrize(("came", "said"), [(0, 1.0), (1, 0.0)])
@pytest.mark.parametrize("rows", [1, 3, 50, 10_000])
def test_all_certain_and_wrong_is_an_error_of_one(came: int, said: float, rows: int) -> None:
    assert smooth_error([came] * rows, [said] * rows).value == pytest.approx(1.0, abs=1e-9)
