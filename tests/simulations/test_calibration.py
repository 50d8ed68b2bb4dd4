"""Calibration by simulation: how often honest probabilities are accused, and how often intervals hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from tearless.probability.calibration.calibration_error import calibration_error
from tearless.probability.calibration.calibration_tests import hosmer_lemeshow, in_the_large, spiegelhalter
from tearless.probability.calibration.conformal import class_sets, class_threshold
from tearless.probability.calibration.cox_line import cox_line
from tearless.probability.calibration.cumulative_gap import cumulative_gap
from tearless.probability.calibration.expected_mistakes import from_data
from tearless.probability.calibration.mending import cross_fit
from tearless.probability.calibration.prevalence import new_prevalence
from tearless.probability.calibration.reliability import reliability

pytestmark = pytest.mark.slow
RUNS = 1_000
ERROR = 3.3 * math.sqrt(0.05 * 0.95 / RUNS)
"""Three and a third standard errors of a rate of 5 % over the runs: 2.3 points."""
SIZES = (30, 200, 1_000, 3_000)


def honest(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    p = rng.beta(2, 3, n)
    return (rng.random(n) < p).astype(float), p


@pytest.mark.parametrize("n", SIZES)
def test_honest_probabilities_are_accused_as_often_as_said(n: int) -> None:
    """Exact and conservative tests at most 5 %, asymptotic ones 5 %, each within Monte Carlo error."""
    rng = np.random.default_rng(n)
    names = ("in the large", "spiegelhalter", "ks", "kuiper", "hosmer-lemeshow", "ece l1", "ece l2", "ece max", "cox")
    hits = dict.fromkeys(names, 0)
    for _ in range(RUNS):
        y, p = honest(n, rng)
        gap = cumulative_gap(y, p)
        chances = (
            in_the_large(y, p).test.p,
            spiegelhalter(y, p).p,
            gap.largest.p,
            gap.range.p,
            hosmer_lemeshow(y, p, bins=10 if n >= 200 else 3).p,
            *(calibration_error(y, p, bins=10, norm=norm).p for norm in ("l1", "l2", "max")),  # type: ignore[arg-type]
            cox_line(y, p).test.p,
        )
        for name, chance in zip(names, chances, strict=True):
            hits[name] += chance <= 0.05
    rates = {name: count / RUNS for name, count in hits.items()}
    print(n, rates)
    for name, rate in rates.items():
        extra = 0.02 if name == "cox" and n < 200 else 0.0  # a likelihood ratio of 30 rows
        assert rate <= 0.05 + ERROR + extra, (name, rate)
        if n >= 200 and name != "kuiper":
            assert rate >= 0.05 - ERROR - (0.012 if name in ("in the large", "ks", "ece max") else 0.004), (name, rate)
    assert rates["kuiper"] >= 0.01


@pytest.mark.parametrize("n", [60, 400])
def test_intervals_of_coxs_line_hold(n: int) -> None:
    rng = np.random.default_rng(n)
    held = np.zeros(4)
    runs = 600
    for _ in range(runs):
        z = rng.normal(0, 2, n)
        bent, moved, said = special.expit(0.6 * z + 0.3), special.expit(z + 0.3), special.expit(z)
        y = (rng.random(n) < bent).astype(float)
        line = cox_line(y, said)
        off = in_the_large(y, said).excess.holds(float((bent - said).mean()))
        shift = in_the_large((rng.random(n) < moved).astype(float), said).excess.holds(float((moved - said).mean()))
        held += [line.slope.holds(0.6), line.intercept.holds(0.3), shift, off]
    print(n, held / runs)
    assert (held[:3] / runs >= 0.935 - 3.3 * math.sqrt(0.05 * 0.95 / runs)).all()
    assert held[3] / runs >= 0.88  # all log-odds are not shifted alike: the interval says that it is too narrow then


@pytest.mark.parametrize("n", [50, 500])
def test_bands_hold_an_honest_forecaster(n: int) -> None:
    rng = np.random.default_rng(n)
    runs, one, bins, at_once = 800, 0, 0, 0
    for _ in range(runs):
        y, p = honest(n, rng)
        single, together = reliability(y, p, bins=8), reliability(y, p, bins=8, simultaneous=True)
        one += int((~single.outside).sum())
        bins += len(single.count)
        at_once += not together.outside.any()
    print(n, one / bins, at_once / runs)
    assert one / bins >= 0.95 - 3.3 * math.sqrt(0.05 * 0.95 / bins)
    assert at_once / runs >= 0.95 - 3.3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic", "beta"])
@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_the_cross_fitted_gain_holds_what_the_fits_gain_on_new_rows(method: str, slope: float) -> None:
    """Against the mean gain, on 20,000 new rows, of calibrators fitted to as many rows as a fold leaves."""
    rng = np.random.default_rng(1)
    runs, n = 250, 400
    z = rng.normal(0, 2, 20_000)
    truth, said = special.expit(slope * z), special.expit(z)

    def risk(p: np.ndarray) -> float:
        kept = np.clip(p, 2.3e-16, 1 - 2.3e-16)
        return float(-(truth * np.log(kept) + (1 - truth) * np.log1p(-kept)).mean())

    gains, held = [], []
    for _ in range(runs):
        x = rng.normal(0, 2, n)
        y = (rng.random(n) < special.expit(slope * x)).astype(float)
        told = cross_fit(y, special.expit(x), method)  # type: ignore[arg-type]
        gains.append(risk(said) - risk(told.calibrator.apply(said)))
        held.append(told.log_gain())
    goal = float(np.mean(gains))
    rate = np.mean([g.low <= goal <= g.high for g in held])
    print(method, slope, goal, rate)
    assert rate >= (0.9 if method != "isotonic" else 0.8)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
def test_the_interval_of_a_new_prevalence_holds(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    runs, n = 1_000, 300
    held = 0
    for _ in range(runs):
        x = rng.normal(1.5 * (rng.random(n) < share), 1)
        held += new_prevalence(special.expit(1.5 * x - 1.125), 0.5).holds(share)
    print(share, held / runs)
    assert held / runs >= 0.935 - 3.3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("right", [0.5, 0.9, 0.98, 0.995])
def test_the_range_of_mistakes_holds(right: float) -> None:
    rng = np.random.default_rng(int(1_000 * right))
    runs, held = 1_500, 0
    for _ in range(runs):
        told = from_data((rng.random(200) < right).astype(float), np.full(200, 0.95), 0.95, 1_000)
        held += told.low <= rng.binomial(1_000, 1 - right) <= told.high
    print(right, held / runs)
    assert held / runs >= 0.935 - 3.3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize(("n", "level"), [(9, 0.9), (30, 0.9), (99, 0.95)])
def test_conformal_sets_hold_as_often_as_promised(n: int, level: float) -> None:
    rng = np.random.default_rng(n)
    runs, held = 4_000, 0
    for _ in range(runs):
        p = rng.dirichlet([0.7, 0.7, 0.7], n + 1)
        y = (p.cumsum(axis=1) < rng.random((n + 1, 1))).sum(axis=1)
        found = class_threshold(y[:-1], p[:-1], level)
        held += bool(class_sets(p[-1:], found)[0, y[-1]])
    print(n, level, held / runs, found.promised)
    assert held / runs == pytest.approx(found.promised, abs=3.3 * math.sqrt(level * (1 - level) / runs))
