"""Layers of weights: linear, bilinear, tables of vectors, gates; and the similarity of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Shape, Size, divided, named, product

from .asked import FLOATS, agree, axes_are, counted, has, of_type, same_device, takes, whole
from .broadcasting import broadcast_of
from .layer_repairs import (
    Turn,
    anew,
    axis_in,
    axis_out,
    axis_to,
    hung,
    laid_flat,
    largest,
    of_a_layer,
    offered,
    permuted,
    remade,
    swapped,
    then,
    turned,
)
from .registry import rule

LAW_LINEAR = "a linear layer multiplies the last axis of its input, which must be its in_features (weight axis 1)"
LAW_BIAS = "the bias has one number for each output"
LAW_BILINEAR = "a bilinear layer takes two inputs of equal leading axes; their last axes are in1_features, in2_features"
LAW_TABLE = "an embedding looks up rows of a table of two axes by whole numbers"
LAW_GLU = "a gated linear unit halves one axis, so its size must be even"
LAW_PRELU = "a PReLU has one slope, or one for each channel (axis 1)"


@rule
def linear(operation: Operation) -> tuple[Shape, ...]:
    """``x @ weight.T + bias``: x (..., in) and weight (out, in) give (..., out); weight (in,) gives no last axis."""
    x, weight, *more = takes(operation, 2, 3)
    if not x.shape:
        raise Clash(f"{x.name} is a single number: a linear layer takes vectors", LAW_LINEAR)
    axes_are(operation, (1, 2), "weights (out, in)", lambda: offered(operation, _linear_changes(operation)), at=1)
    last = len(weight.shape) - 1
    if x.shape[-1] != weight.shape[last]:
        wanted = f"{weight.name} takes {weight.shape[last]} (its axis {last}, in_features)"
        marks = ((0, len(x.shape) - 1), (1, last))
        raise Clash(f"{has(x, -1)}, {wanted}: they must be equal", LAW_LINEAR, marks, lambda: _linear_mends(operation))
    shape = (*x.shape[:-1], *weight.shape[:-1])
    if more:
        _bias_fits(operation, more[0], shape)
    agree(operation, [0, *range(2, len(operation.operands)), 1])
    return (shape,)


def _bias_fits(operation: Operation, bias: Operand, shape: Shape) -> None:
    """A bias of one axis, or of the result's own; one weight vector takes a single number."""
    outputs = shape[-1:] if len(operation.operands[1].shape) == 2 else ()
    fits = bias.shape in ((), outputs, shape) or (outputs and bias.shape in ((1,), (1, *outputs)))
    if len(operation.operands[1].shape) == 2 and len(shape) == 2 and len(bias.shape) == 2:
        fits = all(size in (1, out) for size, out in zip(bias.shape, shape, strict=True))
    if len(shape) > 2 and 1 < len(bias.shape) < len(shape):
        fits = fits or bias.shape == shape[-len(bias.shape) :]
    if not fits:
        marks = [(2, axis) for axis in range(len(bias.shape))]
        weight = operation.operands[1]
        if outputs and len(bias.shape) == 1:
            says = f"{has(bias, 0)}, {weight} gives {outputs[0]} outputs (its axis 0): they must be equal"
            raise Clash(says, LAW_BIAS, [*marks, (1, 0)])
        raise Clash(f"{bias} does not fit the outputs of {weight}", LAW_BIAS, marks, lambda: _bias_mends(operation))


def _bias_mends(operation: Operation) -> list[Repair]:
    bias = operation.operands[2]
    changes = [turned(operation, f"{bias.name} is one list", {2: laid_flat(bias, 0)})]
    return offered(operation, changes)


def _linear_mends(operation: Operation) -> list[Repair]:
    return offered(operation, _linear_changes(operation))


