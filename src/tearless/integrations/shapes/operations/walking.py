"""What functions of the reader's own would return, walked through by the rules and not called.

Their statements are followed one after another with arrays known by shape alone. Where the way depends on something
that is not known, the walk ends and nothing is said.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from tearless.integrations.shapes.source.frames import is_installed, source_at

from .held import UNKNOWN, Bound, library_of, spec_of
from .values import Scope, Spec

MOST = 64
STEP = 4
"""What one call counts for against ``DEEPEST``."""


class _Open:
    """The walk came to the end of a block without a ``return``."""


class _Lost:
    """The walk does not know how it goes on."""


OPEN, LOST = _Open(), _Lost()


@dataclass(frozen=True, slots=True)
class Names:
    """What a function sees before it runs: stands for its frame."""

    f_locals: Mapping[str, Any]
    f_globals: Mapping[str, Any]
    f_builtins: Mapping[str, Any]


def returned(node: ast.Call, callee: object, scope: Scope) -> object:
    """What a call of the reader's own function, method or module would return; ``UNKNOWN`` where it is not sure."""
    function, first = _function(callee)
    if function is None or is_installed(function.__code__.co_filename):
        return UNKNOWN
    made = _definition(function)
    if made is None or any(isinstance(one, ast.Starred) for one in node.args):
        return UNKNOWN
    args = [*first, *(scope.value(one) for one in node.args)]
    named = {one.arg: scope.value(one.value) for one in node.keywords if one.arg is not None}
    names = _bound(made, function, args, named)
    if names is None:
        return UNKNOWN
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    free = {name: cell.cell_contents for name, cell in cells if _filled(cell)}
    frame = Names(free, function.__globals__, vars(sys.modules["builtins"]))
    inside = Scope(frame, scope.infer, deep=scope.deep + STEP, names=names, steps=scope.steps)
    if isinstance(made, ast.Lambda):
        return inside.value(made.body)
    value = walked(made.body, inside)
    return UNKNOWN if value in (OPEN, LOST) else value


def walked(block: Sequence[ast.stmt], scope: Scope) -> object:
    """What a block returns; ``OPEN`` where it goes on after it, ``LOST`` where it cannot be followed."""
    for statement in block:
        scope.steps[0] -= 1
        if scope.steps[0] < 0:
            return LOST
        if isinstance(statement, ast.Return):
            return scope.value(statement.value) if statement.value is not None else None
        value = _step(statement, scope)
        if value is not OPEN:
            return value
    return OPEN


def _step(statement: ast.stmt, scope: Scope) -> object:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        assigned(statement, scope)
        return OPEN
    if isinstance(statement, ast.If):
        test = _truth(statement.test, scope)
        return LOST if test is None else walked(statement.body if test else statement.orelse, scope)
    if isinstance(statement, ast.With):
        return walked(statement.body, scope)
    if isinstance(statement, ast.For):
        return _loop(statement, scope)
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        scope.names[statement.name] = UNKNOWN
        return OPEN
    return OPEN if isinstance(statement, ast.Expr | ast.Pass | ast.Assert | ast.Import | ast.ImportFrom) else LOST


def _loop(statement: ast.For, scope: Scope) -> object:
    over = entries(scope.value(statement.iter))
    if over is None:
        return LOST
    for one in over:
        bind(statement.target, one, scope)
        again = Scope(scope.frame, scope.infer, deep=scope.deep, names=scope.names, steps=scope.steps)
        value = walked(statement.body, again)
        if value is not OPEN:
            return value
    scope.known.clear()
    return OPEN


def entries(value: object) -> list[object] | None:
    """What a loop over a value goes through; ``None`` where that is not known."""
    spec = spec_of(value) if library_of(value) else None
    if spec is not None:
        many = spec.shape[0] if spec.shape else None
        row = Spec(spec.shape[1:], spec.dtype, spec.device, spec.library)
        return [row] * many if isinstance(many, int) and many <= MOST else None
    if isinstance(value, list | tuple | range):
        return list(value) if len(value) <= MOST else None
    kind = type(value)
    if kind.__module__.startswith("torch.nn.") and kind.__name__ in ("ModuleList", "Sequential"):
        return list(vars(value)["_modules"].values())[:MOST]
    return None


def assigned(statement: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: Scope) -> bool:
    """Give names their new values; false where a tuple does not have as many parts as there are names."""
    if isinstance(statement, ast.AugAssign):
        bind(statement.target, scope.infer(statement, scope), scope)  # type: ignore[arg-type]
        return True
    if statement.value is None:
        return True
    value = scope.value(statement.value)
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    fits = [bind(target, value, scope) for target in targets]
    return all(fits)


