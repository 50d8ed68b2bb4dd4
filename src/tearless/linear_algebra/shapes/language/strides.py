"""How an array of PyTorch lies in memory, as far as it is known: ``view`` needs more than as many numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation
from tearless.linear_algebra.shapes.rules import results
from tearless.linear_algebra.shapes.size import Shape, product

Strides = tuple[int, ...]
PERMUTING = frozenset(["transpose", "permute", "swapaxes", "moveaxis", "unsqueeze"])
FRESH = frozenset(["matmul", "mm", "bmm", "linear", "embedding", "cat", "stack", "one_hot"])
COPIES = frozenset(["contiguous"])


def in_a_row(shape: Shape) -> Strides | None:
    """The strides of an array that lies in one piece, the last axis side by side; ``None`` where sizes have names.

    >>> in_a_row((2, 3, 4))
    (12, 4, 1)
    """
    sizes = [size for size in shape if isinstance(size, int)]
    if len(sizes) < len(shape):
        return None
    out: list[int] = []
    step = 1
    for size in reversed(sizes):
        out.append(step)
        step *= max(size, 1)
    return tuple(reversed(out))


def strides_after(operation: Operation, before: Sequence[Strides | None], gives: Shape) -> Strides | None:
    """How the result of an operation lies; ``None`` where that is not known here."""
    first = before[0] if before else None
    if operation.rule in FRESH or operation.settings.get("symbol") in COPIES:
        return in_a_row(gives)
    if operation.rule in PERMUTING and first is not None:
        try:
            (moved,) = results(Operation(operation.rule, (Operand("a", first),), operation.settings))
        except Clash:
            return None
        return tuple(step for step in moved if isinstance(step, int))
    if operation.rule in ("expand", "broadcast_to") and first is not None:
        old = operation.shapes[0]
        new = len(gives) - len(old)
        kept = (0 if size != gives[new + i] else first[i] for i, size in enumerate(old))
        return (*(0,) * new, *kept)
    if operation.rule == "broadcast":
        alike = all(
            one is None if shape == () else one == in_a_row(shape)
            for one, shape in zip(before, operation.shapes, strict=True)
        )
        return in_a_row(gives) if alike else first if len(before) == 1 else None
    return None


def viewable(shape: Shape, strides: Strides, wanted: Shape) -> bool:
    """Whether the same memory can be looked at in another shape of as many numbers.

    >>> viewable((3, 2), (1, 3), (6,)), viewable((3, 2), (2, 1), (6,)), viewable((3, 2, 4), (4, 12, 1), (3, 2, 2, 2))
    (False, True, True)
    """
    if product(shape) == 0 or not shape:
        return True
    at, base = len(wanted) - 1, strides[-1]
    here: int = 1
    there: int = 1
    for axis in reversed(range(len(shape))):
        here *= _plain(shape[axis])
        if axis == 0 or (shape[axis - 1] != 1 and strides[axis - 1] != here * base):
            while at >= 0 and (there < here or wanted[at] == 1):
                there *= _plain(wanted[at])
                at -= 1
            if here != there:
                return False
            if axis > 0:
                base, here, there = strides[axis - 1], 1, 1
    return at == -1


def _plain(size: object) -> int:
    return size if isinstance(size, int) else 1
