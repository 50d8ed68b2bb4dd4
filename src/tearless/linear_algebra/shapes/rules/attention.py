"""Attention: of a layer with weights of its own (``nn.MultiheadAttention``), and of queries, keys and values alone."""

from __future__ import annotations

from collections.abc import Sequence

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation
from tearless.linear_algebra.shapes.size import Shape, Size, divided, written

from .asked import FLOATS, agree, axes_are, has, same_device, takes, whole
from .attention_repairs import layer_mends, sdpa_mends
from .broadcasting import meets
from .registry import rule

LAW_RANK = "a query, a key and a value are (length, batch, embed), batch first where it says so, or (length, embed)"
LAW_EMBED = "the last axis of a query is the embed_dim of the layer, those of key and value its kdim and vdim"
LAW_PAIR = "a key and its value have the same length and batch, and the batch of the query"
LAW_MASK = "attn_mask is (queries, keys), or (batch · heads, queries, keys)"
LAW_PADDING = "key_padding_mask is (batch, keys), or (keys,) without a batch"
LAW_SCORES = "the last axes of query and key must be equal: each score is the sum over both"
LAW_LENGTH = "each key has one value: axis -2 of both must be equal"
LAW_HEADS = "the axes before the last two broadcast; with enable_gqa the heads of the key divide those of the query"
LAW_OVER = "the mask must broadcast to (..., queries, keys), which cannot grow for it"
LAW_HALVES = "the heads of the layer must divide its embed_dim"


@rule
def attention(operation: Operation) -> tuple[Shape, ...]:
    """``nn.MultiheadAttention``: q, k, v, then masks; gives the output and the weights of each query.

    With ``batch_first`` q (batch, queries, embed), k (batch, keys, kdim) and v (batch, keys, vdim) give
    (batch, queries, embed) and (batch, queries, keys); else the batch is axis 1 of q, k, v and the output. Settings
    ``heads, embed, kdim, vdim, batch_first, need_weights, average``; ``padding`` is the number of the operand that is
    the ``key_padding_mask``.
    """
    q, k, v, *masks = takes(operation, 3, 5)
    embed = _inner(operation)
    rank = len(q.shape)
    axes_are(operation, (2, 3), LAW_RANK, lambda: layer_mends(operation))
    for at, one in ((1, k), (2, v)):
        if len(one.shape) != rank:
            marks = [(i, axis) for i in (0, at) for axis in range(len(operation.operands[i].shape))]
            says = f"{q} and {one}: they must have equally many axes"
            raise Clash(says, LAW_RANK, marks, lambda: layer_mends(operation))
    _widths(operation, embed)
    time, batch = (0, 1) if rank == 2 or not operation.settings.get("batch_first") else (1, 0)
    _same(operation, (1, time), (2, time))
    if rank == 3:
        _same(operation, (1, batch), (2, batch))
        _same(operation, (0, batch), (1, batch))
    queries, keys = q.shape[time], k.shape[time]
    heads: Size = whole(operation, "heads", 1, least=1)
    stack = q.shape[batch] * heads if rank == 3 else heads
    padding = operation.settings.get("padding")
    for i, mask in enumerate(masks, 3):
        if i == padding:
            allowed: list[Shape] = [(q.shape[batch], keys) if rank == 3 else (keys,)]
        else:
            allowed = [(queries, keys), (stack, queries, keys)]
        _mask_fits(operation, i, mask, allowed, LAW_PADDING if i == padding else LAW_MASK)
    agree(operation, (0, 1, 2))
    return _given(operation, q, queries, keys, heads)


def _given(operation: Operation, q: Operand, queries: Size, keys: Size, heads: Size) -> tuple[Shape, ...]:
    if not operation.settings.get("need_weights", True):
        return (q.shape,)
    lead: Shape = (q.shape[0 if operation.settings.get("batch_first") else 1],) if len(q.shape) == 3 else ()
    each = () if operation.settings.get("average", True) else (heads,)
    return (q.shape, (*lead, *each, queries, keys))


def _inner(operation: Operation) -> Size:
    q = operation.operands[0]
    embed: Size = (
        whole(operation, "embed", 1, size=True)
        if operation.settings.get("embed") is not None
        else (q.shape or (1,))[-1]
    )
    heads = whole(operation, "heads", 1, least=1)
    if divided(embed, heads) is None:
        raise Clash(f"embed_dim is {embed}, which {heads} heads do not divide", LAW_HALVES)
    return embed


def _widths(operation: Operation, embed: Size) -> None:
    names = ("embed_dim", "kdim", "vdim")
    for at, name in enumerate(names):
        one = operation.operands[at]
        wanted = operation.settings.get(name) if at else embed
        wanted = embed if wanted is None else wanted
        if one.shape[-1] != wanted:
            axis = len(one.shape) - 1
            says = f"{has(one, -1)}, the layer's {name} is {wanted}: they must be equal"
            raise Clash(says, LAW_EMBED, ((at, axis),), lambda: layer_mends(operation))


def _same(operation: Operation, one: tuple[int, int], other: tuple[int, int]) -> None:
    a, b = operation.operands[one[0]], operation.operands[other[0]]
    if a.shape[one[1]] != b.shape[other[1]]:
        first = " (batch_first)" if operation.settings.get("batch_first") else ""
        what = "batch" if one[0] == 0 else "length" if one[1] == (1 if first else 0) else "batch"
        says = f"{has(a, one[1])}, {has(b, other[1])}{first}: the {what} of both must be equal"
        raise Clash(says, LAW_PAIR, (one, other), lambda: layer_mends(operation))


