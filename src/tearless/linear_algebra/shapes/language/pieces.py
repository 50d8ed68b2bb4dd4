"""Functions that take an array apart, or lay it out again: pieces, repeats, windows, diagonals."""

from __future__ import annotations

from typing import Any

from tearless.linear_algebra.shapes.size import Shape, Size, product

from .binding import Bound, items
from .special import one_of
from .values import Array, is_size

MOST_PIECES = 1_000


def _put(shape: Shape, axis: int, size: Size) -> Shape:
    out = list(shape) or [1]
    out[axis] = size
    return tuple(out)


def tiled(b: Bound) -> Any:
    """``tile``, and PyTorch's ``repeat``, which takes a number for each axis at least."""
    whole = {"whole": True} if b.call.known.fixed.get("method") else {}
    return one_of(b, "tile", ("A",), {"reps": b.sizes("reps"), **whole})


def repeated(b: Bound) -> Any:
    """Every entry, or every slice along an axis, several times."""
    return one_of(b, "repeat", ("A",), {"repeats": b.sizes("repeats"), "axis": b.whole("axis")})


def padded(b: Bound) -> Any:
    """``np.pad``, and ``F.pad``, which counts from the last axis."""
    last = {"from_last": True} if b.call.known.fixed.get("from_last") else {}
    mode = b.value("mode") if isinstance(b.value("mode"), str) else "constant"
    settings = {"widths": b.value("widths"), "mode": mode, **last}
    return b.call.run.apply(b.call.node, "pad", (b.array("A"),), settings, b.at("widths"))[0]


def split(b: Bound) -> Any:
    """``split``: NumPy's into equal sections or at places, PyTorch's into pieces of a size or of sizes."""
    fixed = b.call.known.fixed
    axis: int = (fixed["axis"] if "axis" in fixed else b.whole("axis")) or 0
    name = "sizes" if b.call.run.library == "torch" and not fixed.get("uneven") else "sections"
    if fixed.get("chunks"):
        name = "chunks"
    value = b.value("sizes")
    if not isinstance(value, (tuple, list)) and not is_size(value):
        raise b.refused("sizes", "whole numbers")
    if name == "chunks" and not (isinstance(value, int) and 0 < value <= MOST_PIECES):
        raise b.refused("sizes", f"a whole number from 1 to {MOST_PIECES}")
    settings = {name: tuple(value) if isinstance(value, (tuple, list)) else value, "axis": axis}
    if name == "sections" and fixed.get("uneven"):
        settings["uneven"] = True
    size = b.shape_of("A")[axis] if -len(b.shape_of("A")) <= axis < len(b.shape_of("A")) else 0
    if isinstance(size, int) and isinstance(value, int) and name != "chunks":
        pieces = -(-size // value) if name == "sizes" and value > 0 else value
        if pieces > MOST_PIECES:
            says = f"expected at most {MOST_PIECES:,} pieces, got {pieces:,}; take one by a slice such as `x[5:6]`"
            raise b.call.refused(says, b.given["sizes"].node)
    at = {name: b.given["sizes"].node, **b.at("axis")}
    return b.call.run.apply(b.call.node, "split", (b.array("A"),), settings, at)


def unbound(b: Bound) -> Any:
    """Each slice along an axis, that axis lost."""
    axis = b.whole("axis") or 0
    shape = b.shape_of("A")
    if not shape:
        raise b.call.refused(f"`{b.call.name}` takes an array with an axis, got a single number", b.given["A"].node)
    array = b.call.run.apply(b.call.node, "reduce", (b.array("A"),), {"axis": axis}, b.at("axis"))[0]
    size = shape[axis]
    if not isinstance(size, int) or size > MOST_PIECES:
        raise b.refused("axis", f"an axis of at most {MOST_PIECES}")
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
    shape = _put(array.shape, axis, k) if array.shape else ()
    return (Array(shape, array.dtype), Array(shape, "int64"))
