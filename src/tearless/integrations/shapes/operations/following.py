"""What comes after a failing expression once it is mended: whether the rest of its block goes through by the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import RULES, Clash, Shape, results

from .found import Found
from .inferring import inferred
from .recognise import recognised
from .values import Scope, Spec
from .walking import assigned, bind

MOST = 40
_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions with a frame of their own: what is around them is of another one."""


def goes_on(found: Found, gives: Shape, path: Sequence[ast.AST], scope: Scope, source: Source | None) -> bool:
    """Whether nothing clashes that can be worked out, up to the end of the block, were the result of this shape."""
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
    return here == 0 or _block(path[here], path[here - 1], ahead, source)


def _block(statement: ast.AST, parent: ast.AST, scope: Scope, source: Source | None) -> bool:
    """The statement, and those after it in the same block, as far as they stand in a row."""
    block = next((held for _, held in ast.iter_fields(parent) if isinstance(held, list) and statement in held), [])
    after = block[block.index(statement) :] if block else [statement]
    for number, one in enumerate(after[:MOST]):
        if not isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return):
            return True
        if number and any(_clashes(part, scope, source) for part in _parts(one)):
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
