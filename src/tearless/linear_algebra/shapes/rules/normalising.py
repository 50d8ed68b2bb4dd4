"""Normalising: over the batch, over the last axes, over groups of channels, over each sample's space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Named, Shape, Size, divided, product, written

from .asked import agree, axes_are, counted, has, takes, whole
from .layer_repairs import (
    Turn,
    axis_in,
    axis_out,
    axis_to,
    hung,
    laid_flat,
    of_a_layer,
    offered,
    permuted,
    remade,
    turned,
)
from .registry import rule

LAW = "the channels (axis 1) must be the num_features of the layer: one mean and one scale for each"
LAW_ONE = "a mean and a variance over one number say nothing: there must be more than one for each channel"
LAW_LAYER = "the last axes of the input must be normalized_shape"
LAW_GROUPS = "groups must divide the channels (axis 1), and the scale has one number for each channel"
BATCH = {1: (2, 3), 2: (4,), 3: (5,)}
NAMES = {1: "(batch, channels) or (batch, channels, length)", 2: "(batch, channels, height, width)"}


@rule
def batch_norm(operation: Operation) -> tuple[Shape, ...]:
    """``nn.BatchNorm1d`` to ``3d``, and the function: x, then any of its parameters. Settings ``n, training``.

    x (batch, channels, ...) gives (batch, channels, ...); its parameters are (channels,).
    """
    x = takes(operation, 1, 5)[0]
    n = operation.settings.get("n")
    ranks = BATCH.get(n, ()) if isinstance(n, int) else ()
    if ranks:
        meaning = NAMES.get(n or 0, "(batch, channels, depth, height, width)")
        axes_are(operation, ranks, meaning, lambda: _mends(operation, 1))
    elif len(x.shape) < 2:
        raise Clash(f"{x} has no axis of channels", LAW, [(0, axis) for axis in range(len(x.shape))])
    if product(x.shape) != 0:
        _one_for_each(operation, 1)
    if operation.settings.get("training") and product((x.shape[0], *x.shape[2:])) == 1:
        marks = [(0, axis) for axis in range(len(x.shape)) if axis != 1]
        raise Clash(f"{x} has one number for each channel: it is training on one sample", LAW_ONE, marks)
    _agree(operation)
    return (x.shape,)


@rule
def instance_norm(operation: Operation) -> tuple[Shape, ...]:
    """``nn.InstanceNorm1d`` to ``3d``: x, batch or not, then any of its parameters. Settings ``n, training``.

    x ([batch,] channels, sizes) gives ([batch,] channels, sizes); its parameters are (channels,).
    """
    x = takes(operation, 1, 5)[0]
    n = whole(operation, "n", max(1, len(x.shape) - 2), least=1)
    meaning = f"{NAMES[2] if n == 2 else '(batch, channels, sizes)'}, or one sample without batch"
    axes_are(operation, (n + 1, n + 2), meaning, lambda: _mends(operation, 1))
    at = len(x.shape) - n - 1
    _one_for_each(operation, at)
    if operation.settings.get("training", True) and product(x.shape[at + 1 :]) == 1:
        marks = [(0, axis) for axis in range(at + 1, len(x.shape))]
        raise Clash(f"{x} has one number for each channel of a sample", LAW_ONE, marks)
    _agree(operation)
    return (x.shape,)


def _one_for_each(operation: Operation, at: int) -> None:
    """Raise ``Clash`` where a parameter has another number than there are channels."""
    x, *parameters = operation.operands
    for i, one in enumerate(parameters, 1):
        if one.shape != (x.shape[at],):
            axes = [(i, axis) for axis in range(len(one.shape))]
            wanted = one.shape[0] if len(one.shape) == 1 else written(one.shape)
            says = f"{has(x, at)} (channels), {one.name} is of {wanted}: they must be equal"
            raise Clash(says, LAW, [(0, at), *axes], lambda: _mends(operation, at))


def _agree(operation: Operation) -> None:
    """The parameters are of the input's type, or of float32 where that is narrower."""
    x = operation.operands[0]
    which = list(range(len(operation.operands)))
    if x.dtype in ("float16", "bfloat16"):
        which = [i for i in which if operation.operands[i].dtype != "float32"]
    agree(operation, which)


def _mends(operation: Operation, at: int) -> list[Repair]:
    return offered(operation, _channel_changes(operation, at))