def _linear_changes(operation: Operation) -> Iterator[Change | None]:
    x, weight = operation.operands[:2]
    if not x.shape or len(weight.shape) not in (1, 2):
        return
    wanted, here = weight.shape[-1], x.shape[-1]
    for start in range(1, len(x.shape) - 1):
        if product(x.shape[start:]) == wanted:
            yield turned(
                operation, f"each {'image' if len(x.shape) > 3 else 'sample'} is one row", {0: laid_flat(x, start)}
            )
            break
    first = of_a_layer(weight) and not (len(x.shape) == 2 and _usual_batch(x.shape[0]))
    if first:
        yield from _turned_inputs(operation, x)
    if len(weight.shape) == 2 and weight.shape[0] == here:
        if of_a_layer(weight):
            layer = {"in_features": here, "out_features": wanted}
            because = "in_features comes first, then out_features"
            yield remade(operation, because, layer, {1: weight.shape[::-1], 2: (wanted,)})
        else:
            yield turned(operation, f"{weight.name} is kept as (in, out)", {1: permuted(weight, 1, 0)})
    if not of_a_layer(weight):
        yield from _turned_inputs(operation, x)
        return
    if len(x.shape) == 1 and wanted == 1:
        return
    shapes = {1: (*weight.shape[:-1], here)}
    yield remade(operation, f"{x.name} has {counted(here, 'feature')}", {"in_features": here}, shapes)
    if not first:
        yield from _turned_inputs(operation, x)


def _usual_batch(size: Size) -> bool:
    """Whether as many samples are common in a batch: then it says little that a layer has as many features."""
    return isinstance(size, int) and size & (size - 1) == 0


def _turned_inputs(operation: Operation, x: Operand) -> Iterator[Change | None]:
    wanted = operation.operands[1].shape[-1]
    rank = len(x.shape)
    if rank == 4 and x.shape[1] == wanted:
        pooled = hung(x, "{}.mean(dim=(2, 3))", x.shape[:2])
        yield turned(operation, "each channel is meant by its mean over the image", {0: pooled})
    for axis in range(rank - 2, -1, -1):
        if x.shape[axis] == wanted:
            because = f"the features of {x.name} are on axis {axis}"
            yield turned(operation, because, {0: axis_to(x, axis, rank - 1)})
    if wanted == 1:
        yield turned(operation, f"each number of {x.name} is one sample", {0: axis_in(x, -1)})
    if rank == 1 and product(x.shape) != wanted:
        at = divided(x.shape[0], wanted)
        if at is not None and at != 1:
            yield turned(operation, f"{x.name} holds the samples in a row", {0: _rows(x, wanted, at)})
    if product(x.shape) == wanted:
        yield turned(operation, f"{x.name} is one sample", {0: laid_flat(x, 0)})


def _rows(x: Operand, wide: object, count: object) -> Turn:
    return hung(x, f"{{}}.reshape(-1, {wide})", (count, wide))  # type: ignore[arg-type]


@rule
def bilinear(operation: Operation) -> tuple[Shape, ...]:
    """``x1 A x2 + bias``: x1 (..., in1), x2 (..., in2) and weight (out, in1, in2) give (..., out)."""
    one, two, weight, *more = takes(operation, 3, 4)
    axes_are(operation, (3,), "weights (out, in1, in2)", list, at=2)
    for at, x in enumerate((one, two)):
        if not x.shape:
            raise Clash(f"{x.name} is a single number: a bilinear layer takes vectors", LAW_BILINEAR)
        if x.shape[-1] != weight.shape[at + 1]:
            says = f"{has(x, -1)}, {weight.name} takes {weight.shape[at + 1]} (its axis {at + 1}): they must be equal"
            marks = ((at, len(x.shape) - 1), (2, at + 1))
            raise Clash(says, LAW_BILINEAR, marks, lambda at=at: _bilinear_mends(operation, at))  # type: ignore[misc]
    if one.shape[:-1] != two.shape[:-1]:
        differ = [
            axis for axis, pair in enumerate(zip(one.shape[:-1], two.shape[:-1], strict=False)) if pair[0] != pair[1]
        ]
        meet = [(at, axis) for axis in differ[:1] for at in (0, 1)]
        raise Clash(f"{one} and {two} differ before their last axes: they must be equal", LAW_BILINEAR, meet)
    if more and more[0].shape != weight.shape[:1]:
        spare = [(2, 0), *((3, axis) for axis in range(len(more[0].shape)))]
        raise Clash(f"{more[0]} does not fit the {weight.shape[0]} outputs of {weight}", LAW_BIAS, spare)
    agree(operation, [0, 1, *range(3, len(operation.operands)), 2])
    return ((*one.shape[:-1], weight.shape[0]),)


