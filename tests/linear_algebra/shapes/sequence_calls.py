"""Calls of recurrent layers, of attention and of losses, drawn as in ``layer_calls``."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from .layer_calls import Call, Draw, call, lead, mutated, small

FLOATS = [torch.float32, torch.float32, torch.float32, torch.float64]


def rnn(draw: Draw) -> Call:
    kind = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    ins, hidden = small(draw), small(draw, 2, 3)
    deep, both, first = small(draw, 1, 2), draw(st.booleans()), draw(st.booleans())
    proj = draw(st.sampled_from([0, 0, 1])) if kind == "LSTM" else 0
    more = {"proj_size": proj} if kind == "LSTM" else {}
    layer = getattr(torch.nn, kind)(ins, hidden, deep, batch_first=first, bidirectional=both, **more)
    batch, time = draw(st.sampled_from([None, 0, 1, 2, 3])), small(draw)
    x = (time, ins) if batch is None else (batch, time, ins) if first else (time, batch, ins)
    depth = deep * (2 if both else 1)
    middle = () if batch is None else (batch,)
    states = [(depth, *middle, proj or hidden), (depth, *middle, hidden)][: 2 if kind == "LSTM" else 1]
    shapes = [x, *(states if draw(st.booleans()) else [])]
    dtype = draw(st.sampled_from(FLOATS))
    tensors = [torch.randn(mutated(draw, shape, 6), dtype=dtype if i == 0 else None) for i, shape in enumerate(shapes)]

    def run(x: torch.Tensor, *states: torch.Tensor) -> Any:
        return layer(x, (states if kind == "LSTM" else states[0]) if states else None)

    settings = {"input_size": ins, "hidden_size": hidden, "layers": deep, "batch_first": first, "bidirectional": both}
    return call("rnn", "x h0 c0", tensors, run, kind=kind, proj=proj, dtype="float32", **settings)


def rnn_cell(draw: Draw) -> Call:
    kind, ins, hidden = draw(st.sampled_from(["LSTM", "GRU", "RNN"])), small(draw), small(draw)
    layer = getattr(torch.nn, f"{kind}Cell")(ins, hidden)
    front = draw(st.sampled_from([(), (1,), (2,), (0,)]))
    state = (*front, hidden)
    state = mutated(draw, state)
    states = [state, state][: 2 if kind == "LSTM" else 1] if draw(st.booleans()) else []
    tensors = [torch.randn(shape) for shape in (mutated(draw, (*front, ins)), *states)]

    def run(x: torch.Tensor, *states: torch.Tensor) -> Any:
        if any(state.ndim != x.ndim for state in states):
            raise ValueError("PyTorch ends the whole process for some of these")
        return layer(x, (states if kind == "LSTM" else states[0]) if states else None)

    return call("rnn_cell", "x h c", tensors, run, kind=kind, input_size=ins, hidden_size=hidden)


def attention(draw: Draw) -> Call:
    heads = draw(st.sampled_from([1, 2]))
    embed = heads * small(draw, 1, 2)
    kdim, vdim = draw(st.sampled_from([(None, None), (None, None), (3, 5), (3, None)]))
    first, batch = draw(st.booleans()), draw(st.sampled_from([None, 1, 2, 3]))
    queries, keys = small(draw, 1, 3), small(draw, 1, 3)

    def laid(length: int, width: int) -> tuple[int, ...]:
        return (length, width) if batch is None else (batch, length, width) if first else (length, batch, width)

    shapes = [laid(queries, embed), laid(keys, kdim or embed), laid(keys, vdim or embed)]
    shapes = [mutated(draw, shape, 8) for shape in shapes]
    settings: dict[str, Any] = {"heads": heads, "embed": embed, "kdim": kdim, "vdim": vdim, "batch_first": first}
    names = []
    if draw(st.booleans()):
        stack = (batch or 1) * heads
        shapes.append(mutated(draw, draw(st.sampled_from([(queries, keys), (stack, queries, keys)])), 6))
        names.append("attn_mask")
    if draw(st.booleans()):
        settings["padding"] = len(shapes)
        shapes.append(mutated(draw, (keys,) if batch is None else (batch, keys), 6))
        names.append("key_padding_mask")
    layer = torch.nn.MultiheadAttention(embed, heads, kdim=kdim, vdim=vdim, batch_first=first)
    tensors = [torch.randn(shape) if i < 3 else torch.zeros(shape, dtype=torch.bool) for i, shape in enumerate(shapes)]
    average = draw(st.booleans())

    def run(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *masks: torch.Tensor) -> Any:
        return layer(q, k, v, average_attn_weights=average, **dict(zip(names, masks, strict=True)))

    return call("attention", f"q k v {' '.join(names)}", tensors, run, average=average, **settings)


def sdpa(draw: Draw) -> Call:
    queries, keys, inner, outer = (small(draw, 1, 3) for _ in range(4))
    stack = draw(st.sampled_from([(), (2,), (3, 2), (2, 4), (3, 1)]))
    gqa = draw(st.booleans())
    shared = (*stack[:-1], draw(st.sampled_from([1, 2]))) if stack and gqa else stack
    shapes = [(*stack, queries, inner), (*shared, keys, inner), (*shared, keys, outer)]
    if draw(st.booleans()):
        width = draw(st.integers(0, len(stack)))
        mask = tuple(1 if draw(st.integers(0, 4)) == 0 else size for size in (*stack[width:], queries, keys))
        shapes.append(mask)
    tensors = [torch.randn(mutated(draw, shape, 8) if i < 3 else shape) for i, shape in enumerate(shapes)]

    def run(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *masks: torch.Tensor) -> torch.Tensor:
        with sdpa_kernel(SDPBackend.MATH):  # the quick kernel of the CPU reads past the end of keys fewer than values
            return functional.scaled_dot_product_attention(q, k, v, *masks, enable_gqa=gqa)

    return call("sdpa", "q k v m", tensors, run, gqa=gqa)


def class_loss(draw: Draw) -> Call:
    name = draw(st.sampled_from(["cross_entropy", "cross_entropy", "nll_loss", "multi_margin_loss"]))
    classes = small(draw)
    batch, rest = draw(st.sampled_from([0, 1, 2, 3, 3])), tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    batch = batch or (1 if name == "multi_margin_loss" else 0)
    x = draw(st.sampled_from([(batch, classes, *rest), (batch, classes), (classes,)]))
    right = (*x[:1], *x[2:]) if len(x) > 1 else ()
    target = draw(st.sampled_from([right, right, x, (*x[:1], 1)]))
    dtypes = [torch.int64, torch.int64, torch.float32, torch.int32, torch.uint8, torch.bool]
    shape = mutated(draw, x, 8)
    tensors = [
        torch.rand(shape if shape != (0,) else (1,)),
        torch.zeros(mutated(draw, target, 8), dtype=draw(st.sampled_from(dtypes))),
    ]
    return named_loss(draw, name, tensors)


def named_loss(draw: Draw, name: str, tensors: list[torch.Tensor], names: str = "x t v w", **more: Any) -> Call:
    reduction = draw(st.sampled_from(["mean", "none", "none", "sum"]))
    run = lambda *t: getattr(functional, name)(*t, reduction=reduction, **more)  # noqa: E731
    return call("loss", names, tensors, run, name=name, reduction=reduction)


PAIRS = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss", "hinge_embedding_loss"]
PAIRS += ["binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss"]
PAIRS += ["multilabel_soft_margin_loss", "multilabel_margin_loss"]


def pair_loss(draw: Draw) -> Call:
    name = draw(st.sampled_from(PAIRS))
    shape = lead(draw)
    target = mutated(draw, draw(st.sampled_from([shape, shape, shape[:-1]])))
    dtypes = [torch.float32] * 3 + [torch.int64, torch.float64]
    if name == "multilabel_margin_loss":
        shape = tuple(size or 1 for size in shape)
        dtypes = [torch.int64, torch.float32]
    tensors = [torch.rand(mutated(draw, shape)), torch.zeros(target, dtype=draw(st.sampled_from(dtypes)))]
    return named_loss(draw, name, tensors)


def row_loss(draw: Draw) -> Call:
    name = draw(
        st.sampled_from(["cosine_embedding_loss", "triplet_margin_loss", "margin_ranking_loss", "gaussian_nll_loss"])
    )
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    third = shape[:-1] if name in ("cosine_embedding_loss", "gaussian_nll_loss") else shape
    shapes = [mutated(draw, one, 6) for one in (shape, shape, third)]
    return named_loss(draw, name, [torch.rand(one) for one in shapes], "a b c")


def ctc_loss(draw: Draw) -> Call:
    time, batch, classes, length = 6, small(draw, 1, 3), small(draw, 2, 3), small(draw, 1, 2)
    alone = draw(st.booleans())
    scores = (time, classes) if alone and batch == 1 else (time, batch, classes)
    one_row = draw(st.booleans())
    lengths = (1,) if len(scores) == 2 else mutated(draw, (batch,), 4)
    tensors = [
        torch.rand(scores),
        torch.ones((length * batch,) if one_row else mutated(draw, (batch, length)), dtype=torch.int64),
    ]
    tensors += [torch.full(lengths, time), torch.full((batch,), length)]
    if tensors[1].numel() < length * batch or tensors[1].shape[-1] < length:
        tensors[3] = torch.full((batch,), 1)
    if tensors[1].ndim == 1:
        tensors[3] = torch.full((batch,), len(tensors[1]) // batch)
        tensors[1] = tensors[1][: (len(tensors[1]) // batch) * batch]
    return named_loss(draw, "ctc_loss", tensors, "s t il tl")


CALLS = [rnn, rnn_cell, attention, sdpa, class_loss, pair_loss, row_loss, ctc_loss]
