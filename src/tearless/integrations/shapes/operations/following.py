"""What comes after a failing expression once it is mended: whether the rest of its block goes through by the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import RULES, Clash, Shape, results

from .found import Found
from .inferring import inferred
from .recognise import recognised
from .values import UNKNOWN, Scope, Spec
from .walking import assigned, bind

MOST = 40
_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions with a frame of their own: what is around them is of another one."""


def goes_on(
    found: Found, gives: Shape, path: Sequence[ast.AST], scope: Scope, source: Source | None, new: str = ""
) -> bool:
    """Whether nothing clashes that can be worked out, up to the end of the block, were the result of this shape.

    Where the block is the body of a loop, it is gone through once more with ``new`` at the failing place.
    """
    first = next((one.spec for one in found.given if one.spec is not None and one.spec.library), Spec(()))
    result = Spec(gives, first.dtype, first.device, found.library or first.library)
    ahead = Scope(scope.frame, inferred, names=dict(scope.names))
    at = next((i for i, one in enumerate(path) if one is found.node), len(path) - 1)
    if isinstance(path[at], ast.AugAssign):
        bind(path[at].target, result, ahead)  # type: ignore[attr-defined]
    else:
        ahead.known[path[at]] = result
    here = at
    while here > 0 and not isinstance(path[here], ast.stmt):
        here -= 1
        if isinstance(path[here], _OWN):
            return True
        if _clashes(path[here], ahead, source):
            return False
    if here == 0:
        return True
    return _block(path[here], path[here - 1], ahead, source) and _next_turn(path, here, at, new, ahead, source)


def _next_turn(path: Sequence[ast.AST], here: int, at: int, new: str, scope: Scope, source: Source | None) -> bool:
    """Whether the body of a loop goes through again, mended, with the names as its first turn left them."""
    loop = path[here - 1]
    if not isinstance(loop, ast.For | ast.While) or path[here] not in loop.body or not new:
        return True
    try:
        mended = ast.parse(new.strip()).body[0]
    except (SyntaxError, ValueError):
        return True
    put = mended.value if isinstance(mended, ast.Expr) and isinstance(path[at], ast.expr) else mended
    again = Scope(scope.frame, inferred, names=dict(scope.names))
    if isinstance(loop, ast.For) and not _counts(loop.iter, again):
        for name in ast.walk(loop.target):
            if isinstance(name, ast.Name):
                again.names[name.id] = UNKNOWN
    body = [_with(one, path[at], put) if one is path[here] else one for one in loop.body]
    return _block(body[0], ast.Module(body, []), again, source, also_first=True)


def _counts(over: ast.expr, scope: Scope) -> bool:
    return isinstance(over, ast.Call) and scope.value(over.func) is range


def _with(node: ast.AST, old: ast.AST, new: ast.AST) -> Any:
    """A tree with one node of it exchanged; the tree itself stays as it is."""
    if node is old:
        return new
    fields = {
        name: [_with(one, old, new) if isinstance(one, ast.AST) else one for one in held]
        if isinstance(held, list)
        else _with(held, old, new)
        if isinstance(held, ast.AST)
        else held
        for name, held in ast.iter_fields(node)
    }
    return ast.copy_location(type(node)(**fields), node)


def _block(statement: ast.AST, parent: ast.AST, scope: Scope, source: Source | None, also_first: bool = False) -> bool:
    """The statement, and those after it in the same block, as far as they stand in a row."""
    block = next((held for _, held in ast.iter_fields(parent) if isinstance(held, list) and statement in held), [])
    after = block[block.index(statement) :] if block else [statement]
    for number, one in enumerate(after[:MOST]):
        if not isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return):
            return True
        if (number or also_first) and any(_clashes(part, scope, source) for part in _parts(one)):
            return False
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) and not assigned(one, scope):
            return False
    return True


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement, the inner ones first; none of what has a frame of its own."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _OWN):
            yield from _parts(child)
    yield node


def _clashes(node: ast.AST, scope: Scope, source: Source | None) -> bool:
    found = recognised(node, scope, source)
    operation = found.operation() if found is not None else None
    if operation is None or operation.rule not in RULES:
        return False
    try:
        results(operation)
    except Clash:
        return True
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return False
    return False
