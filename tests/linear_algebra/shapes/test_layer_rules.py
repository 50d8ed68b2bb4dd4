"""Rules of layers beside PyTorch itself: the same shapes, or both refuse, over drawn shapes and settings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Clash, Operation, results

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
