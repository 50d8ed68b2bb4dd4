"""What would let a convolution through: its input turned, or the layer made for the channels that came."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from tearless.linear_algebra.shapes.operation import Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Named, Shape, Size, divided, product

from .asked import counted, whole
from .layer_repairs import (
    axis_in,
    axis_out,
    axis_to,
    hung,
    laid_flat,
    of_a_layer,
    offered,
    permuted,
    remade,
    then,
    turned,
)

MOST_COLOURS = 4


def conv_mends(operation: Operation, n: int) -> list[Repair]:
    """Of an input or weights that a convolution over ``n`` axes refuses."""
    return offered(operation, _changes(operation, n))


def _changes(operation: Operation, n: int) -> Iterator[Change | None]:
    x, weight = operation.operands[:2]
    groups = whole(operation, "groups", 1)
    if len(weight.shape) != n + 2:
        yield from _weights(operation, n)
        return
    wanted = weight.shape[1] * groups if operation.rule == "conv" else weight.shape[0]
    rank = len(x.shape)
    last = f"{x.name} has its channels last"
    if rank in (n + 1, n + 2) and x.shape[-1] == wanted and not _channels_first(x, n):
        yield turned(operation, last, {0: axis_to(x, rank - 1, rank - n - 1)})
    if rank == n + 3:
        yield from _too_many(operation, n, wanted)
    if wanted == 1 and rank == n + 1:
        yield turned(operation, f"{x.name} has no axis of channels", {0: axis_in(x, 1)})
    square = rank == 2 and x.shape[0] == x.shape[1]
    if n == 2 and rank == 2 and not square:
        yield _unrolled(operation, n, wanted)
    if rank == 2 and n > 1 and x.shape[1] == wanted:
        key = ", ".join([":", ":", *["None"] * n])
        points = hung(x, f"{{}}[{key}]", (*x.shape, *[1] * n))
        yield turned(operation, f"each row of {x.name} is a map of one place", {0: points})
    if rank == n:
        yield from _too_few(operation, n)
    yield from _other_order(operation, range(1, rank), n, wanted)
    if of_a_layer(weight):
        yield _for_channels(operation, n)
        yield _other_way_round(operation, n)
        yield _regrouped(operation)
    else:
        yield from _weights(operation, n)
    yield from _other_order(operation, range(1), n, wanted)
    if rank in (n + 1, n + 2) and isinstance(wanted, int):
        yield from _channels_made(operation, n, wanted)
    if rank == n + 1:
        yield turned(operation, f"{x.name} has no axis of channels", {0: axis_in(x, 1)})


def _channels_first(x: Operand, n: int) -> bool:
    """Whether the axes of a map surely lie as a convolution has them: it gave them, or they end in a square."""
    if n == 1 or len(x.shape) not in (n + 1, n + 2):
        return False
    few = isinstance(x.shape[-1], int) and x.shape[-1] <= MOST_COLOURS
    square = x.shape[-1] == x.shape[-2] != x.shape[-3] and not few
    return square or re.search(r"\b(?:\w*conv\w*|cat|concat|concatenate)\(", x.name) is not None


def _other_way_round(operation: Operation, n: int) -> Change | None:
    """The layer made with its channels in and out in each other's place."""
    x, weight = operation.operands[:2]
    if whole(operation, "groups", 1) != 1 or len(x.shape) not in (n + 1, n + 2):
        return None
    first, second = weight.shape[:2]
    ins, outs = (second, first) if operation.rule == "conv" else (first, second)
    if x.shape[-n - 1] != outs or ins == outs:
        return None
    layer = {"in_channels": outs, "out_channels": ins}
    shapes: dict[int, Shape] = {1: (second, first, *weight.shape[2:]), 2: (ins,)}
    return remade(operation, "in_channels comes first, then out_channels", layer, shapes)


def _too_many(operation: Operation, n: int, wanted: Size) -> Iterator[Change | None]:
    x = operation.operands[0]
    if x.shape[-1] == wanted != x.shape[2]:
        first = axis_to(x, n + 2, 2)
        yield turned(
            operation, f"{x.name} has its channels last", {0: first and then(first, laid_flat(first.after, 0, 1))}
        )
    for axis in range(n + 3):
        yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
    yield turned(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})


def _too_few(operation: Operation, n: int) -> Iterator[Change | None]:
    x = operation.operands[0]
    one = hung(x, "{}[None, None]", (1, 1, *x.shape))
    because = f"{x.name} is one sample of one channel"
    if n == 1:
        yield turned(operation, f"{x.name} is one channel", {0: axis_in(x, 0)})
    yield turned(operation, because, {0: one})


