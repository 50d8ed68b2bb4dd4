"""What would let attention through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import size_of
from tearless.linear_algebra.shapes.operation import Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, gives_of
from tearless.linear_algebra.shapes.size import Shape, divided, product

from .asked import below, counted, whole
from .layer_repairs import (
    Turn,
    axis_in,
    axis_out,
    hung,
    laid_flat,
    offered,
    permuted,
    remade,
    template_of,
    then,
    turned,
)


def layer_mends(operation: Operation) -> list[Repair]:
    """Of ``nn.MultiheadAttention``."""
    return offered(operation, _layer_changes(operation))


def _layer_changes(operation: Operation) -> Iterator[Change | None]:
    first = bool(operation.settings.get("batch_first", False))
    ranks = [len(one.shape) for one in operation.operands[:3]]
    yield from _ranks(operation, ranks)
    yield from _features(operation)
    plain_inputs = replace(operation, operands=operation.operands[:3])
    if first and gives_of(plain_inputs) is not None:
        for i in range(3, len(operation.operands)):
            yield from _masks(operation, i)
    if ranks == [3, 3, 3]:
        what = "length, batch" if first else "batch, length"
        because = f"its inputs are ({what}, embed)"
        yield remade(operation, because, {"batch_first": not first}, {}, batch_first=not first)
    for i in range(3, len(operation.operands)):
        yield from _masks(operation, i)
        yield turned(operation, "the mask was made for more steps", {i: _square_cut(operation, i)})
    yield from _widths(operation)
    if ranks == [3, 3, 3]:
        yield from _turned_keys(operation)


def _ranks(operation: Operation, ranks: list[int]) -> Iterator[Change | None]:
    operands = operation.operands[:3]
    batch = 0 if operation.settings.get("batch_first") else 1
    if len(set(ranks)) > 1:
        few = {i: axis_in(one, batch) for i, one in enumerate(operands) if len(one.shape) == 2}
        yield turned(operation, "those of two axes are one sample", few)
    if set(ranks) == {4}:
        merged: dict[int, Turn | None] = {i: laid_flat(one, 0, 1) for i, one in enumerate(operands)}
        space: dict[int, Turn | None] = {i: _pixels(one, batch == 0) for i, one in enumerate(operands)}
        yield turned(operation, "each pixel of the images is one step", space)
        yield turned(operation, "axes 0 and 1 both count samples", merged)
        for axis in range(4):
            yield turned(
                operation, "an axis of 1 is not meant", {i: axis_out(one, axis) for i, one in enumerate(operands)}
            )
    if set(ranks) == {1}:
        yield turned(operation, "each is one step", {i: axis_in(one, 0) for i, one in enumerate(operands)})
    if any(rank > 3 for rank in ranks):
        odd: dict[int, Turn | None] = {i: axis_out(one, 0) for i, one in enumerate(operands) if len(one.shape) > 3}
        yield turned(operation, "axis 0, of size 1, is not meant", odd)


def _pixels(one: Operand, first: bool) -> Turn | None:
    flat = laid_flat(one, 2)
    return flat and then(flat, permuted(flat.after, *((0, 2, 1) if first else (2, 0, 1))))


def _features(operation: Operation) -> Iterator[Change | None]:
    """Features that lie on another axis than the last."""
    settings = operation.settings
    embed = settings.get("embed")
    wanted = [embed, *((settings.get(name) or embed) for name in ("kdim", "vdim"))]
    turns: dict[int, Turn | None] = {}
    for i, (one, size) in enumerate(zip(operation.operands[:3], wanted, strict=True)):
        if one.shape and one.shape[-1] != size and len(one.shape) == 3 and size in one.shape:
            order = (0, 2, 1) if one.shape[1] == size else (1, 2, 0)
            turns[i] = permuted(one, *order)
    if turns:
        because = f"the features of {operation.operands[min(turns)].name} are not on its last axis"
        yield turned(operation, because, turns)


def _widths(operation: Operation) -> Iterator[Change | None]:
    """The layer made for the widths that came."""
    q, k, v = operation.operands[:3]
    settings = operation.settings
    embed, heads = settings.get("embed"), settings.get("heads")
    if not (q.shape and k.shape and v.shape):
        return
    wide, keys, values = q.shape[-1], k.shape[-1], v.shape[-1]
    if wide == embed:
        layer = {name: size for name, size in (("kdim", keys), ("vdim", values)) if size != embed}
        yield remade(operation, "keys and values have other widths", layer, {}, kdim=keys, vdim=values)
    layer = {"embed_dim": wide}
    more = {name: size for name, size in (("kdim", keys), ("vdim", values)) if size != wide}
    because = f"{q.name} has {counted(wide, 'feature')}"
    yield remade(operation, because, {**layer, **more}, {}, embed=wide, kdim=keys, vdim=values)
    if isinstance(wide, int) and isinstance(heads, int) and wide and wide % heads:
        fewer = max(count for count in range(1, heads + 1) if wide % count == 0)
        fewer_layer = {**layer, "num_heads": fewer, **more}
        yield remade(operation, because, fewer_layer, {}, embed=wide, heads=fewer, kdim=keys, vdim=values)


def _turned_keys(operation: Operation) -> Iterator[Change | None]:
    q, k, v = operation.operands[:3]
    yield turned(
        operation, "keys and values lie the other way round", {1: permuted(k, 1, 0, 2), 2: permuted(v, 1, 0, 2)}
    )
    yield turned(operation, f"{q.name} lies the other way round", {0: permuted(q, 1, 0, 2)})
    yield turned(operation, f"{v.name} lies the other way round", {2: permuted(v, 1, 0, 2)})


def _masks(operation: Operation, i: int) -> Iterator[Change | None]:
    q, k = operation.operands[:2]
    mask = operation.operands[i]
    heads = whole(operation, "heads", 1)
    if len({len(one.shape) for one in operation.operands[:3]}) > 1 or len(q.shape) not in (2, 3):
        return
    first = bool(operation.settings.get("batch_first"))
    batch, time = (0, 1) if first else (1, 0)
    shape = mask.shape
    if operation.settings.get("padding") is None and len(q.shape) == 3 and shape == (q.shape[batch], k.shape[time]):
        yield _as_padding(operation, i)
    yield turned(operation, f"{mask.name} is kept the other way round", {i: permuted(mask, 1, 0)})
    for axis in range(len(shape)):
        yield turned(operation, f"an axis of 1 of {mask.name} is not meant", {i: axis_out(mask, axis)})
    if len(shape) == 4 and shape[1] != 1:
        yield turned(operation, "batch and heads are one axis there", {i: laid_flat(mask, 0, 1)})
    if len(shape) == 4 and shape[1] == 1:
        flat = hung(mask, f"{{}}.squeeze(1).repeat_interleave({heads}, dim=0)", (shape[0] * heads, *shape[2:]))
        yield turned(operation, f"{mask.name} is the same for each head", {i: flat})
    if len(shape) == 3:
        each = hung(mask, f"{{}}.repeat_interleave({heads}, dim=0)", (shape[0] * heads, *shape[1:]))
        yield turned(operation, f"{mask.name} is the same for each head", {i: each})
        yield turned(operation, f"the first of {mask.name} stands for all", {i: hung(mask, "{}[0]", shape[1:])})
    if len(shape) == 2 and len(q.shape) >= 2:
        at = time if len(q.shape) == 3 else 0
        row = hung(mask, f"{{}}.expand({size_of(q, at)}, -1)", (q.shape[at], shape[1]))
        yield turned(
            operation, f"{mask.name} is the same for each query", {i: row if shape[0] == 1 and size_of(q, at) else None}
        )
    yield turned(operation, f"{mask.name} is that of one sample", {i: axis_in(mask, 0)})
    if len(shape) == 1 and len(q.shape) == 3:
        row = hung(mask, f"{{}}.expand({size_of(q, batch)}, -1)", (q.shape[batch], *shape))
        yield turned(operation, f"{mask.name} is the same for each sample", {i: row if size_of(q, batch) else None})


def _square_cut(operation: Operation, i: int) -> Turn | None:
    """The corner of a square mask, made once for the longest sequence, that belongs to these queries and keys."""
    q, k = operation.operands[:2]
    mask = operation.operands[i]
    at = 1 if len(q.shape) == 3 and operation.settings.get("batch_first") else 0
    if min(len(q.shape), len(k.shape)) <= at:
        return None
    steps, size = q.shape[at], size_of(q, at)
    shape = mask.shape
    if len(shape) != 2 or shape[0] != shape[1] or steps != k.shape[at] or size is None or not below(steps, shape[0]):
        return None
    return hung(mask, f"{{}}[:{size}, :{size}]", (steps, steps))


def _as_padding(operation: Operation, i: int) -> Change | None:
    """A mask of keys that was given as one of scores."""
    text = template_of(operation, {})
    if f"attn_mask={{{i}}}" not in text:
        return None
    after = replace(operation, settings={**operation.settings, "padding": i})
    because = f"{operation.operands[i].name} marks keys that are padding"
    return Change(1.0, after, Repair(because, text=text.replace("attn_mask=", "key_padding_mask=")))


def sdpa_mends(operation: Operation, mask_at: int | None = None) -> list[Repair]:
    """Of ``scaled_dot_product_attention``; ``mask_at`` is a mask whose type of numbers is refused."""
    if mask_at is not None:
        mask = operation.operands[mask_at]
        truth = turned(
            operation, f"{mask.name} says which may be seen", {mask_at: hung(mask, "{}.bool()", mask.shape, "bool")}
        )
        return offered(operation, [truth])
    return offered(operation, _sdpa_changes(operation))


def _sdpa_changes(operation: Operation) -> Iterator[Change | None]:
    q, k, v, *masks = operation.operands
    ranks = [len(one.shape) for one in (q, k, v)]
    if masks and min(ranks) > 1:
        yield from _score_masks(operation, masks[0])
    if min(ranks) < 2:
        yield turned(
            operation, "each is one step", {i: axis_in(one, 0) for i, one in enumerate((q, k, v)) if ranks[i] < 2}
        )
        return
    shared = min(ranks) > 2 and divided(q.shape[-3], k.shape[-3]) is not None
    if shared:
        yield _sharing(operation)
    if ranks == [4, 4, 4] and q.shape[2] == k.shape[2]:
        because = "the axes are (batch, length, heads, width)"
        turns: dict[int, Turn | None] = {i: permuted(one, 0, 2, 1, 3) for i, one in enumerate((q, k, v))}
        yield turned(operation, because, turns, ".transpose(1, 2)", (*q.shape[:-1], v.shape[-1]))
    if not shared:
        yield _sharing(operation)
    yield from _one_turned(operation)
    if len(set(ranks)) > 1:
        most = max(ranks)
        few = {i: axis_in(one, 0) for i, one in enumerate((q, k, v)) if len(one.shape) == most - 1}
        yield turned(operation, "an axis is missing", few)
        heads = {i: axis_in(one, -3) for i, one in enumerate((q, k, v)) if len(one.shape) == most - 1}
        yield turned(operation, "an axis of heads is missing", heads)


def _sharing(operation: Operation) -> Change | None:
    """Heads of keys that stand for several of queries."""
    text = template_of(operation, {})
    if not text.endswith(")") or "enable_gqa" in text:
        return None
    after = replace(operation, settings={**operation.settings, "gqa": True})
    return Change(1.0, after, Repair("several heads of queries share keys", text=f"{text[:-1]}, enable_gqa=True)"))


def _one_turned(operation: Operation) -> Iterator[Change | None]:
    q, k, v = operation.operands[:3]

    def last(one: Operand) -> Turn:
        shape: Shape = (*one.shape[:-2], one.shape[-1], one.shape[-2])
        return hung(one, "{}.transpose(-2, -1)", shape)

    for which in ((1,), (0,), (2,), (1, 2), (0, 1, 2)):
        turns: dict[int, Turn | None] = {i: last((q, k, v)[i]) for i in which}
        names = " and ".join((q, k, v)[i].name for i in which[:2])
        yield turned(operation, f"the last two axes of {names} are kept the other way round", turns)
    for which in ((1, 2), (0,), (2,), (1,)):
        four = {i: permuted((q, k, v)[i], 0, 2, 1, 3) for i in which}
        yield turned(operation, "axes 1 and 2 are kept the other way round", four)
    yield turned(operation, f"{k.name} and {v.name} stand in each other's place", {})


def _score_masks(operation: Operation, mask: Operand) -> Iterator[Change | None]:
    q, k = operation.operands[:2]
    shape = mask.shape
    if operation.settings.get("is_causal"):
        after = replace(operation, settings={**operation.settings, "is_causal": False})
        yield Change(1.0, after, Repair(f"{mask.name} is the whole mask", settings={"is_causal": "False"}))
    if len(q.shape) == 4 and shape == (q.shape[0], k.shape[-2]):
        keys = hung(mask, "{}[:, None, None, :]", (shape[0], 1, 1, shape[1]))
        yield turned(operation, f"{mask.name} marks the keys of each sample", {3: keys})
    if len(q.shape) == 3 and shape == (q.shape[0], k.shape[-2]):
        yield turned(operation, f"{mask.name} marks the keys of each sample", {3: axis_in(mask, 1)})
    if len(shape) == 3 and len(q.shape) == 4:
        yield turned(operation, f"{mask.name} is the same for each head", {3: axis_in(mask, 1)})
    if len(shape) >= 2:
        turned_mask = hung(mask, "{}.transpose(-2, -1)", (*shape[:-2], shape[-1], shape[-2]))
        yield turned(operation, f"{mask.name} is (keys, queries)", {3: turned_mask})
    for axis in range(len(shape)):
        yield turned(operation, f"an axis of 1 of {mask.name} is not meant", {3: axis_out(mask, axis)})
    if len(shape) == 1:
        yield turned(operation, f"{mask.name} is the same for each query", {3: axis_in(mask, 0)})
    if len(shape) == 3 and len(q.shape) == 4 and shape[0] == product(q.shape[:2]):
        apart = hung(mask, f"{{}}.unflatten(0, ({q.shape[0]}, {q.shape[1]}))", (*q.shape[:2], *shape[1:]))
        yield turned(operation, "batch and heads are one axis there", {3: apart})
