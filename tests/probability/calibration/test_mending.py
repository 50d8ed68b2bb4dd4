"""Recalibrations: scikit-learn's, LibSVM's and betacal's numbers, the least loss by another route, honest judgement."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from scipy import stats as scipy_stats
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tearless.core import InputError
from tearless.probability.calibration.beta_calibration import fit_beta
from tearless.probability.calibration.isotonic import fit_isotonic
from tearless.probability.calibration.mending import cross_fit, fit_calibrator, from_json, paired_gain
from tearless.probability.calibration.platt import fit_platt
from tearless.probability.calibration.temperature_scaling import fit_temperature
from tearless.probability.calibration.vector_scaling import fit_vector

TWO = ("temperature", "platt", "isotonic", "beta")
MANY = (*TWO, "vector")


def binary(n: int, seed: int = 0, slope: float = 0.5, shift: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, n)
    return (rng.random(n) < special.expit(slope * z + shift)).astype(float), special.expit(z)


def classes(n: int, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1.5, (n, k))
    truth = special.softmax(0.5 * z + 0.2 * np.arange(k), axis=1)
    return (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1), special.softmax(z, axis=1)


def test_platt_is_libsvms() -> None:
    """scikit-learn's test_sigmoid_calibration: LibSVM's A, B for scores 5, −4, 1 and classes 1, −1, −1."""
    score = np.array([5.0, -4.0, 1.0])
    fit = fit_platt([1, 0, 0], special.expit(score))
    assert (-fit.slope, -fit.intercept) == pytest.approx((-0.20261354391187855, 0.65236314980010512), abs=5e-6)


def test_platt_is_scikit_learns() -> None:
    y, p = binary(500)
    theirs = _SigmoidCalibration().fit(special.logit(p), y)
    fit = fit_platt(y, p)
    assert (fit.slope, fit.intercept) == pytest.approx((-theirs.a_, -theirs.b_), abs=1e-6)


def test_temperature_is_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 3))
    y = rng.integers(0, 3, 400)
    y[:250] = X[:250].argmax(axis=1)
    base = LogisticRegression(C=1.0).fit(X[:60], y[:60])
    theirs = CalibratedClassifierCV(FrozenEstimator(base), method="temperature", ensemble=False).fit(X[60:], y[60:])
    ours = fit_temperature(y[60:], base.predict_proba(X[60:]))
    np.testing.assert_allclose(ours.apply(base.predict_proba(X)), theirs.predict_proba(X), atol=2e-6)


def test_isotonic_is_scikit_learns() -> None:
    y, p = binary(600)
    p = np.round(p, 2)
    theirs = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(p, y)
    grid = np.linspace(0, 1, 501)
    np.testing.assert_allclose(fit_isotonic(y, p).apply(grid), theirs.predict(grid), atol=1e-12)


def test_beta_is_betacals_and_statsmodels() -> None:
    """betacal 1.1.0, BetaCalibration("abm"), on the same rows: a = 1.80761, b = 0.62434, c = 0.28685."""
    i = np.arange(1_000)
    p = (i * 0.6180339887498949) % 1
    y = ((i * 0.7548776662466927) % 1 < p**1.5).astype(float)
    fit = fit_beta(y, p)
    assert (fit.a, fit.b, fit.c) == pytest.approx((1.80761, 0.62434, 0.28685), abs=2e-4)
    kept = np.clip(p, 2.3e-16, 1)
    glm = sm.Logit(y, np.column_stack([np.log(kept), -np.log1p(-p), np.ones(1_000)])).fit(disp=0, tol=1e-12)
    assert (fit.a, fit.b, fit.c) == pytest.approx(tuple(glm.params), rel=1e-6)


def test_beta_never_bends_back() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 0.5, 300)
    y = (rng.random(300) < 0.3 + 0.4 * (p > 0.5) - 0.25 * (p > 0.95)).astype(float)
    fit = fit_beta(y, p)
    assert fit.a >= 0
    assert fit.b >= 0
    assert (np.diff(fit.apply(np.linspace(0, 1, 101))) >= -1e-15).all()
    turned = fit_beta(1 - y, p)
    assert turned.a == turned.b == 0 or min(turned.a, turned.b) >= 0


def test_vector_scaling_has_the_least_loss() -> None:
    y, p = classes(1_500)
    fit = fit_vector(y, p)

    def loss(w: np.ndarray) -> float:
        z = np.log(p) * w[:4] + w[4:]
        return float((special.logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean())

    found = optimize.minimize(loss, np.r_[np.ones(4), np.zeros(4)], method="BFGS", options={"gtol": 1e-7})
    ours = np.array([*fit.weights, *fit.shifts])
    assert loss(ours) <= found.fun + 1e-10
    np.testing.assert_allclose(ours[:4], found.x[:4], atol=1e-4)
    assert sum(fit.shifts) == pytest.approx(0, abs=1e-12)


def test_temperature_has_the_least_loss_and_leaves_decisions_alone() -> None:
    y, p = classes(800)
    fit = fit_temperature(y, p)
    best = optimize.minimize_scalar(
        lambda s: (special.logsumexp(s * np.log(p), axis=1) - s * np.log(p)[np.arange(800), y]).mean(), (0.1, 2)
    )
    assert fit.sharpness == pytest.approx(best.x, rel=1e-6)
    assert (fit.apply(p).argmax(axis=1) == p.argmax(axis=1)).all()
    y2, p2 = binary(800)
    two = fit_temperature(y2, p2)
    columns = np.column_stack([1 - p2, p2])
    np.testing.assert_allclose(two.apply(columns)[:, 1], two.apply(p2), rtol=1e-12)
    np.testing.assert_allclose(cross_fit(y2, columns, "platt").mended, cross_fit(y2, p2, "platt").mended, rtol=1e-12)
    assert two == fit_temperature(y2, np.column_stack([1 - p2, p2]))
    assert fit_temperature(1 - y2, p2).sharpness == 0.0  # turned round: the best is to say nothing
    assert np.isinf(fit_temperature(1 - y2, p2).temperature)


@pytest.mark.parametrize("method", MANY)
def test_every_calibrator_keeps_itself_and_stays_a_probability(method: str) -> None:
    y, p = classes(300) if method == "vector" else binary(300)
    many = classes(300)
    for truth, said in ((y, p), many):
        fit = fit_calibrator(truth, said, method)  # type: ignore[arg-type]
        again = from_json(fit.to_json())
        assert again == fit
        out = again.apply(said)
        assert out.shape == said.shape
        assert out.min() >= 0
        assert out.max() <= 1
        np.testing.assert_array_equal(out, fit.apply(said))
        edge = np.array([0.0, 1.0]) if said.ndim == 1 else np.eye(4)
        assert np.isfinite(fit.apply(edge)).all()
        if said.ndim == 2:
            np.testing.assert_allclose(out.sum(axis=1), 1)
        with pytest.raises(InputError, match="shape"):
            fit.apply(np.full((2, 7), 1 / 7))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"format": "tearless-calibrator-1"}',
        '{"format": "tearless-calibrator-1", "name": "os.system", "values": {"classes": 2}}',
        '{"format": "tearless-calibrator-1", "name": "platt", "values": {"classes": 2, "slope": "1", "intercept": 0}}',
        '{"format": "tearless-calibrator-1", "name": "platt", "values": {"classes": 2, "slope": NaN, "intercept": 0}}',
        '{"format": "tearless-calibrator-1", "name": "vector", "values": {"classes": 3, "weights": [1], '
        '"shifts": [1]}}',
        '{"format": "tearless-calibrator-1", "name": "isotonic", "values": {"classes": 2, "forecasts": [1, 0], '
        '"shares": [0, 1]}}',
        '{"format": "tearless-calibrator-1", "name": "one-against-rest", "values": {"classes": 2, "parts": [1, 2]}}',
    ],
)
def test_what_is_no_kept_calibrator_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_json(text)


def test_one_against_rest_within_itself_is_refused() -> None:
    fit = json.loads(fit_calibrator(*classes(50), "platt").to_json())
    inner = json.loads(json.dumps(fit["values"]))
    fit["values"]["parts"][0] = {"name": "one-against-rest", "values": inner}
    with pytest.raises(InputError, match="parts"):
        from_json(json.dumps(fit))


def test_no_row_is_judged_by_a_calibrator_that_saw_it() -> None:
    y, p = binary(103)
    told = cross_fit(y, p, "isotonic", folds=4, seed=3)
    for i in range(4):
        out = told.fold == i
        np.testing.assert_array_equal(told.mended[out], fit_isotonic(y[~out], p[~out]).apply(p[out]))
    counts = np.bincount(told.fold, y)
    assert counts.max() - counts.min() <= 1  # each outcome spread evenly
    assert np.ptp(np.bincount(told.fold)) <= 1
    assert told.calibrator == fit_isotonic(y, p)
    assert np.array_equal(told.mended, cross_fit(y, p, "isotonic", folds=4, seed=3).mended)


def test_the_gain_is_found_where_there_is_one_and_not_in_sample() -> None:
    y, p = binary(2_000)
    assert cross_fit(y, p, "temperature").log_gain().low > 0
    honest, said = binary(200, seed=5, slope=1.0, shift=0.0)
    isotonic = cross_fit(honest, said, "isotonic")
    fitted = fit_isotonic(honest, said).apply(said)
    assert ((fitted - honest) ** 2).mean() < ((said - honest) ** 2).mean()  # looks better on its own rows
    assert isotonic.brier_gain().low < 0  # and is not known to be


def test_the_gain_is_students_interval() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(50), rng.random(50)
    ours = paired_gain(a, b, 1.0)
    theirs = scipy_stats.ttest_rel(a, b).confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    same = paired_gain(a, a, 1.0)
    assert same.high == pytest.approx(1 - 0.05 ** (1 / 50))
    assert same.low == -same.high


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))), min_size=2),
    st.sampled_from(TWO),
)
def test_any_rows_are_answered(rows: list[tuple[bool, float]], method: str) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    told = cross_fit(y, p, method)  # type: ignore[arg-type]
    for gain in (told.log_gain(), told.brier_gain()):
        assert np.isfinite([gain.value, gain.low, gain.high]).all()
        assert gain.low < gain.high
    assert told.mended.min() >= 0
    assert told.mended.max() <= 1


@pytest.mark.parametrize("method", MANY)
@pytest.mark.parametrize(
    ("y", "p"),
    [
        ([0, 1, 2], np.eye(3)),
        ([0, 0, 0, 0], [[0.5, 0.3, 0.2]] * 4),
        ([0, 1, 2] * 3, np.eye(3)[[1, 2, 0] * 3]),
        ([0, 1, 2] * 10, [[1 / 3] * 3] * 30),
    ],
)
def test_degenerate_classes_are_answered(method: str, y: list[int], p: object) -> None:
    told = cross_fit(y, p, method)  # type: ignore[arg-type]
    assert np.isfinite(told.mended).all()
    assert told.log_gain().low < told.log_gain().high


def test_bad_arguments_are_refused() -> None:
    y, p = binary(20)
    with pytest.raises(InputError, match="method"):
        fit_calibrator(y, p, "magic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="two or more rows"):
        cross_fit([1], [0.5], "platt")
    with pytest.raises(InputError, match="folds"):
        cross_fit(y, p, "platt", folds=1)
    with pytest.raises(InputError, match="classes"):
        fit_vector([0, 1], [[0.5, 0.5]] * 2)
