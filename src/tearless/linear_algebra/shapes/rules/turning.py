"""Axes in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, squeezed
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import every_move, on_settings, ranked
from tearless.linear_algebra.shapes.size import Shape

from .axes import axes_of, axes_said, axis_of
from .registry import rule

LAW_ORDER = "an order of axes names each axis of the array exactly once"


@rule
def transpose(operation: Operation) -> tuple[Shape, ...]:
    """Axes in another order; setting ``axes``, a permutation, or None for the order turned round.

    (n, c, k) with ``axes`` (0, 2, 1) gives (n, k, c), turned round (k, c, n).
    """
    (a,) = operation.operands
    axes = operation.settings.get("axes")
    if axes is None:
        return (a.shape[::-1],)
    rank = len(a.shape)
    if len(axes) != rank:
        says = f"{axes_said(a)}, {tuple(axes)} orders {len(axes)}"
        raise Clash(says, LAW_ORDER, tuple((0, at) for at in range(rank)), lambda: _order_repairs(operation))
    order = axes_of(operation, axes, setting="axes", repairs=lambda: _order_repairs(operation))
    return (tuple(a.shape[at] for at in order),)


@rule
def permute(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.permute(axes)``: (n, c, h, w) with ``axes`` (0, 2, 3, 1) gives (n, h, w, c)."""
    return transpose(operation)


@rule
def swapaxes(operation: Operation) -> tuple[Shape, ...]:
    """Two axes change places; settings ``axis0``, ``axis1``: of 0 and 1 (n, k, m) gives (k, n, m)."""
    (a,) = operation.operands
    one = axis_of(
        operation, operation.settings.get("axis0", 0), setting="axis0", repairs=lambda: _swap_repairs(operation)
    )
    two = axis_of(
        operation, operation.settings.get("axis1", 1), setting="axis1", repairs=lambda: _swap_repairs(operation)
    )
    shape = list(a.shape)
    if shape:
        shape[one], shape[two] = shape[two], shape[one]
    return (tuple(shape),)


@rule
def moveaxis(operation: Operation) -> tuple[Shape, ...]:
    """Axes moved to other places, the others keeping their order; settings ``source``, ``destination``.

    From 0 to -1 (n, k, m) gives (k, m, n).
    """
    (a,) = operation.operands
    source, target = (operation.settings[name] for name in ("source", "destination"))
    whence = axes_of(operation, (source,) if isinstance(source, int) else source, "source")
    whither = axes_of(operation, (target,) if isinstance(target, int) else target, "destination")
    if len(whence) != len(whither):
        raise Clash(f"{len(whence)} axes are to move to {len(whither)} places", "each axis moved needs one place")
    if not a.shape:
        return ((),)
    there = dict(zip(whither, whence, strict=True))
    rest = iter([axis for axis in range(len(a.shape)) if axis not in whence])
    return (tuple(a.shape[there[at] if at in there else next(rest)] for at in range(len(a.shape))),)


def _swap_repairs(operation: Operation) -> list[Repair]:
    """The last two axes; or the axis of 1 that the array lost."""
    (a,) = operation.operands
    rank = len(a.shape)
    tries = []
    if rank >= 2:
        tries.append(on_settings(operation, "the last two axes are meant", 1.0, axis0=-2, axis1=-1))
    moves = every_move(operation, lambda _: [_front(a)])
    return ranked(operation, [*tries, *moves])


def _front(one: Operand) -> Move:
    return Move("{}[None]", (1, *one.shape), "{name} has lost its first axis, the samples", 1.5)


def _order_repairs(operation: Operation) -> list[Repair]:
    (a,) = operation.operands
    axes: Sequence[int] = tuple(operation.settings["axes"])
    rank = len(a.shape)

    def tries() -> Iterator[tuple[str, float, tuple[int, ...]]]:
        if len(axes) > rank and axes[0] == 0:
            yield "there is no axis of samples before the others", 1.0, tuple(at - 1 for at in axes[1:])
        if len(axes) < rank:
            more = rank - len(axes)
            yield "the axes before them stay", 1.1, (*range(more), *(at + more if at >= 0 else at for at in axes))
            yield "the axes after them stay", 1.3, (*axes, *range(len(axes), rank))
        if len(axes) == rank and 0 not in axes:
            yield "axes are counted from 0", 0.9, tuple(at - 1 for at in axes)
        if len(axes) == rank:
            missing = sorted(set(range(rank)) - {at % rank for at in axes if -rank <= at < rank})
            seen: list[int] = []
            for at in axes:
                good = -rank <= at < rank and at % rank not in seen
                seen.append(at % rank if good else missing.pop(0))
            yield "each axis is meant once", 1.1, tuple(seen)
        yield "the last two axes change places", 2.0, (*range(rank - 2), rank - 1, rank - 2)

    still = tuple(range(rank))
    settings = [
        on_settings(operation, because, price + (2.0 if order == still else 0.0), axes=order)
        for because, price, order in tries()
    ]
    moves = [*squeezed(a)]
    if len(axes) == rank + 1:
        moves.append(replace(_front(a), price=1.05))
    return ranked(operation, [*settings, *every_move(operation, lambda _: moves)])
