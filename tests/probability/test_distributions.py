"""Distributions: densities and areas against mpmath far in the tails, fits against SciPy and their own likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tearless.core import InputError
from tearless.probability.areas import Continuous, Distribution
from tearless.probability.distributions import (
    FAMILIES,
    Bernoulli,
    Beta,
    Binomial,
    Exponential,
    Gamma,
    LogNormal,
    Normal,
    Poisson,
    StudentT,
    Uniform,
)


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    """The precision of the reference: mpmath keeps it globally, so each test sets its own and gives it back."""
    with mpmath.workdps(60):
        yield


SCIPY: list[tuple[Distribution, Any]] = [
    (Normal(3.0, 2.0), stats.norm(3, 2)),
    (LogNormal(0.5, 0.7), stats.lognorm(0.7, scale=math.exp(0.5))),
    (Exponential(2.5), stats.expon(scale=2.5)),
    (Gamma(0.3, 2.0), stats.gamma(0.3, scale=2)),
    (Gamma(1.0, 2.0), stats.gamma(1, scale=2)),
    (Gamma(7.5, 0.2), stats.gamma(7.5, scale=0.2)),
    (Beta(0.4, 0.6), stats.beta(0.4, 0.6)),
    (Beta(1.0, 3.0), stats.beta(1, 3)),
    (Beta(3.0, 1.0), stats.beta(3, 1)),
    (Beta(20.0, 5.0), stats.beta(20, 5)),
    (StudentT(3.3, 1.0, 2.0), stats.t(3.3, 1, 2)),
    (StudentT(math.inf, 1.0, 2.0), stats.norm(1, 2)),
    (Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    (Poisson(4.2), stats.poisson(4.2)),
    (Poisson(0.0), stats.poisson(0)),
    (Binomial(12, 0.3), stats.binom(12, 0.3)),
    (Binomial(5, 1.0), stats.binom(5, 1.0)),
    (Bernoulli(0.2), stats.bernoulli(0.2)),
]


@pytest.mark.parametrize(("ours", "theirs"), SCIPY, ids=lambda d: repr(d)[:24])
def test_every_answer_is_that_of_scipy(ours: Distribution, theirs: Any) -> None:
    x = np.array([-np.inf, -2.0, -1e-9, 0.0, 0.2, 0.5, 1.0, 2.0, 3.0, 4.5, 7.0, 12.0, 30.0, np.inf, np.nan])
    density = theirs.pdf if isinstance(ours, Continuous) else theirs.pmf
    finite = x[np.isfinite(x)]
    np.testing.assert_allclose(ours.density(finite), density(finite), rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(ours.below(x), theirs.cdf(x), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(ours.above(x), theirs.sf(x), rtol=1e-11, atol=1e-15)
    p = np.array([1e-12, 0.001, 0.1, 0.35, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(ours.quantile(p), theirs.ppf(p), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.quantile(p, upper=True), theirs.isf(p), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([ours.mean, ours.variance], theirs.stats("mv"), rtol=1e-12)
    assert np.isnan(ours.below(np.nan))
    assert np.isnan(ours.density(np.nan))
    assert ours.density([-np.inf, np.inf]).tolist() == [0.0, 0.0]


def relative(value: Any, truth: Any) -> float:
    return float(abs(mpmath.mpf(float(value)) - truth) / abs(truth)) if truth else abs(float(value))


@pytest.mark.parametrize("z", [-37.4, -30.0, -10.3, -5.0, -1.1, -0.3, 1e-10, 0.7, 3.0, 8.0])
def test_normal_tails_are_right_to_a_few_ulp(z: float) -> None:
    n = Normal(0.0, 1.0)
    assert relative(n.below(z), mpmath.ncdf(z)) < 1e-15
    assert relative(n.above(-z), mpmath.ncdf(z)) < 1e-15
    assert relative(n.log_below(z), mpmath.log(mpmath.ncdf(z))) < 1e-14
    assert relative(n.density(z), mpmath.npdf(z)) < 1e-13


def test_the_logarithm_of_a_normal_tail_goes_on_where_the_tail_is_zero() -> None:
    z = mpmath.mpf(10_000)
    truth = -z * z / 2 - mpmath.log(z) - mpmath.log(2 * mpmath.pi) / 2 + mpmath.log(1 - 1 / z**2 + 3 / z**4)
    assert Normal(0, 1).above(10_000) == 0
    assert relative(Normal(0, 1).log_above(10_000), truth) < 1e-14


@pytest.mark.parametrize("degrees", [1.0, 2.5, 30.0, 1e5])
@pytest.mark.parametrize("t", [0.1, 3.0, 50.0, 1e10])
def test_student_tails(degrees: float, t: float) -> None:
    nu, x = mpmath.mpf(degrees), mpmath.mpf(t)
    area = mpmath.betainc(nu / 2, mpmath.mpf(1) / 2, 0, nu / (nu + x * x), regularized=True) / 2
    height = mpmath.gamma((nu + 1) / 2) / mpmath.gamma(nu / 2) if nu < 1e4 else None
    d = StudentT(degrees)
    if area > 1e-290:
        assert relative(d.above(t), area) < 2e-13
    if height is not None:
        density = height / mpmath.sqrt(nu * mpmath.pi) * (1 + x * x / nu) ** (-(nu + 1) / 2)
        if density > 1e-290:
            assert relative(d.density(t), density) < 1e-12


@pytest.mark.parametrize(("shape", "x"), [(0.5, 300.0), (3.0, 600.0), (50.0, 1.0), (1e4, 1.2e4), (1e-3, 1e-200)])
def test_gamma_tails(shape: float, x: float) -> None:
    a, u = mpmath.mpf(shape), mpmath.mpf(x)
    d = Gamma(shape, 1.0)
    for ours, truth in (
        (d.above(x), mpmath.gammainc(a, u, mpmath.inf, regularized=True)),
        (d.below(x), mpmath.gammainc(a, 0, u, regularized=True)),
        (d.density(x), mpmath.exp((a - 1) * mpmath.log(u) - u - mpmath.loggamma(a))),
    ):
        if truth > 1e-290:
            assert relative(ours, truth) < 2e-12


def test_counts_keep_their_digits_at_a_million() -> None:
    n, k = 10**6, 500_300
    exact = mpmath.binomial(n, k) / mpmath.mpf(2) ** n
    assert relative(Binomial(n, 0.5).density(k), exact) < 1e-13
    mean = 1e6
    truth = mpmath.exp(-mpmath.mpf(mean) + 1_000_500 * mpmath.log(mean) - mpmath.loggamma(1_000_501))
    assert relative(Poisson(mean).density(1_000_500), truth) < 1e-13
    plainly = math.exp(-mean + 1_000_500 * math.log(mean) - math.lgamma(1_000_501))
    assert relative(plainly, truth) > 1e-11, "the textbook form is worse, or there would be no need"


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 1e-8), (1.0, 1.0 + 1e-9), (20.0, 20.001), (-3.0, 3.0), (-0.1, 7.0), (30.0, 31.0), (-25.0, -24.9999)],
)
def test_narrow_slices_and_far_ones_keep_their_digits(low: float, high: float) -> None:
    truth = mpmath.ncdf(-mpmath.mpf(low)) - mpmath.ncdf(-mpmath.mpf(high))
    assert relative(Normal(0.0, 1.0).between(low, high), truth) < 1e-13


def test_a_slice_of_a_beta_with_two_peaks_is_not_integrated_across_them() -> None:
    a = mpmath.mpf(0.01)
    truth = mpmath.betainc(a, a, mpmath.mpf(0.001), mpmath.mpf(0.999), regularized=True)
    assert relative(Beta(0.01, 0.01).between(0.001, 0.999), truth) < 1e-11


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SCIPY[:-5]), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_three_pieces_make_one(pair: tuple[Distribution, Any], p: float, q: float) -> None:
    d = pair[0]
    low, high = (float(v) for v in d.quantile(sorted([p, q])))
    total = d.below(low) + d.between(low, high) + d.above(high)
    assert float(total) == pytest.approx(1.0, abs=1e-12)
    assert float(d.below(low)) == pytest.approx(min(p, q), rel=1e-8)


def test_counts_between_include_both_ends() -> None:
    d = Binomial(10, 0.4)
    assert float(d.between(3, 5)) == pytest.approx(float(d.density([3, 4, 5]).sum()), rel=1e-14)
    assert float(d.between(2.5, 5.9)) == float(d.between(3, 5))
    assert float(d.between(3.2, 3.8)) == 0.0
    assert float(Poisson(5_000.0).between(0, 6_000)) == pytest.approx(stats.poisson(5_000).cdf(6_000), rel=1e-12)
    assert float(Poisson(5_000.0).between(6_000, 9_000)) == pytest.approx(stats.poisson(5_000).sf(5_999), rel=1e-10)


def test_fits_are_scipys() -> None:
    rng = np.random.default_rng(3)
    x = rng.gamma(2.3, 4.0, 500)
    a, _, scale = stats.gamma.fit(x, floc=0)
    ours = Gamma.fit(x)
    assert (ours.shape, ours.scale) == pytest.approx((a, scale), rel=1e-6)
    b = rng.beta(0.7, 3.0, 400)
    assert (Beta.fit(b).a, Beta.fit(b).b) == pytest.approx(stats.beta.fit(b, floc=0, fscale=1)[:2], rel=1e-5)
    n = rng.normal(5, 2, 300)
    assert (Normal.fit(n).centre, Normal.fit(n).deviation) == pytest.approx(stats.norm.fit(n), rel=1e-12)
    s, _, scale = stats.lognorm.fit(np.exp(n / 5), floc=0)
    assert LogNormal.fit(np.exp(n / 5)).deviation == pytest.approx(s, rel=1e-5)
    assert Exponential.fit(x).scale == pytest.approx(x.mean())
    assert (Uniform.fit(n).low, Uniform.fit(n).high) == (n.min(), n.max())
    k = rng.poisson(3.3, 200)
    assert Poisson.fit(k).expected == pytest.approx(k.mean())
    assert Binomial.fit(k, trials=20).chance == pytest.approx(k.mean() / 20)
    assert Bernoulli.fit(k > 3).chance == pytest.approx((k > 3).mean())


@pytest.mark.parametrize("shape", [0.02, 0.5, 3.0, 40.0, 1e6, 1e10])
def test_a_gamma_fit_solves_its_equation(shape: float) -> None:
    x = np.random.default_rng(1).gamma(shape, 2.0, 200)
    x = x[x > 0]
    a = mpmath.mpf(Gamma.fit(x).shape)
    mean = mpmath.fsum(x) / len(x)
    s = mpmath.log(mean) - mpmath.fsum(mpmath.log(mpmath.mpf(float(v))) for v in x) / len(x)
    assert relative(mpmath.log(a) - mpmath.digamma(a), s) < max(1e-12, 2e-16 / float(s) ** 0.5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("degrees", [1.5, 4.0, 50.0])
def test_a_student_fit_is_at_least_as_likely_as_scipys(seed: int, degrees: float) -> None:
    x = 3 + 2 * np.random.default_rng(seed).standard_t(degrees, 150)
    ours = StudentT.fit(x)
    nu, centre, scale = stats.t.fit(x)
    if nu >= 1:
        assert ours.log_likelihood(x) >= stats.t(nu, centre, scale).logpdf(x).sum() - 1e-5


def test_a_student_fit_of_bounded_values_is_the_normal() -> None:
    x = np.linspace(-1, 1, 200)
    assert math.isinf(StudentT.fit(x).degrees)
    assert StudentT.fit(x).scale == pytest.approx(Normal.fit(x).deviation)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([Normal, LogNormal, Exponential, Gamma, Beta, Uniform]),
    st.lists(st.floats(0.01, 0.99), min_size=3, max_size=30, unique=True),
)
def test_no_neighbour_of_a_fit_is_likelier(family: Any, values: list[float]) -> None:
    if max(values) - min(values) < 1e-3:
        return
    fitted = family.fit(values)
    best = fitted.log_likelihood(values)
    names = fitted.__dataclass_fields__
    for name in names:
        for factor in (0.999, 1.001):
            changed = {n: getattr(fitted, n) * (factor if n == name else 1) for n in names}
            try:
                other = family(**changed)
            except InputError:
                continue
            assert other.log_likelihood(values) <= best + 1e-9 * abs(best) + 1e-9


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("bad", [[], [1.0, np.nan], [1.0, np.inf], [[1.0]], "text", [-1e9, 2.5]])
def test_what_cannot_be_fitted_is_refused(name: str, bad: Any) -> None:
    if bad == [-1e9, 2.5] and name in ("normal", "student-t", "uniform"):
        return
    with pytest.raises(InputError, match="x: expected"):
        FAMILIES[name].fit(bad)


@pytest.mark.parametrize("family", [Normal, LogNormal, Gamma, Beta, Uniform, StudentT])
def test_a_constant_is_refused(family: Any) -> None:
    with pytest.raises(InputError):
        family.fit([0.25] * 9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal(0.0, 0.0),
        lambda: Normal(math.nan, 1.0),
        lambda: LogNormal(0.0, -1.0),
        lambda: Exponential(0.0),
        lambda: Gamma(-1.0, 1.0),
        lambda: Beta(1.0, 0.0),
        lambda: StudentT(0.0),
        lambda: Uniform(1.0, 1.0),
        lambda: Poisson(-1.0),
        lambda: Binomial(0, 0.5),
        lambda: Binomial(3, 1.5),
        lambda: Bernoulli(math.nan),
        lambda: Normal(0.0, 1.0).quantile(1.2),
        lambda: Normal(0.0, 1.0).between(1.0, 0.0),
        lambda: Binomial.fit([0.5], trials=3),
        lambda: Binomial.fit([4], trials=3),
    ],
)
def test_wrong_parameters_are_refused(make: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        make()