def _channel_changes(operation: Operation, at: int) -> Iterator[Change | None]:
    x, *parameters = operation.operands
    rank = len(x.shape)
    wanted = parameters[0].shape[0] if parameters and len(parameters[0].shape) == 1 else None
    n = operation.settings.get("n")
    for axis in range(rank - 1, -1, -1):
        if rank > 1 and x.shape[axis] == wanted and axis != at:
            there, back = axis_to(x, axis, at), _back(rank, axis, at)
            yield turned(operation, f"{x.name} has its channels on axis {axis}", {0: there}, back, x.shape)
    if rank == 1:
        yield turned(operation, f"{x.name} is one sample", {0: axis_in(x, 0)})
    if n in (2, 3) and rank == n + 1:
        place = 0 if x.shape[0] == wanted else 1
        yield turned(operation, f"{x.name} lacks an axis of 1 at {place}", {0: axis_in(x, place)})
        yield turned(operation, f"{x.name} is one sample", {0: axis_in(x, 0)})
    if n == 2 and rank == 2:
        square = hung(x, "{}[:, :, None, None]", (*x.shape, 1, 1))
        yield turned(operation, f"each channel of {x.name} is one number", {0: square}, ".flatten(1)", x.shape)
    for axis in range(rank):
        yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
    if n == 1 and rank > 3:
        if product(x.shape[1:]) == wanted:
            yield turned(operation, f"each sample of {x.name} is one row", {0: laid_flat(x, 1)})
        flat = laid_flat(x, 2)
        yield turned(
            operation, f"the space of {x.name} is one axis", {0: flat}, f".unflatten(2, {tuple(x.shape[2:])})", x.shape
        )
    if len(x.shape) > at:
        yield _made_for(operation, x.shape[at])


def _back(rank: int, axis: int, at: int) -> str:
    """Code that puts an axis back where it was before ``axis_to(x, axis, at)``."""
    back = axis_to(Operand("x", tuple(range(2, rank + 2))), at, axis)
    return back.template.removeprefix("{}") if back else ""


def _made_for(operation: Operation, here: Size) -> Change | None:
    parameters = operation.operands[1:]
    if not any(of_a_layer(one) for one in parameters):
        return None
    shapes = dict.fromkeys(range(1, len(parameters) + 1), (here,))
    return remade(
        operation, f"{operation.operands[0].name} has {counted(here, 'channel')}", {"num_features": here}, shapes
    )


@rule
def layer_norm(operation: Operation) -> tuple[Shape, ...]:
    """``F.layer_norm(x, normalized_shape)``: x, then any of its parameters, of that very shape.

    Of the ``normalized_shape`` (h, w) x (..., h, w) gives (..., h, w).
    """
    x, *parameters = takes(operation, 1, 3)
    wanted = _normalized(operation)
    if not wanted:
        raise Clash("normalized_shape is empty: it must name at least the last axis", LAW_LAYER)
    count = len(wanted)
    if x.shape[-count:] != wanted:
        start = max(0, len(x.shape) - count)
        pairs = zip(reversed(range(len(x.shape))), reversed(wanted), strict=False)
        marks = [(0, axis) for axis, size in pairs if x.shape[axis] != size] or [
            (0, axis) for axis in range(start, count)
        ]
        says = f"{x} ends in {written(x.shape[-count:])}, normalized_shape is {written(wanted)}: they must be equal"
        raise Clash(
            says, LAW_LAYER, sorted(mark for mark in marks if mark[1] < len(x.shape)), lambda: _layer_mends(operation)
        )
    for i, one in enumerate(parameters, 1):
        if one.shape != wanted:
            marks = [(i, axis) for axis in range(len(one.shape))]
            says = f"{one} is a parameter of normalized_shape {written(wanted)}: they must be equal"
            raise Clash(says, LAW_LAYER, marks)
    _agree(operation)
    return (x.shape,)


@rule
def rms_norm(operation: Operation) -> tuple[Shape, ...]:
    """``F.rms_norm(x, normalized_shape)``, by the rule of ``layer_norm``: (..., k) gives (..., k)."""
    return layer_norm(operation)


def _normalized(operation: Operation) -> Shape:
    value = operation.settings.get("normalized_shape", ())
    sizes = tuple(value) if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(one, int | Named) for one in sizes):
        raise Clash(f"normalized_shape is {str(value)[:40]}: it must be whole numbers", LAW_LAYER)
    return sizes


