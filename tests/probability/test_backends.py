"""One file of facts for NumPy, PyTorch and JAX: the same values, dtype kept, gradients where they exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tearless.probability import cut_offs
from tearless.probability.deviance import deviance
from tearless.probability.entropy import (
    bits_per_character,
    cross_entropy,
    divergence,
    effective_choices,
    entropy,
    perplexity,
)
from tearless.probability.naive_bayes_counts import log_shares
from tearless.probability.normal import log_normal_density
from tearless.probability.sampling import chain, draw
from tearless.probability.temperature import at_temperature, temperature

Make = Callable[[Any], Any]


def _jax(x: Any) -> Any:
    return pytest.importorskip("jax.numpy").asarray(np.asarray(x, dtype=np.float32))


BACKENDS: dict[str, tuple[Make, float]] = {
    "numpy float64": (lambda x: np.asarray(x, dtype=np.float64), 1e-12),
    "numpy float32": (lambda x: np.asarray(x, dtype=np.float32), 3e-6),
    "torch float64": (lambda x: torch.asarray(np.asarray(x, dtype=np.float64)), 1e-12),
    "torch float32": (lambda x: torch.asarray(np.asarray(x, dtype=np.float32)), 3e-6),
    "jax float32": (_jax, 3e-6),
}
P = np.random.default_rng(1).dirichlet(np.ones(6), 4)
Q = np.random.default_rng(2).dirichlet(np.ones(6), 4)
Z = np.random.default_rng(3).normal(size=(4, 20)) * 3
Z[:, 5] = -np.inf
FUNCTIONS: dict[str, Callable[[Make], Any]] = {
    "entropy": lambda a: entropy(a(P)),
    "entropy in bits": lambda a: entropy(a(P), unit="bits"),
    "cross_entropy": lambda a: cross_entropy(a(P), a(Q)),
    "divergence": lambda a: divergence(a(P), a(Q)),
    "deviance": lambda a: deviance(a(P), a(Q)),
    "effective_choices": lambda a: effective_choices(a(P)),
    "perplexity": lambda a: perplexity(a(np.log(P))),
    "bits_per_character": lambda a: bits_per_character(a(np.log(P)), 7),
    "log_shares": lambda a: log_shares(a(np.round(20 * P)), 0.5),
    "log_shares unsmoothed": lambda a: log_shares(a(np.round(20 * P))),
    "log_normal_density": lambda a: log_normal_density(a(P), a(Q), a(Q + 0.1)),
    "temperature": lambda a: temperature(a(Z), 0.7),
    "temperature 0": lambda a: temperature(a(Z), 0),
    "temperature inf": lambda a: at_temperature(a(Z), float("inf")),
    "chain": lambda a: chain(a(Z), {"temperature": 0.8, "top_k": 9, "top_p": 0.9, "min_p": 0.01}).probabilities,
}
for name, cut in {
    "top_k": lambda z: cut_offs.top_k(z, 4),
    "top_k first": lambda z: cut_offs.top_k(z, 4, ties="first"),
    "top_p": lambda z: cut_offs.top_p(z, 0.8),
    "min_p": lambda z: cut_offs.min_p(z, 0.1, least=2),
    "typical": lambda z: cut_offs.typical(z, 0.7),
    "epsilon": lambda z: cut_offs.epsilon(z, 0.02),
    "eta": lambda z: cut_offs.eta(z, 0.1),
}.items():
    FUNCTIONS[name] = lambda a, cut=cut: cut(a(Z)).probabilities
    FUNCTIONS[f"{name}: mass"] = lambda a, cut=cut: cut(a(Z)).mass
    FUNCTIONS[f"{name}: effective"] = lambda a, cut=cut: cut(a(Z)).effective


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(("make", "tolerance"), BACKENDS.values(), ids=BACKENDS)
def test_the_same_value_everywhere(function: Callable[[Make], Any], make: Make, tolerance: float) -> None:
    truth = np.asarray(function(lambda x: np.asarray(x, dtype=np.float64)))
    value = function(make)
    given = make(P)
    assert type(value) is type(given) or np.ndim(value) == 0
    assert value.dtype == given.dtype
    np.testing.assert_allclose(np.asarray(value), truth, rtol=20 * tolerance, atol=tolerance)


@pytest.mark.parametrize("make", [m for m, _ in BACKENDS.values()], ids=BACKENDS)
def test_counts_and_draws_are_whole_numbers(make: Make) -> None:
    left = cut_offs.top_k(make(Z), 3)
    assert np.asarray(left.count).tolist() == [3, 3, 3, 3]
    drawn = np.asarray(draw(make(np.where(Z > 0, Z, -np.inf)), np.random.default_rng(4)))
    assert (Z[np.arange(4), drawn] > 0).all()
    assert drawn.dtype.kind == "i"


DIFFERENTIABLE: dict[str, Callable[[Any], Any]] = {
    "temperature": lambda z: temperature(z, 0.7),
    "at_temperature": lambda z: at_temperature(z, 1.7),
    "log_shares": lambda z: log_shares(z * z, 0.5),
    "log_normal_density": lambda z: log_normal_density(z, 2 * z, 1 + z * z),
    "deviance": lambda z: deviance(z * z, 1 + z * z),
    "top_k": lambda z: cut_offs.top_k(z, 3).probabilities,
    "top_p mass": lambda z: cut_offs.top_p(z, 0.8).mass,
    "min_p entropy": lambda z: cut_offs.min_p(z, 0.1).entropy,
    "entropy": lambda z: entropy(torch.softmax(z, dim=-1)),
    "cross_entropy": lambda z: cross_entropy(torch.softmax(z, dim=-1), torch.softmax(z * z, dim=-1)),
    "divergence": lambda z: divergence(torch.softmax(z, dim=-1), torch.softmax(z * 1.1, dim=-1)),
    "perplexity": lambda z: perplexity(torch.log_softmax(z, dim=-1)),
}


@pytest.mark.parametrize("function", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_gradients_are_those_of_finite_differences(function: Callable[[Any], Any]) -> None:
    z = torch.tensor(np.random.default_rng(5).normal(size=(2, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(function, (z,), atol=1e-7)


def test_gradients_stay_finite_beside_zeros() -> None:
    z = torch.tensor([2.0, 1.0, -torch.inf, 0.0], dtype=torch.float64, requires_grad=True)
    for value in (
        entropy(torch.softmax(z, dim=-1)),
        cut_offs.top_k(z, 2).entropy,
        cut_offs.top_k(z, 2).mass,
        temperature(z, 0.5)[0],
        at_temperature(z, 0.5)[1],
    ):
        (gradient,) = torch.autograd.grad(value, z)
        assert torch.isfinite(gradient).all()