def _bilinear_mends(operation: Operation, at: int) -> list[Repair]:
    weight = operation.operands[2]
    here = operation.operands[at].shape[-1]
    shape = tuple(here if axis == at + 1 else size for axis, size in enumerate(weight.shape))
    here_first = swapped(operation, f"{operation.operands[1].name} comes first")
    changes = [here_first, remade(operation, f"it has {here} features", {f"in{at + 1}_features": here}, {2: shape})]
    return offered(operation, changes)


@rule
def embedding(operation: Operation) -> tuple[Shape, ...]:
    """Rows of a table: index (...), weight (rows, width) give (..., width). Setting ``bag``: each bag's rows as one."""
    index, weight, *_ = takes(operation, 2, 3)
    axes_are(operation, (2,), "a table (rows, width)", list, at=1)
    of_type(operation, 0, ("int64", "int32"), "an index must be a whole number", _embedding_casts(operation))
    same_device(operation)
    if operation.settings.get("bag"):
        return (_bagged(operation),)
    return ((*index.shape, weight.shape[1]),)


@rule
def embedding_bag(operation: Operation) -> tuple[Shape, ...]:
    """``F.embedding_bag(index, weight[, offsets])``: index (bags, items), or (items,) with offsets (bags,).

    With weight (rows, width) it gives (bags, width).
    """
    return embedding(replace(operation, settings={**operation.settings, "bag": True}))


def _bagged(operation: Operation) -> Shape:
    index, weight, *offsets = operation.operands
    law = "bags are (bags, items) without offsets, or (items,) with offsets (bags,)"
    if len(index.shape) != (1 if offsets else 2) or (offsets and len(offsets[0].shape) != 1):
        marks = [(0, axis) for axis in range(len(index.shape))]
        bag = turned(operation, f"{index.name} is one bag", {0: axis_in(index, 0)})
        says = f"{index} is taken {'with' if offsets else 'without'} offsets: {law}"
        raise Clash(says, law, marks, lambda: offered(operation, [bag]))
    return ((offsets or [index])[0].shape[0], weight.shape[1])


def _embedding_casts(operation: Operation) -> Iterator[Change | None]:
    index, weight = operation.operands[:2]
    if index.shape and index.shape[-1] == weight.shape[0] and index.dtype in FLOATS:
        because = f"{index.name} marks one of {weight.shape[0]} along its last axis"
        yield turned(operation, because, {0: largest(index, -1)})


@rule
def one_hot(operation: Operation) -> tuple[Shape, ...]:
    """``F.one_hot(index, classes)``: (...) gives (..., classes); -1 leaves their number to the largest index."""
    (index,) = takes(operation, 1, 1)
    of_type(operation, 0, ("int64",), "one_hot takes whole numbers of one type alone")
    name = next((name for name in ("classes", "num_classes") if name in operation.settings), "classes")
    classes = whole(operation, name, -1, least=-1, size=True)
    if classes == 0:
        raise Clash(f"{name} is 0: there must be more classes than the largest index", "classes are counted from 0")
    if classes == -1 and product(index.shape) == 0:
        raise Clash(f"{index} is empty: the number of classes must be given", "classes are the largest index and one")
    return ((*index.shape, named("classes") if classes == -1 else classes),)


@rule
def glu(operation: Operation) -> tuple[Shape, ...]:
    """``F.glu(x, axis)``: one half of an axis times the gate of the other: (..., 2·k) gives (..., k) along the last."""
    (x,) = takes(operation, 1, 1)
    axis = axis_of(operation, x, -1)
    half = divided(x.shape[axis], 2)
    if half is None:
        even = [other for other in range(len(x.shape)) if divided(x.shape[other], 2) is not None]
        name = "dim" if "dim" in operation.settings else "axis"
        changes = [anew(operation, f"axis {other} is the one to halve", **{name: other}) for other in even]
        raise Clash(f"{has(x, axis)}: it must be even", LAW_GLU, ((0, axis),), lambda: offered(operation, changes))
    return ((*x.shape[:axis], half, *x.shape[axis + 1 :]),)


