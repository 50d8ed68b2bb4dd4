"""Products: of matrices, of stacks of matrices and of vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import (
    Move,
    cut,
    flattened,
    plain,
    reshaped,
    size_of,
    squeezed,
    transposed,
    widened,
)
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair, atom
from tearless.linear_algebra.shapes.repairs import Change, every_move, fewer, instead, on_operands, ranked
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


_ONES_AND_ROWS = {
    "numpy": "np.column_stack([np.ones(len({})), {}])",
    "jax": "jnp.column_stack([jnp.ones(len({})), {}])",
    "torch": "torch.cat([{}.new_ones(len({}), 1), {}], 1)",
}
_ROWS_AND_ONES = {
    "numpy": "np.column_stack([{}, np.ones(len({}))])",
    "jax": "jnp.column_stack([{}, jnp.ones(len({}))])",
    "torch": "torch.cat([{}, {}.new_ones(len({}), 1)], 1)",
}
_AND_ONE = {"numpy": "np.append({}, 1)", "jax": "jnp.append({}, 1)", "torch": "torch.cat([{}, {}.new_ones(1)])"}
SUMMED = "the product sums over both together"


def meet(operation: Operation, one: tuple[int, int], other: tuple[int, int], law: str = LAW, why: str = SUMMED) -> None:
    """Raise ``Clash`` where two axes that a product sums over differ."""
    (i, left), (k, right) = one, other
    a, b = operation.operands[i], operation.operands[k]
    if a.shape[left] != b.shape[right]:
        says = (
            f"{a} has {a.shape[left]} on axis {left}, {b} has {b.shape[right]} on axis {right}: "
            f"{why}, so they must be equal"
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
        yield from _turned_back(one)
        if at == k:
            yield from _column(one, other)
        yield from transposed(one, usual)
        yield from squeezed(one)
        yield from flattened(one)
        yield from widened(one, max(len(other.shape), 2))
        if len(one.shape) == 1:
            yield from reshaped(one, other.shape)

    def changes() -> Iterator[Change]:
        yield from every_move(operation, moves, (i, k))
        yield from _two_changes(operation, a, b)
        yield from _ones_joined(operation, i, k)
        yield from _cuts(operation, i, k)

    return ranked(operation, changes(), lambda gives: 0.0 if gives[:-1] == a.shape[:-1] else 0.15)


def _cuts(operation: Operation, i: int, k: int) -> Iterator[Change]:
    """The longer of the two axes that are summed over cut to the other."""
    a, b = operation.operands[i], operation.operands[k]
    if not a.shape or not b.shape:
        return
    left, right = len(a.shape) - 1, max(0, len(b.shape) - 2)
    for at, axis, other, its in ((i, left, b, right), (k, right, a, left)):
        size = other.shape[its]
        if isinstance(size, int):
            moves = cut(operation.operands[at], axis, size, size_of(other, its) or "")
            yield from (on_operands(operation, {at: move}) for move in moves)


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
    signs = [part for part in operation.parts if isinstance(part, str)]
    if not signs or any("{" in part for part in signs) or "@" in "".join(signs):
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


def _turned_back(one: Operand) -> Iterator[Move]:
    """``k.T`` of more than two axes turns all of them round, where the last two were meant."""
    base = one.name.removesuffix(".T")
    if base != one.name and len(one.shape) > 2 and "{" not in base and atom(base) == base:
        shape = one.shape[::-1]
        because = f".T turns all axes of {base} round, the last two are meant"
        yield Move(f"{base}.swapaxes(-1, -2)", (*shape[:-2], shape[-1], shape[-2]), because, 0.5)


def _column(one: Operand, other: Operand) -> Iterator[Move]:
    """A row of numbers on the right of weights, or of a square matrix: a column is meant, in each turn of a loop."""
    square = len(other.shape) == 2 and other.shape[0] == other.shape[1]
    row = len(one.shape) == 2 and one.shape[0] == 1 and not _WEIGHTS.search(one.name)
    if row and (square or _WEIGHTS.search(other.name)):
        yield Move("{}.reshape(-1, 1)", one.shape[::-1], "{name} is meant as one column", 0.8)


def _ones_joined(operation: Operation, i: int, k: int) -> Iterator[Change]:
    """A 1 joined to each sample or point: for the intercept of a model, or for the shift in a transform."""
    a, b = operation.operands[i], operation.operands[k]
    if not a.shape or not b.shape or not operation.library:
        return
    many, lacks = a.shape[-1], fewer(a.shape[-1], b.shape[0]) and b.shape[0] == a.shape[-1] + 1
    if len(a.shape) == 2 and lacks and plain(a):
        moved = len(b.shape) == 2 and b.shape[0] == b.shape[1] and b.shape[0] in (3, 4)
        if moved or b.shape[1:] in ((), (1,)):
            because = f"{{name}} has no column of ones, for the {'shift' if moved else 'intercept'}"
            rows = _ROWS_AND_ONES if moved else _ONES_AND_ROWS
            yield on_operands(operation, {i: Move(rows[operation.library], (a.shape[0], b.shape[0]), because, 1.5)})
    if len(a.shape) == 2 and len(b.shape) == 1 and many in (3, 4) and b.shape[0] == many - 1:
        if a.shape[0] not in a.shape[1:] + b.shape:
            return
        because = "{name} has no 1 at its end, for the shift"
        yield on_operands(operation, {k: Move(_AND_ONE[operation.library], (many,), because, 1.5)})


def _by_number(operation: Operation) -> Callable[[], list[Repair]]:
    entries = replace(operation, rule="broadcast")
    because = "a product with a number is taken entry by entry"
    return lambda: ranked(operation, [instead(because, 1.0, "{0} * {1}", entries)])
