"""Functions of matrices that give several results, and means with weights."""

from __future__ import annotations

from typing import Any

from tearless.linear_algebra.shapes.size import Size

from .binding import Bound
from .values import Array


def svd(b: Bound) -> Any:
    """u, s and vᵀ; ``torch.svd``, older than ``torch.linalg.svd``, leaves out what is left over, and gives v."""
    older = b.call.run.library == "torch" and "linalg" not in b.call.prefix
    if older:
        some = b.value("some") if "some" in b.given else b.value("full")
        settings = {"full_matrices": some is False, "turned": True}
    else:
        settings = {"full_matrices": b.value("full") is not False}
    u, s, v = b.call.run.apply(b.call.node, "svd", (b.array("A"),), settings)
    return s if b.value("uv") is False and not older else (u, s, v)


def svdvals(b: Bound) -> Any:
    """The singular values alone."""
    return b.call.run.apply(b.call.node, "svd", (b.array("A"),))[1]


def lstsq(b: Bound) -> Any:
    """The solution, what is left of each column, the rank, and the singular values; of full rank."""
    (x,) = b.call.run.apply(b.call.node, "lstsq", (b.array("A"), b.array("B")))
    *stack, rows, columns = b.shape_of("A")
    if b.call.run.library == "torch":
        return (x, Array((0,)), Array(tuple(stack), "int64"), Array((0,)))
    tall = isinstance(rows, int) and isinstance(columns, int) and rows > columns
    left: Size = (b.shape_of("B")[1] if len(b.shape_of("B")) > 1 else 1) if tall else 0
    least = min(rows, columns) if isinstance(rows, int) and isinstance(columns, int) else columns
    return (x, Array((left,)), Array((), "int64"), Array((least,)))


def average(b: Bound) -> Any:
    """``np.average``: with weights of the array's shape, or one for each along an axis."""
    arrays = [b.array(name) for name in ("A", "W") if b.has(name)]
    settings = {"axis": b.axes(), "keepdims": bool(b.value("keepdims"))}
    if b.value("axis") is None and isinstance(arrays[0].value, Array):
        b.call.run.reduced |= dict.fromkeys(arrays[0].value.since, b.call.name)
    return b.call.run.apply(b.call.node, "average", arrays, settings, b.at("axis"))[0]