def _unrolled(operation: Operation, n: int, wanted: Size) -> Change | None:
    """Rows of numbers as images again: (batch, 784) as (batch, 1, 28, 28)."""
    x = operation.operands[0]
    pixels = divided(x.shape[1], wanted) if len(x.shape) == 2 and isinstance(wanted, int) else None
    if not isinstance(pixels, int) or pixels < 2 or n != 2 or math.isqrt(pixels) ** 2 != pixels:
        return None
    side = math.isqrt(pixels)
    shape = (x.shape[0], wanted, side, side)
    code = f"{{}}.reshape(-1, {wanted}, {side}, {side})"
    return turned(operation, f"each row of {x.name} is an image of {side} by {side}", {0: hung(x, code, shape)})


def _other_order(operation: Operation, axes: range, n: int, wanted: Size) -> Iterator[Change | None]:
    x = operation.operands[0]
    rank = len(x.shape)
    if _channels_first(x, n):
        return
    for axis in axes:
        if rank in (n + 1, n + 2) and x.shape[axis] == wanted and axis != rank - n - 1:
            because = f"{x.name} has its channels on axis {axis}"
            yield turned(operation, because, {0: axis_to(x, axis, rank - n - 1)})


def _for_channels(operation: Operation, n: int) -> Change | None:
    """The layer made for the channels that came."""
    x, weight = operation.operands[:2]
    groups = whole(operation, "groups", 1)
    if len(x.shape) not in (n + 1, n + 2):
        return None
    here = x.shape[-n - 1]
    depthwise = groups != 1 and groups == weight.shape[0] and operation.rule == "conv"
    because = f"{x.name} has {counted(here, 'channel')}"
    if depthwise and weight.shape[1] == 1 and isinstance(here, int):
        layer = {"in_channels": here, "out_channels": here, "groups": here}
        return remade(operation, because, layer, {1: (here, 1, *weight.shape[2:]), 2: (here,)}, groups=here)
    inner = divided(here, groups)
    if inner is None:
        return None
    shape = (weight.shape[0], inner, *weight.shape[2:]) if operation.rule == "conv" else (here, *weight.shape[1:])
    return remade(operation, because, {"in_channels": here}, {1: shape})


def _regrouped(operation: Operation) -> Change | None:
    x, weight = operation.operands[:2]
    n = len(weight.shape) - 2
    groups = whole(operation, "groups", 1)
    if groups == 1 or operation.rule != "conv" or len(x.shape) <= n:
        return None
    here = x.shape[-n - 1]
    layer = {"in_channels": here, "groups": 1}
    return remade(
        operation, "channels are not grouped", layer, {1: (weight.shape[0], here, *weight.shape[2:])}, groups=1
    )


def _channels_made(operation: Operation, n: int, wanted: int) -> Iterator[Change | None]:
    """One channel repeated, or the first few of more."""
    x = operation.operands[0]
    at = len(x.shape) - n - 1
    here = x.shape[at]
    shape = (*x.shape[:at], wanted, *x.shape[at + 1 :])
    if here == 1:
        sizes = ", ".join("-1" if axis != at else str(wanted) for axis in range(len(x.shape)))
        yield turned(operation, f"one channel of {x.name} stands for all", {0: hung(x, f"{{}}.expand({sizes})", shape)})
    elif wanted == 1 and (here == 3 or x.shape[-1] == 3):
        last = here != 3
        grey = (*x.shape[:at], 1, *(x.shape[at:-1] if last else x.shape[at + 1 :]))
        code = f"{{}}.mean(-1).unsqueeze({at})" if last else f"{{}}.mean({at}, keepdim=True)"
        yield turned(operation, f"the colours of {x.name} are meant as one grey", {0: hung(x, code, grey)})
    elif not isinstance(here, Named) and here == 4 and wanted == 3:
        key = f":, :{wanted}" if at else f":{wanted}"
        yield turned(operation, f"the last channel of {x.name} is not meant", {0: hung(x, f"{{}}[{key}]", shape)})


def _weights(operation: Operation, n: int) -> Iterator[Change | None]:
    """Weights that a function is given: a bare kernel, or axes in another order."""
    weight = operation.operands[1]
    rank = len(weight.shape)
    if rank == n:
        bare = hung(weight, "{}[None, None]", (1, 1, *weight.shape))
        yield turned(operation, f"{weight.name} is one kernel", {1: bare})
        x = operation.operands[0]
        if len(x.shape) == n:
            image = hung(x, "{}[None, None]", (1, 1, *x.shape))
            yield turned(operation, "one image of one channel, and one kernel", {0: image, 1: bare})
    elif rank == n + 1:
        for axis in (1, 0):
            yield turned(operation, f"{weight.name} has no axis of channels", {1: axis_in(weight, axis)})
    elif rank == n + 2:
        space = range(2, rank)
        turns = [permuted(weight, 1, 0, *space), permuted(weight, rank - 1, rank - 2, *range(rank - 2))]
        turns.append(permuted(weight, 0, rank - 1, *range(1, rank - 1)))
        for turn in turns:
            yield turned(operation, f"the axes of {weight.name} are kept in another order", {1: turn})
    if rank > n + 2 and product(weight.shape[:1]) == 1:
        yield turned(operation, f"axis 0 of {weight.name} is not meant", {1: axis_out(weight, 0)})
