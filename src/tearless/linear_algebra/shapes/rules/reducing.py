"""Sums, means, largest entries: axes that are lost; and what works along an axis and keeps the shape."""

from __future__ import annotations

from dataclasses import replace

from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.repairs import on_settings, only
from tearless.linear_algebra.shapes.size import Shape, product

from .axes import axes_of, axis_of
from .registry import rule

LAW_WEIGHTS = "weights have the shape of what they weigh, or one entry for each along the axis that is averaged"
LAW = "the largest or smallest of no numbers does not exist"


@rule
def reduce(operation: Operation) -> tuple[Shape, ...]:
    """Sum, mean, max ...; settings ``axis`` (None for all, a tuple for several), ``keepdims``, ``needs_entries``.

    Along axis 1 (n, k) gives (n,), and (n, 1) with ``keepdims``. ``needs_entries`` is for those that no numbers have
    none of: max, min, argmax. PyTorch takes () for all axes.
    """
    (a,) = operation.operands
    axis = operation.settings.get("axis")
    if axis is None or (axis == () and operation.library == "torch"):
        axes = tuple(range(len(a.shape)))
    elif not a.shape and operation.library == "numpy" and axis in (0, -1):
        axes = ()
    else:
        axes = axes_of(operation, (axis,) if isinstance(axis, int) else axis)
    lost = product(size for at, size in enumerate(a.shape) if at in axes)
    kept = tuple(size for at, size in enumerate(a.shape) if at not in axes)
    if operation.settings.get("needs_entries") and lost == 0:
        empty = tuple((0, at) for at in axes if a.shape[at] == 0)
        others = [at for at in range(len(a.shape)) if a.shape[at] != 0]
        tries = [on_settings(operation, f"axis {at} is meant", 1.0, axis=at) for at in others]
        raise Clash(f"{a} has no entries along {_words(axes)}", LAW, empty, only(operation, *tries))
    if operation.settings.get("keepdims"):
        return (tuple(1 if at in axes else size for at, size in enumerate(a.shape)),)
    return (kept,)


@rule
def average(operation: Operation) -> tuple[Shape, ...]:
    """``np.average(a, weights)``: (n, m) with weights (n, m), or (n,) along ``axis`` 0, gives (m,); ``keepdims``."""
    gives = reduce(replace(operation, operands=operation.operands[:1]))
    if len(operation.operands) < 2 or operation.shapes[0] == operation.shapes[1]:
        return gives
    a, weights = operation.operands
    axis = operation.settings.get("axis")
    axes = (axis,) if isinstance(axis, int) else tuple(axis or ())
    if axes and weights.shape == tuple(a.shape[at] for at in axes):
        return gives
    fits = [at for at, size in enumerate(a.shape) if weights.shape == (size,)]
    tries = [
        on_settings(operation, f"{weights.name} has one weight for each entry along axis {at}", 1.0, axis=at)
        for at in fits
    ]
    along = " along no axis" if axis is None else f" along {_words(axes)}"
    says = f"{weights} is not of the shape of {a}, whose mean is taken{along}"
    marks = [(1, at) for at in range(len(weights.shape))]
    raise Clash(says, LAW_WEIGHTS, marks, only(operation, *tries))


def _words(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else "all its axes"


@rule
def same(operation: Operation) -> tuple[Shape, ...]:
    """What works on one array entry by entry: the shape stays, (...) gives (...)."""
    return operation.shapes[:1]


@rule
def along(operation: Operation) -> tuple[Shape, ...]:
    """Softmax, cumsum, sort, flip ...: the shape stays, (...) gives (...).

    Setting ``axis``, None for everything in one row (NumPy).
    """
    (a,) = operation.operands
    axis = operation.settings.get("axis", -1)
    if axis is None:
        return ((product(a.shape),),)
    axes_of(operation, (axis,) if isinstance(axis, int) else axis)
    return (a.shape,)


@rule
def roll(operation: Operation) -> tuple[Shape, ...]:
    """``np.roll(a, shift, axis)``: the shape stays, (...) gives (...).

    Settings ``shift``, ``axis`` (None for everything in one row).
    """
    (a,) = operation.operands
    axis, shift = operation.settings.get("axis"), operation.settings.get("shift", 0)
    if axis is None or (operation.library == "torch" and product(a.shape) == 0):
        return (a.shape,)
    if not a.shape and operation.library == "torch":
        raise Clash(f"{a} is a single number: it has no axis to be rolled along", "what is rolled has that axis")
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) if isinstance(shift, int) else tuple(shift)
    for one in axes:
        axis_of(operation, one)
    if len(shifts) not in (1, len(axes)) and len(axes) != 1:
        raise Clash(f"{len(shifts)} shifts for {len(axes)} axes", "each axis is shifted by one number")
    return (a.shape,)
