"""Products under other names: ``dot``, ``mv``, ``bmm``, ``addmm``, ``outer``, ``inner``, ``tensordot``, ``kron`` ..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from tearless.linear_algebra.shapes.moves import Move, flattened, squeezed, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, instead, on_operands, on_settings, ranked
from tearless.linear_algebra.shapes.size import Shape, product

from .axes import axes_said, axis_of
from .products import LAW, meet, product_repairs
from .registry import rule


@rule
def dot(operation: Operation) -> tuple[Shape, ...]:
    """``np.dot``: like ``@`` up to matrices; then the last axis of a with the last but one of b. PyTorch: vectors.

    (n, k) and (k, m) give (n, m), and of stacks (a, n, k) and (b, k, m) give (a, n, b, m).
    """
    a, b = operation.operands
    if operation.library == "torch":
        ranks_are(operation, (1, 1), "torch.dot")
    if not a.shape or not b.shape:
        return (a.shape + b.shape,)
    right = max(0, len(b.shape) - 2)
    meet(operation, (0, len(a.shape) - 1), (1, right))
    return (a.shape[:-1] + b.shape[:right] + b.shape[right + 1 :],)


@rule
def vdot(operation: Operation) -> tuple[Shape, ...]:
    """``np.vdot``: both as one row of numbers, (n, m) and (n, m) give (). PyTorch: vectors."""
    a, b = operation.operands
    if operation.library == "torch":
        return dot(operation)
    counts = [product(one.shape) for one in (a, b)]
    if counts[0] != counts[1]:
        law = "both are laid in one row, and their numbers multiplied one by one"
        marks = [(i, axis) for i, one in enumerate((a, b)) for axis in range(len(one.shape))]
        raise Clash(f"{a} holds {counts[0]} in all, {b} {counts[1]}: they must be as many", law, marks)
    return ((),)


@rule
def mv(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's matrix times vector: (n, k) and (k,) give (n,)."""
    ranks_are(operation, (2, 1), "mv")
    meet(operation, (0, 1), (1, 0))
    return (operation.shapes[0][:1],)


