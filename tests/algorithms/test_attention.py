"""Attention: PyTorch's numbers in three libraries, masks of both kinds, rows that see nothing, and gradients."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as some
from torch.nn.functional import scaled_dot_product_attention as torch_attention

from tearless.algorithms.attention import MultiHeadAttention, scaled_dot_product_attention
from tearless.core import InputError

RNG = np.random.default_rng(0)
Q, K, V = (RNG.normal(size=shape) for shape in ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 4)))
SEEN = RNG.random((2, 3, 5, 7)) < 0.6
SEEN[..., 0] = True
ADDED = np.where(SEEN, RNG.normal(size=SEEN.shape), -np.inf)
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "boolean": {"mask": SEEN},
    "boolean for all": {"mask": SEEN[0, 0]},
    "added": {"mask": ADDED},
    "causal": {"causal": True},
    "scale": {"scale": 0.3},
}


def jax_array(x: Any) -> Any:
    return pytest.importorskip("jax.numpy").asarray(x)


LIBRARIES = {
    "numpy float32": (np.float32, lambda x: x),
    "numpy float64": (np.float64, lambda x: x),
    "torch float32": (np.float32, torch.asarray),
    "torch float64": (np.float64, torch.asarray),
    "jax float32": (np.float32, jax_array),
}


def moved(x: Any, dtype: Any, make: Any) -> Any:
    return make(x if x.dtype == bool else x.astype(dtype))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("dtype", "make"), LIBRARIES.values(), ids=LIBRARIES)
def test_it_is_pytorchs_in_every_library(case: str, dtype: Any, make: Any) -> None:
    options = {n: moved(v, dtype, make) if n == "mask" else v for n, v in CASES[case].items()}
    ours = scaled_dot_product_attention(*(moved(x, dtype, make) for x in (Q, K, V)), **options)
    q, k, v = (torch.tensor(x.astype(dtype)) for x in (Q, K, V))
    mask = CASES[case].get("mask")
    given = None if mask is None else torch.tensor(mask if mask.dtype == bool else mask.astype(dtype))
    theirs = torch_attention(q, k, v, given, is_causal=case == "causal", scale=CASES[case].get("scale"))
    error = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(np.asarray(ours.output), theirs.numpy(), atol=error, rtol=error)
    assert np.asarray(ours.output).dtype == dtype
    assert type(ours.output) is type(make(np.zeros(1, dtype=dtype)))
    np.testing.assert_allclose(np.asarray(ours.weights).sum(-1), 1, atol=error)


@pytest.mark.parametrize("scale", [1e-3, 30.0, 1e4])
def test_scores_of_any_size_stay_finite(scale: float) -> None:
    q, k, v = (scale * Q).astype(np.float32), (scale * K).astype(np.float32), V.astype(np.float32)
    ours = scaled_dot_product_attention(q, k, v)
    theirs = torch_attention(*(torch.tensor(x, dtype=torch.float64) for x in (q, k, v)))
    np.testing.assert_allclose(ours.output, theirs.numpy(), atol=1e-6 * max(1.0, scale**2))
    assert np.isfinite(ours.output).all()


@pytest.mark.parametrize(("dtype", "make"), LIBRARIES.values(), ids=LIBRARIES)
def test_a_row_that_sees_nothing_gets_nothing_and_is_named(dtype: Any, make: Any) -> None:
    seen = SEEN.copy()
    seen[1, 2, 4] = False
    for mask in (seen, np.where(seen, 0.0, -np.inf)):
        ours = scaled_dot_product_attention(*(moved(x, dtype, make) for x in (Q, K, V)), mask=moved(mask, dtype, make))
        assert not np.asarray(ours.output)[1, 2, 4].any()
        assert not np.asarray(ours.weights)[1, 2, 4].any()
        assert np.argwhere(np.asarray(ours.blind)).tolist() == [[1, 2, 4]]
        assert np.isfinite(np.asarray(ours.output)).all()
        assert ours.explain().steps[1].numbers["blind"].value == 1


def test_a_causal_output_does_not_depend_on_what_comes_later() -> None:
    later_k, later_v = K.copy(), V.copy()
    later_k[..., 3:, :], later_v[..., 3:, :] = 9.0, -5.0
    before = scaled_dot_product_attention(Q, K, V, causal=True).output[..., :3, :]
    after = scaled_dot_product_attention(Q, later_k, later_v, causal=True).output[..., :3, :]
    np.testing.assert_array_equal(before, after)
    both = scaled_dot_product_attention(Q, K, V, causal=True, mask=SEEN)
    one = scaled_dot_product_attention(Q, K, V, mask=SEEN & np.tri(5, 7, dtype=bool))
    np.testing.assert_array_equal(both.output, one.output)


def test_keys_and_values_in_another_order_give_the_same() -> None:
    order = np.random.default_rng(1).permutation(7)
    there = scaled_dot_product_attention(Q, K[..., order, :], V[..., order, :])
    np.testing.assert_allclose(scaled_dot_product_attention(Q, K, V).output, there.output, rtol=1e-12, atol=1e-14)


def test_nan_stays_where_it_says() -> None:
    q, v = Q.copy(), V.copy()
    q[0, 0, 1, 0] = np.nan
    rows = np.isnan(scaled_dot_product_attention(q, K, V).output).any(axis=-1)
    assert np.argwhere(rows).tolist() == [[0, 0, 1]]
    v[0, 0, 6, 2] = np.nan
    spoilt = np.isnan(scaled_dot_product_attention(Q, K, v, causal=True).output)
    assert spoilt[0, 0, :, 2].all()
    assert spoilt.sum() == 5


def test_the_tutorials_weights_are_not_those_of_its_numbers() -> None:
    """RandomState(42), Q, K, V normal (4, 8) in this order: published as 0.151, 0.455, 0.149, 0.245."""
    rng = np.random.RandomState(42)
    q, k, v = rng.randn(4, 8), rng.randn(4, 8), rng.randn(4, 8)
    plain = np.exp(q @ k.T / np.sqrt(8))
    plain /= plain.sum(axis=1, keepdims=True)
    ours = scaled_dot_product_attention(q, k, v).weights
    np.testing.assert_allclose(ours, plain, rtol=1e-12)
    assert ours[0].round(3).tolist() == [0.084, 0.255, 0.515, 0.145]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("heads", [1, 2, 6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_heads_are_pytorchs_with_its_weights(bias: bool, heads: int, dtype: Any) -> None:
    torch.manual_seed(heads)
    theirs = torch.nn.MultiheadAttention(12, heads, bias=bias, batch_first=True, dtype=dtype)
    if bias:
        torch.nn.init.normal_(theirs.in_proj_bias)
    q, k, v = (torch.randn(2, length, 12, dtype=dtype) for length in (5, 7, 7))
    forbidden = torch.rand(5, 7) < 0.3
    forbidden[:, 0] = False
    output, weights = theirs(q, k, v, attn_mask=forbidden, average_attn_weights=False)
    ours = MultiHeadAttention.of_torch(
        heads, theirs.in_proj_weight, theirs.in_proj_bias, theirs.out_proj.weight, theirs.out_proj.bias
    )(q, k, v, mask=~forbidden)
    error = 1e-6 if dtype == torch.float32 else 1e-14
    torch.testing.assert_close(ours.output, output, atol=error, rtol=error)
    torch.testing.assert_close(ours.weights, weights, atol=error, rtol=error)
    asked = list(theirs.parameters())
    mine, other = (torch.autograd.grad((o**2).sum(), asked) for o in (ours.output, output))
    for a, b in zip(mine, other, strict=True):
        torch.testing.assert_close(a, b, atol=100 * error, rtol=100 * error)


@pytest.mark.parametrize(("dtype", "make"), LIBRARIES.values(), ids=LIBRARIES)
def test_many_heads_run_in_every_library(dtype: Any, make: Any) -> None:
    rng = np.random.default_rng(2)
    parts, x = [rng.normal(size=(6, 6)) for _ in range(4)], rng.normal(size=(3, 5, 6))
    ours = MultiHeadAttention(2, *(moved(p, dtype, make) for p in parts))(moved(x, dtype, make), causal=True)
    np.testing.assert_allclose(
        np.asarray(ours.output), MultiHeadAttention(2, *parts)(x, causal=True).output, rtol=1e-4, atol=1e-4
    )
    assert ours.weights.shape == (3, 2, 5, 5)
    assert "2 heads of 3" in str(ours.explain())


@pytest.mark.parametrize("case", ["plain", "boolean", "added", "causal", "blind"])
def test_gradients_are_those_of_finite_differences(case: str) -> None:
    blind = SEEN[0, 0].copy()
    blind[2] = False
    given = {"mask": blind[None, None]} if case == "blind" else CASES[case]
    options = {n: torch.tensor(v[0, 0]) if n == "mask" else v for n, v in given.items()}
    q, k, v = (torch.tensor(x[0, 0], requires_grad=True) for x in (Q, K, V))
    assert torch.autograd.gradcheck(lambda *a: scaled_dot_product_attention(*a, **options).output, (q, k, v))


def test_explain_says_how_many_keys_are_looked_at() -> None:
    even = scaled_dot_product_attention(np.zeros((3, 4)), np.zeros((5, 4)), np.ones((5, 2))).explain()
    assert even.steps[2].numbers["effective keys"].value == pytest.approx(5)
    assert even.steps[2].numbers["entropy"].value == pytest.approx(np.log(5))
    assert [step.pillar for step in even] == ["linear-algebra", "calculus", "probability", "linear-algebra"]
    for step in even:
        module, _, function = f"tearless.{step.function}".rpartition(".")
        assert hasattr(importlib.import_module(module), function)
    sharp = scaled_dot_product_attention(1e3 * np.eye(4), 1e3 * np.eye(4), np.ones((4, 2))).explain()
    assert sharp.steps[2].numbers["effective keys"].value == pytest.approx(1)
    blind = scaled_dot_product_attention(np.eye(4), np.eye(4), np.eye(4), mask=np.zeros((4, 4), dtype=bool)).explain()
    assert "no query may" in str(blind)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_explain_works_in_any_precision_and_with_gradients(dtype: Any) -> None:
    args = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in (Q, K, V)]
    assert len(scaled_dot_product_attention(*args, causal=True).explain()) == 4


def test_explain_says_which_key_each_query_looks_at() -> None:
    """The first query fits key 0 better than key 1 by ln 3; the second may look at none."""
    q, k, v = [[2 * np.log(3.0)], [9.0]], [[1.0], [0.0], [5.0]], [[4.0], [8.0], [0.0]]
    seen = scaled_dot_product_attention(q, k, v, mask=[[True, True, False], [False] * 3], scale=0.5)
    looks = seen.explain().steps[1].numbers
    assert looks["query 0"].value == pytest.approx(0.75)
    assert "on key 0" in looks["query 0"].meaning
    assert looks["query 1"].value == 0
    assert "may look at none" in looks["query 1"].meaning
    nats = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert seen.explain().steps[2].numbers["effective keys"].value == pytest.approx(np.exp(nats))


BLIND = SEEN.copy()
BLIND[:, :, 2] = False
MASKS: dict[str, dict[str, Any]] = {
    **CASES,
    "blind": {"mask": BLIND},
    "blind, added": {"mask": np.where(BLIND, 0.5, -np.inf)},
}


@pytest.mark.parametrize("case", MASKS)
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 5e-6), (torch.float64, 1e-13)])
def test_the_way_back_is_pytorchs_too_also_where_nothing_is_seen(case: str, dtype: Any, error: float) -> None:
    mask = MASKS[case].get("mask")
    given = None if mask is None else torch.tensor(mask, dtype=torch.bool if mask.dtype == bool else dtype)
    scale, causal = MASKS[case].get("scale"), case == "causal"
    mine, theirs = ([torch.tensor(x, dtype=dtype, requires_grad=True) for x in (Q, K, V)] for _ in range(2))
    ours = scaled_dot_product_attention(*mine, mask=given, causal=causal, scale=scale).output
    (ours**2).sum().backward()
    (torch_attention(*theirs, given, is_causal=causal, scale=scale) ** 2).sum().backward()
    for a, b in zip(mine, theirs, strict=True):
        assert a.grad is not None
        torch.testing.assert_close(a.grad, b.grad, rtol=error, atol=error)
    if case.startswith("blind"):
        assert mine[0].grad is not None
        assert not mine[0].grad[:, :, 2].any()


@pytest.mark.parametrize("case", MASKS)
def test_jax_compiles_it_and_its_gradient_is_pytorchs(case: str) -> None:
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        options = {n: jax_array(v) if n == "mask" else v for n, v in MASKS[case].items()}

        def output(*x: Any) -> Any:
            return scaled_dot_product_attention(*x, **options).output

        args = [jax_array(x) for x in (Q, K, V)]
        got = jax.jit(output)(*args)
        slopes = jax.jit(jax.grad(lambda *x: (output(*x) ** 2).sum(), argnums=(0, 1, 2)))(*args)
    finally:
        jax.config.update("jax_enable_x64", before)
    torch_options = {n: torch.tensor(v) if n == "mask" else v for n, v in MASKS[case].items()}
    there = [torch.tensor(x, requires_grad=True) for x in (Q, K, V)]
    want = scaled_dot_product_attention(*there, **torch_options).output
    np.testing.assert_allclose(got, want.detach(), rtol=0, atol=1e-14)
    for slope, other in zip(slopes, torch.autograd.grad((want**2).sum(), there), strict=True):
        np.testing.assert_allclose(slope, other, rtol=0, atol=1e-13)


def test_an_added_mask_has_its_gradient() -> None:
    """So a bias by distance can be learned, as T5 does."""
    args = [torch.tensor(x[0, 0], requires_grad=True) for x in (Q, K, V)]
    bias = torch.tensor(RNG.normal(size=(5, 7)), requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda q, k, v, m: scaled_dot_product_attention(q, k, v, mask=m).output, (*args, bias)
    )


def test_heads_of_queries_may_share_keys() -> None:
    """Grouped queries: two heads of keys for six of queries, as PyTorch's enable_gqa."""
    q = RNG.normal(size=(2, 6, 5, 8))
    k, v = K[:, :2], V[:, :2]
    got = scaled_dot_product_attention(q.reshape(2, 2, 3, 5, 8), k[:, :, None], v[:, :, None]).output
    want = torch_attention(torch.tensor(q), torch.tensor(k), torch.tensor(v), enable_gqa=True)
    np.testing.assert_allclose(got.reshape(2, 6, 5, 4), want, rtol=0, atol=1e-14)


