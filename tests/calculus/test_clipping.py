"""Clipping against PyTorch's, and on gradients that overflow its sum of squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tearless.calculus.clipping import by_norm, by_value, total_norm
from tearless.core import InputError

LISTS = st.lists(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4), elements=st.floats(-1e3, 1e3)),
    min_size=1,
    max_size=4,
)


def with_gradients(gradients: list[Any]) -> list[torch.Tensor]:
    out = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients]
    for w, g in zip(out, gradients, strict=True):
        w.grad = torch.tensor(g)
    return out


@settings(deadline=None)
@given(LISTS, st.floats(1e-3, 1e3))
def test_by_norm_is_pytorchs_up_to_its_millionth(gradients: list[Any], largest: float) -> None:
    weights = with_gradients(gradients)
    theirs = torch.nn.utils.clip_grad_norm_(weights, largest)
    clipped, norm, factor = by_norm(gradients, largest)
    np.testing.assert_allclose(norm, theirs.item(), rtol=1e-13, atol=1e-150)
    for ours, w, g in zip(clipped, weights, gradients, strict=True):
        assert w.grad is not None
        np.testing.assert_allclose(ours, w.grad, rtol=2e-6 / min(largest, 1), atol=1e-12)
        np.testing.assert_allclose(ours, g * factor, rtol=1e-15)
    assert float(total_norm(clipped)) <= largest * (1 + 1e-14)
    assert (float(factor) == 1) == (float(norm) <= largest)


@settings(deadline=None)
@given(LISTS, st.floats(1e-3, 1e3))
def test_by_value_is_pytorchs(gradients: list[Any], largest: float) -> None:
    weights = with_gradients(gradients)
    torch.nn.utils.clip_grad_value_(weights, largest)
    clipped, share = by_value(gradients, largest)
    for ours, w in zip(clipped, weights, strict=True):
        assert w.grad is not None
        np.testing.assert_array_equal(ours, w.grad)
    flat = np.concatenate([g.ravel() for g in gradients])
    assert share == np.mean(np.abs(flat) > largest)


@pytest.mark.parametrize(
    ("gradients", "norm"),
    [
        ([[3e200], [4e200]], 5e200),
        ([[3e-200], [4e-200]], 5e-200),
        ([[3e-323], [4e-323]], 5e-323),
        ([[0.0, -0.0]], 0.0),
        ([[math.inf, 1e300]], math.inf),
        ([[math.nan, math.inf]], math.nan),
        ([[], [3.0], [4.0]], 5.0),
        ([[]], 0.0),
        ([[1e308, 1.7e308]], 1.9723082923316022e308),
    ],
)
def test_hostile_norms(gradients: list[Any], norm: float) -> None:
    np.testing.assert_allclose(float(total_norm(gradients)), norm, rtol=1e-15)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_norm_that_is_not_finite_gives_a_factor_of_nan(bad: float) -> None:
    clipped, _, factor = by_norm([[1.0], [bad]], 1.0)
    assert math.isnan(float(factor))
    assert math.isnan(clipped[0][0])


def test_zeros_are_left_alone() -> None:
    clipped, norm, factor = by_norm([np.zeros(3)], 1.0)
    assert (clipped[0].tolist(), float(norm), float(factor)) == ([0, 0, 0], 0, 1)


def test_nan_is_kept_and_not_counted_by_value() -> None:
    clipped, share = by_value([[math.nan, 5.0]], 1.0)
    assert math.isnan(clipped[0][0])
    assert share == 0.5


@pytest.mark.parametrize("largest", [0.0, -1.0, math.nan, math.inf])
def test_a_limit_that_is_not_above_0_is_refused(largest: float) -> None:
    for clip in (by_norm, by_value):
        with pytest.raises(InputError, match="largest"):
            clip([[1.0]], largest)


def test_no_gradients_are_refused() -> None:
    for function in (total_norm, lambda g: by_norm(g, 1.0), lambda g: by_value(g, 1.0)):
        with pytest.raises(InputError, match="gradients: expected at least one array"):
            function([])