def _mask_fits(operation: Operation, i: int, mask: Operand, allowed: Sequence[Shape], law: str) -> None:
    if mask.shape not in allowed:
        same = [shape for shape in allowed if len(shape) == len(mask.shape)]
        axes = [axis for axis in range(len(mask.shape)) if not same or mask.shape[axis] != same[0][axis]]
        either = " or ".join(map(written, allowed))
        says = f"{mask} is a mask beside {operation.operands[0]} and {operation.operands[1]}: it must be {either}"
        raise Clash(says, law, [(i, axis) for axis in axes], lambda: layer_mends(operation))
    if mask.dtype and mask.dtype not in ("bool", *FLOATS):
        _not_a_mask(operation, i, mask)


def _not_a_mask(operation: Operation, i: int, mask: Operand) -> None:
    says = f"{mask.name} is {mask.dtype}: a mask is of bool or of numbers to be added to the scores"
    raise Clash(says, "a mask is of bool or of floats", (), lambda: sdpa_mends(operation, mask_at=i), "dtype")


@rule
def sdpa(operation: Operation) -> tuple[Shape, ...]:
    """``F.scaled_dot_product_attention``: q, k, v, then a mask. Settings ``gqa`` (``enable_gqa``) and ``is_causal``.

    q (..., queries, e), k (..., keys, e) and v (..., keys, out) give (..., queries, out).
    """
    q, k, v, *masks = takes(operation, 3, 4)
    for at, one in enumerate((q, k, v)):
        if len(one.shape) < 2:
            marks = [(at, axis) for axis in range(len(one.shape))]
            says = f"{one} has no axes (length, width)"
            raise Clash(says, "attention takes at least two axes", marks, lambda: sdpa_mends(operation))
    _meet(operation, (0, len(q.shape) - 1), (1, len(k.shape) - 1), LAW_SCORES)
    _meet(operation, (1, len(k.shape) - 2), (2, len(v.shape) - 2), LAW_LENGTH)
    stack = _stack(operation)
    scores = (*_together(operation, stack[:2]), q.shape[-2], k.shape[-2])
    if masks:
        _scores_masked(operation, masks[0], scores)
    agree(operation, (0, 1, 2))
    same_device(operation)
    return ((*_together(operation, stack), q.shape[-2], v.shape[-1]),)


def _meet(operation: Operation, one: tuple[int, int], other: tuple[int, int], law: str) -> None:
    a, b = operation.operands[one[0]], operation.operands[other[0]]
    if a.shape[one[1]] != b.shape[other[1]]:
        says = f"{has(a, one[1])}, {has(b, other[1])}: they must be equal"
        raise Clash(says, law, (one, other), lambda: sdpa_mends(operation))


def grouped(operation: Operation) -> bool:
    """Whether heads of keys may stand for several of queries."""
    return bool(operation.settings.get("gqa", operation.settings.get("enable_gqa", False)))


def _stack(operation: Operation) -> list[Shape]:
    """The axes before the last two, the heads of keys and values repeated where that is asked for."""
    q, k, v = operation.operands[:3]
    if not grouped(operation):
        return [one.shape[:-2] for one in (q, k, v)]
    out = [q.shape[:-2]]
    for at, one in ((1, k), (2, v)):
        if len(one.shape) < 3 or len(q.shape) < 3 or divided(q.shape[-3], one.shape[-3]) is None:
            marks = [(i, len(s.shape) - 3) for i, s in ((0, q), (at, one)) if len(s.shape) > 2]
            says = f"the heads of {one} (axis -3) must divide those of {q}"
            raise Clash(says, LAW_HEADS, marks, lambda: sdpa_mends(operation))
        out.append((*one.shape[:-3], q.shape[-3]))
    return out


def _together(operation: Operation, stack: Sequence[Shape]) -> Shape:
    """The shape of leading axes together. Raises ``Clash`` at the last one that does not fit."""
    out: list[Size] = []
    for back in range(1, max(map(len, stack)) + 1):
        there = [(i, shape[-back]) for i, shape in enumerate(stack) if len(shape) >= back]
        size = meets([size for _, size in there])
        if size is None:
            axes = [(i, len(operation.operands[i].shape) - 2 - back) for i, one in there if one != 1]
            says = " and ".join(has(operation.operands[i], axis) for i, axis in axes)
            raise Clash(f"{says}: they must be equal", LAW_HEADS, axes, lambda: sdpa_mends(operation))
        out.append(size)
    return tuple(out[::-1])


def _scores_masked(operation: Operation, mask: Operand, scores: Shape) -> None:
    fits = len(mask.shape) <= len(scores)
    pairs = zip(reversed(mask.shape), reversed(scores), strict=False)
    bad = [len(mask.shape) - 1 - back for back, (size, into) in enumerate(pairs) if size not in (1, into)]
    if not fits or bad or (len(scores) == 4 and len(mask.shape) < 2):
        axes = sorted(bad) if fits and bad else range(len(mask.shape))
        says = f"{mask} is the mask of scores {written(scores)} (..., queries, keys): it must broadcast to them"
        raise Clash(says, LAW_OVER, [(3, axis) for axis in axes], lambda: sdpa_mends(operation))
    if operation.settings.get("is_causal"):
        law = "is_causal makes a mask of its own, so none may be given beside it"
        raise Clash(
            f"{mask} is given, and is_causal too: only one of them can be", law, (), lambda: sdpa_mends(operation)
        )
    if mask.dtype and mask.dtype != "bool" and mask.dtype not in FLOATS:
        _not_a_mask(operation, 3, mask)
