"""Products: of matrices, of stacks of matrices and of vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, cut, flattened, reshaped, size_of, squeezed, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, instead, on_operands, ranked
from tearless.linear_algebra.shapes.size import Shape

from .broadcasting import broadcast_of
from .registry import rule

_WEIGHTS = re.compile(r"(?i:weight|kernel|theta|coef|proj)|(?:^|[^A-Za-z])[wW](?:$|[^A-Za-z])")
LAW = "in a @ b the last axis of a must equal the last but one of b (its only one, where b is a vector)"


@rule
def matmul(operation: Operation) -> tuple[Shape, ...]:
    """``a @ b``: (..., n, k) and (..., k, m) give (..., n, m); a vector loses its axis again."""
    a, b = operation.operands
    for one in (a, b):
        if not one.shape:
            raise Clash(f"{one.name} is a single number: @ takes vectors and matrices", LAW, (), _by_number(operation))
    left, right = len(a.shape) - 1, max(0, len(b.shape) - 2)
    meet(operation, (0, left), (1, right))
    stack = broadcast_of(
        (a, b), (a.shape[:-2], b.shape[:-2]), "the axes before the last two", lambda: product_repairs(operation)
    )
    return ((*stack, *a.shape[-2:-1], *(b.shape[-1:] if len(b.shape) > 1 else ())),)


def meet(operation: Operation, one: tuple[int, int], other: tuple[int, int], law: str = LAW) -> None:
    """Raise ``Clash`` where two axes that a product sums over differ."""
    (i, left), (k, right) = one, other
    a, b = operation.operands[i], operation.operands[k]
    if a.shape[left] != b.shape[right]:
        says = (
            f"{a} has {a.shape[left]} on axis {left}, {b} has {b.shape[right]} on axis {right}: "
            "the product sums over both together, so they must be equal"
        )
        raise Clash(says, law, (one, other), lambda: product_repairs(operation))


def product_repairs(operation: Operation) -> list[Repair]:
    """What would let a product of the last two operands through, the likeliest first."""
    i, k = len(operation.operands) - 2, len(operation.operands) - 1
    a, b = operation.operands[i], operation.operands[k]

    def moves(at: int) -> Iterator[Move]:
        one, other = operation.operands[at], operation.operands[i + k - at]
        weights = at == k and _WEIGHTS.search(one.name)
        usual = "{name} is kept as (out, in)" if weights else "{name} is kept the other way round"
        yield from transposed(one, usual)
        yield from squeezed(one)
        yield from flattened(one)
        yield from widened(one, max(len(other.shape), 2))
        if len(one.shape) == 1:
            yield from reshaped(one, other.shape)

    def changes() -> Iterator[Change]:
        yield from every_move(operation, moves, (i, k))
        yield from _two_changes(operation, a, b)
        yield from _cuts(operation, i, k)

    return ranked(operation, changes(), lambda gives: 0.0 if gives[:-1] == a.shape[:-1] else 0.15)


def _two_changes(operation: Operation, a: Operand, b: Operand) -> Iterator[Change]:
    i, k = len(operation.operands) - 2, len(operation.operands) - 1
    if len(operation.operands) == 2 and (len(a.shape) > 1 or len(b.shape) > 1):
        swapped = replace(operation, operands=(b, a))
        yield instead(f"{b.name} comes first in the product", 1.4, _order(operation), swapped)
    if len(a.shape) == len(b.shape) == 2:
        both = {i: Move("{}.T", a.shape[::-1], "", 1.2), k: Move("{}.T", b.shape[::-1], "", 1.2)}
        yield on_operands(operation, both, f"{a.name} and {b.name} are both kept the other way round")
    if len(operation.operands) == 2 and len(a.shape) == len(b.shape) == 1:
        outer = replace(operation, rule="broadcast", operands=(replace(a, shape=(*a.shape, 1)), b))
        yield instead(
            "every entry of the one is meant times every entry of the other", 2.0, "{0}[:, None] * {1}", outer
        )
    elif len(operation.operands) == 2 and a.shape and b.shape:
        entries = replace(operation, rule="broadcast")
        yield instead("the product is meant entry by entry", 2.6, "{0} * {1}", entries)


def _order(operation: Operation) -> str:
    """The template with the two operands in the other order."""
    if not operation.parts or any(isinstance(part, str) and "{" in part for part in operation.parts):
        return "{1} @ {0}" if operation.rule == "matmul" else f"{operation.rule}({{1}}, {{0}})"
    out = ""
    for part in operation.parts:
        if isinstance(part, str):
            out += part
        elif isinstance(part.of, int):
            out += f"{{{1 - part.of}}}"
        else:
            out += str(operation.settings.get(part.of, ""))
    return out


def _cuts(operation: Operation, i: int, k: int) -> Iterator[Change]:
    a, b = operation.operands[i], operation.operands[k]
    left, right = len(a.shape) - 1, max(0, len(b.shape) - 2)
    if not a.shape or not b.shape:
        return
    for at, axis, other, its in ((i, left, b, right), (k, right, a, left)):
        size = other.shape[its]
        if isinstance(size, int):
            moves = cut(operation.operands[at], axis, size, size_of(other, its) or "")
            yield from (on_operands(operation, {at: move}) for move in moves)


def _by_number(operation: Operation) -> Callable[[], list[Repair]]:
    entries = replace(operation, rule="broadcast")
    because = "a product with a number is taken entry by entry"
    return lambda: ranked(operation, [instead(because, 1.0, "{0} * {1}", entries)])