@rule
def mm(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's matrix times matrix: (n, k) and (k, m) give (n, m)."""
    ranks_are(operation, (2, 2), "mm")
    meet(operation, (0, 1), (1, 0))
    return ((operation.shapes[0][0], operation.shapes[1][1]),)


@rule
def bmm(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's product of two stacks of matrices: (b, n, k) and (b, k, m) give (b, n, m)."""
    return (_stacks(operation, 0),)


@rule
def baddbmm(operation: Operation) -> tuple[Shape, ...]:
    """``c + a @ b`` of stacks: operands c, a, b; c broadcasts to the product.

    a (batch, n, k) and b (batch, k, m) give (batch, n, m).
    """
    gives = _stacks(operation, 1)
    _onto(operation, gives)
    return (gives,)


@rule
def addmm(operation: Operation) -> tuple[Shape, ...]:
    """``c + a @ b`` of matrices: operands c, a (n, k), b (k, m), which give (n, m); c broadcasts to the product."""
    ranks_are(operation, (None, 2, 2), "addmm")
    meet(operation, (1, 1), (2, 0))
    gives = (operation.shapes[1][0], operation.shapes[2][1])
    _onto(operation, gives)
    return (gives,)


@rule
def addmv(operation: Operation) -> tuple[Shape, ...]:
    """``c + a @ v``: operands c, a (n, k), v (k,), which give (n,); c broadcasts to the product."""
    ranks_are(operation, (None, 2, 1), "addmv")
    meet(operation, (1, 1), (2, 0))
    gives = operation.shapes[1][:1]
    _onto(operation, gives)
    return (gives,)


def _stacks(operation: Operation, first: int) -> Shape:
    ranks_are(operation, (*[None] * first, 3, 3), operation.rule)
    a, b = operation.operands[first], operation.operands[first + 1]
    if a.shape[0] != b.shape[0]:
        law = "a product of two stacks takes as many matrices from each: their first axes are equal"
        says = f"{a} has {a.shape[0]} matrices on axis 0, {b} has {b.shape[0]}: there must be as many"
        raise Clash(says, law, ((first, 0), (first + 1, 0)), lambda: product_repairs(operation))
    meet(operation, (first, 2), (first + 1, 1))
    return (a.shape[0], a.shape[1], b.shape[2])


def _onto(operation: Operation, gives: Shape) -> None:
    """Raise ``Clash`` where the first operand does not broadcast to the product of the others."""
    c = operation.operands[0]
    for back in range(1, len(c.shape) + 1):
        there = gives[-back] if back <= len(gives) else None
        if c.shape[-back] in (1, there) and there is not None:
            continue
        axis = len(c.shape) - back
        says = f"{c} has {c.shape[axis]} on axis {axis}, the product it is added to has " + (
            f"{there} there" if there is not None else f"only {len(gives)} axes"
        )
        law = "what is added to a product must broadcast to the product's shape"
        raise Clash(says, law, ((0, axis),), lambda: _added_repairs(operation, gives))


def _added_repairs(operation: Operation, gives: Shape) -> list[Repair]:
    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        yield from squeezed(one)
        yield from widened(one, len(gives))
        yield from transposed(one)
        yield from flattened(one)

    both = every_move(operation, lambda i: transposed(operation.operands[i]), (1, 2))
    return ranked(operation, [*every_move(operation, moves, (0,)), *both])


def ranks_are(operation: Operation, ranks: Sequence[int | None], name: str) -> None:
    """Raise ``Clash`` where an operand has not the number of axes that a function takes."""
    words = {1: "a vector", 2: "a matrix", 3: "a stack of matrices"}
    for i, (one, rank) in enumerate(zip(operation.operands, ranks, strict=True)):
        if rank is not None and len(one.shape) != rank:
            has = {0: "is a single number", 1: "has one axis"}.get(len(one.shape), f"has {len(one.shape)} axes")
            says = f"{one} {has}: {name} takes {words[rank]} there, {rank} {'axis' if rank == 1 else 'axes'}"
            law = f"{name} takes {' and '.join(words[rank] for rank in ranks if rank is not None)}, nothing else"
            marks = tuple((i, axis) for axis in range(len(one.shape)))
            raise Clash(says, law, marks, lambda: _rank_repairs(operation))


def _rank_repairs(operation: Operation) -> list[Repair]:
    tries: list[Change] = []
    stacks = operation.shapes[-2][:1] == operation.shapes[-1][:1] and operation.rule in ("bmm", "baddbmm")
    if len(operation.operands) == 2 and not stacks:
        general = replace(operation, rule="matmul")
        tries = [instead("@ takes every number of axes", 1.0, "{0} @ {1}", general)]
    if operation.rule == "dot":
        rows = {i: Move("{}.ravel()", (product(one.shape),), "", 0.6) for i, one in enumerate(operation.operands)}
        tries.append(on_operands(operation, rows, "the sum of the products entry by entry is meant"))
    more = [repair for repair in product_repairs(operation) if not repair.text]
    if stacks:
        # one vector for each matrix of the other: @ would take the vectors for one matrix
        return [repair for repair in more if all(text.endswith("]") for text in repair.operands.values())] or more
    ones = any(1 in one.shape and len(one.shape) > 1 for one in operation.operands)
    return [*more, *ranked(operation, tries)] if ones else [*ranked(operation, tries), *more]


@rule
def outer(operation: Operation) -> tuple[Shape, ...]:
    """Every entry of one times every entry of the other: (n,) and (m,) give (n, m).

    NumPy lays both out in a row, PyTorch takes vectors alone.
    """
    if operation.library == "torch":
        ranks_are(operation, (1, 1), "outer")
    return (tuple(product(shape) for shape in operation.shapes),)


@rule
def inner(operation: Operation) -> tuple[Shape, ...]:
    """Sums over the last axis of both: (n, k) and (m, k) give (n, m)."""
    a, b = operation.operands
    if a.shape and b.shape:
        law = "inner sums over the last axis of both, so these must be equal"
        meet(operation, (0, len(a.shape) - 1), (1, len(b.shape) - 1), law)
        return (a.shape[:-1] + b.shape[:-1],)
    return (a.shape + b.shape,)


@rule
def kron(operation: Operation) -> tuple[Shape, ...]:
    """The Kronecker product: sizes are multiplied, axis by axis from the right: (n, k) and (p, q) give (n·p, k·q)."""
    rank = max(map(len, operation.shapes))
    a, b = ((1,) * (rank - len(shape)) + shape for shape in operation.shapes)
    return (tuple(one * other for one, other in zip(a, b, strict=True)),)


@rule
def tensordot(operation: Operation) -> tuple[Shape, ...]:
    """Sums over pairs of axes; setting ``axes`` 2: so many last of a with first of b, or two lists of axes.

    With 2 ``axes`` (n, k, m) and (k, m, p) give (n, p).
    """
    a, b = operation.operands
    left, right = _paired(operation)
    law = "tensordot sums over axes of both in pairs; the two of a pair must be equal"
    for one, other in zip(left, right, strict=True):
        if not a.shape or not b.shape:
            raise Clash("a single number has no axes to be summed over", law)
        stretched = operation.library == "torch" and 1 in (a.shape[one], b.shape[other])
        if a.shape[one] != b.shape[other] and not stretched:
            says = (
                f"{a} has {a.shape[one]} on axis {one}, {b} has {b.shape[other]} on axis {other}: they are summed over"
            )
            raise Clash(f"{says} together", law, ((0, one), (1, other)), lambda: _paired_repairs(operation))
    rest = [size for axis, size in enumerate(a.shape) if axis not in left]
    return ((*rest, *(size for axis, size in enumerate(b.shape) if axis not in right)),)


def _paired(operation: Operation) -> tuple[list[int], list[int]]:
    a, b = operation.operands
    axes = operation.settings.get("axes", 2)
    if isinstance(axes, int):
        if axes > min(len(a.shape), len(b.shape)) or axes < 0:
            short = 0 if len(a.shape) < axes else 1
            one = operation.operands[short]
            marks = tuple((short, axis) for axis in range(len(one.shape)))
            says = f"{axes_said(one)}, {axes} are to be summed over"
            raise Clash(says, "only axes that are there can be summed over", marks, lambda: _paired_repairs(operation))
        return list(range(len(a.shape) - axes, len(a.shape))), list(range(axes))
    lists = [[one] if isinstance(one, int) else list(one) for one in axes]
    found = [[axis_of(operation, axis, None, i, "axes") for axis in lists[i]] for i in (0, 1)]
    for i in (0, 1):
        if len(set(found[i])) < len(found[i]):
            raise Clash(f"an axis of {operation.operands[i]} is summed over twice", "each axis may be named once")
    if len(found[0]) != len(found[1]):
        raise Clash(f"{len(found[0])} axes of {a.name} for {len(found[1])} of {b.name}", "axes are summed in pairs")
    return found[0], found[1]


def _paired_repairs(operation: Operation) -> list[Repair]:
    a, b = operation.operands
    changes = [on_settings(operation, "one axis of each is summed over", 1.0, axes=1)]
    changes += [
        on_settings(
            operation, f"axis {one} of {a.name} belongs to axis {other} of {b.name}", 1.1, axes=([one], [other])
        )
        for one in range(len(a.shape))[::-1]
        for other in range(len(b.shape))
        if a.shape[one] == b.shape[other]
    ]
    return ranked(operation, [*changes, *every_move(operation, lambda i: transposed(operation.operands[i]))])


@rule
def multi_dot(operation: Operation) -> tuple[Shape, ...]:
    """A chain of matrices: (n, k), (k, m) and (m, p) give (n, p); the first and the last may be vectors."""
    last = len(operation.operands) - 1
    if last < 1:
        raise Clash("a chain has two matrices or more", LAW)
    for i, one in enumerate(operation.operands):
        if len(one.shape) != 2 and not (len(one.shape) == 1 and i in (0, last)):
            marks = tuple((i, axis) for axis in range(len(one.shape)))
            says = f"{axes_said(one)}: a chain is made of matrices"
            raise Clash(says, "only the first and the last of a chain may be a vector", marks)
    for i, (a, b) in enumerate(pairwise(operation.operands)):
        if a.shape[-1] != b.shape[0]:
            says = f"{a} has {a.shape[-1]} on its last axis, {b} has {b.shape[0]} on axis 0: they must be equal"
            marks = ((i, len(a.shape) - 1), (i + 1, 0))
            raise Clash(says, LAW, marks, lambda: _chain_repairs(operation))
    first, end = operation.shapes[0], operation.shapes[last]
    return ((*first[:-1], *end[1:]),)


def _chain_repairs(operation: Operation) -> list[Repair]:
    return ranked(operation, every_move(operation, lambda i: transposed(operation.operands[i])))
