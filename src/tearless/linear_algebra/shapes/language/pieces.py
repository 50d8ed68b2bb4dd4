"""Functions that take an array apart, or lay it out again: pieces, repeats, windows, diagonals."""

from __future__ import annotations

from typing import Any

from tearless.linear_algebra.shapes.size import Named, Shape, Size, divided, product

from .binding import Bound, items
from .special import one_of
from .values import Array, is_size


def _put(shape: Shape, axis: int, size: Size) -> Shape:
    out = list(shape) or [1]
    out[axis] = size
    return tuple(out)


def tiled(b: Bound) -> Any:
    """``tile``, and PyTorch's ``repeat``."""
    rule = "repeat" if b.call.known.fixed.get("method") else "tile"
    return one_of(b, rule, ("A",), {"reps": b.sizes("reps")})


def repeated(b: Bound) -> Any:
    """Every entry, or every slice along an axis, several times."""
    repeats, axis = b.value("repeats"), b.whole("axis")
    if not is_size(repeats):
        raise b.refused("repeats", "a whole number")
    array = b.call.run.apply(b.call.node, "along", (b.array("A"),), {"axis": axis}, b.at("axis"))[0]
    at = 0 if axis is None else axis
    return Array(_put(array.shape, at, array.shape[at] * repeats), array.dtype)


def padded(b: Bound) -> Any:
    """``np.pad``."""
    return one_of(b, "pad", ("A",), {"pad": b.value("pad")})


def split(b: Bound) -> Any:
    """``split``: NumPy's into equal sections or at places, PyTorch's into pieces of a size or of sizes."""
    fixed = b.call.known.fixed
    axis = fixed["axis"] if "axis" in fixed else b.whole("axis")
    sizes = b.value("sizes")
    name = "sizes" if b.call.run.library == "torch" else "sections"
    settings = {name: tuple(sizes) if isinstance(sizes, (tuple, list)) else sizes, "axis": axis}
    at = {name: b.given["sizes"].node, **b.at("axis")}
    return b.call.run.apply(b.call.node, "split", (b.array("A"),), settings, at)


def chunk(b: Bound) -> Any:
    """PyTorch's ``chunk``: so many pieces, the last one smaller where it does not come out even."""
    axis, count = b.whole("axis") or 0, b.whole("sections") or 0
    array = b.call.run.apply(b.call.node, "along", (b.array("A"),), {"axis": axis}, b.at("axis"))[0]
    size = array.shape[axis] if array.shape else 1
    if count < 1:
        raise b.refused("sections", "a whole number of at least 1")
    if isinstance(size, Named):
        part = divided(size, count)
        return tuple(Array(_put(array.shape, axis, part if part is not None else size // count), array.dtype)
                     for _ in range(count))  # fmt: skip
    step = max(1, -(-size // count))
    starts = range(0, size, step) if size else range(count)
    if len(starts) > 1000:
        raise b.refused("sections", "at most 1,000 pieces")
    return tuple(Array(_put(array.shape, axis, min(step, size - s) if size else 0), array.dtype) for s in starts)


def array_split(b: Bound) -> Any:
    """Sections as equal as can be."""
    axis, count = b.whole("axis") or 0, b.value("sizes")
    array = b.call.run.apply(b.call.node, "along", (b.array("A"),), {"axis": axis}, b.at("axis"))[0]
    size = array.shape[axis] if array.shape else 1
    if not isinstance(size, int) or not isinstance(count, int) or not 1 <= count <= 1000:
        return split(b)
    parts = [size // count + (i < size % count) for i in range(count)]
    return tuple(Array(_put(array.shape, axis, part), array.dtype) for part in parts)


def unbound(b: Bound) -> Any:
    """Each slice along an axis, that axis lost."""
    axis = b.whole("axis") or 0
    array = b.call.run.apply(b.call.node, "reduce", (b.array("A"),), {"axis": axis}, b.at("axis"))[0]
    size = b.shape_of("A")[axis]
    if not isinstance(size, int) or size > 1000:
        raise b.refused("axis", "an axis of at most 1,000")
    return (array,) * size


def meshgrid(b: Bound) -> Any:
    """A grid of vectors: of NumPy (``xy``) with the first two axes swapped."""
    arrays = [one.value for one, _ in items(b.call.run, b.given["As"])]
    if len(arrays) == 1 and len(arrays[0].shape) != 1:
        raise b.refused("As", "vectors")
    sizes = [product(array.shape) for array in arrays]
    swapped = b.value("indexing") == "xy" or (b.value("indexing") is None and b.call.run.library != "torch")
    if swapped and len(sizes) > 1:
        sizes[:2] = sizes[1::-1]
    return tuple(Array(tuple(sizes)) for _ in arrays)


def triangle(b: Bound) -> Any:
    """``tril``, ``triu``: of matrices; a vector of NumPy's becomes one."""
    shape = b.shape_of("A")
    if len(shape) >= 2:
        return b.array("A").value
    if b.call.run.library == "torch" or not shape:
        raise b.refused("A", "an array of at least two axes")
    return Array((shape[0], shape[0]))


def diag(b: Bound) -> Any:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    shape, k = b.shape_of("A"), b.whole("k") or 0
    if len(shape) == 1:
        size = shape[0] + abs(k)
        return Array((size, size), b.array("A").value.dtype)
    if len(shape) == 2:
        return one_of(b, "diagonal", ("A",), {"offset": k})
    raise b.refused("A", "an array of one or two axes")


def diag_embed(b: Bound) -> Any:
    """Vectors along the last axis as diagonal matrices."""
    shape = b.shape_of("A")
    return Array((*shape, shape[-1])) if shape else Array((1, 1))


def differences(b: Bound) -> Any:
    """Differences along an axis: one fewer each time."""
    array = one_of(b, "along", ("A",), {"axis": b.whole("axis")})
    axis, n = b.whole("axis") or 0, b.whole("n") or 0
    size = array.shape[axis] - n
    return Array(_put(array.shape, axis, max(0, size) if isinstance(size, int) else size), array.dtype)


def windows(b: Bound) -> Any:
    """``x.unfold(axis, size, step)``: windows along an axis, each as a new last axis."""
    array = one_of(b, "along", ("A",), {"axis": b.whole("axis")})
    axis, size, step = (b.whole(name) or 0 for name in ("axis", "size", "step"))
    here = array.shape[axis]
    if step < 1 or (isinstance(here, int) and size > here):
        raise b.refused("size", f"a window of at most the {here} of axis {axis}, and a step of at least 1")
    return Array((*_put(array.shape, axis, (here - size) // step + 1), size), array.dtype)


def topk(b: Bound) -> Any:
    """The k largest along an axis, and where they were."""
    array = one_of(b, "along", ("A",), {"axis": b.whole("axis")})
    axis, k = b.whole("axis") or 0, b.value("k")
    size = array.shape[axis] if array.shape else 1
    if not is_size(k) or (isinstance(k, int) and isinstance(size, int) and not 0 <= k <= size):
        raise b.refused("k", f"at most the {size} along axis {axis}")
    shape = _put(array.shape, axis, k)
    return (Array(shape, array.dtype), Array(shape, "int64"))
