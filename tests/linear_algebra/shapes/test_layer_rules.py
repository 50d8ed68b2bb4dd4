"""Rules of layers beside PyTorch itself: the same shapes, or both refuse, over drawn shapes and settings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Clash, Operand, Operation, named, results

from .layer_calls import CALLS, Call
from .sequence_calls import CALLS as SEQUENCE_CALLS


def ours(operation: Operation) -> tuple[Any, ...] | None:
    """The shapes that the rule gives; ``None`` where it refuses, with marks on axes that are there."""
    try:
        return results(operation)
    except Clash as refused:
        clash = refused
    for i, axis in clash.marks:
        assert 0 <= axis < len(operation.operands[i].shape), (operation, clash.says, clash.marks)
    assert clash.says
    assert clash.law
    assert len(clash.marks) == len(set(clash.marks))
    assert all(repair.because and repair.gives is not None for repair in clash.repairs)
    return None


@pytest.mark.parametrize("make", CALLS + SEQUENCE_CALLS, ids=lambda make: make.__name__)
@settings(max_examples=200)
@given(data=st.data())
def test_as_torch(make: Callable[..., Call], data: st.DataObject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = make(data.draw)
        assert ours(one.operation) == one.gives(), one.operation


ODD = [0, 1, 2, 3, -1, 10**30, True, None, "same", "abc", 1.5, float("nan"), (1, 2), (2,), (), (1, None), named("k")]
SETTINGS = "n stride padding dilation groups output_padding kernel output normalized_shape classes axis kind input_size"
SETTINGS += " hidden_size layers batch_first proj heads embed gqa reduction size scale_factor mode factor padding_mode"
OURS = "linear bilinear conv conv_transpose pool adaptive_pool batch_norm instance_norm layer_norm group_norm embedding"
OURS += (
    " one_hot glu prelu cosine_similarity pairwise_distance rnn rnn_cell attention sdpa loss interpolate fold unfold"
)
SIZES = st.sampled_from([0, 1, 2, 3, 8, 10**20, named("n"), 2 * named("n")])


@settings(max_examples=500)
@given(
    rule=st.sampled_from(OURS.split()),
    shapes=st.lists(st.lists(SIZES, max_size=5).map(tuple), max_size=5),
    odd=st.dictionaries(st.sampled_from(SETTINGS.split()), st.sampled_from(ODD), max_size=6),
)
def test_odd_settings_and_sizes_are_refused_with_a_reason(rule: str, shapes: Any, odd: Any) -> None:
    operands = tuple(Operand(f"a{i}", shape, "float32") for i, shape in enumerate(shapes))
    ours(Operation(rule, operands, {"name": "cross_entropy", **odd} if rule == "loss" else odd))
