"""Functions that give something else than their rule alone does: pairs, lists, numbers, or a shape worked out here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation
from tearless.linear_algebra.shapes.rules import results

from .binding import Bound, items
from .strides import in_a_row, viewable
from .values import Array, Given, Word

STRICT = frozenset(["median", "nanmedian", "norm", "quantile", "percentile", "average", "mean", "std", "var"])


def one_of(b: Bound, rule: str, operands: tuple[str, ...], settings: dict[str, Any], dtype: str | None = None) -> Array:
    given = tuple(b.array(name) for name in operands)
    return b.call.run.apply(b.call.node, rule, given, settings, b.at(*settings), dtype)[0]


def reduced(b: Bound) -> Any:
    """Sum, mean, any ...: axes are lost."""
    axis = b.axes()
    torch = b.call.run.library == "torch"
    one_axis = b.call.known.fixed.get("one_axis")
    if isinstance(axis, tuple) and one_axis and (torch or b.call.name.startswith(("arg", "nanarg"))):
        raise b.refused("axis", "one axis")
    if torch and one_axis and axis is None and b.value("keepdims") and not b.call.name.startswith("arg"):
        raise b.refused("keepdims", "an axis with it")
    _has_axes(b)
    settings = {"axis": axis, "keepdims": bool(b.value("keepdims"))}
    if b.call.known.fixed.get("needs_entries"):
        settings["needs_entries"] = True
    given = b.array("A")
    array = b.call.run.apply(b.call.node, "reduce", (given,), settings, b.at("axis"), b.call.known.dtype)[0]
    if axis is None and isinstance(given.value, Array):
        b.call.run.reduced |= dict.fromkeys(given.value.since, b.call.name)
    if b.call.name == "aminmax":
        return (array, array)
    return array


def _has_axes(b: Bound) -> None:
    """NumPy lets a single number have an axis in sums and the like, but not in these."""
    if b.call.name in STRICT and b.call.run.library != "torch" and b.value("axis") is not None and not b.shape_of("A"):
        one_of(b, "along", ("A",), {"axis": b.axes()})


def largest(b: Bound) -> Any:
    """``max``, ``min``, ``median``: with an axis PyTorch gives the indices too; two arrays go entry by entry."""
    axis = b.value("axis")
    if b.call.run.library != "torch" or (axis is None and b.call.name in ("max", "min", "median")):
        if b.call.run.library == "torch" and b.value("keepdims"):
            raise b.refused("keepdims", "an axis with it")
        return reduced(b)
    if isinstance(axis, Array):
        return b.call.run.apply(b.call.node, "broadcast", (b.array("A"), b.array("axis")))[0]
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise b.refused("axis", "one axis (`amax` takes several)")
    settings = {"axis": axis, "keepdims": bool(b.value("keepdims")), "needs_entries": True}
    array = b.call.run.apply(b.call.node, "reduce", (b.array("A"),), settings, b.at("axis"))[0]
    return (array, Array(array.shape, "int64"))


def paired(b: Bound) -> Any:
    """The values, and where they were."""
    array = one_of(b, "along", ("A",), {"axis": b.whole("axis")})
    return (array, Array(array.shape, "int64"))


def norm(b: Bound) -> Any:
    """A norm along axes, or of all entries."""
    if b.call.run.library == "numpy" and b.value("axis") is None and b.has("order") and len(b.shape_of("A")) > 2:
        raise b.refused("A", "an array of at most two axes")
    _has_axes(b)
    return one_of(b, "reduce", ("A",), {"axis": b.axes(), "keepdims": bool(b.value("keepdims"))})


def quantile(b: Bound) -> Any:
    """Quantiles: a number for each asked for, before the axes that stay."""
    _has_axes(b)
    array = one_of(b, "reduce", ("A",), {"axis": b.axes(), "keepdims": bool(b.value("keepdims"))})
    asked = b.value("q")
    more = (len(asked),) if isinstance(asked, (tuple, list)) else asked.shape if isinstance(asked, Array) else ()
    return Array((*more, *array.shape), array.dtype)


def where(b: Bound) -> Any:
    """``where(condition, a, b)``."""
    if not b.has("A") or not b.has("B"):
        raise b.call.refused("`where` of a condition alone gives as many as there are; give both values too")
    return b.call.run.apply(b.call.node, "broadcast", (b.array("C"), b.array("A"), b.array("B")), dtype="")[0]


def prelu(b: Bound) -> Any:
    """``F.prelu(x, weight)``."""
    return one_of(b, "prelu", ("A", "W"), {})


def einsum(b: Bound) -> Any:
    """``einsum("ij,jk->ik", a, b)``."""
    equation = b.value("equation")
    if not isinstance(equation, str):
        raise b.refused("equation", 'an equation such as "ij,jk->ik"')
    arrays = [one for one, _ in items(b.call.run, b.given["As"])] if "As" in b.given else []
    at = b.at("equation")
    quote = Given(equation, at["equation"])
    return b.call.run.apply(b.call.node, "einsum", arrays, {"equation": quote.value}, at)[0]


def tensordot(b: Bound) -> Any:
    """``tensordot(a, b, axes)``."""
    return one_of(b, "tensordot", ("A", "B"), {"axes": b.value("axes")})


def of_list(b: Bound) -> Any:
    """``cat``, ``stack`` and what else takes a list of arrays."""
    found = list(items(b.call.run, b.given["As"])) if "As" in b.given else []
    names = {i: name for i, (_, name) in enumerate(found) if name}
    settings = {"axis": b.whole("axis")} if "axis" in b.defaults else {}
    rule = b.call.known.fixed["rule"]
    return b.call.run.apply(b.call.node, rule, [one for one, _ in found], settings, b.at(*settings), names=names)[0]


def reshaped(b: Bound) -> Any:
    """``reshape`` and ``view``; ``view`` of a type leaves the shape."""
    if isinstance(b.value("shape"), tuple) and any(isinstance(one, Word) for one in b.value("shape")):
        return b.array("A").value
    if "shape" not in b.given:
        raise b.call.refused(f"`{b.call.name}` needs a shape; give it")
    if b.call.name == "view":
        return viewed(b)
    return one_of(b, "reshape", ("A",), {"shape": b.sizes("shape")})


def viewed(b: Bound) -> Any:
    """PyTorch's ``view``: the same memory in another shape, where it lies so."""
    array, shape = b.array("A").value, b.sizes("shape")
    settings: dict[str, Any] = {"shape": shape}
    if array.strides is not None:
        try:
            (gives,) = results(Operation("reshape", (Operand("a", array.shape, library="torch"),), settings))
            lies = viewable(array.shape, array.strides, gives)
        except Clash:
            lies = True
        settings |= {} if lies else {"contiguous": False}
    given = (b.array("A"),)
    found = b.call.run.apply(b.call.node, "view", given, settings, b.at("shape"))[0]
    return replace(found, strides=in_a_row(found.shape) if array.strides == in_a_row(array.shape) else None)


