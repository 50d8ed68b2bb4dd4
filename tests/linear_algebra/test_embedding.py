"""An embedding: the lookup is the one-hot product, in value and in gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from tearless.core import InputError
from tearless.linear_algebra.embedding import lookup, lookup_as_product, neighbours, one_hot


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 10**6), st.lists(st.integers(0, 3), max_size=3))
def test_the_lookup_equals_the_product_to_the_last_bit(size, d, seed, shape):
    rng = np.random.default_rng(seed)
    table, ids = (
        rng.normal(size=(size, d)) * 10.0 ** rng.integers(-300, 300, size=(size, d)),
        rng.integers(size, size=shape),
    )
    assert (lookup(table, ids) == table[ids]).all()
    assert lookup(table, ids).shape == (*shape, d)
    assert (lookup_as_product(table, ids) == lookup(table, ids)).all()


def test_both_give_the_gradient_of_pytorch_s_embedding():
    ids = torch.tensor([[0, 2], [2, 2]])
    weight = torch.nn.Parameter(torch.arange(12.0).reshape(4, 3))
    grads = []
    for f in (lookup, lookup_as_product, lambda t, i: torch.nn.functional.embedding(i, t)):
        (f(weight, ids) ** 2).sum().backward()
        grads.append(weight.grad.clone())
        weight.grad = None
    assert torch.equal(grads[0], grads[2])
    assert torch.equal(grads[1], grads[2])
    assert grads[0][1].tolist() == [0, 0, 0]


def test_one_infinite_row_spoils_the_product_and_not_the_lookup():
    table = np.array([[np.inf], [1.0]])
    assert lookup(table, [1]).tolist() == [[1.0]]
    with np.errstate(invalid="ignore"):
        assert np.isnan(lookup_as_product(table, [1])).all()


def test_one_hot_equals_pytorch_and_a_list_of_ids_serves_any_library():
    assert (
        one_hot(torch.tensor([[0, 2]]), 3).tolist() == torch.nn.functional.one_hot(torch.tensor([[0, 2]]), 3).tolist()
    )
    assert lookup(torch.ones(3, 2), [0, 1]).shape == (2, 2)
    assert lookup(torch.ones(3, 2), 1).shape == (2,)
    assert one_hot(np.uint8(2), 300).argmax() == 2


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_ids_in_narrow_types_reach_every_row(dtype):
    ids = np.array([0, 100], dtype=dtype)
    assert one_hot(ids, 1000)[1].argmax() == 100
    assert one_hot(ids, 1000).sum() == 2


@pytest.mark.parametrize("ids", [[-1], [3], [0.0], [True], ["a"], [[0], [5]]])
def test_ids_that_are_no_rows_are_refused(ids):
    for f in (lookup, lookup_as_product):
        with pytest.raises(InputError, match="ids: expected"):
            f(np.ones((3, 2)), ids)
    with pytest.raises(InputError, match="ids: expected"):
        one_hot(ids, 3)


def test_neighbours_equal_scikit_learn_and_leave_the_token_out():
    table = np.random.default_rng(0).normal(size=(30, 5))
    ours = neighbours(table, 4, k=6)
    ref = NearestNeighbors(metric="cosine").fit(table).kneighbors(table[4:5], 7)
    assert ours.order.tolist() == ref[1][0, 1:].tolist()
    np.testing.assert_allclose(ours.scores, 1 - ref[0][0, 1:], atol=1e-12)
    twin = np.vstack([table, 3 * table[4:5]])
    assert neighbours(twin, 4, k=1).order.tolist() == [30]
    with pytest.raises(InputError, match="token: expected a whole number of at least 0 and at most 29"):
        neighbours(table, 30, k=1)
    with pytest.raises(InputError, match="k: expected"):
        neighbours(table, 0, k=30)
    with pytest.raises(InputError, match="zeros"):
        neighbours(np.zeros((3, 2)), 0, k=1)
