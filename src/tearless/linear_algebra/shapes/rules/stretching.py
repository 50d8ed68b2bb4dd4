"""An array stretched to a shape that is given: asked for, or that of what it is put into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, reshaped, squeezed, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operation, Place, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, instead, on_operands, on_settings, ranked
from tearless.linear_algebra.shapes.size import Named, Shape, sizes_of, written

from .axes import axes_said
from .broadcasting import broadcast_repairs, cut_to
from .registry import rule

_COUNTED = re.compile(r"count\((.+)\)")
LAW_INTO = "a value must broadcast to the shape that it is put into: that shape cannot grow"


@rule
def broadcast_to(operation: Operation) -> tuple[Shape, ...]:
    """``np.broadcast_to(a, shape)`` and PyTorch's ``a.expand(shape)``, where -1 keeps a size. Setting ``shape``.

    (k,) to the shape (n, k) gives (n, k).
    """
    a, wanted = operation.operands[0], _wanted(operation)
    fill = len(wanted) - len(a.shape)
    if fill < 0:
        says = f"{axes_said(a)}, more than the {len(wanted)} of {written(wanted)}"
        raise Clash(says, LAW_INTO, ((0, 0),), lambda: _expand_repairs(operation))
    kept = operation.library in ("torch", "")
    out = tuple(a.shape[i - fill] if size == -1 and i >= fill and kept else size for i, size in enumerate(wanted))
    for axis, (size, here) in enumerate(zip(out[fill:], a.shape, strict=True)):
        if here not in (1, size):
            says = f"{a} has {here} on axis {axis}, where {size} is asked for: only an axis of 1 can be stretched"
            raise Clash(says, LAW_INTO, ((0, axis),), lambda: _expand_repairs(operation))
    negative = [size for size in out if isinstance(size, int) and size < 0]
    if negative:
        raise Clash(f"{negative[0]} is no size for a new axis of {a}", LAW_INTO, (), lambda: _expand_repairs(operation))
    return (out,)


@rule
def expand(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.expand(shape)``: (1, k) to the shape (n, -1) gives (n, k)."""
    return broadcast_to(operation)


