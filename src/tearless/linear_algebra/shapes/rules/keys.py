"""The key of ``a[key]``: its items one by one, and the length of a slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tearless.linear_algebra.shapes.operation import Operation, Place
from tearless.linear_algebra.shapes.size import Named, Shape, Size, named

Kind = Literal["int", "slice", "none", "array", "mask", "gap"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a key: what it is, how many axes it takes, and the shape of an array."""

    kind: Kind
    value: Any
    takes: int
    shape: Shape = ()
    operand: int | None = None

    def __str__(self) -> str:
        if self.operand is not None:
            return f"{{{self.operand}}}"
        if self.kind == "slice":
            ends = [self.value.start, self.value.stop, self.value.step]
            texts = ["" if end is None else str(end) for end in ends]
            return ":".join(texts[:2] if ends[2] is None else texts)
        return "None" if self.kind == "none" else str(self.value)


def items(operation: Operation) -> list[Item | None]:
    """The items of the setting ``key``, ``None`` standing for the ellipsis.

    An item is a number, a slice, ``None``, ``...``, a list, or ``Place(i)``: operand i, an array of numbers or a mask.
    """
    key = operation.settings["key"]
    return [_item(operation, one) for one in (key if isinstance(key, tuple) else (key,))]


def _item(operation: Operation, one: Any) -> Item | None:
    if one is Ellipsis:
        return None
    if one is None:
        return Item("none", None, 0)
    if isinstance(one, slice):
        return Item("slice", one, 1)
    if isinstance(one, Place) and isinstance(one.of, int):
        operand = operation.operands[one.of]
        masks = ("bool", "uint8") if operand.library == "torch" else ("bool",)
        if operand.dtype in masks:
            return Item("mask", None, len(operand.shape), operand.shape, one.of)
        return Item("array", None, 1, operand.shape, one.of)
    if isinstance(one, bool):
        return Item("mask", one, 0, ())
    if isinstance(one, list):
        shape = _nested(one)
        flat = one
        while flat and isinstance(flat[0], list):
            flat = flat[0]
        if flat and all(isinstance(entry, bool) for entry in flat):
            return Item("mask", one, len(shape), shape)
        return Item("array", one, 1, shape)
    return Item("int", one, 1)


def _nested(one: list[Any]) -> Shape:
    shape: list[Size] = []
    deep: Any = one
    while isinstance(deep, list) and len(shape) < 8:
        shape.append(len(deep))
        deep = deep[0] if deep else None
    return tuple(shape)


def spelled(some: Sequence[Item | None]) -> str:
    """The key as the code of a template."""
    return ", ".join("..." if one is None else str(one) for one in some)


def sliced(size: Size, key: slice) -> Size:
    """How many entries a slice takes of an axis.

    >>> n = named("n")
    >>> print(sliced(10, slice(2, None, 3)), sliced(n, slice(None, -1)), sliced(n, slice(0, n)), sliced(n, slice(5)))
    3 n - 1 n min(n, 5)
    """
    start, stop, step = key.start, key.stop, 1 if key.step is None else key.step
    if all(end is None or isinstance(end, int) for end in (size, start, stop, step)) and isinstance(size, int):
        begin, end, by = slice(start, stop, step).indices(size)
        return max(0, -((begin - end) // by))
    if step == -1 and start is None and stop is None:
        return size
    low = 0 if start is None else start
    high = size if stop is None else size + stop if isinstance(stop, int) and stop < 0 else stop
    below = isinstance(low, int) and low < 0
    if isinstance(step, int) and step > 0 and not below and (stop is None or high == size or _is_end(stop)):
        length = high - low
        return length if step == 1 else (length + step - 1) // step
    if below and stop is None and step == 1 and isinstance(size, Named):
        return named(f"min({size}, {-low})")
    if step == 1 and low == 0:
        return named(f"min({size}, {stop})")
    texts = ["" if end is None else str(end) for end in (start, stop, key.step)]
    return named(f"len({size}[{':'.join(texts)}])")


def _is_end(stop: Any) -> bool:
    return isinstance(stop, int) and stop < 0
