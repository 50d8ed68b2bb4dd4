"""Images and signals of other sizes: interpolation, pixels into channels and back, patches, sampling by a grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Named, Shape, Size, divided, product, written

from .asked import agree, axes_are, below, each, has, takes, whole
from .layer_repairs import anew, axis_in, axis_out, axis_to, hung, laid_flat, offered, remade, turned
from .registry import rule
from .windows import Window, fits

LAW = "interpolation takes (batch, channels, sizes), and changes the sizes"
LAW_MODE = "linear takes one axis of size, bilinear and bicubic two, trilinear three; nearest and area any of them"
LAW_SIZE = "either size or scale_factor is given: one number, or one for each axis"
LAW_SHUFFLE = (
    "pixel_shuffle takes channels that factor² divides, pixel_unshuffle heights and widths that factor divides"
)
LAW_FOLD = "fold takes (batch, channels times kernel, places): as many places as windows in output"
LAW_GRID = "a grid is (batch, sizes, axes): one point of the input for each place of the output"
AXES = {"linear": (3,), "bilinear": (4,), "bicubic": (4,), "trilinear": (5,)}
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


@rule
def interpolate(operation: Operation) -> tuple[Shape, ...]:
    """``F.interpolate(x)``: (batch, channels, sizes) gives (batch, channels, ⌊size·scale_factor⌋ for each size).

    Settings ``size``, the new sizes as they are, ``scale_factor``, ``mode``.
    """
    (x,) = takes(operation, 1, 1)
    settings = operation.settings
    axes_are(operation, (3, 4, 5), "(batch, channels, sizes)", lambda: offered(operation, _rank_changes(operation)))
    n = len(x.shape) - 2
    mode = str(settings.get("mode") or "nearest")
    if len(x.shape) not in AXES.get(mode, (3, 4, 5)):
        fitting = MODES[n]
        changes = [anew(operation, f"{x.name} has {n} axes of size", mode=fitting)]
        marks = [(0, axis) for axis in range(2, len(x.shape))]
        says = f"{x} has {len(x.shape)} axes, mode {mode[:20]!r} takes {AXES[mode][0]}: batch, channels and sizes"
        raise Clash(says, LAW_MODE, marks, lambda: offered(operation, [*changes, *_rank_changes(operation)]))
    size, scale = settings.get("size"), settings.get("scale_factor")
    if (size is None) == (scale is None):
        raise Clash(f"size is {size}, scale_factor is {scale}: {LAW_SIZE}", LAW_SIZE)
    out = _sizes(operation, n, size) if size is not None else _scaled(x, n, scale)
    for axis, one in enumerate(out, 2):
        if below(one, 0 if mode == "area" else 1) or x.shape[axis] == 0:
            raise Clash(f"{has(x, axis)}, which would become {one}", "sizes are at least 1", ((0, axis),))
    if x.shape[1] == 0 and mode != "area":
        raise Clash(f"{has(x, 1)}: there is nothing to interpolate", LAW, ((0, 1),))
    return ((*x.shape[:2], *out),)


def _sizes(operation: Operation, n: int, size: Any) -> Shape:
    values = list(size) if isinstance(size, tuple | list) else [size] * n
    if not all(isinstance(one, int | Named) for one in values):
        raise Clash(f"size is {str(size)[:40]}: it must be whole numbers", LAW_SIZE)
    if len(values) != n:
        says = f"size has {len(values)} numbers, {operation.operands[0]} has {n} axes of size"
        raise Clash(says, LAW_SIZE, [(0, axis) for axis in range(2, n + 2)])
    return tuple(values)


def _scaled(x: Operand, n: int, scale: Any) -> Shape:
    values = list(scale) if isinstance(scale, tuple | list) else [scale] * n
    if len(values) != n or not all(isinstance(one, int | float) and math.isfinite(one) for one in values):
        says = f"scale_factor is {str(scale)[:40]}, {x} has {n} axes of size"
        raise Clash(says, LAW_SIZE, [(0, axis) for axis in range(2, n + 2)])
    return tuple(_times(size, float(one)) for size, one in zip(x.shape[2:], values, strict=True))


def _times(size: Size, scale: float) -> Size:
    if not isinstance(size, Named):
        return math.floor(size * scale)
    ratio = Fraction(scale).limit_denominator(64)
    return (size * ratio.numerator) // ratio.denominator


def _rank_changes(operation: Operation) -> Iterator[Change | None]:
    x = operation.operands[0]
    rank = len(x.shape)
    if rank == 3:
        yield turned(operation, f"{x.name} is one image", {0: axis_in(x, 0)})
        yield turned(operation, f"{x.name} has no axis of channels", {0: axis_in(x, 1)})
    if rank == 2:
        yield turned(operation, f"{x.name} is one signal for each row", {0: axis_in(x, 1)})
    for axis in range(rank):
        yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
    if rank > 4:
        yield turned(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})


def _factor(operation: Operation) -> tuple[str, int]:
    names = ("factor", "upscale_factor", "downscale_factor")
    name = next((name for name in names if name in operation.settings), "factor")
    return name, whole(operation, name, 1, least=1)


def _space(operation: Operation) -> tuple[Shape, Size, Size, Size]:
    (x,) = takes(operation, 1, 1)
    if len(x.shape) < 3:
        says = f"{x} has {len(x.shape)} axes, three at least are needed: (channels, height, width)"
        raise Clash(says, LAW_SHUFFLE, [(0, axis) for axis in range(len(x.shape))])
    return x.shape[:-3], x.shape[-3], x.shape[-2], x.shape[-1]


@rule
def pixel_shuffle(operation: Operation) -> tuple[Shape, ...]:
    """``F.pixel_shuffle(x, factor)``: (..., c·f², h, w) gives (..., c, h·f, w·f)."""
    lead, channels, high, wide = _space(operation)
    name, factor = _factor(operation)
    inner = divided(channels, factor * factor)
    if inner is None:
        x = operation.operands[0]
        fitting = [one for one in range(factor, 1, -1) if divided(channels, one * one) is not None]
        layer = [
            remade(operation, "its square divides the channels", {"upscale_factor": one}, {}, **{name: one})
            for one in fitting
        ]
        says = f"{has(x, -3)} (channels), which {factor}² = {factor * factor} does not divide"
        raise Clash(says, LAW_SHUFFLE, ((0, len(x.shape) - 3),), lambda: offered(operation, layer))
    return ((*lead, inner, high * factor, wide * factor),)


@rule
def pixel_unshuffle(operation: Operation) -> tuple[Shape, ...]:
    """``F.pixel_unshuffle(x, factor)``: (..., c, h·f, w·f) gives (..., c·f², h, w)."""
    lead, channels, high, wide = _space(operation)
    _, factor = _factor(operation)
    x = operation.operands[0]
    for axis, size in ((-2, high), (-1, wide)):
        if divided(size, factor) is None:
            at = len(x.shape) + axis
            raise Clash(f"{has(x, axis)}, which {factor} does not divide", LAW_SHUFFLE, ((0, at),))
    return ((*lead, channels * factor * factor, high // factor, wide // factor),)


@rule
def channel_shuffle(operation: Operation) -> tuple[Shape, ...]:
    """``F.channel_shuffle(x, groups)``: x (batch, channels, sizes) gives (batch, channels, sizes)."""
    (x,) = takes(operation, 1, 1)
    groups = whole(operation, "groups", 1, least=1)
    law = "groups divide the channels (axis 1) of (batch, channels, sizes)"
    if len(x.shape) < 3 or divided(x.shape[1], groups) is None:
        marks = ((0, 1),) if len(x.shape) > 1 else ()
        raise Clash(f"{x}, groups={groups}: {law}", law, marks)
    return (x.shape,)


def _patches(operation: Operation, sizes: Shape, repairs: Any) -> Size:
    """How many places a window has over two axes."""
    settings = [each(operation, name, 2, default, least, False) for name, default, least in _WINDOW]
    count: Size = 1
    for axis, (kernel, stride, pad, dilation) in enumerate(zip(*settings, strict=True)):
        window = Window(kernel, stride, pad, pad, dilation)
        places = window.places(sizes[axis])
        fits(Operand("the image", sizes), axis, window, places, repairs)
        count = count * places
    return count


_WINDOW = (("kernel", 1, 1), ("stride", 1, 1), ("padding", 0, 0), ("dilation", 1, 1))


@rule
def unfold(operation: Operation) -> tuple[Shape, ...]:
    """``F.unfold(x)``: ([batch,] channels, height, width) gives ([batch,] channels · kernel, places)."""
    (x,) = takes(operation, 1, 1)
    meaning = "([batch,] channels, height, width)"
    axes_are(operation, (3, 4), meaning, lambda: offered(operation, _unfold_changes(operation)))
    at = len(x.shape) - 3
    _not_empty(x, at)
    try:
        places = _patches(operation, x.shape[-2:], list)
    except Clash as clash:
        marks = [(0, at + 1 + axis) for _, axis in clash.marks]
        raise Clash(clash.says.replace("the image", x.name, 1), clash.law, marks) from None
    kernel = each(operation, "kernel", 2, 1, 1, False)
    return ((*x.shape[:at], x.shape[at] * product(kernel), places),)


def _not_empty(x: Operand, first: int) -> None:
    for axis in range(first, len(x.shape)):
        if x.shape[axis] == 0:
            raise Clash(
                f"{has(x, axis)}: there is nothing there", "all axes but the batch hold something", ((0, axis),)
            )


def _unfold_changes(operation: Operation) -> Iterator[Change | None]:
    x = operation.operands[0]
    if len(x.shape) == 2:
        yield turned(operation, f"{x.name} is one channel", {0: axis_in(x, 0)})
    for axis in range(len(x.shape)):
        yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
    if len(x.shape) == 5:
        yield turned(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})


@rule
def fold(operation: Operation) -> tuple[Shape, ...]:
    """``F.fold(x, output)``: ([batch,] channels · kernel, places) gives ([batch,] channels, height, width)."""
    (x,) = takes(operation, 1, 1)
    axes_are(operation, (2, 3), "([batch,] channels times kernel, places)", list)
    at = len(x.shape) - 2
    _not_empty(x, at)
    output = tuple(each(operation, "output", 2, 1, 1, False))
    kernel = product(each(operation, "kernel", 2, 1, 1, False))
    channels = divided(x.shape[at], kernel)
    if channels is None:
        raise Clash(f"{has(x, at)}, which the kernel of {kernel} numbers does not divide", LAW_FOLD, ((0, at),))
    try:
        places = _patches(operation, output, list)
    except Clash as clash:
        raise Clash(f"the window does not fit into output {written(output)}", clash.law) from None
    if places != x.shape[-1]:
        says = f"{has(x, -1)} (places), output {written(output)} has {places} windows: they must be equal"
        raise Clash(says, LAW_FOLD, ((0, at + 1),), lambda: _fold_mends(operation))
    return ((*x.shape[:at], channels, *output),)


def _fold_mends(operation: Operation) -> list[Repair]:
    """The square image that has as many windows."""
    x = operation.operands[0]
    changes: list[Change | None] = []
    if isinstance(x.shape[-1], int) and math.isqrt(x.shape[-1]) ** 2 == x.shape[-1]:
        side = math.isqrt(x.shape[-1])
        pairs = [each(operation, name, 2, default, least, False) for name, default, least in _WINDOW]
        sizes = [
            (side - 1) * stride - 2 * pad + dilation * (kernel - 1) + 1
            for kernel, stride, pad, dilation in zip(*pairs, strict=True)
        ]
        because = f"{side} by {side} windows"
        changes.append(remade(operation, because, {"output_size": tuple(sizes)}, {}, output=tuple(sizes)))
    return offered(operation, changes)


@rule
def grid_sample(operation: Operation) -> tuple[Shape, ...]:
    """``F.grid_sample(x, grid)``: x (n, c, h, w) and grid (n, out_h, out_w, 2) give (n, c, out_h, out_w).

    Of volumes x has one axis more, and the grid is (n, out_d, out_h, out_w, 3).
    """
    x, grid = takes(operation, 2, 2)
    axes_are(operation, (4, 5), "(batch, channels, sizes)", lambda: offered(operation, _rank_changes(operation)))
    axes_are(operation, (len(x.shape),), "a grid (batch, sizes, axes)", list, at=1)
    axes = len(x.shape) - 2
    last = len(grid.shape) - 1
    if grid.shape[-1] != axes:
        first = axes_last(operation, grid, axes)
        raise Clash(
            f"{has(grid, -1)}, points of {x} have {axes}", LAW_GRID, ((1, last),), lambda: offered(operation, first)
        )
    if grid.shape[0] != x.shape[0]:
        wide = ", ".join(["-1"] * last)
        stretched = _expanded(grid, x.shape[0], f"{{}}.expand({x.shape[0]}, {wide})")
        changes = [turned(operation, f"{grid.name} is the same for each sample", {1: stretched})]
        says = f"{has(x, 0)}, {has(grid, 0)}: they must be equal"
        raise Clash(says, LAW_GRID, ((0, 0), (1, 0)), lambda: offered(operation, changes))
    agree(operation, (0, 1))
    return ((*x.shape[:2], *grid.shape[1:-1]),)


def axes_last(operation: Operation, grid: Operand, axes: int) -> list[Change | None]:
    """The grid with its points' axes put last."""
    fitting = [axis for axis in range(1, len(grid.shape)) if grid.shape[axis] == axes]
    because = f"the points of {grid.name} lie on another axis"
    return [turned(operation, because, {1: axis_to(grid, axis, len(grid.shape) - 1)}) for axis in fitting]


def _expanded(grid: Operand, count: Size, code: str) -> Any:
    return hung(grid, code, (count, *grid.shape[1:])) if grid.shape[0] == 1 else None
