"""The array functions of statistics on NumPy, PyTorch and JAX: one answer, its dtype kept, its gradient right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tearless.core import InputError
from tearless.statistics.classification_scores import accuracy
from tearless.statistics.correlation import partial, pearson, spearman
from tearless.statistics.regression_scores import coefficient_of_determination, mean_squared_error
from tearless.statistics.standard_error import (
    standard_error_of_correlation,
    standard_error_of_difference,
    standard_error_of_mean,
    standard_error_of_variance,
    variance,
)

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(0)
X, Y, Z = RNG.normal(size=(3, 12))
FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "variance": (variance, (X,)),
    "mean": (standard_error_of_mean, (X,)),
    "of variance": (standard_error_of_variance, (X,)),
    "of variance, normal": (lambda x: standard_error_of_variance(x, normal=True), (X,)),
    "of correlation": (standard_error_of_correlation, (X, Y)),
    "of correlation, normal": (lambda x, y: standard_error_of_correlation(x, y, normal=True), (X, Y)),
    "of difference": (standard_error_of_difference, (X, Y)),
    "of difference, paired": (lambda x, y: standard_error_of_difference(x, y, paired=True), (X, Y)),
    "pearson": (pearson, (X, Y)),
    "partial": (partial, (X, Y, Z)),
    "R2": (coefficient_of_determination, (X, Y)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorch_gives_numpys_answer_in_its_own_dtype(name: str, dtype: str) -> None:
    function, data = FUNCTIONS[name]
    expected = function(*data)
    ours = function(*(torch.tensor(x, dtype=getattr(torch, dtype)) for x in data))
    assert isinstance(ours, torch.Tensor)
    assert ours.dtype == getattr(torch, dtype)
    assert float(ours) == pytest.approx(float(expected), rel=1e-4 if dtype == "float32" else 1e-11)
    in_numpy = function(*(x.astype(dtype) for x in data))
    assert in_numpy.dtype == np.dtype(dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_of_differences(name: str) -> None:
    function, data = FUNCTIONS[name]
    assert torch.autograd.gradcheck(function, tuple(torch.tensor(x, requires_grad=True) for x in data))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jax_gives_numpys_answer(name: str) -> None:
    jnp = pytest.importorskip("jax.numpy")
    function, data = FUNCTIONS[name]
    ours = function(*(jnp.asarray(x) for x in data))
    assert type(ours).__module__.startswith("jax")
    assert float(ours) == pytest.approx(float(function(*data)), rel=2e-4)


def test_what_is_counted_or_sorted_takes_any_library_and_drops_the_gradient() -> None:
    x, y = (torch.tensor(v, requires_grad=True) for v in (X, Y))
    assert spearman(x, y) == spearman(X, Y)
    assert mean_squared_error(x, y).value == mean_squared_error(X, Y).value
    assert accuracy(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0])).value == 2 / 3


def test_whole_numbers_become_floats_and_lists_are_taken() -> None:
    assert float(variance(torch.tensor([1, 2, 6]))) == float(variance([1, 2, 6])) == 7.0


def test_two_libraries_do_not_mix() -> None:
    with pytest.raises(InputError, match="one library"):
        pearson(X, torch.tensor(Y))