def stretched(b: Bound) -> Any:
    """``expand`` and ``broadcast_to``."""
    return one_of(b, b.call.known.fixed["rule"], ("A",), {"shape": b.sizes("shape")})


def like(b: Bound) -> Any:
    """Another array's shape: ``view_as``, ``expand_as``."""
    rule = b.call.known.fixed.get("rule", "reshape")
    return b.call.run.apply(b.call.node, rule, (b.array("A"),), {"shape": b.shape_of("B")})[0]


def unflattened(b: Bound) -> Any:
    """One axis split into several."""
    return one_of(b, "unflatten", ("A",), {"axis": b.whole("axis"), "sizes": b.sizes("sizes")})


def squeezed(b: Bound) -> Any:
    """Axes of 1 taken out."""
    return one_of(b, "squeeze", ("A",), {"axis": b.axes()})


def transposed(b: Bound) -> Any:
    """NumPy's ``transpose``: all axes, in the order given or turned round."""
    value = b.value("axes")
    axes = None if value in (None, (None,)) else _whole(b, b.sizes("axes"))
    return one_of(b, "transpose", ("A",), {"axes": axes})


def permuted(b: Bound) -> Any:
    """PyTorch's ``permute``."""
    return one_of(b, "permute", ("A",), {"axes": _whole(b, b.sizes("axes")) if "axes" in b.given else ()})


def _whole(b: Bound, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    if not all(isinstance(n, int) for n in sizes):
        raise b.refused("axes", "whole numbers")
    return sizes


def small_t(b: Bound) -> Any:
    """PyTorch's ``t()``: of at most two axes."""
    shape = b.shape_of("A")
    if len(shape) > 2:
        raise b.call.refused(f"`t` takes at most two axes, got {len(shape)}; write `.mT` or `.transpose(-2, -1)`")
    return one_of(b, "transpose", ("A",), {})


def rotated(b: Bound) -> Any:
    """Turned by quarters in the plane of the first two axes."""
    k = b.whole("k") or 0
    if k % 2 == 0:
        return b.array("A").value
    return one_of(b, "swapaxes", ("A",), {"axis0": 0, "axis1": 1})


def kept(b: Bound) -> Any:
    """What keeps the shape, along axes that must be there."""
    axis = b.axes() if "axis" in b.defaults else {"fliplr": 1, "flipud": 0}[b.call.name]
    return b.array("A").value if axis is None else one_of(b, "along", ("A",), {"axis": axis})


def cumulative(b: Bound) -> Any:
    """``cumsum``: along an axis; of NumPy without one, in a row."""
    axis = b.whole("axis")
    if axis is None and b.call.run.library == "torch":
        raise b.call.refused(f"`{b.call.name}` needs a dim; give it")
    if not b.shape_of("A") and b.call.run.library != "torch" and axis in (0, -1):
        axis = None
    return one_of(b, "along", ("A",), {"axis": axis})


def appended(b: Bound) -> Any:
    """``np.append``: in a row, or joined along an axis."""
    return one_of(b, "cat", ("A", "B"), {"axis": b.whole("axis")})


def matrix(b: Bound) -> Any:
    """What the rule of a function of matrices gives: one array, or several."""
    fixed = dict(b.call.known.fixed)
    rule = fixed.pop("rule")
    arrays = [b.array(name) for name in b.given if name[0].isupper()]
    named = {"full_matrices": b.value("full") is not False} if "full" in b.defaults else {}
    out = b.call.run.apply(b.call.node, rule, arrays, {**fixed, **named})
    return out if len(out) > 1 else out[0]


def first(b: Bound) -> Any:
    """The first result alone of such a rule."""
    found = matrix(b)
    return found[0] if isinstance(found, tuple) else found


def twice(b: Bound) -> Any:
    """Two results of one shape."""
    found = matrix(b)
    return (found, found)
