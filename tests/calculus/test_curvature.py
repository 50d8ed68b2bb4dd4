"""Curvature from products with vectors, against the whole Hessian and its eigenvalues."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.calculus import local_derivatives as ld
from tearless.calculus import reverse_mode as rm
from tearless.calculus.curvature import hessian_vector, lanczos, power_iteration, preconditioned
from tearless.core import InputError


def symmetric(values: Any, seed: int = 0) -> Any:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return (q * np.asarray(values, float)) @ q.T


X = np.random.default_rng(1).normal(size=(20, 4))
Y = np.eye(3)[np.random.default_rng(2).integers(0, 3, 20)]


def loss(w: rm.Variable) -> rm.Variable:
    return -(ld.log_softmax(ld.tanh(X @ w.reshape(4, 3))) * Y).sum(-1).mean()


def slope(w: Any) -> Any:
    v = rm.Variable(w)
    return rm.gradient(loss(v), [v])[0].value


def test_three_routes_to_the_product_agree() -> None:
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=12), rng.normal(size=12)
    x = rm.Variable(w)
    exact = rm.hessian_vector(loss(x), [x], [v])[0].value

    def theirs(w: torch.Tensor) -> torch.Tensor:
        logits = torch.tanh(torch.tensor(X) @ w.reshape(4, 3))
        return -(torch.log_softmax(logits, -1) * torch.tensor(Y)).sum(-1).mean()

    at = torch.tensor(w, requires_grad=True)
    (first,) = torch.autograd.grad(theirs(at), at, create_graph=True)
    (hers,) = torch.autograd.grad(first @ torch.tensor(v), at)
    np.testing.assert_allclose(exact, hers, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(hessian_vector(slope, w, v), exact, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(hessian_vector(slope, w, 1e6 * v), 1e6 * exact, rtol=1e-8, atol=1e-3)
    assert not hessian_vector(slope, w, np.zeros(12)).any()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.integers(0, 1000))
def test_lanczos_finds_both_ends_of_the_spectrum(values: list[float], seed: int) -> None:
    h = symmetric(values, seed)
    low, high = lanczos(lambda v: h @ v, len(values), np.random.default_rng(seed))
    known = np.linalg.eigvalsh(h)
    scale = max(1e-300, float(np.abs(known).max()))
    for found, exact in ((low, known[0]), (high, known[-1])):
        assert found.value == pytest.approx(exact, abs=1e-7 * scale)
        assert np.linalg.norm(found.vector) == pytest.approx(1)
        assert np.linalg.norm(h @ found.vector - found.value * found.vector) <= found.residual + 1e-12 * scale


def test_lanczos_needs_few_products_and_its_residual_bounds_the_error() -> None:
    values = np.concatenate([np.linspace(0, 1, 300), [3.0, -2.0]])
    h = symmetric(values)
    low, high = lanczos(lambda v: h @ v, 302, np.random.default_rng(0), products=25)
    assert high.value == pytest.approx(3.0, abs=1e-10)
    assert low.value == pytest.approx(-2.0, abs=1e-10)
    for products in range(1, 25):
        for found in lanczos(lambda v: h @ v, 302, np.random.default_rng(0), products=products):
            assert np.abs(values - found.value).min() <= found.residual + 1e-12
            assert found.products == products


def test_no_ghosts_over_many_products() -> None:
    h = symmetric(np.concatenate([np.linspace(0, 1, 99), [100.0]]))
    low, high = lanczos(lambda v: h @ v, 100, np.random.default_rng(0), products=100)
    assert high.value == pytest.approx(100, rel=1e-13)
    assert low.value == pytest.approx(0, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.sampled_from([-10.0, 10.0]), st.integers(0, 1000))
def test_power_iteration_finds_the_largest_modulus(others: list[float], top: float, seed: int) -> None:
    h = symmetric([*others, top], seed)
    found = power_iteration(lambda v: h @ v, len(others) + 1, np.random.default_rng(seed))
    assert found.value == pytest.approx(top, rel=1e-10)
    assert found.residual <= 1e-6 * 10
    assert found.products <= 100


def test_power_iteration_stops_where_it_is_told_and_says_how_far_it_is() -> None:
    h = np.diag([1.0, 0.999])
    found = power_iteration(lambda v: h @ v, 2, np.random.default_rng(0), products=3)
    assert found.products == 3
    assert np.linalg.norm(h @ found.vector - found.value * found.vector) == pytest.approx(found.residual)


def test_flat_is_flat() -> None:
    assert power_iteration(np.zeros_like, 3, np.random.default_rng(0)).value == 0
    assert [e.value for e in lanczos(np.zeros_like, 3, np.random.default_rng(0))] == [0, 0]


def test_the_preconditioned_product_has_the_eigenvalues_of_the_quotient() -> None:
    h, d = symmetric([1.0, 2.0, 30.0]), np.array([0.5, 2.0, 10.0])
    _, high = lanczos(preconditioned(lambda v: h @ v, d), 3, np.random.default_rng(0))
    assert high.value == pytest.approx(max(np.linalg.eigvals(h / d[:, None]).real), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda r: power_iteration(lambda v: v, 0, r), "n: expected"),
        (lambda r: lanczos(lambda v: v, 3, r, products=0), "products: expected"),
        (lambda r: power_iteration(lambda v: v, 3, r, products=0), "products: expected"),
        (lambda r: lanczos(lambda v: v[:2], 3, r), "a vector of 3 numbers"),
        (lambda r: lanczos(lambda v: v * np.nan, 3, r), "finite"),
        (lambda r: hessian_vector(lambda w: w, np.ones(2), np.ones(3)), "v: expected a vector of 2 numbers"),
        (lambda r: hessian_vector(lambda w: w, np.ones((2, 2)), np.ones(4)), "w: expected a vector"),
        (lambda r: preconditioned(lambda v: v, np.zeros(2)), "denominator: expected numbers above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make(np.random.default_rng(0))
