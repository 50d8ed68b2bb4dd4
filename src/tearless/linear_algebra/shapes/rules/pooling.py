"""Pools: the largest number or the mean of each window, or of each of a given number of stretches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Named, Shape

from .asked import axes_are, below, each, has, takes, whole
from .layer_repairs import axis_in, axis_out, laid_flat, offered, remade, turned
from .registry import rule
from .windows import Window, fits

LAW_PAD = "the padding of a pool is at most half its kernel, or windows would hold padding alone"
LAW_EMPTY = "a pool takes inputs with at least one number along every axis but the batch"
NAMES = {1: "([batch,] channels, length)", 2: "([batch,] channels, height, width)"}


@rule
def pool(operation: Operation) -> tuple[Shape, ...]:
    """``F.max_pool1d`` to ``3d`` and their means. Settings ``n, kernel, stride, padding, dilation, ceil, kind``.

    ([batch,] channels, sizes) gives ([batch,] channels, places): for each size
    ⌊(size + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1, with ``ceil`` rounded up.
    """
    (x,) = takes(operation, 1, 1)
    n = whole(operation, "n", 2, least=1)
    _ranks(operation, n)
    windows = _windows(operation, n)
    _not_empty(x, 1 if len(x.shape) == n + 2 else 0)
    ceil = bool(operation.settings.get("ceil", operation.settings.get("ceil_mode", False)))
    out = []
    for axis, window in enumerate(windows, len(x.shape) - n):
        places = window.places(x.shape[axis], ceil)
        if n == 3 and operation.settings.get("kind") == "avg" and below(x.shape[axis], window.kernel):
            places = 0
        fits(x, axis, window, places, lambda: _short(operation, n, windows))
        out.append(places)
    shape = (*x.shape[:-n], *out)
    return (shape, shape) if operation.settings.get("return_indices") else (shape,)


def _windows(operation: Operation, n: int) -> list[Window]:
    kernels = each(operation, "kernel", n, 1, least=1)
    stride = operation.settings.get("stride")
    empty = stride is None or (isinstance(stride, tuple | list) and not stride)
    strides = kernels if empty else each(operation, "stride", n, 1, least=1)
    pads, dilations = each(operation, "padding", n, 0), each(operation, "dilation", n, 1, least=1)
    for pad, kernel in zip(pads, kernels, strict=True):
        if below(kernel, 2 * pad):
            half = kernel // 2
            changes = [remade(operation, "the widest padding that is taken", {"padding": half}, {}, padding=half)]
            says = f"padding={pad} is more than half of kernel {kernel}"
            raise Clash(says, LAW_PAD, (), lambda: offered(operation, changes))  # noqa: B023
    settings = zip(kernels, strides, pads, dilations, strict=True)
    return [Window(kernel, stride, pad, pad, dilation) for kernel, stride, pad, dilation in settings]


def _ranks(operation: Operation, n: int) -> None:
    meaning = NAMES.get(n, "([batch,] channels, three sizes)")
    axes_are(operation, (n + 1, n + 2), meaning, lambda: offered(operation, _rank_changes(operation, n)))


def _rank_changes(operation: Operation, n: int) -> Iterator[Change | None]:
    x = operation.operands[0]
    rank = len(x.shape)
    if rank == n + 3:
        for axis in range(rank):
            yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
        yield turned(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})
    if rank == n:
        yield turned(operation, f"{x.name} has no axis of channels", {0: axis_in(x, 1 if n == 2 else 0)})
        yield turned(operation, f"{x.name} has no axis of channels", {0: axis_in(x, 0)})


def _not_empty(x: Operand, first: int) -> None:
    for axis in range(first, len(x.shape)):
        if x.shape[axis] == 0:
            raise Clash(f"{has(x, axis)}: there is nothing to pool", LAW_EMPTY, ((0, axis),))


def _short(operation: Operation, n: int, windows: list[Window]) -> list[Repair]:
    """What lets a window fit: a smaller one, padding, or a last one that hangs over."""
    x = operation.operands[0]

    def changes() -> Iterator[Change | None]:
        sizes = x.shape[-n:]
        if not any(
            isinstance(size, Named) or isinstance(one.kernel, Named) for size, one in zip(sizes, windows, strict=True)
        ):
            small: Any = tuple(min(size, one.kernel) for size, one in zip(sizes, windows, strict=True))  # type: ignore[type-var]
            kernel = small[0] if len(set(small)) == 1 else small
            kept = {"padding": 0, "dilation": 1} if any(one.before or one.dilation != 1 for one in windows) else {}
            because = "a kernel no wider than the input"
            yield remade(operation, because, {"kernel_size": kernel}, {}, kernel=kernel)
            if kept:
                yield remade(operation, because, {"kernel_size": kernel, **kept}, {}, kernel=kernel, **kept)
        yield _hanging(operation)

    return offered(operation, changes())


def _hanging(operation: Operation) -> Change | None:
    """The last window over the end: said to the function that is called, or where the layer is made."""
    because = "the last window may hang over the end"
    change = remade(operation, because, {"ceil_mode": True}, {}, ceil=True)
    called = operation.parts[0] if operation.parts else ""
    if change is None or not isinstance(called, str) or not re.search(r"_pool\dd\($", called):
        return change
    return replace(change, repair=Repair(because, settings={"ceil_mode": "True"}))


@rule
def adaptive_pool(operation: Operation) -> tuple[Shape, ...]:
    """``F.adaptive_avg_pool1d`` to ``3d``. Settings ``n``, ``output`` (``None`` keeps a size), ``kind``.

    ([batch,] channels, sizes) gives ([batch,] channels, output).
    """
    (x,) = takes(operation, 1, 1)
    n = whole(operation, "n", 2, least=1)
    wanted = operation.settings.get("output", 1)
    if _is_a_mean(operation, x, n):
        return ((*x.shape[:-n], *[1] * n),)
    _ranks(operation, n)
    values = list(wanted) if isinstance(wanted, tuple | list) else [wanted] * n
    law = f"the output of a pool over {n} axes is one whole number, or {n}"
    kept = [size if one is None else one for one, size in zip(values, x.shape[-n:], strict=False)]
    whole_ones = all(isinstance(one, Named) or (hasattr(one, "__index__") and one.__index__() >= 0) for one in kept)
    if len(values) != n or not whole_ones:
        raise Clash(f"output is {str(wanted)[:40]}: {law}", law)
    if operation.settings.get("kind") == "max" or any(one != 1 for one in kept):
        _not_empty(x, 1 if n == 3 or operation.settings.get("kind") == "max" else len(x.shape) - n)
    return ((*x.shape[:-n], *kept),)


def _is_a_mean(operation: Operation, x: Operand, n: int) -> bool:
    """Whether it is a mean over the last axes, which takes any number of axes before them."""
    wanted = operation.settings.get("output", 1)
    alone = not isinstance(wanted, tuple | list)
    sizes = (
        [x.shape[i - n] if one is None else one for i, one in enumerate(wanted)]
        if not alone and len(x.shape) >= n == len(wanted)
        else []
    )
    ones = wanted == 1 if alone else sizes == [1] * n
    return bool(n > 1 and operation.settings.get("kind") != "max" and ones and len(x.shape) >= n + (0 if alone else 1))