def _layer_mends(operation: Operation) -> list[Repair]:
    x = operation.operands[0]
    wanted = _normalized(operation)
    rank, count = len(x.shape), len(wanted)

    def made(shape: Shape) -> Change | None:
        value: Any = shape[0] if len(shape) == 1 else tuple(shape)
        shapes = dict.fromkeys(range(1, len(operation.operands)), shape)
        because = f"{x.name} ends in {written(shape)}"
        return remade(operation, because, {"normalized_shape": value}, shapes, normalized_shape=tuple(shape))

    def changes() -> Iterator[Change | None]:
        for start in range(1, rank - 1):
            if count == 1 and product(x.shape[start:]) == wanted[0]:
                yield made(x.shape[start:])
        if count == 1 and rank > 2:
            for axis in range(rank - 2, 0, -1):
                if x.shape[axis] == wanted[0]:
                    because = f"{x.name} has its features on axis {axis}"
                    yield turned(
                        operation, because, {0: axis_to(x, axis, rank - 1)}, _back(rank, axis, rank - 1), x.shape
                    )
        if count == 1 and rank == 2 and x.shape[0] == wanted[0]:
            yield turned(operation, f"{x.name} is kept the other way round", {0: permuted(x, 1, 0)}, ".T", x.shape)
        if count > 1 and rank and x.shape[-1] == wanted[-1]:
            yield made(x.shape[-1:])
        if rank and product(x.shape[1:]) == product(wanted) and not any(isinstance(size, Named) for size in wanted):
            yield turned(operation, f"each sample of {x.name} has that shape", {0: _shaped(x, wanted)})
        if 0 < count < rank:
            yield made(x.shape[-count:])
        if rank:
            yield made(x.shape[1:] if count > 1 and rank > 2 else x.shape[-1:])

    return offered(operation, changes())


def _shaped(x: Operand, wanted: Shape) -> Turn:
    return hung(x, f"{{}}.reshape(-1, {', '.join(map(str, wanted))})", (x.shape[0], *wanted))


@rule
def group_norm(operation: Operation) -> tuple[Shape, ...]:
    """``F.group_norm(x, groups)``: x (batch, channels, ...) gives (batch, channels, ...).

    Then any of its parameters, (channels,); the groups divide the channels.
    """
    x, *parameters = takes(operation, 1, 3)
    groups = whole(operation, "groups", 1, least=1)
    if len(x.shape) < 2:
        says = f"{x} has no axes of batch and channels"
        changes = [turned(operation, f"{x.name} is one sample", {0: axis_in(x, 0)})] if x.shape else []
        raise Clash(says, LAW_GROUPS, [(0, axis) for axis in range(len(x.shape))], lambda: offered(operation, changes))
    inner = divided(x.shape[1], groups)
    if inner is None:
        says = f"{has(x, 1)} (channels), which groups={groups} does not divide"
        raise Clash(says, LAW_GROUPS, ((0, 1),), lambda: _group_mends(operation, groups))
    for i, one in enumerate(parameters, 1):
        if one.shape != x.shape[1:2]:
            marks = [(0, 1), *((i, axis) for axis in range(len(one.shape)))]
            says = f"{has(x, 1)} (channels), {one} has another number: they must be equal"
            raise Clash(says, LAW_GROUPS, marks, lambda: _group_mends(operation, groups))
    if product((x.shape[0], inner, *x.shape[2:])) == 1:
        marks = [(0, axis) for axis in range(len(x.shape))]
        raise Clash(f"{x} has one number for each of {groups} groups", LAW_ONE, marks)
    _agree(operation)
    return (x.shape,)


def _group_mends(operation: Operation, groups: int) -> list[Repair]:
    x, *parameters = operation.operands
    here = x.shape[1]

    def changes() -> Iterator[Change | None]:
        for axis in range(len(x.shape) - 1, 1, -1):
            wanted = parameters[0].shape[0] if parameters and len(parameters[0].shape) == 1 else None
            if x.shape[axis] == wanted or (wanted is None and divided(x.shape[axis], groups) is not None):
                because = f"{x.name} has its channels on axis {axis}"
                yield turned(operation, because, {0: axis_to(x, axis, 1)}, _back(len(x.shape), axis, 1), x.shape)
        if any(of_a_layer(one) for one in parameters):
            shapes = dict.fromkeys(range(1, len(parameters) + 1), (here,))
            because = f"{x.name} has {counted(here, 'channel')}"
            yield remade(operation, because, {"num_channels": here}, shapes)
            most = max((g for g in range(1, groups + 1) if divided(here, g) is not None), default=1)
            fewer = {"num_groups": most, "num_channels": here}
            yield remade(operation, because, fewer, shapes, groups=most) if most != groups else None
        else:
            most = max((g for g in range(1, groups + 1) if divided(here, g) is not None), default=1)
            yield remade(
                operation, f"{most} divides the {counted(here, 'channel')}", {"num_groups": most}, {}, groups=most
            )

    return offered(operation, changes())