def test_a_key_of_nan_that_none_may_look_at_spoils_nothing() -> None:
    k = K.copy()
    k[..., 6, :] = np.nan
    may = np.arange(7) < 6
    got = scaled_dot_product_attention(Q, k, V, mask=may).output
    np.testing.assert_allclose(got, scaled_dot_product_attention(Q, K[..., :6, :], V[..., :6, :]).output, atol=1e-14)


def test_padding_is_hidden_from_many_heads_as_by_pytorchs_other_mask() -> None:
    torch.manual_seed(0)
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    x, words = torch.randn(2, 6, 12, dtype=torch.float64), torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    parts = (theirs.in_proj_weight, theirs.in_proj_bias, theirs.out_proj.weight, theirs.out_proj.bias)
    ours = MultiHeadAttention.of_torch(3, *parts)(x, mask=words[:, None, None])
    torch.testing.assert_close(ours.output, theirs(x, x, x, key_padding_mask=~words)[0], rtol=0, atol=1e-14)


def test_a_mask_may_be_a_list_beside_any_array_but_not_of_another_library() -> None:
    q, k, v = torch.ones(1, 1), torch.ones(2, 1), torch.tensor([[1.0], [3.0]])
    assert scaled_dot_product_attention(q, k, v, mask=[[False, True]]).output == 3
    assert scaled_dot_product_attention(q, k, v, mask=[[0.0, -np.inf]]).output == 1
    with pytest.raises(InputError, match="expected one library"):
        scaled_dot_product_attention(q, k, v, mask=np.array([[True, False]]))


