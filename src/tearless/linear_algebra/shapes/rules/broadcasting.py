"""Broadcasting: shapes are laid beside one another from the right; an axis of 1 is stretched, a missing one is a 1."""

from __future__ import annotations

from collections.abc import Sequence

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation
from tearless.linear_algebra.shapes.size import Shape, Size

from .registry import rule

LAW = "laid beside one another from the right, the sizes of an axis must be equal, or one of them 1 or missing"


@rule
def broadcast(operation: Operation) -> tuple[Shape, ...]:
    """``a + b`` and everything that works entry by entry, of any number of operands."""
    return (broadcast_of(operation.operands, operation.shapes, ""),)


def broadcast_of(operands: Sequence[Operand], shapes: Sequence[Shape], which: str) -> Shape:
    """The shape of these shapes together. Raises ``Clash`` at the last axis that does not fit."""
    out: list[Size] = []
    for back in range(1, max(map(len, shapes), default=0) + 1):
        there = [(i, shape[-back]) for i, shape in enumerate(shapes) if len(shape) >= back]
        size = meets([size for _, size in there])
        if size is None:
            marks = tuple((i, len(shapes[i]) - back) for i, size in there if size != 1)
            says = " and ".join(f"{operands[i]} has {size} on axis {len(shapes[i]) - back}" for i, size in there)
            raise Clash(f"{says}: they must be equal{f' ({which})' if which else ''}", LAW, marks)
        out.append(size)
    return tuple(out[::-1])


def meets(sizes: Sequence[Size]) -> Size | None:
    """The size of axes laid beside one another; ``None`` where they do not fit."""
    others = {size for size in sizes if size != 1}
    return 1 if not others else others.pop() if len(others) == 1 else None
