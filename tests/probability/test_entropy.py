"""Entropy and its relatives: against mpmath and SciPy, with zeros, near-equal distributions, and refusals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import kl_div

from tearless.calculus.losses import CrossEntropy
from tearless.core import InputError
from tearless.probability.deviance import deviance
from tearless.probability.entropy import (
    bits_per_character,
    cross_entropy,
    divergence,
    effective_choices,
    entropy,
    floors,
    perplexity,
)
from tearless.probability.saddle_point import stirling_error


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    """The precision of the reference: mpmath keeps it globally, so each test sets its own and gives it back."""
    with mpmath.workdps(60):
        yield


SHARES = st.lists(st.integers(0, 1_000), min_size=2, max_size=12).filter(any)


def shares(counts: list[int]) -> Any:
    return np.array(counts) / sum(counts)


@settings(max_examples=80, deadline=None)
@given(SHARES, st.data())
def test_entropy_and_cross_entropy_are_scipys(counts: list[int], data: Any) -> None:
    t = shares(counts)
    q = shares(data.draw(st.lists(st.integers(1, 1_000), min_size=len(t), max_size=len(t))))
    np.testing.assert_allclose(entropy(t), stats.entropy(t), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(entropy(t, unit="bits"), stats.entropy(t, base=2), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(divergence(t, q), stats.entropy(t, q), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(cross_entropy(t, q), entropy(t) + divergence(t, q), rtol=1e-10)
    assert divergence(t, q) >= 0
    assert 0 <= entropy(t) <= math.log(len(t)) + 1e-12
    assert 1 <= effective_choices(t) <= len(t) * (1 + 1e-12)


def test_the_tutorials_cross_entropies() -> None:
    """Truth class 0; published as 0.105, 2.303, 0.916."""
    q = [[0.9, 0.05, 0.05], [0.1, 0.6, 0.3], [0.4, 0.3, 0.3]]
    assert cross_entropy([[1.0, 0.0, 0.0]], q).round(3).tolist() == [0.105, 2.303, 0.916]
    np.testing.assert_allclose(cross_entropy(np.eye(3)[[0, 0, 0]], q), CrossEntropy().value(np.log(q), [0, 0, 0]))


def test_zeros_are_taken_as_the_definitions_say() -> None:
    assert entropy([1.0, 0.0, 0.0]) == 0
    assert math.copysign(1, float(entropy([1.0, 0.0]))) == 1, "no minus zero"
    assert cross_entropy([0.5, 0.5], [1.0, 0.0]) == math.inf
    assert divergence([0.5, 0.5], [1.0, 0.0]) == math.inf
    assert cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0
    assert divergence([1.0, 0.0], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert entropy([1e-320, 1.0]) == pytest.approx(1e-320 * 320 * math.log(10), rel=1e-3)


@pytest.mark.parametrize("delta", [1e-3, 1e-8, 1e-12])
def test_a_small_divergence_keeps_its_digits(delta: float) -> None:
    t, q = np.array([0.25 + delta, 0.75 - delta]), np.array([0.25, 0.75])
    exact = mpmath.fsum(
        mpmath.mpf(a) * mpmath.log(mpmath.mpf(a) / mpmath.mpf(b)) - mpmath.mpf(a) + mpmath.mpf(b)
        for a, b in zip(t.tolist(), q.tolist(), strict=True)
    )
    assert abs(float(divergence(t, q)) - float(exact)) <= 1e-14 * float(exact)
    if delta <= 1e-8:
        assert abs((t * np.log(t / q)).sum() - float(exact)) > 1e-3 * float(exact), "the plain sum does not"


@pytest.mark.parametrize("ratio", [1e-300, 1e-5, 0.3, 0.49, 0.51, 0.999, 1.0, 1 + 1e-10, 1.9, 2.1, 1e5, 1e300])
@pytest.mark.parametrize("m", [1e-3, 1.0, 7.3])
def test_a_deviance_is_right_at_any_ratio(ratio: float, m: float) -> None:
    x = ratio * m
    exact = mpmath.mpf(x) * mpmath.log(mpmath.mpf(x) / mpmath.mpf(m)) - mpmath.mpf(x) + mpmath.mpf(m)
    assert abs(float(deviance(x, m)) - float(exact)) <= 2e-15 * float(exact)


def test_deviance_at_its_ends() -> None:
    x, m = np.array([0.0, 0.0, 1.0, 3.0, math.nan]), np.array([0.0, 2.0, 0.0, 3.0, 1.0])
    np.testing.assert_array_equal(deviance(x, m), [0.0, 2.0, math.inf, 0.0, math.nan])
    np.testing.assert_allclose(deviance(x[:4], m[:4]), kl_div(x[:4], m[:4]))
    with pytest.raises(InputError, match="negative"):
        deviance(-1.0, 1.0)


@pytest.mark.parametrize("n", [0.5, 1.0, 3.0, 14.9, 15.0, 100.0, 1e8])
def test_stirlings_error(n: float) -> None:
    x = mpmath.mpf(n)
    exact = mpmath.loggamma(x + 1) - (x + 0.5) * mpmath.log(x) + x - mpmath.log(2 * mpmath.pi) / 2
    assert abs(float(stirling_error(n)) - float(exact)) < 1e-14


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=20))
def test_perplexity_is_the_geometric_mean_of_one_over_p(p: list[float]) -> None:
    logs = np.log(p)
    assert float(perplexity(logs)) == pytest.approx(float(stats.gmean(1 / np.array(p))), rel=1e-10)
    bits = float(bits_per_character(logs, 3 * len(p)))
    assert 2 ** (3 * bits) == pytest.approx(float(perplexity(logs)), rel=1e-10)


def test_perplexity_of_a_uniform_guess_is_the_number_of_choices_and_of_the_impossible_inf() -> None:
    assert float(perplexity(np.full(9, -math.log(50_257)))) == pytest.approx(50_257, rel=1e-12)
    assert float(perplexity([0.0, -math.inf])) == math.inf
    loss = torch.nn.functional.cross_entropy(torch.zeros(4, 10, dtype=torch.float64), torch.arange(4))
    assert float(perplexity([-float(loss)])) == pytest.approx(10)


def test_no_constant_guess_beats_the_floors() -> None:
    counts = np.array([700, 200, 100])
    f = floors(counts)
    labels = np.repeat(np.eye(3), counts, axis=0)
    best = cross_entropy(labels, np.broadcast_to(counts / 1_000, labels.shape)).mean()
    assert f.label_entropy == pytest.approx(best, rel=1e-12)
    assert f.uniform == pytest.approx(cross_entropy(labels, np.full(labels.shape, 1 / 3)).mean(), rel=1e-12)
    for q in np.random.default_rng(0).dirichlet([1, 1, 1], 200):
        assert cross_entropy(labels[:1], q).shape == (1,)
        assert (counts / 1_000 * -np.log(q)).sum() >= f.label_entropy - 1e-12
    assert f.perplexity == pytest.approx(math.exp(f.label_entropy))
    assert floors([5]).uniform == 0


def test_axes_and_broadcasting() -> None:
    p = np.random.default_rng(2).dirichlet(np.ones(4), (3, 5))
    assert entropy(p).shape == (3, 5)
    np.testing.assert_allclose(entropy(np.moveaxis(p, -1, 0), axis=0), entropy(p))
    assert divergence(p, np.full(4, 0.25)).shape == (3, 5)
    np.testing.assert_allclose(divergence(p, np.full(4, 0.25)), math.log(4) - entropy(p), rtol=1e-10)


@pytest.mark.parametrize(
    "call",
    [
        lambda: entropy([0.5, 0.6]),
        lambda: entropy([1.5, -0.5]),
        lambda: entropy([math.nan, 1.0]),
        lambda: entropy([]),
        lambda: entropy(1.0),
        lambda: entropy([1.0], axis=1),
        lambda: entropy([1.0], unit="hartleys"),  # type: ignore[arg-type]
        lambda: cross_entropy([1.0, 0.0], [2.0, -1.0]),
        lambda: divergence([1.0, 0.0], [0.4, 0.4]),
        lambda: perplexity([0.5]),
        lambda: perplexity([math.nan]),
        lambda: perplexity([]),
        lambda: bits_per_character([-1.0], 0),
        lambda: floors([0, 0]),
        lambda: floors([-1, 2]),
        lambda: floors([[1, 2]]),
    ],
)
def test_what_is_no_distribution_is_refused(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
