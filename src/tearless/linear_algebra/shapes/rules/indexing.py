"""``a[key]``: numbers, slices, ``None``, ``...``, arrays of numbers and masks, as NumPy, JAX and PyTorch read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.size import Named, Shape, Size, named

from .axes import axes_said
from .index_repairs import array_repairs, mask_repairs, number_repairs, slice_repairs, too_many_repairs
from .keys import Item, items, sliced
from .registry import rule

LAW_MANY = "an array of r axes takes at most r indices"
LAW_RANGE = "an axis of size s has the entries 0 to s - 1; -1 is the last, -s the first"
LAW_ARRAYS = "arrays that index together are laid beside one another like operands: they must broadcast"
LAW_MASK = "a mask has the sizes of the axes that it picks from"


@rule
def index(operation: Operation) -> tuple[Shape, ...]:
    """``a[key]``; setting ``key``, a tuple of numbers, slices, ``None``, ``...``, lists, ``Place(i)`` for operand i.

    Of (n, c, h, w) the key ``(0, slice(None), None)`` gives (c, 1, h, w). An operand whose dtype is ``bool`` is a mask.
    NumPy and JAX count a number beside arrays as an array, PyTorch picks it first.
    """
    a = operation.operands[0]
    some = _whole(operation, items(operation))
    torch = operation.library == "torch"
    arrays = any(one.kind in ("array", "mask") for one in some)
    out = _Axes()
    axis = 0
    for one in some:
        _fits(operation, one, axis)
        picked = torch and one.kind == "array" and one.shape == () and one.operand is not None
        if one.kind == "gap":
            out.gap = out.at is not None
        elif one.kind == "none":
            out.plain(1)
        elif one.kind == "slice":
            out.plain(sliced(a.shape[axis], one.value))
        elif one.kind == "int" or picked:
            if arrays and not torch:
                out.array((), one.operand, axis)
        elif one.kind == "mask":
            out.array((_count(operation, one),), one.operand, axis)
        else:
            out.array(one.shape, one.operand, axis)
        axis += one.takes
    return (out.laid(operation),)


@dataclass
class _Axes:
    """The axes that a key gives, in order; those of arrays stand together."""

    sizes: list[Size] = field(default_factory=list)
    arrays: list[tuple[Shape, int | None, int]] = field(default_factory=list)
    at: int | None = None
    apart: bool = False
    gap: bool = False
    """Whether a '...' of no axes came after the first array: NumPy and JAX count it as something between."""

    def plain(self, size: Size) -> None:
        self.sizes.append(size)

    def array(self, shape: Shape, operand: int | None, axis: int) -> None:
        if self.at is None:
            self.at = len(self.sizes)
        elif self.at != len(self.sizes) or self.gap:
            self.apart = True
        self.arrays.append((shape, operand, axis))

    def laid(self, operation: Operation) -> Shape:
        """All sizes: arrays in the place of the first, or in front where something stands between them."""
        if self.at is None:
            return tuple(self.sizes)
        at = 0 if self.apart else self.at
        return (*self.sizes[:at], *_together(operation, self.arrays), *self.sizes[at:])


def _whole(operation: Operation, some: Sequence[Item | None]) -> list[Item]:
    """The items with the ellipsis and what is left out at the end as slices."""
    a = operation.operands[0]
    given = [one for one in some if one is not None]
    taken = sum(one.takes for one in given)
    free = len(a.shape) - taken
    if len(some) - len(given) > 1:
        raise Clash(f"the key of {a.name} has '...' more than once", LAW_MANY)
    if free < 0:
        has = f"{len(a.shape)} {'axis' if len(a.shape) == 1 else 'axes'}"
        marks = tuple((0, axis) for axis in range(len(a.shape)))
        raise Clash(f"{a} has {has}, the key takes {taken}", LAW_MANY, marks, lambda: too_many_repairs(operation, some))
    rest = [Item("slice", slice(None), 1)] * free
    if not free and operation.library != "torch":
        rest = [Item("gap", None, 0)]
    if len(given) == len(some):
        return [*given, *rest] if free else given
    at = some.index(None)
    return [*given[:at], *rest, *given[at:]]


def _fits(operation: Operation, one: Item, axis: int) -> None:
    a = operation.operands[0]
    if one.kind == "mask":
        for at, size in enumerate(one.shape):
            empty = size == 0 and operation.library == "numpy"
            if size != a.shape[axis + at] and not empty:
                name = str(operation.operands[one.operand]) if one.operand is not None else "the mask"
                says = f"{name} has {size} on axis {at}, {a} has {a.shape[axis + at]} on axis {axis + at}"
                marks = ((0, axis + at), *(((one.operand, at),) if one.operand is not None else ()))
                repairs = lambda: mask_repairs(operation, one)  # noqa: E731
                raise Clash(f"{says}: the mask says for each entry whether it is kept", LAW_MASK, marks, repairs)
    elif one.kind == "int":
        size, value = a.shape[axis], one.value
        if isinstance(size, Named) or isinstance(value, Named) or operation.library == "jax":
            return
        if not -size <= value < size:
            room = f"0 to {size - 1}" if size else "none"
            says = f"{a} has {size} on axis {axis}, entries {room}: there is no entry {value}"
            raise Clash(says, LAW_RANGE, ((0, axis),), lambda: number_repairs(operation, axis))
    elif one.kind == "slice":
        step = one.value.step
        if isinstance(step, int) and (step == 0 or (step < 0 and operation.library == "torch")):
            says = f"a slice of {a} goes in steps of {step}: " + ("0 leads nowhere" if step == 0 else "PyTorch goes on")
            raise Clash(says, "a slice goes on by whole steps", ((0, axis),), lambda: slice_repairs(operation, axis))


def _count(operation: Operation, one: Item) -> Size:
    """How many entries a mask keeps: known only where the mask is written out."""
    if one.operand is None:
        flat = str(one.value)
        return flat.count("True")
    return named(f"count({operation.operands[one.operand].name})")


def _together(operation: Operation, arrays: Sequence[tuple[Shape, int | None, int]]) -> Shape:
    """The shape of arrays that index together; how many a mask keeps is taken to fit."""
    out: list[Size] = []
    shapes = [shape for shape, _, _ in arrays]
    for back in range(1, max(map(len, shapes)) + 1):
        there = [(shape[-back], operand) for shape, operand, _ in arrays if len(shape) >= back]
        others = {size for size, _ in there if size != 1}
        plain = {size for size in others if not (isinstance(size, Named) and str(size).startswith("count("))}
        if len(plain) > 1:
            known = [(i, size) for size, i in there if i is not None and size in plain]
            marks = [(i, len(operation.operands[i].shape) - back) for i, _ in known]
            has = ", ".join(f"{operation.operands[i]} has {size}" for i, size in known)
            says = f"{has}: they index {operation.operands[0]} together, so they must be equal, or one of them 1"
            raise Clash(says, LAW_ARRAYS, marks, lambda: array_repairs(operation))
        out.append(plain.pop() if plain else others.pop() if others else 1)
    return tuple(out[::-1])


@rule
def boolean_index(operation: Operation) -> tuple[Shape, ...]:
    """``a[mask]``: a (n, k, m) and a mask (n, k) give (count, m); how many the mask keeps is not known."""
    a, mask = operation.operands
    if len(mask.shape) > len(a.shape):
        marks = tuple((1, axis) for axis in range(len(mask.shape)))
        says = f"{axes_said(mask)}, {a} has {len(a.shape)}: a mask cannot have more"
        raise Clash(says, LAW_MASK, marks, lambda: mask_repairs(operation, None))
    for axis, (size, here) in enumerate(zip(mask.shape, a.shape, strict=False)):
        if size != here and (size != 0 or operation.library != "numpy"):
            says = f"{mask} has {size} on axis {axis}, {a} has {here}: the mask says for each entry whether it is kept"
            raise Clash(says, LAW_MASK, ((0, axis), (1, axis)), lambda: mask_repairs(operation, None))
    return ((named(f"count({mask.name})"), *a.shape[len(mask.shape) :]),)
