"""Losses against PyTorch's, difference quotients, and exact arithmetic."""

from __future__ import annotations

from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own abbreviation
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.calculus import finite_differences
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
from tearless.core import InputError

RNG = np.random.default_rng(1)
P = RNG.normal(size=(6, 5)) * 3
Y = RNG.normal(size=(6, 5)) * 3
SIGNS = np.where(Y > 0, 1.0, -1.0)
PARTS = RNG.uniform(size=(6, 5))
SHARES = RNG.dirichlet(np.ones(5), size=6)
CLASSES = RNG.integers(0, 5, size=6)
T = torch.tensor

CASES: dict[str, tuple[Loss, Any, Any]] = {
    "squared": (SquaredError(), Y, lambda p: F.mse_loss(p, T(Y), reduction="none")),
    "absolute": (AbsoluteError(), Y, lambda p: F.l1_loss(p, T(Y), reduction="none")),
    "huber": (Huber(1.3), Y, lambda p: F.huber_loss(p, T(Y), delta=1.3, reduction="none")),
    "hinge": (Hinge(), SIGNS, lambda p: torch.clamp(1 - T(SIGNS) * p, min=0)),
    "binary": (
        BinaryCrossEntropy(),
        PARTS,
        lambda p: F.binary_cross_entropy_with_logits(p, T(PARTS), reduction="none"),
    ),
    "classes": (CrossEntropy(), CLASSES, lambda p: F.cross_entropy(p, T(CLASSES), reduction="none")),
    "shares": (CrossEntropy(), SHARES, lambda p: F.cross_entropy(p, T(SHARES), reduction="none")),
    "kl": (
        KullbackLeibler(),
        SHARES,
        lambda p: F.kl_div(torch.log_softmax(p, -1), T(SHARES), reduction="none").sum(-1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_value_gradient_and_curvature_are_pytorchs(name: str) -> None:
    loss, truth, theirs = CASES[name]
    p = torch.tensor(P, requires_grad=True)
    value = theirs(p)
    np.testing.assert_allclose(loss.value(P, truth), value.detach(), rtol=1e-12, atol=1e-14)
    (slope,) = torch.autograd.grad(value.sum(), p, create_graph=True)
    np.testing.assert_allclose(loss.gradient(P, truth), slope.detach(), rtol=1e-10, atol=1e-14)
    bend = np.zeros_like(P)
    for index in np.ndindex(P.shape if slope.requires_grad else (0,)):
        bend[index] = torch.autograd.grad(slope[index], p, retain_graph=True)[0][index]
    np.testing.assert_allclose(loss.curvature(P, truth), bend, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(mean(loss, P, truth), value.detach().mean(), rtol=1e-12)
    (slope,) = torch.autograd.grad(theirs(p).mean(), p)
    np.testing.assert_allclose(mean_gradient(loss, P, truth), slope, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_gradient_and_curvature_are_the_difference_quotients(name: str) -> None:
    loss, truth, _ = CASES[name]

    def total(p: Any) -> float:
        return float(np.sum(loss.value(p, truth)))

    error, where = finite_differences.largest_difference(total, loss.gradient(P, truth), P)
    assert error < 1e-8, where
    for index in ((0, 0), (3, 2)):
        d = np.zeros_like(P)
        d[index] = 1
        assert finite_differences.curvature(total, P, d) == pytest.approx(loss.curvature(P, truth)[index], abs=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_pytorch_differentiates_through_value(name: str) -> None:
    loss, truth, _ = CASES[name]
    p = torch.tensor(P, requires_grad=True)
    y = torch.tensor(truth)
    assert torch.autograd.gradcheck(lambda p: loss.value(p, y), (p,))
    (slope,) = torch.autograd.grad(loss.value(p, y).sum(), p)
    np.testing.assert_allclose(slope, loss.gradient(P, truth), rtol=1e-10, atol=1e-13)


def test_pytorch_differentiates_right_at_the_kinks() -> None:
    for loss, truth in ((Huber(), [1.0, -1.0, 0.0]), (BinaryCrossEntropy(), [1.0, 0.0, 0.3])):
        p = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(loss.value(p, truth).sum(), p, create_graph=True)
        np.testing.assert_allclose(slope.detach(), loss.gradient(np.zeros(3), truth), rtol=1e-15)
        (bend,) = torch.autograd.grad(slope.sum(), p)
        np.testing.assert_allclose(bend, loss.curvature(np.zeros(3), truth), rtol=1e-15)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-800, 800) | st.sampled_from([1e4, -1e4, 0.0, -0.0, 5e-324, 37.5, -37.5, 744.0]),
    st.floats(0, 1) | st.sampled_from([0.0, 1.0, 5e-324, 1e-20, 1 - 2**-53]),
)
def test_binary_cross_entropy_is_right_to_a_few_ulp(z: float, y: float) -> None:
    with mpmath.workprec(20000 if abs(z) > 800 else 2400):
        u, share = mpmath.mpf(z), mpmath.mpf(y)
        exact = share * mpmath.log1p(mpmath.exp(-u)) + (1 - share) * mpmath.log1p(mpmath.exp(u))
        found = mpmath.mpf(float(BinaryCrossEntropy().value(z, y)))
        assert abs(found - exact) <= 6 * 2.0**-53 * exact + 2.0**-1070


@pytest.mark.parametrize("row", [[1e4, -1e4, 0.0], [50.0, 0.0, 0.0], [-1e4, -1e4, -1e4], [1e300, 0.0, -1e300]])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_cross_entropy_is_right_to_a_few_ulp(row: list[float], label: int) -> None:
    with mpmath.workprec(1200):
        beside = [mpmath.mpf(v) - max(row) for v in row]
        exact = mpmath.log1p(mpmath.fsum(mpmath.exp(b) for b in beside if b > -1e6) - 1) - beside[label]
        found = mpmath.mpf(float(CrossEntropy().value([row], [label])[0]))
        assert abs(found - exact) <= 6 * 2.0**-53 * exact + 2.0**-1070


def test_infinite_logits_cost_nothing_on_the_right_side_and_inf_on_the_wrong_one() -> None:
    inf = np.inf
    binary = BinaryCrossEntropy()
    assert binary.value([inf, -inf, inf, -inf], [1, 0, 0, 1]).tolist() == [0, 0, inf, inf]
    assert binary.gradient([inf, -inf, inf, -inf], [1, 0, 0, 1]).tolist() == [0, 0, 1, -1]
    row = [0.0, 0.0, -inf]
    assert CrossEntropy().value([row, row], [1, 2]).tolist() == [pytest.approx(np.log(2)), inf]
    assert Huber().value([inf], [0.0]).tolist() == [inf]
    assert Huber().gradient([-inf], [0.0]).tolist() == [-1]


def test_nan_stays_where_it_is() -> None:
    for loss, truth in ((SquaredError(), 0.0), (Huber(), 0.0), (Hinge(), 1.0), (BinaryCrossEntropy(), 1.0)):
        for function in (loss.value, loss.gradient):
            assert np.isnan(function([np.nan, 1.0], [truth, truth])).tolist() == [True, False]
    assert np.isnan(CrossEntropy().value([[np.nan, 0.0], [0.0, 0.0]], [0, 0])).tolist() == [True, False]


def test_nothing_gives_nothing_and_has_no_mean() -> None:
    for name in ("squared", "binary", "huber"):
        assert CASES[name][0].value([], []).shape == (0,)
    assert CrossEntropy().value(np.zeros((0, 3)), np.zeros(0, int)).shape == (0,)
    with pytest.raises(InputError, match="empty"):
        mean(SquaredError(), [], [])


def test_the_cross_entropy_of_two_classes_is_the_binary_one() -> None:
    z, y = np.linspace(-30, 30, 13), np.arange(13) % 2
    both = np.stack([np.zeros_like(z), z], axis=1)
    np.testing.assert_allclose(CrossEntropy().value(both, y), BinaryCrossEntropy().value(z, y), rtol=1e-14)


def test_kl_is_the_cross_entropy_beyond_the_entropy_and_0_at_the_truth() -> None:
    entropy = -np.sum(SHARES * np.log(SHARES), axis=1)
    np.testing.assert_allclose(
        KullbackLeibler().value(P, SHARES), CrossEntropy().value(P, SHARES) - entropy, rtol=1e-12
    )
    np.testing.assert_allclose(KullbackLeibler().value(np.log(SHARES), SHARES), 0, atol=1e-15)
    np.testing.assert_allclose(KullbackLeibler().gradient(np.log(SHARES), SHARES), 0, atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "prediction", "truth", "words"),
    [
        (SquaredError(), [1.0, 2.0], [1.0], "expected one shape"),
        (SquaredError(), ["a"], [1.0], "prediction: expected real numbers"),
        (Hinge(), [1.0], [0.0], "truth: expected -1 and \\+1"),
        (BinaryCrossEntropy(), [1.0], [2.0], "truth: expected values from 0 to 1"),
        (BinaryCrossEntropy(), [1.0], [-1.0], "truth: expected values from 0 to 1"),
        (CrossEntropy(), [[1.0, 2.0]], [2], "truth: expected class numbers from 0 to 1"),
        (CrossEntropy(), [[1.0, 2.0]], [0.5], "truth: expected class numbers from 0 to 1"),
        (CrossEntropy(), [[1.0, 2.0]], [0, 1], "truth: expected one class a row, 1 of them, got 2"),
        (CrossEntropy(), [[1.0, 2.0]], [[-0.1, 1.1]], "truth: expected shares of at least 0"),
        (CrossEntropy(), [1.0, 2.0], [0], "prediction: expected a matrix"),
        (SquaredError(), torch.ones(1), np.ones(1), "one library"),
    ],
)
def test_what_makes_no_sense_is_refused(loss: Loss, prediction: Any, truth: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        loss.value(prediction, truth)


def test_a_delta_that_is_not_above_0_is_refused() -> None:
    with pytest.raises(InputError, match="delta"):
        Huber(0.0)
