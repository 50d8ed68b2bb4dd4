"""Every array function of linear algebra, on NumPy, PyTorch and JAX: one answer, one dtype kept, true gradients."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tearless.core import InputError
from tearless.linear_algebra import covariance, eigen, embedding, layer, least_squares, norms, projection, vectors
from tearless.linear_algebra.pca import pca

try:
    import jax
except ImportError:
    jax = None

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(9, 3)), rng.normal(size=(5, 3))
W, B, V = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)
T, TT = rng.normal(size=9), rng.normal(size=(9, 2))
S = X.T @ X


@dataclass(frozen=True)
class Case:
    name: str
    f: Callable[..., Any]
    args: tuple[np.ndarray, ...]
    smooth: bool = True
    """Differentiable at these numbers."""


CASES = [
    Case("layer", layer.layer, (X, W, B)),
    Case("dot", vectors.dot, (X, V)),
    Case("cosine", vectors.cosine, (X, V)),
    Case("cosine, huge", lambda x, y: vectors.cosine(x * 2.0**100, y), (X, V)),
    Case("angle", vectors.angle, (X, V)),
    Case("cosines", vectors.cosines, (X, Y)),
    Case("most_similar", lambda q, items: vectors.most_similar(q, items).scores, (V, X)),
    Case("l1", norms.l1, (X,)),
    Case("l2", norms.l2, (X,)),
    Case("l2 by row", lambda x: norms.l2(x, axis=1), (X,)),
    Case("l2, huge", lambda x: norms.l2(x * 2.0**100, axis=0, keepdims=True) / 2.0**100, (X,)),
    Case("l3", lambda x: norms.lp(x, 3), (X,)),
    Case("l2.5, tiny", lambda x: norms.lp(x * 2.0**-100, 2.5, axis=1) * 2.0**100, (X,)),
    Case("max norm", lambda x: norms.lp(x, math.inf), (X,)),
    Case("frobenius", norms.frobenius, (X,)),
    Case("spectral", norms.spectral, (X,)),
    Case("nuclear", norms.nuclear, (X,)),
    Case("onto_vector", projection.onto_vector, (X, V)),
    Case("onto_columns", projection.onto_columns, (X, W)),
    Case("column_space", lambda a: projection.column_space(a) @ projection.column_space(a).mT, (X,)),
    Case("null_space", lambda a: projection.null_space(a) @ projection.null_space(a).mT, (Y[:2],), smooth=False),
    Case("eigenvalues", lambda a: eigen.eigh(a + a.mT).values, (S,)),
    Case("eigenvectors", lambda a: eigen.eigh(a + a.mT).vectors, (S,)),
    Case("singular values", lambda a: eigen.svd(a).values, (X,)),
    Case("right singular vectors", lambda a: eigen.svd(a).right, (X,)),
    Case("least squares by qr", lambda X, y: least_squares.qr(X, y).coefficients, (X, T)),
    Case("least squares by qr, intercept", lambda X, y: least_squares.qr(X, y, intercept=True).intercept, (X, TT)),
    Case("least squares by svd", lambda X, y: least_squares.svd(X, y, intercept=True).coefficients, (X, T)),
    Case("least norm", lambda X, y: least_squares.svd(X, y).coefficients, (X[:2], T[:2])),
    Case("ridge", lambda X, y: least_squares.ridge(X, y, 0.5).coefficients, (X, TT)),
    Case("ridge of few rows", lambda X, y: least_squares.ridge(X, y, 0.5).coefficients, (X[:2], T[:2])),
    Case("residual", lambda X, y: least_squares.qr(X, y).residual, (X, T)),
    Case("leverages", least_squares.leverages, (X,)),
    Case("covariance", covariance.covariance, (X,)),
    Case("correlation", covariance.correlation, (X,)),
    Case("variances of components", lambda X: pca(X, k=2).explained_variance, (X,)),
    Case("scores", lambda X: pca(X, standardise=True).scores(X), (X,)),
    Case("whitened scores", lambda X: pca(X).whitened(X), (X,)),
    Case("reconstructed rows", lambda X: pca(X, k=2).reconstructed(pca(X, k=2).scores(X)), (X,)),
    Case("lookup", lambda t: embedding.lookup(t, [[0, 2], [2, 8]]), (X,)),
    Case("lookup as product", lambda t: embedding.lookup_as_product(t, [[0, 2], [2, 8]]), (X,)),
    Case("neighbours", lambda t: embedding.neighbours(t, 0, 3).scores, (X,)),
]
ids = [case.name for case in CASES]


@contextmanager
def wide_jax() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def reference(case: Case) -> np.ndarray:
    return np.asarray(case.f(*case.args))


def close(got: Any, want: np.ndarray, single: bool) -> None:
    np.testing.assert_allclose(np.asarray(got), want, rtol=1e-4 if single else 1e-10, atol=1e-4 if single else 1e-11)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_numpy_float32(case):
    got = case.f(*(a.astype(np.float32) for a in case.args))
    assert got.dtype == np.float32
    assert isinstance(got, (np.ndarray, np.generic))
    close(got, reference(case), single=True)


@pytest.mark.parametrize("case", CASES, ids=ids)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pytorch(case, dtype):
    got = case.f(*(torch.tensor(a, dtype=dtype) for a in case.args))
    assert isinstance(got, torch.Tensor)
    assert got.dtype == dtype
    close(got, reference(case), single=dtype == torch.float32)


@pytest.mark.parametrize("case", [c for c in CASES if c.smooth], ids=[c.name for c in CASES if c.smooth])
def test_pytorch_gradients(case):
    args = tuple(torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in case.args)
    assert torch.autograd.gradcheck(case.f, args, eps=1e-6, atol=1e-6, rtol=1e-4)


BY_VALUE = {"onto_columns", "column_space", "null_space", "neighbours"}
"""Their shapes hang on a rank or a choice, which a compiled function cannot know."""
TRACED = [c for c in CASES if c.name not in BY_VALUE]
SINGLE = [c for c in CASES if c.name in BY_VALUE | {"layer", "l2", "cosine", "least squares by qr", "scores"}]


@pytest.mark.skipif(jax is None, reason="jax is not installed")
@pytest.mark.parametrize("case", SINGLE, ids=[c.name for c in SINGLE])
def test_jax_in_its_own_float32(case):
    got = case.f(*(jax.numpy.asarray(a, dtype="float32") for a in case.args))
    assert isinstance(got, jax.Array)
    assert got.dtype == "float32"
    close(got, reference(case), single=True)


@pytest.mark.skipif(jax is None, reason="jax is not installed")
@pytest.mark.parametrize("case", TRACED, ids=[c.name for c in TRACED])
def test_jax_compiles_and_differentiates(case):
    with wide_jax():
        args = tuple(jax.numpy.asarray(a) for a in case.args)
        weights = np.random.default_rng(1).normal(size=reference(case).shape)

        def loss(*a: Any) -> Any:
            out = case.f(*a)
            return jax.numpy.sum(out * weights), out

        if case.name in {"least norm", "ridge of few rows"}:  # JAX differentiates the SVD of tall matrices only
            close(jax.jit(case.f)(*args), reference(case), single=False)
            return
        got, out = jax.jit(jax.grad(loss, has_aux=True))(*args)
        assert out.dtype == "float64"
        close(out, reference(case), single=False)
        tensors = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in case.args]
        (case.f(*tensors) * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(got, tensors[0].grad, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("f", [norms.l1, norms.l2, lambda x: norms.lp(x, 3), lambda x: norms.lp(x, 1.5)])
def test_the_slope_of_a_norm_at_zero_is_zero(f):
    x = torch.zeros(3, requires_grad=True)
    f(x).backward()
    assert x.grad.tolist() == [0, 0, 0]
    rows = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    norms.l2(rows, axis=1).sum().backward()
    torch.testing.assert_close(rows.grad, torch.tensor([[0, 0], [0.6, 0.8]]))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="longdouble is no wider than float64 here")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_long_vectors_keep_their_digits_in_every_library(dtype, library):
    x = np.random.default_rng(0).lognormal(size=3_000_001).astype(dtype)
    y = (x + np.random.default_rng(1).normal(size=x.size)).astype(dtype)
    wide_x, wide_y, u = x.astype(np.longdouble), y.astype(np.longdouble), np.finfo(dtype).eps / 2
    length, product = np.sqrt(np.sum(wide_x**2)), np.sum(wide_x * wide_y)
    assert abs(float(norms.l1(library(x))) / np.sum(wide_x) - 1) <= 8 * u
    assert abs(float(norms.l2(library(x))) / length - 1) <= 8 * u
    assert abs(float(vectors.dot(library(x), library(y))) / product - 1) <= 16 * u
    cosine = product / length / np.sqrt(np.sum(wide_y**2))
    assert abs(float(vectors.cosine(library(x), library(y))) - cosine) <= 16 * u


def test_lists_stay_numpy_and_halves_come_back_in_single():
    assert isinstance(norms.l2([3, 4]), np.floating)
    half = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.bfloat16)
    assert eigen.svd(half).values.dtype == torch.float32
    assert norms.l2(half).dtype == torch.bfloat16
    assert least_squares.qr(half, half[:, 0]).coefficients.dtype == torch.float32


@pytest.mark.parametrize("f", [norms.spectral, eigen.svd, lambda a: least_squares.qr(a, a[:, 0]), vectors.cosine])
def test_two_libraries_or_a_refused_shape_give_an_input_error(f):
    with pytest.raises(InputError):
        f(torch.empty(0, 2)) if f is not vectors.cosine else f(torch.ones(2), np.ones(2))


def test_no_function_touches_its_input():
    for case in CASES:
        args = tuple(a.copy() for a in case.args)
        with warnings.catch_warnings():
            case.f(*args)
        for a, b in zip(args, case.args, strict=True):
            assert (a == b).all()
