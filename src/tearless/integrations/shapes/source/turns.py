"""Values that change from one way round a loop to the next: which expression gives the value of a certain turn."""

from __future__ import annotations

import ast

from .bodies import COMPREHENSIONS, Body, callee
from .elements import around

DEEPEST = 12


def in_turn(node: ast.expr, body: Body, turn: int) -> ast.expr | None:
    """The expression, written once in a row, that a loop's variable stands for on a turn; ``None`` if not known.

    ``a`` in ``for a, b in zip(sizes, sizes[1:])`` stands for an element of ``sizes``; so does ``sizes[i + 1]``.
    """
    loops = list(around(body.function, node))
    if len(loops) != 1:
        return None
    target, source = _target(loops[0])
    if target is None or source is None:
        return None
    if isinstance(node, ast.Name):
        return _of_name(node.id, target, source, body, turn)
    if isinstance(node, ast.Subscript):
        at = _number(node.slice, target, source, turn)
        return None if at is None else _element(node.value, body, at)
    return None


def _target(loop: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(loop, ast.For):
        return loop.target, loop.iter
    if isinstance(loop, COMPREHENSIONS) and len(loop.generators) == 1 and not loop.generators[0].ifs:
        return loop.generators[0].target, loop.generators[0].iter
    return None, None


def _of_name(name: str, target: ast.expr, source: ast.expr, body: Body, turn: int) -> ast.expr | None:
    if isinstance(target, ast.Name):
        return _element(source, body, turn) if target.id == name else None
    if not isinstance(target, ast.Tuple):
        return None
    for i, one in enumerate(target.elts):
        if isinstance(source, ast.Call) and callee(source.func) == "enumerate" and source.args:
            found = _of_name(name, one, source.args[0], body, turn) if i == 1 else None
        elif isinstance(source, ast.Call) and callee(source.func) == "zip" and i < len(source.args):
            found = _of_name(name, one, source.args[i], body, turn)
        elif isinstance(source, ast.Call) and callee(source.func) == "pairwise" and source.args:
            found = _element(source.args[0], body, turn + i) if isinstance(one, ast.Name) and one.id == name else None
        else:
            row = _element(source, body, turn)
            same = isinstance(one, ast.Name) and one.id == name and isinstance(row, ast.Tuple | ast.List)
            found = row.elts[i] if same and isinstance(row, ast.Tuple | ast.List) and i < len(row.elts) else None
        if found is not None:
            return found
    return None


def _number(index: ast.expr, target: ast.expr, source: ast.expr, turn: int) -> int | None:
    """``i``, ``i + 1`` in ``for i in range(n)``, or ``for i, x in enumerate(rows)``."""
    if isinstance(index, ast.Constant) and isinstance(index.value, int):
        return index.value
    if isinstance(index, ast.BinOp) and isinstance(index.right, ast.Constant) and isinstance(index.right.value, int):
        left, more = _number(index.left, target, source, turn), index.right.value
        sign = 1 if isinstance(index.op, ast.Add) else -1 if isinstance(index.op, ast.Sub) else 0
        return left + sign * more if left is not None and sign else None
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    counts = isinstance(source, ast.Call) and callee(source.func) in ("range", "enumerate")
    if not (isinstance(index, ast.Name) and isinstance(first, ast.Name) and first.id == index.id and counts):
        return None
    start = 0
    if isinstance(source, ast.Call) and callee(source.func) == "range" and len(source.args) == 2:
        begin = source.args[0]
        if not isinstance(begin, ast.Constant) or not isinstance(begin.value, int):
            return None
        start = begin.value
    return start + turn


def _element(row: ast.expr, body: Body, at: int, deep: int = 0) -> ast.expr | None:
    """The element of a row that is written out somewhere."""
    if deep > DEEPEST:
        return None
    if isinstance(row, ast.List | ast.Tuple):
        plain = not any(isinstance(one, ast.Starred) for one in row.elts)
        return row.elts[at] if plain and -len(row.elts) <= at < len(row.elts) else None
    if isinstance(row, ast.Subscript) and isinstance(row.slice, ast.Slice):
        low = row.slice.lower
        start = 0 if low is None else low.value if isinstance(low, ast.Constant) else None
        return _element(row.value, body, at + start, deep + 1) if isinstance(start, int) and at >= 0 else None
    if isinstance(row, ast.BinOp) and isinstance(row.op, ast.Add) and isinstance(row.left, ast.List | ast.Tuple):
        first = len(row.left.elts)
        return row.left.elts[at] if 0 <= at < first else _element(row.right, body, at - first, deep + 1)
    found = body.written(row) if isinstance(row, ast.Name) else None
    return _element(*found, at, deep + 1) if found is not None else None