def bind(target: ast.AST, value: object, scope: Scope) -> bool:
    """Let a name stand for a value."""
    if isinstance(target, ast.Name):
        scope.names[target.id] = value
    elif isinstance(target, ast.Attribute):
        scope.names[ast.unparse(target)] = value
    elif isinstance(target, ast.Tuple | ast.List):
        parts = entries(value)
        plain = not any(isinstance(one, ast.Starred) for one in target.elts)
        fits = parts is None or not plain or len(parts) == len(target.elts)
        known = parts if parts is not None and plain and fits else [UNKNOWN] * len(target.elts)
        for one, part in zip(target.elts, known, strict=False):
            bind(one.value if isinstance(one, ast.Starred) else one, part, scope)
        return fits
    return True


def _truth(test: ast.expr, scope: Scope) -> bool | None:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand, scope)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test, scope)
    value = scope.value(test)
    if value is None or type(value) in (bool, int, float, str, list, tuple, dict):
        return bool(value)
    return None


def _compared(test: ast.Compare, scope: Scope) -> bool | None:
    left, right = scope.value(test.left), scope.value(test.comparators[0])
    if left is UNKNOWN or right is UNKNOWN:
        return None
    op = test.ops[0]
    if isinstance(op, ast.Is | ast.IsNot):
        return (left is right) == isinstance(op, ast.Is)
    if type(left) not in (int, str, tuple) or type(right) is not type(left):
        return None
    tests: dict[type, bool] = {ast.Eq: left == right, ast.NotEq: left != right}
    if isinstance(left, int) and isinstance(right, int):
        tests |= {ast.Lt: left < right, ast.LtE: left <= right, ast.Gt: left > right, ast.GtE: left >= right}
    return tests.get(type(op))


def _function(callee: object) -> tuple[FunctionType | None, list[object]]:
    """The function that a call runs, and what it is given first."""
    if isinstance(callee, Bound):
        held = inspect.getattr_static(type(callee.of), callee.name, None)
        return (held, [callee.of]) if isinstance(held, FunctionType) else (None, [])
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(callee, torch.nn.Module):
        held = inspect.getattr_static(type(callee), "forward", None)
        return (held, [callee]) if isinstance(held, FunctionType) else (None, [])
    for _ in range(3):
        if isinstance(callee, FunctionType) and not is_installed(callee.__code__.co_filename):
            break
        callee = getattr(callee, "__wrapped__", None) if type(callee).__module__.split(".")[0] in _WRAPPING else None
    return (callee, []) if isinstance(callee, FunctionType) else (None, [])


_WRAPPING = {"builtins", "jaxlib", "jax", "functools"}


def _definition(function: FunctionType) -> ast.FunctionDef | ast.Lambda | None:
    code = function.__code__
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return None
    source = source_at(code.co_filename, function.__globals__)
    if source is None:
        return None
    found = [one for one in ast.walk(source.tree) if isinstance(one, ast.FunctionDef | ast.Lambda) and _is(one, code)]
    return found[0] if len(found) == 1 else None


def _is(node: ast.FunctionDef | ast.Lambda, code: CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    lines = {node.lineno, *(one.lineno for one in node.decorator_list)}
    return code.co_name == node.name and code.co_firstlineno in lines


def _bound(
    node: ast.FunctionDef | ast.Lambda, function: FunctionType, args: list[object], named: dict[str, object]
) -> dict[str, object] | None:
    """Parameters with their values; ``None`` where they do not fit."""
    asked = node.args
    names = [one.arg for one in (*asked.posonlyargs, *asked.args)]
    defaults: Iterable[object] = function.__defaults__ or ()
    held: dict[str, object] = dict(zip(names[::-1], list(defaults)[::-1], strict=False))
    held |= function.__kwdefaults__ or {}
    held |= dict(zip(names, args, strict=False))
    if asked.vararg is not None:
        held[asked.vararg.arg] = tuple(args[len(names) :])
    elif len(args) > len(names):
        return None
    every = {*names, *(one.arg for one in asked.kwonlyargs)}
    held |= {name: value for name, value in named.items() if name in every}
    if asked.kwarg is not None:
        held[asked.kwarg.arg] = {name: value for name, value in named.items() if name not in every}
    return held if every <= set(held) else None


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell says so by an error
    except ValueError:
        return False
    return True
