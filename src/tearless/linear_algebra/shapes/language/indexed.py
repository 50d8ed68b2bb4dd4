"""Calls and brackets that take entries out of an array by their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tearless.linear_algebra.shapes.operation import Place
from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.size import Named, Size, product

from .binding import Bound, told
from .operating import Operating
from .values import Array, Given


def gather(b: Bound) -> Any:
    """``torch.gather(a, dim, index)``."""
    axis = b.whole("axis")
    return b.call.run.apply(b.call.node, "gather", (b.array("A"), b.array("I")), {"axis": axis}, b.at("axis"))[0]


def index_select(b: Bound) -> Any:
    """``torch.index_select(a, dim, index)``."""
    axis = b.whole("axis")
    return b.call.run.apply(b.call.node, "index_select", (b.array("A"), b.array("I")), {"axis": axis}, b.at("axis"))[0]


def scatter(b: Bound) -> Any:
    """``a.scatter(dim, index, src)``."""
    operands = (b.array("A"), b.array("I"), b.array("B"))
    return b.call.run.apply(b.call.node, "scatter", operands, {"axis": b.whole("axis")}, b.at("axis"))[0]


def take(b: Bound) -> Any:
    """``np.take(a, index, axis)``."""
    operands = (b.array("A"), b.array("I"))
    array = b.call.run.apply(b.call.node, "take", operands, {"axis": b.whole("axis")}, b.at("axis"))[0]
    if product(b.shape_of("A")) == 0 and product(array.shape) != 0:
        raise b.call.refused("there is nothing to take from an axis of 0", b.given["A"].node)
    return array


def kept(b: Bound) -> Any:
    """What gives the array itself back."""
    return b.array("A").value


def masked_select(b: Bound) -> Any:
    """``torch.masked_select(a, mask)``: broadcast, then as many as the mask holds."""
    return b.call.run.apply(b.call.node, "masked_select", (b.array("A"), b.array("M")))[0]


def narrow(b: Bound) -> Any:
    """``a.narrow(dim, start, length)``."""
    (array,) = b.call.run.apply(b.call.node, "along", (b.array("A"),), {"axis": b.whole("axis")}, b.at("axis"))
    axis, start, length = (b.whole(name) or 0 for name in ("axis", "start", "length"))
    here = array.shape[axis] if array.shape else 0
    if isinstance(here, int) and not 0 <= start <= start + length <= here:
        raise b.refused("length", f"a stretch within the {here} of axis {axis}")
    return _with(array, axis, length)


def select(b: Bound) -> Any:
    """``a.select(dim, index)``."""
    axis = b.whole("axis") or 0
    shape = b.shape_of("A")
    if not -len(shape) <= axis < len(shape):
        raise b.refused("axis", f"an axis of the {len(shape)} that there are")
    key: list[Any] = [slice(None)] * (axis % len(shape))
    return index(b.call.run, b.call.node, b.array("A"), [*key, Given(b.whole("I"), b.given["I"].node)])


def _with(array: Array, axis: int, size: Size) -> Array:
    shape = list(array.shape)
    shape[axis] = size
    return Array(tuple(shape), array.dtype)


def index(run: Operating, node: Node, of: Given, key: Sequence[Any]) -> Array:
    """``a[key]``: whole numbers, slices, None, ``...``, lists, and arrays of numbers or of truth values."""
    plain: list[Any] = []
    operands = [of]
    for one in key:
        value = one.value if isinstance(one, Given) else one
        if isinstance(value, Array):
            plain.append(Place(len(operands)))
            operands.append(one)
        elif value is None or value is ... or isinstance(value, (slice, list, int, Named)):
            plain.append(value)
        else:
            says = f"expected a whole number, a slice or an array between the brackets, got {told(value)}"
            raise run.refused(one.node, says)
    return run.apply(node, "index", operands, {"key": tuple(plain)}, dtype=of.value.dtype)[0]
