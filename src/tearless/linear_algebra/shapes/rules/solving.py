"""Equations, inverses and decompositions of square matrices; distances and cross products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, cut, squeezed, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, fewer, instead, on_operands, ranked, renamed_call
from tearless.linear_algebra.shapes.size import Shape, Size, named

from .axes import axes_said, axis_of
from .broadcasting import broadcast_of, broadcast_repairs
from .products import meet
from .registry import rule

LAW = "an inverse, a determinant and a solution exist for square matrices: the last two axes are equal"
LAW_SOLVE = "in a x = b, b has as many rows as a"


@rule
def square(operation: Operation) -> tuple[Shape, ...]:
    """What takes square matrices and gives the same shape: inverse, Cholesky factor, matrix power, exponential.

    (..., n, n) gives (..., n, n).
    """
    is_square(operation, 0)
    return (operation.shapes[0],)


@rule
def inv(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.inv(a)``: (..., n, n) gives (..., n, n)."""
    return square(operation)


@rule
def det(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.det(a)``: one number for each matrix, (..., n, n) gives (...)."""
    is_square(operation, 0)
    return (operation.shapes[0][:-2],)


@rule
def eig(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.eig``, ``eigh``: values and vectors, (..., n, n) gives (..., n) and (..., n, n)."""
    is_square(operation, 0)
    return operation.shapes[0][:-1], operation.shapes[0]


@rule
def pinv(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.pinv(a)``: the last two axes change places, (..., n, m) gives (..., m, n)."""
    shape = _matrices(operation, 0)
    return ((*shape[:-2], shape[-1], shape[-2]),)


@rule
def svd(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.svd(a)``: u, s and vᵀ; settings ``full_matrices`` True, ``turned`` for v (``torch.svd``).

    (..., n, m) gives (..., n, n), (..., k) and (..., m, m), k the smaller of n and m; not full,
    (..., n, k), (..., k) and (..., k, m).
    """
    (*stack, rows, columns) = _matrices(operation, 0)
    fewer = _smaller(rows, columns)
    if operation.settings.get("full_matrices", True):
        return (*stack, rows, rows), (*stack, fewer), (*stack, columns, columns)
    last = (columns, fewer) if operation.settings.get("turned") else (fewer, columns)
    return (*stack, rows, fewer), (*stack, fewer), (*stack, *last)


@rule
def qr(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.qr(a)``; setting ``mode`` ``reduced`` or ``complete``.

    (..., n, m) gives (..., n, k) and (..., k, m), k the smaller of n and m; complete, (..., n, n) and (..., n, m).
    """
    (*stack, rows, columns) = _matrices(operation, 0)
    inside = rows if operation.settings.get("mode", "reduced") == "complete" else _smaller(rows, columns)
    return (*stack, rows, inside), (*stack, inside, columns)


def _smaller(one: Size, other: Size) -> Size:
    if one == other:
        return one
    return min(one, other) if isinstance(one, int) and isinstance(other, int) else named(f"min({one}, {other})")


def _matrices(operation: Operation, i: int) -> Shape:
    one = operation.operands[i]
    if len(one.shape) < 2:
        says = f"{one} has {'one axis' if one.shape else 'no axis'}: {operation.rule} takes matrices, two axes or more"
        moves = lambda k: widened(operation.operands[k], 2)  # noqa: E731
        marks = tuple((i, axis) for axis in range(len(one.shape)))
        raise Clash(says, LAW, marks, lambda: ranked(operation, every_move(operation, moves, (i,))))
    return one.shape


def is_square(operation: Operation, i: int) -> None:
    """Raise ``Clash`` where an operand is no stack of square matrices."""
    shape = _matrices(operation, i)
    if shape[-1] != shape[-2]:
        rank = len(shape)
        says = f"{operation.operands[i]} has {shape[-2]} rows and {shape[-1]} columns: {operation.rule} takes as many"
        raise Clash(says, LAW, ((i, rank - 2), (i, rank - 1)), lambda: _square_repairs(operation, i))


def _square_repairs(operation: Operation, i: int) -> list[Repair]:
    """The pseudo-inverse and least squares; the product with itself; rows left out."""
    a = operation.operands[i]

    def changes() -> Iterator[Change]:
        if operation.rule == "inv":
            text = renamed_call(operation, "inv", "pinv")
            if text:
                yield instead("least squares is meant: the pseudo-inverse", 1.0, text, replace(operation, rule="pinv"))
        if operation.rule == "solve":
            yield from _least_squares(operation)
        if len(a.shape) == 2 and len(operation.operands) == 1:
            tall = not fewer(a.shape[0], a.shape[1])
            text, side, words = ("{}.T @ {}", 1, "columns") if tall else ("{} @ {}.T", 0, "rows")
            first = operation.parts[0] if operation.parts else ""
            text = text if isinstance(first, str) and first.endswith("(") else f"({text})"
            because = f"the matrix of products of the {words} of {{name}} is meant"
            yield on_operands(operation, {i: Move(text, (a.shape[side],) * 2, because, 1.6)})
        for axis, other in ((-2, -1), (-1, -2)):
            size = a.shape[other]
            if isinstance(size, int):
                yield from (on_operands(operation, {i: move}) for move in cut(a, len(a.shape) + axis, size))

    return ranked(operation, changes())


def _least_squares(operation: Operation) -> Iterator[Change]:
    """``pinv(a).dot(b)`` where ``solve(a, b)`` stands."""
    a, b = operation.operands
    call = renamed_call(operation, "solve", "pinv")
    verb = "matmul" if operation.library == "torch" else "dot"
    if call.count("{1}") == 1 and "{0}, {1}" in call and len(a.shape) == 2 and len(b.shape) <= 2:
        text = call.replace("{0}, {1}", "{0}") + f".{verb}({{1}})"
        turned = replace(operation, rule="matmul", operands=(replace(a, shape=a.shape[::-1]), b), settings={})
        yield instead("the equations are solved as nearly as they can be: least squares", 1.0, text, turned)


@rule
def solve(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.solve(a, b)``: a (..., n, n) and b (..., n, k) give (..., n, k); b (n,) is one vector."""
    a, b = operation.operands
    is_square(operation, 0)
    vector = len(b.shape) == 1 or (operation.library == "torch" and b.shape == a.shape[:-1])
    if not b.shape:
        says = f"{b} is a single number: the right side has {a.shape[-1]} rows"
        raise Clash(says, LAW_SOLVE, ((0, len(a.shape) - 2),))
    row = len(b.shape) - (1 if vector else 2)
    if b.shape[row] != a.shape[-2]:
        says = f"{a} has {a.shape[-2]} rows, {b} has {b.shape[row]} on axis {row}: they must be as many"
        raise Clash(says, LAW_SOLVE, ((0, len(a.shape) - 2), (1, row)), lambda: _side_repairs(operation))
    before = (a.shape[:-2], b.shape[: -1 if vector else -2])
    stack = broadcast_of((a, b), before, "the axes before the matrices", lambda: _side_repairs(operation))
    return ((*stack, *b.shape[row:]),)


@rule
def lstsq(operation: Operation) -> tuple[Shape, ...]:
    """``np.linalg.lstsq(a, b)``: a (n, m) and b (n, k) give x (m, k). PyTorch takes matrices for b."""
    a, b = operation.operands
    _matrices(operation, 0)
    row = len(b.shape) - (2 if operation.library == "torch" or len(b.shape) > 1 else 1)
    if row < 0 or b.shape[row] != a.shape[-2]:
        has = f"has {b.shape[row]} on axis {row}" if row >= 0 else "is no matrix"
        marks = ((0, len(a.shape) - 2), *(((1, row),) if row >= 0 else ()))
        says = f"{a} has {a.shape[-2]} rows, {b} {has}: they must be as many"
        raise Clash(says, LAW_SOLVE, marks, lambda: _side_repairs(operation))
    return ((*a.shape[:-2], a.shape[-1], *b.shape[row + 1 :]),)


@rule
def cholesky_solve(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``cholesky_solve(b, factor)``: b (..., n, k) and the factor (..., n, n) give (..., n, k)."""
    b, factor = operation.operands
    is_square(operation, 1)
    _matrices(operation, 0)
    if b.shape[-2] != factor.shape[-1]:
        says = f"{b} has {b.shape[-2]} rows, {factor} has {factor.shape[-1]}: they must be as many"
        marks = ((0, len(b.shape) - 2), (1, len(factor.shape) - 2))
        raise Clash(says, LAW_SOLVE, marks, lambda: _side_repairs(operation))
    stack = broadcast_of((b, factor), (b.shape[:-2], factor.shape[:-2]), "the axes before the matrices")
    return ((*stack, *b.shape[-2:]),)


def _side_repairs(operation: Operation) -> list[Repair]:
    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        yield from transposed(one)
        yield from squeezed(one)
        yield from widened(one, len(one.shape) + 1)
        for size in operation.operands[1 - i].shape[-2:]:
            for axis in range(len(one.shape)):
                if isinstance(size, int):
                    yield from cut(one, axis, size)

    return ranked(operation, every_move(operation, moves))


@rule
def cdist(operation: Operation) -> tuple[Shape, ...]:
    """Distances of all rows of a to all rows of b: (..., p, m) and (..., r, m) give (..., p, r)."""
    a, b = operation.operands
    _matrices(operation, 0)
    _matrices(operation, 1)
    law = "rows whose distance is taken have as many numbers: the last axes are equal"
    why = "a distance is of rows of as many numbers"
    meet(operation, (0, len(a.shape) - 1), (1, len(b.shape) - 1), law, why)
    stack = broadcast_of((a, b), (a.shape[:-2], b.shape[:-2]), "the axes before the last two")
    return ((*stack, a.shape[-2], b.shape[-2]),)


@rule
def cross(operation: Operation) -> tuple[Shape, ...]:
    """Cross products along ``axis`` -1: (..., 3) and (..., 3) give (..., 3).

    NumPy and JAX take 2 numbers as well; PyTorch wants as many axes in both.
    """
    a, b = operation.operands
    law = "a cross product is of vectors of 3 numbers"
    torch = operation.library == "torch"
    axis = operation.settings.get("axis", -1)
    axes = [axis_of(operation, axis, None, i) for i in (0, 1)]
    for i, one in enumerate((a, b)):
        if not one.shape or one.shape[axes[i]] not in ((3,) if torch else (2, 3)):
            has = one.shape[axes[i]] if one.shape else 1
            marks = ((i, axes[i]),) if one.shape else ()
            says = f"{one} has {has} on axis {axes[i]}: {law}"
            raise Clash(says, law, marks, lambda: _side_repairs(operation))
    if torch and len(a.shape) != len(b.shape):
        says = f"{axes_said(a)}, {b} has {len(b.shape)}: PyTorch wants as many"
        raise Clash(says, law, (), lambda: _side_repairs(operation))
    shapes = [shape[:at] + shape[at + 1 :] for shape, at in zip(operation.shapes, axes, strict=True)]
    rest = broadcast_of((a, b), shapes, "the other axes", lambda: broadcast_repairs(operation))
    if a.shape[axes[0]] == b.shape[axes[1]] == 2:
        return (rest,)
    at = axis if axis >= 0 else len(rest) + 1 + axis
    return ((*rest[:at], 3, *rest[at:]),)
