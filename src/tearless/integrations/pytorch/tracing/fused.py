"""Attention and recurrent layers as fused kernels do them: what they give, multiply and keep, told in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .costs import Factors
from .quick import META, like

Counts = Callable[[Factors], None]
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
KEPT = {"lstm": 7, "gru": 7, "rnn_tanh": 1, "rnn_relu": 1}
"""Numbers kept for each state at each step: gates, cells, and what they are made of, as step by step."""


class Attention(torch.autograd.Function):
    """Keeps its operands, the result, and one number a query."""

    @staticmethod
    def forward(ctx: Any, shape: Sequence[int], query: Any, key: Any, value: Any, mask: Any) -> torch.Tensor:
        """The result lies in memory as the queries do, which is how the kernels lay it."""
        same = tuple(query.shape) == tuple(shape)
        out = like(query) if same else torch.empty(shape, dtype=query.dtype, device=META)
        each = torch.empty(shape[:-1], dtype=torch.float32, device=META)
        ctx.save_for_backward(query, key, value, out, each, *(() if mask is None else (mask,)))
        return out

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """Gradients of the three operands."""
        query, key, value, *_rest = ctx.saved_tensors
        return None, like(query), like(key), like(value), None


def attention_shape(query: Any, key: Any, value: Any, mask: Any, counts: Counts) -> tuple[int, ...] | None:
    """The shape that plain attention gives, its products counted; ``None`` where PyTorch is to tell, or to refuse."""
    parts = (query, key, value)
    if not all(isinstance(t, torch.Tensor) and t.is_meta and t.ndim >= 3 for t in parts):
        return None
    if len({t.dtype for t in parts}) > 1 or len({t.shape[:-2] for t in parts}) > 1:
        return None
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        return None
    rows, columns = query.shape[-2], key.shape[-2]
    if mask is not None and (mask.ndim < 2 or any(m not in (1, n) for m, n in _paired(mask, query, columns))):
        return None
    counts((*query.shape, columns))
    counts((*query.shape[:-1], columns, value.shape[-1]))
    return (*query.shape[:-2], rows, value.shape[-1])


def _paired(mask: torch.Tensor, query: torch.Tensor, columns: int) -> list[tuple[int, int]]:
    whole = (*query.shape[:-1], columns)
    return [(2, 1)] if mask.ndim > len(whole) else list(zip(reversed(mask.shape), reversed(whole), strict=False))


class Recurrence(torch.autograd.Function):
    """Keeps its input, and for each layer and step what its gates were."""

    @staticmethod
    def forward(ctx: Any, shapes: Sequence[Sequence[int]], room: Sequence[int], x: Any, *rest: Any) -> Any:
        """The output, then the last states."""
        kind = {"dtype": x.dtype, "device": META}
        ctx.save_for_backward(x, torch.empty(room, **kind))
        ctx.rest = [(tuple(t.shape), t.dtype) if t is not None else None for t in rest]
        return tuple(torch.empty(shape, **kind) for shape in shapes)

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """Gradients of the input, the first states and the weights."""
        x, _room = ctx.saved_tensors
        rest = [None if one is None else torch.empty(one[0], dtype=one[1], device=META) for one in ctx.rest]
        return None, None, like(x), *rest


def recurrent(name: str, args: Sequence[Any], counts: Counts) -> Any:
    """What ``torch.lstm`` and its kin give; ``None`` for packed sequences, which go step by step."""
    if len(args) < 9 or not isinstance(args[2], (list, tuple)):
        return None
    x, states, weights, biases, layers, dropout, train, both, batch_first = args[:9]
    states = list(states) if isinstance(states, (list, tuple)) else [states]
    if x.ndim != 3 or any(t.ndim != 3 or t.dtype != x.dtype for t in states) or weights[0].dtype != x.dtype:
        return None
    ways, each = 2 if both else 1, len(weights) // (layers * (2 if both else 1))
    hidden = weights[1].shape[0] // GATES[name]
    given = states[0].shape[2]
    samples, steps = (x.shape[0], x.shape[1]) if batch_first else (x.shape[1], x.shape[0])
    if any(t.shape[:2] != (layers * ways, samples) for t in states) or each not in (2, 3, 4, 5):
        return None
    for i in range(0, len(weights), each):
        for weight in weights[i : i + 2]:
            counts((steps, samples, *weight.shape))
        if each in (3, 5):
            counts((steps, samples, *weights[i + each - 1].shape))
    del biases
    between = (layers - 1) * ways * given * (2 if dropout and train else 1)
    room = (steps, samples, layers * ways * KEPT[name] * hidden + between)
    start = (samples, steps) if batch_first else (steps, samples)
    shapes = [(*start, ways * given), *(tuple(t.shape) for t in states)]
    return Recurrence.apply(shapes, room, x, *states, *weights)  # type: ignore[no-untyped-call]