def axis_of(operation: Operation, x: Operand, default: int, rank: int | None = None) -> int:
    """The setting ``axis`` (or ``dim``), counted from 0. Raises ``Clash`` where there is no such axis."""
    name = "dim" if "dim" in operation.settings else "axis"
    here = len(x.shape) if rank is None else rank
    axis = whole(operation, name, default, least=-(10**9))
    if rank == 0 and axis in (0, -1):
        return 0
    if not -here <= axis < here:
        law = "an axis is counted from 0, or from the end with -1"
        says = f"{x} has {here} axes, there is none at {axis}"
        changes = [anew(operation, "the last axis is meant", **{name: -1})] if here else []
        raise Clash(says, law, (), lambda: offered(operation, changes))
    return int(axis % here)


@rule
def prelu(operation: Operation) -> tuple[Shape, ...]:
    """``F.prelu(x, weight)``: one slope (1,), or one for each channel (c,); x (n, c, ...) gives (n, c, ...)."""
    x, weight = takes(operation, 2, 2)
    axes_are(operation, (0, 1), "slopes without an axis or along one", list, at=1)
    channels = x.shape[1] if len(x.shape) > 1 else 1
    if weight.shape and weight.shape[0] not in (1, channels):
        there = has(x, 1) if len(x.shape) > 1 else f"{x} has no channels"
        says = f"{there}, {weight.name} has {weight.shape[0]} slopes: they must be equal, or one"
        marks = ((0, 1), (1, 0)) if len(x.shape) > 1 else ((1, 0),)
        layer = remade(operation, f"{x.name} has {channels} channels", {"num_parameters": channels}, {1: (channels,)})
        raise Clash(says, LAW_PRELU, marks, lambda: offered(operation, [layer]))
    agree(operation, (0, 1))
    return (x.shape,)


@rule
def cosine_similarity(operation: Operation) -> tuple[Shape, ...]:
    """``F.cosine_similarity(a, b, axis=1)``: broadcast to one another, then summed along an axis.

    Along axis 1 (n, k) and (n, k) give (n,).
    """
    a, b = takes(operation, 2, 2)
    shape = broadcast_of((a, b), (a.shape, b.shape), "", lambda: _pair_mends(operation))
    same_device(operation)
    axis = axis_of(operation, a if len(a.shape) >= len(b.shape) else b, 1, len(shape))
    return (shape[:axis] + shape[axis + 1 :],)


@rule
def pairwise_distance(operation: Operation) -> tuple[Shape, ...]:
    """``F.pairwise_distance(a, b)``: the norm of the difference along the last axis: (n, k) and (n, k) give (n,)."""
    a, b = takes(operation, 2, 2)
    shape = broadcast_of((a, b), (a.shape, b.shape), "", lambda: _pair_mends(operation))
    same_device(operation)
    keep = operation.settings.get("keepdims", operation.settings.get("keepdim", False))
    return (((*shape[:-1], 1) if keep and shape else shape[:-1]),)


def _pair_mends(operation: Operation) -> list[Repair]:
    a, b = operation.operands

    def changes() -> Iterator[Change | None]:
        for i, one, other in ((1, b, a), (0, a, b)):
            if len(one.shape) == 2:
                yield turned(operation, f"{one.name} is kept the other way round", {i: permuted(one, 1, 0)})
            if len(one.shape) > len(other.shape):
                for axis in range(len(one.shape)):
                    yield turned(operation, f"axis {axis} of {one.name} is not meant", {i: axis_out(one, axis)})
        if len(a.shape) == len(b.shape) == 2:
            pairs = {0: axis_in(a, 1), 1: axis_in(b, 0)}
            yield turned(operation, f"every row of {a.name} is meant with every row of {b.name}", pairs)
            first = axis_in(a, 1)
            yield turned(operation, "rows are meant with rows", {0: then(first, axis_out(first.after, 1))})

    return offered(operation, changes())
