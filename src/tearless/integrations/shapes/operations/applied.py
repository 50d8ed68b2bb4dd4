"""A function of the reader's applied to arrays that are not there, without running it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .values import UNKNOWN, Scope


def applied(function: ast.expr, given: Sequence[object], scope: Scope) -> object:
    """What a function, a lambda or a name of one, gives for these; ``UNKNOWN`` where that is not sure.

    >>> import types
    >>> from tearless.linear_algebra.shapes import written
    >>> from .inferring import inferred
    >>> from .values import Spec
    >>> frame = types.SimpleNamespace(f_locals={}, f_globals={}, f_builtins={})
    >>> product = ast.parse("lambda w, x: w @ x", mode="eval").body
    >>> made = applied(product, [Spec((4, 3), library="jax"), Spec((3,), library="jax")], Scope(frame, inferred))
    >>> written(made.shape)
    '(4,)'
    >>> applied(product, [Spec((4, 3), library="jax"), Spec((5,), library="jax")], Scope(frame, inferred))
    UNKNOWN
    """
    if isinstance(function, ast.Lambda):
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        if len(names) != len(given) or function.args.vararg is not None:
            return UNKNOWN
        return _inside(scope, dict(zip(names, given, strict=True))).value(function.body)
    held = {f"given {i}": one for i, one in enumerate(given)}
    arguments: list[ast.expr] = [ast.Name(name, ast.Load()) for name in held]
    return _inside(scope, held).value(ast.Call(function, arguments, []))


def _inside(scope: Scope, names: dict[str, object]) -> Scope:
    return Scope(scope.frame, scope.infer, deep=scope.deep, names={**scope.names, **names}, steps=scope.steps)