@rule
def expand_as(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.expand_as(other)``: (1, k) with an other (n, k) gives (n, k)."""
    return broadcast_to(operation)


def _wanted(operation: Operation) -> Shape:
    """The shape asked for: a setting, or that of the second operand."""
    if len(operation.operands) > 1:
        return operation.shapes[1]
    shape = operation.settings["shape"]
    return sizes_of(shape if isinstance(shape, tuple | list) else [shape])


@rule
def assign(operation: Operation) -> tuple[Shape, ...]:
    """``target[...] = value`` or, with the setting ``symbol`` such as ``+=``, in place: the target keeps its shape.

    A target (n, k) and a value (k,) give (n, k).
    """
    target, value = operation.operands
    shape = value.shape
    if operation.settings.get("symbol", "=") == "=":
        while len(shape) > len(target.shape) and shape[0] == 1:
            shape = shape[1:]
    lost = len(value.shape) - len(shape)
    for back in range(1, len(shape) + 1):
        into = target.shape[-back] if back <= len(target.shape) else None
        if shape[-back] == into or (shape[-back] == 1 and into is not None):
            continue
        axis = len(shape) - back + lost
        rank = len(target.shape)
        there = f"{into} on axis {rank - back}" if into is not None else f"{rank} {'axis' if rank == 1 else 'axes'}"
        marks = [(1, axis), *([(0, len(target.shape) - back)] if into is not None else [])]
        says = f"{value} has {shape[-back]} on axis {axis}, {target}, which it is put into, has {there}"
        raise Clash(says, LAW_INTO, marks, lambda: _value_repairs(operation))
    return (target.shape,)


def _expand_repairs(operation: Operation) -> list[Repair]:
    wanted = _wanted(operation)
    a = operation.operands[0]

    def moves(_: int) -> Iterator[Move]:
        yield from widened(a, len(wanted))
        yield from transposed(a)
        yield from squeezed(a)
        yield from reshaped(a, wanted)
        yield from cut_to(a, wanted)

    return ranked(operation, [*every_move(operation, moves, (0,)), *_other_sizes(operation, wanted)])


def _other_sizes(operation: Operation, wanted: Shape) -> Iterator[Change]:
    """The sizes that the array has kept, only its axes of 1 stretched."""
    shape = operation.shapes[0]
    fill = len(wanted) - len(shape)
    kept = [size if size != 1 else wanted[at + fill] if at + fill >= 0 else 1 for at, size in enumerate(shape)]
    if operation.rule != "expand_as":
        because = "axes that are not of 1 stay as they are"
        yield on_settings(operation, because, 1.6, shape=(*wanted[: max(fill, 0)], *kept))


def _summed(operation: Operation) -> Iterator[Change]:
    """The sum of the value over each axis of which the target has a 1: what a bias takes of its gradient."""
    target, value = operation.operands
    over = [at for at, size in enumerate(target.shape) if len(value.shape) == len(target.shape) and size == 1]
    over = [at for at in over if value.shape[at] != 1]
    if not over or str(operation.settings.get("symbol", "="))[:-1] not in ("+", "-"):
        return
    axis, keeps = ("dim", "keepdim") if value.library == "torch" else ("axis", "keepdims")
    axes = str(over[0]) if len(over) == 1 else f"({', '.join(map(str, over))})"
    shape = tuple(1 if at in over else size for at, size in enumerate(value.shape))
    because = f"the sum of {{name}} over axis {axes} is meant, {target.name} being the same for all its entries"
    yield on_operands(operation, {1: Move(f"{{}}.sum({axis}={axes}, {keeps}=True)", shape, _escaped(because), 0.3)})


def _masked(operation: Operation) -> Iterator[Change]:
    """The value taken where the mask is true that picks what it is put into: ``out[mask] = values[mask]``."""
    target, value = operation.operands
    picked = _COUNTED.fullmatch(str(target.shape[0])) if target.shape else None
    if picked is None or "{" in picked[1] or len(value.shape) != len(target.shape) or isinstance(value.shape[0], Named):
        return
    mask = picked[1]
    shape = (target.shape[0], *value.shape[1:])
    because = f"only the entries of {{name}} are meant for which {mask} is true"
    yield on_operands(operation, {1: Move(f"{{}}[{mask}]", shape, because, 0.5)})


def _escaped(because: str) -> str:
    """Braces of names doubled; ``{name}`` stays."""
    return "{name}".join(part.replace("{", "{{").replace("}", "}}") for part in because.split("{name}"))


def _value_repairs(operation: Operation) -> list[Repair]:
    """The value made to fit; a sum over what it has more; or a new array in the target's place."""
    target, value = operation.operands
    more = len(value.shape) - len(target.shape)

    def changes() -> Iterator[Change]:
        for move in cut_to(target, value.shape):
            yield on_operands(operation, {0: move})
        yield from _summed(operation)
        yield from _masked(operation)
        sign = str(operation.settings.get("symbol", "="))[:-1]
        if more == 1:
            summed = sign in ("+", "-")
            because = "the sum of {name} over axis 0 is meant" if summed else "the first entry of {name} is meant"
            yield on_operands(operation, {1: Move("{}.sum(0)" if summed else "{}[0]", value.shape[1:], because, 1.9)})
        if sign and operation.parts == (Place(0), f" {sign}= ", Place(1)):
            new = replace(operation, rule="broadcast")
            because = f"{target.name} may grow: a new array takes its name"
            yield instead(because, 2.2, f"{{0}} = {{0}} {sign} {{1}}", new)

    found = broadcast_repairs(operation, which=(1,), more=tuple(changes()))
    return list(found)
