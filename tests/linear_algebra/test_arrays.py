"""What may pass the border of the pillars' functions, as what, and what is refused in which words."""

from __future__ import annotations

import decimal
import fractions

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, arrays, constant, finite, known, positive, same_shape, to_numpy, whole

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ([1, 2], np.float64),
        ([1.5, 2], np.float64),
        ((True, False), np.float64),
        (3, np.float64),
        (np.float32(3), np.float32),
        (range(3), np.float64),
        ([2**70, 1], np.float64),
        ([fractions.Fraction(1, 2), decimal.Decimal("0.25")], np.float64),
        (np.array([1, 2], dtype=np.uint8), np.float64),
        (np.array([1, 2], dtype=np.float32), np.float32),
        (np.array([1, 2], dtype=np.float16), np.float16),
        (np.array([1, 2], dtype=object), np.float64),
        (pd.Series([1, 2]), np.float64),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), np.float64),
        (pl.Series([1, 2]), np.float64),
    ],
)
def test_numbers_become_numpy_floats(given, dtype):
    _, x = array(given, "x")
    assert type(x) in (np.ndarray, np.float32)
    assert x.dtype == dtype


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("abc", "got str"),
        (None, "got NoneType"),
        ({1: 2}, "got dict"),
        (["1", "2"], "type str"),
        ([1, None], "type NoneType"),
        ([1, "a"], "type str"),
        ([[1, 2], [3]], "rows of one length"),
        ([1j], "real numbers"),
        (np.array([1j]), "complex"),
        (torch.tensor([1j]), "complex"),
        (np.array(["a"]), "got"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
        (np.ma.masked_array([1.0, 2.0], mask=[True, False]), "mask"),
        (pd.Series(["a"]), "type str"),
        ([], "empty"),
        (np.empty((0, 3)), r"shape \(0, 3\)"),
        (torch.empty(2, 0), "empty"),
        ([torch.tensor(1.0, requires_grad=True)], "mend the list"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(given, said):
    with pytest.raises(InputError, match=said) as caught:
        array(given, "weights")
    assert str(caught.value).startswith("weights: expected")


def test_arrays_keep_library_dtype_and_gradient():
    t = torch.ones(2, 3, dtype=torch.float32, requires_grad=True)
    assert array(t, "t")[1] is t
    j = jnp.ones(3)
    assert array(j, "j")[1] is j
    x = np.ones(3, dtype=np.float32)
    assert array(x, "x")[1] is x
    assert array(torch.tensor([1, 2]), "t")[1].dtype == torch.get_default_dtype()
    assert array(torch.tensor([True]), "t")[1].dtype == torch.get_default_dtype()
    assert array(torch.ones(2, dtype=torch.bfloat16), "t")[1].dtype == torch.bfloat16
    assert array(jnp.array([1, 2]), "j")[1].dtype == jnp.zeros(1).dtype
    assert array(torch.tensor([1, 2]), "t", floating=False)[1].dtype == torch.int64
    assert array(np.array([True]), "t", floating=False)[1].dtype == bool


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_subclass_loses_its_own_product():
    _, m = array(np.asmatrix([[1.0, 2.0], [3.0, 4.0]]), "m")
    assert type(m) is np.ndarray
    assert (m * m).tolist() == [[1, 4], [9, 16]]


def test_axes_are_counted_in_words():
    assert array(3.0, "x", ndim=0)[1].shape == ()
    assert array(torch.tensor(3.0), "x")[1].shape == ()
    with pytest.raises(InputError, match=r"expected a vector \(1 axis\), got shape \(2, 2\)"):
        array(np.eye(2), "x", ndim=1)
    with pytest.raises(InputError, match=r"a matrix \(2 axes\) or 3 axes, got shape \(1,\)"):
        array([1.0], "x", ndim=(2, 3))
    assert array([], "x", empty=True)[1].shape == (0,)


def test_a_list_takes_the_library_and_dtype_of_the_array_beside_it():
    xp, x, w = arrays(x=torch.ones(2, dtype=torch.float32), w=[1, 2])
    assert w.dtype == torch.float32
    assert xp.sum(x * w) == 3
    _, x, w = arrays(x=[1.0, 2.0], w=jnp.ones(2))
    assert x.dtype == w.dtype
    _, x, w = arrays(x=np.ones(2, dtype=np.float32), w=0.1)
    assert x.dtype == w.dtype == np.float32
    _, x, w = arrays(x=torch.ones(2), w=np.float64(0.1))
    assert w.dtype == torch.float32
    _, x, w = arrays(x=[1], w=[2])
    assert x.dtype == w.dtype == np.float64


def test_two_dtypes_meet_in_the_wider():
    _, x, w = arrays(x=torch.ones(2, dtype=torch.float64), w=torch.tensor([1, 2]))
    assert x.dtype == w.dtype == torch.float64
    _, x, w = arrays(x=np.ones(2, dtype=np.float32), w=np.ones(2))
    assert x.dtype == w.dtype == np.float64


def test_two_libraries_are_refused_by_name():
    with pytest.raises(InputError, match="x is a torch array, w is a numpy array"):
        arrays(x=torch.ones(2), w=np.ones(2))
    with pytest.raises(InputError, match="one library"):
        arrays(x=torch.ones(2), w=jnp.ones(2))


def test_two_devices_are_refused_by_name():
    with pytest.raises(InputError, match="x is on cpu, w is on meta"):
        arrays(x=torch.ones(2), w=torch.ones(2, device="meta"))


def test_gradients_pass_the_border():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    xp, y, w = arrays(x=x, w=[3.0, 4.0])
    xp.sum(y * w).backward()
    assert x.grad.tolist() == [3.0, 4.0]
    assert not constant(x).requires_grad
    assert to_numpy(x).tolist() == [1.0, 2.0]


def test_under_jit_a_value_is_not_known():
    seen = []

    def f(x):
        xp, y = array(x, "x")
        seen.append(known(xp.sum(y) > 0))
        finite(xp, y, "x")
        return xp.sum(arrays(y=y, w=[1.0, 2.0])[1])

    assert float(jax.jit(f)(jnp.ones(2))) == 2.0
    assert seen == [False]
    assert known(jnp.ones(2).sum() > 0)


def test_nan_and_inf_are_counted():
    for x in (np.array([1, np.nan, np.inf]), torch.tensor([1, torch.nan, torch.inf])):
        xp, x = array(x, "x")
        with pytest.raises(InputError, match="got 2 that are nan or inf"):
            finite(xp, x, "x")
    finite(np, np.array([1.7e308, 1.7e308]), "x")


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "a", None])
def test_positive_refuses(value):
    with pytest.raises(InputError, match="rate: expected a finite number above 0"):
        positive(value, "rate")
    assert positive(0, "rate", zero=True) == 0.0


@pytest.mark.parametrize("value", [0, 4, 1.0, True, "2", None])
def test_whole_refuses(value):
    with pytest.raises(InputError, match="k: expected a whole number of at least 1 and at most 3"):
        whole(value, "k", most=3)
    assert whole(np.int32(3), "k", most=3) == 3


def test_same_shape_names_both():
    with pytest.raises(InputError, match=r"a \(2,\) and b \(3,\)"):
        same_shape(a=np.ones(2), b=np.ones(3))
    same_shape(a=np.ones(2), b=torch.ones(2))
