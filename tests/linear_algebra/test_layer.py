"""The affine layer, and its shape report: the repairs it proposes do multiply."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.linear_algebra.layer import layer, shape_report

SIZES = st.integers(1, 4)


def test_a_layer_equals_that_of_pytorch():
    torch.manual_seed(0)
    linear, x = torch.nn.Linear(5, 3, dtype=torch.float64), torch.randn(2, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(layer(x, linear.weight.T, linear.bias), linear(x))
    np.testing.assert_allclose(layer(np.ones((2, 5)), np.eye(5)), 1.0)
    assert layer(np.empty((0, 5)), np.ones((5, 2)), 1.0).shape == (0, 2)
    assert layer([1, 2], [[1], [1]]).tolist() == [3]
    assert np.isnan(layer([[np.nan, 1.0]], np.eye(2))).any()


@pytest.mark.parametrize(
    ("x", "w", "axis", "repair"),
    [
        ((32, 784), (10, 784), "784 features on its last axis, w (10, 784) takes 10", "x @ w.T, giving (32, 10)"),
        ((784, 32), (784, 10), "x (784, 32) has 32 features", "x.T @ w, giving (32, 10)"),
        ((784, 32), (10, 784), "takes 10", "x.T @ w.T, giving (32, 10)"),
        ((32, 28, 28), (784, 10), "x (32, 28, 28) has 28", "x.reshape(32, -1) @ w, giving (32, 10)"),
        ((32, 3, 8, 8), (64, 10), "takes 64", "x.reshape(32, 3, -1) @ w, giving (32, 3, 10)"),
        ((32, 3, 8, 8), (3, 10), "takes 3", "x.transpose(0, 2, 3, 1) @ w, giving (32, 8, 8, 10)"),
        ((7,), (1, 2), "x (7,) has 7", "x[:, None] @ w, giving (7, 2)"),
        ((32, 11), (10, 2), "has 11", "leaving one column of x out"),
        ((32, 9), (10, 2), "has 9", "adding the column of x"),
        ((32, 10), (10,), "w (10,) has 1 axes", "w[:, None], giving (32, 1)"),
        ((), (1, 2), "x is a single number", "x[None]"),
    ],
)
def test_the_report_names_the_clashing_axis_and_the_repair(x, w, axis, repair):
    report = shape_report(x, w)
    assert not report.fits
    assert report.output is None
    assert axis in report.says
    assert any(r.startswith(repair) for r in report.repairs), report.repairs
    with pytest.raises(InputError, match=re.escape(report.says)):
        layer(np.ones(x), np.ones(w))


@given(st.lists(SIZES, min_size=1, max_size=4), st.tuples(SIZES, SIZES))
def test_every_repair_that_promises_a_shape_gives_it(x_shape, w_shape):
    x, w = np.ones(x_shape), np.ones(w_shape)
    report = shape_report(x, w)
    assert report.fits == (x_shape[-1] == w_shape[0])
    if report.fits:
        assert (x @ w).shape == report.output
    for repair in report.repairs:
        code, promised, shape = repair.partition(", giving ")
        if promised:
            made = eval(code, {"x": x, "w": w})  # noqa: S307
            assert str(made.shape) == shape.partition(":")[0]


@pytest.mark.parametrize("b", [(2,), (4,), (4, 1), (1, 3), (3, 1), (4, 3)])
def test_a_bias_that_would_be_added_along_the_samples_is_refused(b):
    report = shape_report((4, 5), (5, 3), b)
    assert not report.fits
    assert f"b {b} does not meet the 3 outputs" in report.says
    with pytest.raises(InputError, match="does not meet the 3 outputs"):
        layer(np.ones((4, 5)), np.ones((5, 3)), np.ones(b))
    if np.prod(b) == 3:
        assert report.repairs[0].startswith("b.reshape(-1)")


def test_a_square_case_that_numpy_would_broadcast_in_silence():
    x, w, b = np.ones((3, 3)), np.eye(3), np.arange(3.0)[:, None]
    assert (x @ w + b).shape == (3, 3)
    with pytest.raises(InputError, match="added along the samples"):
        layer(x, w, b)
    with pytest.raises(InputError, match="one number"):
        layer(np.ones((4, 3)), np.ones((3, 1)), np.ones(4))


def test_what_fits_is_said_too():
    assert shape_report((32, 784), (784, 10), (10,)).says == "x (32, 784) @ w (784, 10) + b (10,) gives (32, 10)"
    assert shape_report((784,), (784, 10)).says.endswith("x is one sample, not a batch")
    assert shape_report(torch.ones(2, 3), np.ones((3, 1)), ()).output == (2, 1)
    assert str(shape_report((1, 2), (2, 3))) == "x (1, 2) @ w (2, 3) gives (1, 3)"
    with pytest.raises(InputError, match="w: expected an array or a shape"):
        shape_report((1, 2), "w")