NUMBERS = st.floats(-20, 20, width=32)


@settings(max_examples=40, deadline=None)
@given(*(some(np.float64, shape, elements=NUMBERS) for shape in ((3, 2), (4, 2), (4, 2))))
def test_outputs_lie_among_the_values(q: Any, k: Any, v: Any) -> None:
    found = scaled_dot_product_attention(q, k, v)
    slack = 1e-13 * np.abs(v).max()
    assert (found.output <= v.max(axis=0) + slack).all()
    assert (found.output >= v.min(axis=0) - slack).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: scaled_dot_product_attention([1.0], [1.0], [1.0]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0, 2.0]], [[1.0]]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0], [2.0]]),
        lambda: scaled_dot_product_attention(np.ones((2, 1, 1)), np.ones((3, 1, 1)), np.ones((3, 1, 1))),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], mask=[[1]]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], mask=[[np.nan]]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], mask=[[np.inf]]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], mask=[[True, False]]),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], mask=np.ones((2, 1, 1), dtype=bool)),
        lambda: scaled_dot_product_attention([[1.0]], [[1.0]], [[1.0]], scale=0.0),
        lambda: scaled_dot_product_attention([[]], [[]], [[]]),
        lambda: MultiHeadAttention(3, *[np.eye(4)] * 4),
        lambda: MultiHeadAttention(2, *[np.eye(4)] * 3, np.eye(6)),
        lambda: MultiHeadAttention(2, *[np.eye(4)] * 4)(np.ones(4)),
        lambda: MultiHeadAttention(2, *[np.eye(4)] * 4)(np.ones((2, 5))),
        lambda: MultiHeadAttention.of_torch(1, np.eye(4), None, np.eye(4), None),
    ],
)
def test_shapes_that_do_not_meet_are_refused(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
