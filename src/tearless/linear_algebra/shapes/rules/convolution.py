"""Convolutions and transposed convolutions over one, two or three axes."""

from __future__ import annotations

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Shape, Size, divided

from .asked import agree, axes_are, below, each, has, takes, whole
from .convolution_repairs import conv_mends
from .layer_repairs import (
    anew,
    laid_flat,
    of_a_layer,
    offered,
    remade,
    turned,
)
from .registry import rule
from .windows import Window, first_short, fits

LAW = "the channels of the input must be the in_channels of the convolution: weight axis 1 times groups"
LAW_T = "the channels of the input must be the in_channels of the transposed convolution: weight axis 0"
LAW_GROUPS = "groups must divide the channels in and the channels out"
LAW_OUT = "output_padding is smaller than the stride or the dilation"
LAW_PLACES = (
    "an input of size L gives (L - 1)·stride - 2·padding + dilation·(kernel - 1) + output_padding + 1, at least 1"
)
NAMES = {1: "(batch, channels, length)", 2: "(batch, channels, height, width)"}


@rule
def conv(operation: Operation) -> tuple[Shape, ...]:
    """``F.conv1d`` to ``conv3d``: x ([batch,] channels, sizes), weight (out, channels / groups, kernel).

    Gives ([batch,] out, places): ⌊(size + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1 for each size.
    Settings: ``n`` axes of space, ``stride``, ``padding`` (numbers, ``"same"`` or ``"valid"``), ``dilation``,
    ``groups``, ``padding_mode``.
    """
    n, x, weight, groups = _parts(operation)
    if divided(weight.shape[0], groups) is None or weight.shape[0] == 0:
        says = f"{has(weight, 0)}: groups={groups} must divide it"
        raise Clash(says, LAW_GROUPS, ((1, 0),), lambda: conv_mends(operation, n))
    _channels_meet(operation, n, weight.shape[1] * groups, 1, LAW)
    out = _spatial(operation, n)
    _bias_fits(operation, weight.shape[0], 0)
    agree(operation, [0, *range(2, len(operation.operands)), 1])
    return ((*x.shape[: -n - 1], weight.shape[0], *out),)


@rule
def conv_transpose(operation: Operation) -> tuple[Shape, ...]:
    """``F.conv_transpose1d`` to ``3d``: x ([batch,] channels, sizes), weight (channels, out / groups, kernel).

    Gives ([batch,] out, (size - 1)·stride - 2·padding + dilation·(kernel - 1) + output_padding + 1 for each size).
    """
    n, x, weight, groups = _parts(operation)
    if divided(weight.shape[0], groups) is None or weight.shape[0] == 0:
        says = f"{has(weight, 0)}: groups={groups} must divide it"
        raise Clash(says, LAW_GROUPS, ((1, 0),), lambda: conv_mends(operation, n))
    _channels_meet(operation, n, weight.shape[0], 0, LAW_T)
    outs = weight.shape[1] * groups
    sizes = _grown(operation, n)
    _bias_fits(operation, outs, 1)
    agree(operation, [0, *range(2, len(operation.operands)), 1])
    return ((*x.shape[: -n - 1], outs, *sizes),)


def _parts(operation: Operation) -> tuple[int, Operand, Operand, int]:
    """The number of axes of space, the input, the weights, and the groups, their numbers of axes looked at."""
    x, weight = takes(operation, 2, 3)[:2]
    n = whole(operation, "n", max(1, len(weight.shape) - 2), least=1)
    groups = whole(operation, "groups", 1, least=1)
    order = "(out, channels, kernel)" if operation.rule == "conv" else "(channels, out, kernel)"
    axes_are(operation, (n + 2,), f"weights {order}", lambda: conv_mends(operation, n), at=1)
    meaning = f"{NAMES.get(n, '(batch, channels, three sizes)')}, or one sample without batch"
    axes_are(operation, (n + 1, n + 2), meaning, lambda: conv_mends(operation, n))
    return n, x, weight, groups


def _channels_meet(operation: Operation, n: int, wanted: Size, axis: int, law: str) -> None:
    x, weight = operation.operands[:2]
    at = len(x.shape) - n - 1
    if x.shape[at] != wanted:
        groups = whole(operation, "groups", 1)
        of = f"axis {axis}{f' times groups={groups}' if axis and groups != 1 else ''}"
        says = f"{has(x, at)} (channels), {weight} takes {wanted} ({of}): they must be equal"
        raise Clash(says, law, ((0, at), (1, axis)), lambda: conv_mends(operation, n))


def _bias_fits(operation: Operation, outs: Size, axis: int) -> None:
    if len(operation.operands) == 3 and operation.operands[2].shape != (outs,):
        bias = operation.operands[2]
        marks = [*((2, other) for other in range(len(bias.shape))), (1, axis)]
        flat = turned(operation, f"{bias.name} is one list", {2: laid_flat(bias, 0)})
        says = f"{bias} is the bias of {outs} channels out: it must be ({outs},)"
        raise Clash(says, "the bias has one number for each channel out", marks, lambda: offered(operation, [flat]))


