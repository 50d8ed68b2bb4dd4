"""Every array function of the pillar runs on NumPy, PyTorch and JAX, keeps dtype and library, and agrees."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tearless.calculus import clipping, descent
from tearless.calculus.exponentials import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
from tearless.calculus.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    KullbackLeibler,
    Loss,
    SquaredError,
    mean,
    mean_gradient,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_platforms", "cpu")

LIBRARIES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "numpy-float64": (lambda x: np.asarray(x, np.float64), "float64"),
    "numpy-float32": (lambda x: np.asarray(x, np.float32), "float32"),
    "torch-float64": (lambda x: torch.tensor(x, dtype=torch.float64), "float64"),
    "torch-float32": (lambda x: torch.tensor(x, dtype=torch.float32), "float32"),
    "jax-float32": (lambda x: jax.numpy.asarray(x, "float32"), "float32"),
}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4)) * 4
CLASSES = np.array([0, 3, 1, 1, 2])
SHARES = np.array(RNG.dirichlet(np.ones(4), size=5))

UNARY: dict[str, Callable[[Any], Any]] = {
    "logsumexp": logsumexp,
    "logsumexp-of-all": lambda x: logsumexp(x, None),
    "logsumexp-kept": lambda x: logsumexp(x, 0, keepdims=True),
    "softmax": softmax,
    "softmax-first": lambda x: softmax(x, 0),
    "log_softmax": log_softmax,
    "sigmoid": sigmoid,
    "log_sigmoid": log_sigmoid,
    "total_norm": lambda x: clipping.total_norm([x, x[0]]),
    "by_norm": lambda x: clipping.by_norm([x], 2.0)[0][0],
    "by_value": lambda x: clipping.by_value([x], 2.0)[0][0],
}
LOSSES: dict[str, tuple[Loss, Any]] = {
    "squared": (SquaredError(), X[::-1] * 0.7),
    "absolute": (AbsoluteError(), X[::-1] * 0.7),
    "huber": (Huber(1.3), X[::-1] * 0.7),
    "hinge": (Hinge(), np.where(X[::-1] > 0, 1.0, -1.0)),
    "binary": (BinaryCrossEntropy(), SHARES),
    "classes": (CrossEntropy(), CLASSES),
    "shares": (CrossEntropy(), SHARES),
    "kl": (KullbackLeibler(), SHARES),
}
METHODS = [
    descent.GradientDescent(0.1),
    descent.Momentum(0.1),
    descent.Nesterov(0.1),
    descent.RMSProp(0.1),
    descent.Adam(0.1),
    descent.AdamW(0.1),
]

library = pytest.mark.parametrize("library", LIBRARIES)


def agrees(found: Any, expected: Any, like: Any, dtype: str) -> None:
    """Same library, same dtype, same numbers as NumPy in float64, up to the rounding of the dtype."""
    assert str(found.dtype).removeprefix("torch.") == dtype
    assert isinstance(found, (type(like), np.generic))
    tolerance = 1e-13 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(np.asarray(found, np.float64), expected, rtol=tolerance, atol=tolerance)


@library
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array(library: str, name: str) -> None:
    make, dtype = LIBRARIES[library]
    x = make(X)
    agrees(UNARY[name](x), UNARY[name](X), x, dtype)


@library
@pytest.mark.parametrize("name", LOSSES)
def test_losses(library: str, name: str) -> None:
    make, dtype = LIBRARIES[library]
    loss, truth = LOSSES[name]
    x = make(X)
    given = _whole(x, truth) if name == "classes" else make(truth)
    for function in (loss.value, loss.gradient, loss.curvature):
        agrees(function(x, given), function(X, truth), x, dtype)
    for reduced in (mean, mean_gradient):
        agrees(reduced(loss, x, given), reduced(loss, X, truth), x, dtype)


@library
@pytest.mark.parametrize("name", LOSSES)
def test_a_truth_as_a_list_takes_the_predictions_library_and_dtype(library: str, name: str) -> None:
    make, dtype = LIBRARIES[library]
    loss, truth = LOSSES[name]
    x = make(X)
    agrees(loss.value(x, truth.tolist()), loss.value(X, truth), x, dtype)


@library
@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_steps_of_descent(library: str, method: descent.Method) -> None:
    make, dtype = LIBRARIES[library]

    def end(w: Any) -> Any:
        return list(descent.path(lambda w: (w**4).sum(), lambda w: 4 * w**3, w, method, 5))[-1].w

    x = make(X / 10)
    agrees(end(x), end(X / 10), x, dtype)


@pytest.mark.parametrize("name", [n for n in UNARY if not n.startswith("by_")])
def test_gradients_flow_through_functions(name: str) -> None:
    x = torch.tensor(X, requires_grad=True)
    assert torch.autograd.gradcheck(UNARY[name], (x,))
    if name != "total_norm":
        assert torch.autograd.gradgradcheck(UNARY[name], (x,))


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax", "sigmoid", "log_sigmoid"])
@pytest.mark.parametrize("x", [[[0.0, 0.0, 0.0]], [[2.0, 2.0, -1.0]], [[40.0, 0.0, 0.0]]], ids=str)
def test_gradients_are_right_at_ties_and_at_zero(name: str, x: list[list[float]]) -> None:
    z = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(UNARY[name], (z,))
    assert torch.autograd.gradgradcheck(UNARY[name], (z,))


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softmax", "log_softmax", "logsumexp"])
def test_gradients_stay_finite_for_large_logits(name: str) -> None:
    x = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    UNARY[name](x).sum().backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softmax", "log_softmax", "logsumexp"])
def test_jax_differentiates_and_compiles(name: str) -> None:
    def total(x: Any) -> Any:
        return (UNARY[name](x) ** 2).sum()

    for start in (X, np.zeros((1, 3))):
        x = torch.tensor(start, requires_grad=True)
        total(x).backward()
        slope = jax.jit(jax.grad(total))(jax.numpy.asarray(start, "float32"))
        assert x.grad is not None
        np.testing.assert_allclose(np.asarray(slope), x.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_compile_under_jit(name: str) -> None:
    loss, truth = LOSSES[name]
    x, y = jax.numpy.asarray(X, "float32"), jax.numpy.asarray(truth)
    np.testing.assert_allclose(jax.jit(loss.value)(x, y), loss.value(X, truth), rtol=2e-5, atol=2e-5)


def test_whole_numbers_become_floats() -> None:
    assert softmax([0, 0]).tolist() == [0.5, 0.5]
    assert softmax(torch.tensor([0, 0])).dtype == torch.float32
    assert SquaredError().value(torch.tensor([1.0]), torch.tensor([3])).tolist() == [4.0]


def _whole(x: Any, y: Any) -> Any:
    """Class numbers in the library of x."""
    if isinstance(x, torch.Tensor):
        return torch.tensor(y)
    return y if isinstance(x, np.ndarray) else jax.numpy.asarray(y, "int32")
