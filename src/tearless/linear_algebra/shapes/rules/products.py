"""Products: of matrices, of stacks of matrices and of vectors."""

from __future__ import annotations

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.size import Shape

from .broadcasting import broadcast_of
from .registry import rule

LAW = "in a @ b the last axis of a must equal the last but one of b (its only one, where b is a vector)"


@rule
def matmul(operation: Operation) -> tuple[Shape, ...]:
    """``a @ b``: (..., n, k) and (..., k, m) give (..., n, m); a vector loses its axis again."""
    a, b = operation.operands
    for one in (a, b):
        if not one.shape:
            raise Clash(f"{one.name} is a single number: @ takes vectors and matrices", LAW, (), _entry_by_entry)
    left, right = a.shape[-1], b.shape[max(0, len(b.shape) - 2)]
    axes = (len(a.shape) - 1, max(0, len(b.shape) - 2))
    if left != right:
        says = f"{a} has {left} on its last axis, {b} has {right} on axis {axes[1]}: they must be equal"
        raise Clash(says, LAW, ((0, axes[0]), (1, axes[1])), lambda: product_repairs(a, b))
    stack = broadcast_of((a, b), (a.shape[:-2], b.shape[:-2]), "the axes before the last two")
    return ((*stack, *a.shape[-2:-1], *(b.shape[-1:] if len(b.shape) > 1 else ())),)


def product_repairs(a: Operand, b: Operand) -> list[Repair]:
    """What would let a @ b through, the likeliest first."""
    tried = [
        ({1: "{}.T"}, "{name} is kept as (out, in)", _swapped(b.shape)),
        ({0: "{}.T"}, "{name} is kept as (features, samples)", _swapped(a.shape)),
    ]
    found = []
    for changes, because, shape in tried:
        (i,) = changes
        shapes = [a.shape, b.shape]
        if shape is None:
            continue
        shapes[i] = shape
        gives = _product_of(*shapes)
        if gives is not None:
            found.append(Repair(because.format(name=(a, b)[i].name), gives, changes))
    return found


def _swapped(shape: Shape) -> Shape | None:
    return shape[::-1] if len(shape) == 2 else None


def _product_of(a: Shape, b: Shape) -> Shape | None:
    """The shape of the product, ``None`` where there is none."""
    try:
        return matmul(Operation("matmul", (Operand("a", a), Operand("b", b))))[0]
    except Clash:
        return None


def _entry_by_entry() -> list[Repair]:
    return [Repair("a product with a number is taken entry by entry", text="{0} * {1}")]