def windows_of(operation: Operation, n: int, kernel: Shape) -> list[Window]:
    """The windows of a convolution. Raises ``Clash`` for settings that it refuses."""
    strides = each(operation, "stride", n, 1, least=1)
    dilations = each(operation, "dilation", n, 1, least=1)
    padding = operation.settings.get("padding", 0)
    if padding == "same" and operation.rule == "conv":
        if any(stride != 1 for stride in strides):
            changes = [remade(operation, "the stride is 1", {"stride": 1}, {}, stride=1)]
            law = 'padding="same" keeps sizes, which a stride other than 1 would not'
            raise Clash(
                f'padding="same" and stride={tuple(strides)}: {law}', law, (), lambda: offered(operation, changes)
            )
        wide = [dilation * (size - 1) for dilation, size in zip(dilations, kernel, strict=True)]
        pads = [(total // 2, total - total // 2) for total in wide]
    elif padding == "valid" and operation.rule == "conv":
        pads = [(0, 0)] * n
    else:
        pads = [(pad, pad) for pad in each(operation, "padding", n, 0)]
    settings = zip(kernel, strides, pads, dilations, strict=True)
    return [Window(size, stride, *pad, dilation) for size, stride, pad, dilation in settings]


def _spatial(operation: Operation, n: int) -> Shape:
    x, weight = operation.operands[:2]
    windows = windows_of(operation, n, weight.shape[2:])
    _wraps(operation, n, windows)
    out = []
    nothing = 0 in x.shape[:-n]
    for axis, window in enumerate(windows, len(x.shape) - n):
        if window.kernel == 0 or (x.shape[axis] == 0 and not nothing):
            at = (1, axis - len(x.shape) + n + 2) if window.kernel == 0 else (0, axis)
            raise Clash(f"{has(operation.operands[at[0]], at[1])}: there is nothing to slide over", LAW, (at,))
        places = x.shape[axis] if operation.settings.get("padding") == "same" else window.places(x.shape[axis])
        fits(x, axis, window, places, lambda: _short_mends(operation, n, windows))
        out.append(places)
    return tuple(out)


def _wraps(operation: Operation, n: int, windows: list[Window]) -> None:
    """Padding that is taken from the input itself cannot be wider than it."""
    mode = operation.settings.get("padding_mode", "zeros")
    x = operation.operands[0]
    for axis, window in enumerate(windows, len(x.shape) - n):
        size = x.shape[axis]
        wide = window.after if mode in ("reflect", "circular") else 0
        if below(size, wide + (1 if mode == "reflect" else 0)):
            says = f"{has(x, axis)}, {mode} padding of {wide} takes more than it has"
            raise Clash(says, f"{mode} padding is taken from the input itself", ((0, axis),))


def _grown(operation: Operation, n: int) -> Shape:
    x, weight = operation.operands[:2]
    extra = each(operation, "output_padding", n, 0)
    out = []
    for axis, (window, more) in enumerate(
        zip(windows_of(operation, n, weight.shape[2:]), extra, strict=True), len(x.shape) - n
    ):
        if more >= max(window.stride, window.dilation) and 0 not in x.shape[:-n]:
            says = f"output_padding={more} is not smaller than stride {window.stride} or dilation {window.dilation}"
            changes = [remade(operation, "nothing is added", {"output_padding": 0}, {}, output_padding=0)]
            raise Clash(says, LAW_OUT, (), lambda: offered(operation, changes))  # noqa: B023
        size = (x.shape[axis] - 1) * window.stride - 2 * window.before + window.reach + more
        if below(size, 1) or window.kernel == 0 or (x.shape[axis] == 0 and 0 not in x.shape[:-n]):
            says = f"{has(x, axis)}: the transposed convolution would give {size} there"
            changes = [remade(operation, "nothing is cut off", {"padding": 0}, {}, padding=0)]
            raise Clash(says, LAW_PLACES, ((0, axis),), lambda: offered(operation, changes))  # noqa: B023
        out.append(size)
    return tuple(out)


def _short_mends(operation: Operation, n: int, windows: list[Window]) -> list[Repair]:
    """What lets a window fit: padding, a smaller kernel."""
    x, weight = operation.operands[:2]
    sizes = x.shape[-n:]
    changes: list[Change | None] = []
    pad = first_short(sizes, windows)
    layer = of_a_layer(weight)
    if pad is not None and layer:
        changes.append(remade(operation, "the input is padded", {"padding": pad}, {}, padding=pad))
        small = tuple(min(size, window.kernel) for size, window in zip(sizes, windows, strict=True))  # type: ignore[type-var]
        kernel = small[0] if len(set(small)) == 1 else small
        because = "a kernel no wider than the input"
        changes.append(remade(operation, because, {"kernel_size": kernel}, {1: (*weight.shape[:2], *small)}))
    elif pad is not None:
        changes.append(anew(operation, "the input is padded", padding=pad))
    return offered(operation, changes)
