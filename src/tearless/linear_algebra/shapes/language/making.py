"""Functions that make an array of sizes, or a number or a shape of an array."""

from __future__ import annotations

from typing import Any

from tearless.linear_algebra.shapes.operation import Clash
from tearless.linear_algebra.shapes.size import Named, product

from .binding import Bound
from .special import one_of
from .values import Array, Word, is_size


def made(b: Bound) -> Any:
    """An array made of sizes: ``zeros(2, 3)``, ``np.zeros((2, 3))``."""
    sizes = b.sizes("shape") if "shape" in b.given else ()
    for size in sizes:
        b.call.run.bounded(b.call.node, size)
    dtype = b.call.named.get("dtype")
    word = dtype.value.name if dtype is not None and isinstance(dtype.value, Word) else ""
    return Array(tuple(sizes), word)


def of_one_shape(b: Bound) -> Any:
    """``np.ones((2, 3))``: NumPy takes one shape, and then a type; PyTorch takes sizes one by one too."""
    values: Any = b.value("shape") or ()
    if b.call.run.library == "torch" or len(values) < 2:
        return made(b)
    if is_size(values[1]) or not isinstance(values[1], (Word, str)):
        raise b.refused("shape", "one shape such as (2, 3), in brackets of its own,")
    sizes = values[0] if isinstance(values[0], (tuple, list)) else (values[0],)
    if not all(map(is_size, sizes)):
        raise b.refused("shape", "sizes such as (2, 3)")
    for size in sizes:
        b.call.run.bounded(b.call.node, size)
    return Array(tuple(sizes), values[1].name if isinstance(values[1], Word) else values[1])


def full(b: Bound) -> Any:
    """``np.full((2, 3), 1)``: what fills it is stretched to the shape."""
    sizes = b.sizes("shape")
    if b.call.run.library == "torch" and not isinstance(b.value("shape"), (tuple, list)):
        raise b.refused("shape", "sizes in brackets such as (2, 3)")
    for size in sizes:
        b.call.run.bounded(b.call.node, size)
    value = b.value("value")
    if not isinstance(value, (Array, list, tuple)):
        return Array(sizes)
    if b.call.run.library == "torch":
        raise b.refused("value", "a number")
    filled = b.call.run.apply(b.call.node, "broadcast_to", (b.array("value"),), {"shape": sizes}, b.at("shape"))
    return filled[0]


def drawn(b: Bound) -> Any:
    """Numbers at random, ``np.random.normal(0, 1, (2, 3))``; without a shape, of that of their parameters."""
    shape = b.value("shape")
    if shape is None and isinstance(b.value("scale"), (tuple, list)):
        shape = b.value("scale")
    if shape is None:
        given = [b.array(name) for name in ("loc", "scale") if isinstance(b.value(name), Array)]
        return b.call.run.apply(b.call.node, "broadcast", given)[0] if given else Array(())
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    if not all(map(is_size, sizes)):
        raise b.refused("shape", "sizes such as (2, 3)")
    for size in sizes:
        b.call.run.bounded(b.call.node, size)
    return Array(tuple(sizes))


def made_like(b: Bound) -> Any:
    """An array made of sizes, in the place of another."""
    return Array(tuple(b.sizes("shape")), b.array("A").value.dtype)


def cast(b: Bound) -> Any:
    """The array in the other's type."""
    return Array(b.shape_of("A"), b.array("B").value.dtype)


def eye(b: Bound) -> Any:
    """The identity."""
    rows, columns = b.value("rows"), b.value("columns")
    if not is_size(rows) or not (columns is None or is_size(columns)):
        raise b.refused("rows", "a size")
    return Array((rows, rows if columns is None else columns))


def arange(b: Bound) -> Any:
    """Whole numbers in a row."""
    ends = b.value("ends") or ()
    if not 1 <= len(ends) <= 3 or not all(is_size(one) for one in ends):
        raise b.refused("ends", "one to three whole numbers")
    start, stop, step = (0, *ends, 1) if len(ends) == 1 else (*ends, 1)[:3]
    if step == 0:
        raise b.refused("ends", "a step other than 0")
    count = (stop - start) // step + (1 if isinstance(stop - start, int) and (stop - start) % step else 0)
    if isinstance(step, Named):
        raise b.refused("ends", "a step that is a plain number")
    return Array((max(0, count) if isinstance(count, int) else count,), "int64")


def linspace(b: Bound) -> Any:
    """Numbers in a row, evenly spaced."""
    if not is_size(b.value("num")):
        raise b.refused("num", "a size")
    return Array((b.value("num"),))


def randint(b: Bound) -> Any:
    """Whole numbers at random: the shape is the last argument."""
    ends: Any = b.value("ends") or ()
    shape = b.value("shape") if b.has("shape") else next((one for one in ends if isinstance(one, tuple)), None)
    shape = ends[2] if shape is None and len(ends) == 3 else shape
    sizes = shape if isinstance(shape, (tuple, list)) else () if shape is None else (shape,)
    if not all(is_size(one) for one in sizes):
        raise b.refused("ends", "sizes")
    return Array(tuple(sizes), "int64")


def item(b: Bound) -> Any:
    """The number of an array of one."""
    shape = b.shape_of("A")
    if b.call.name == "item" and isinstance(product(shape), int) and product(shape) != 1:
        law = "only an array of one number is a number"
        raise b.call.run.stopped(
            b.call.node, "reduce", (b.array("A"),), Clash(law, law, [(0, i) for i in range(len(shape))])
        )
    return Array(())


def length(b: Bound) -> Any:
    """``len``."""
    value = b.given["A"].value
    if isinstance(value, (tuple, list, str)):
        return len(value)
    shape = b.shape_of("A")
    if not shape:
        raise b.refused("A", "an array with an axis")
    return shape[0]


def shape(b: Bound) -> Any:
    """The shape, or one size of it."""
    own, axis = b.shape_of("A"), b.value("axis")
    if axis is None:
        return own
    if not isinstance(axis, int) or not -len(own) <= axis < len(own):
        raise b.refused("axis", f"an axis of the {len(own)} that there are")
    return own[axis]


def rank(b: Bound) -> Any:
    """How many axes."""
    return len(b.shape_of("A"))


def entries(b: Bound) -> Any:
    """How many entries."""
    return shape(b) if b.value("axis") is not None else product(b.shape_of("A"))


def one_hot(b: Bound) -> Any:
    """``F.one_hot``."""
    return one_of(b, "one_hot", ("A",), {"classes": b.value("classes")}, "int64")


def at_least(b: Bound) -> Any:
    """Axes of 1 put before, up to a rank."""
    array, rank = b.array("A").value, b.call.known.fixed["rank"]
    return Array((1,) * (rank - len(array.shape)) + array.shape, array.dtype)


def covariance(b: Bound) -> Any:
    """``np.cov``: rows are variables."""
    shape = b.shape_of("A")
    if len(shape) > 2:
        raise b.refused("A", "an array of at most two axes")
    return Array((shape[0], shape[0]) if len(shape) == 2 else ())
