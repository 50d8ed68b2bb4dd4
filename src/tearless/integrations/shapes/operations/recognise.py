"""From an expression to the operation that it is: the rule, its operands and settings, and where they stand."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Place

from .binding import bound, given_of, listed
from .found import Found, Given, shape_of_list, text_of
from .signatures import called, signature
from .values import UNKNOWN, Bound, Scope, library_of, spec_of

SYMBOLS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def recognised(node: ast.AST, scope: Scope, source: Source | None, stores: bool = False) -> Found | None:
    """The operation that an expression is; ``None`` for what is none, or none that is known."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return _operator(node, scope, source)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _comparison(node, scope, source)
    if isinstance(node, ast.Subscript):
        return None if stores else _subscript(node, scope, source)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.UAdd):
        one = given_of(node.operand, scope, source)
        return Found(node, "same", _library([one]), given=[one], settings={"symbol": "-"}) if _array([one]) else None
    return _call(node, scope, source) if isinstance(node, ast.Call) else None


def stored(target: ast.expr, value: ast.expr, scope: Scope, source: Source | None, whole: ast.AST) -> Found | None:
    """``target = value`` into entries of an array."""
    given = [given_of(target, scope, source), given_of(value, scope, source)]
    if given[1].spec is None and isinstance(value, ast.List | ast.Tuple):
        given[1] = Given(given[1].name, shape_of_list(scope.value(value), given[0].spec), value)
    return Found(whole, "assign", _library(given), given=given, settings={"symbol": "="})


def _operator(node: ast.BinOp | ast.AugAssign, scope: Scope, source: Source | None) -> Found | None:
    left, right = (node.target, node.value) if isinstance(node, ast.AugAssign) else (node.left, node.right)
    given = [given_of(left, scope, source), given_of(right, scope, source)]
    if not _array(given) and not all(scope.value(one) is UNKNOWN for one in (left, right)):
        return None
    library = _library(given)
    if isinstance(node.op, ast.MatMult):
        return Found(node, "matmul", library, given=given)
    symbol = SYMBOLS.get(type(node.op))
    if symbol is None:
        return None
    first = given[0].spec
    in_place = isinstance(node, ast.AugAssign) and first is not None and first.library in ("torch", "numpy")
    if in_place and first is not None and (first.shape or first.library == "torch"):
        return Found(node, "assign", library, given=given, settings={"symbol": f"{symbol}="})
    return Found(node, "broadcast", library, given=given, settings={"symbol": symbol})


def _comparison(node: ast.Compare, scope: Scope, source: Source | None) -> Found | None:
    symbol = SYMBOLS.get(type(node.ops[0]))
    given = [given_of(node.left, scope, source), given_of(node.comparators[0], scope, source)]
    if symbol is None or not _array(given):
        return None
    return Found(node, "broadcast", _library(given), given=given, settings={"symbol": symbol})


def _subscript(node: ast.Subscript, scope: Scope, source: Source | None) -> Found | None:
    one = given_of(node.value, scope, source)
    if one.spec is None or not library_of(scope.value(node.value)):
        return None
    found = Found(node, "index", one.spec.library, given=[one])
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    key: list[Any] = []
    for part in parts:
        value = scope.value(part)
        spec = spec_of(value) if library_of(value) else listed(value)
        if spec is not None and not (spec.shape == () and spec.dtype in ("int", "bool")):
            key.append(Place(len(found.given)))
            found.given.append(Given(text_of(part, source), spec, part))
        elif value is UNKNOWN and not isinstance(part, ast.Constant):
            return None
        else:
            key.append(value)
    found.settings["key"] = tuple(key)
    return found


def _call(node: ast.Call, scope: Scope, source: Source | None) -> Found | None:
    at = _at(node, scope, source)
    if at is not None:
        return at
    function = scope.value(node.func)
    if isinstance(function, Bound):
        return _method(node, function, scope, source)
    which = None if function is UNKNOWN else called(function)
    known = signature(*which) if which is not None else None
    if which is None or known is None:
        return None
    found = bound(node, known, *which, [], scope, source)
    return _convolved(found) if found is not None and which[1].startswith("lax.conv") else found


def _convolved(found: Found) -> Found:
    """``jax.lax.conv``, as many axes of space as there are after batch and channels."""
    first = found.given[0].spec if found.given else None
    found.settings["n"] = max(len(first.shape) - 2, 1) if first is not None else 2
    padding = found.settings.get("padding")
    found.settings["padding"] = padding.lower() if isinstance(padding, str) else 0
    return found


def plain_call(node: ast.AST, scope: Scope, source: Source | None) -> Found | None:
    """A call of a library's function that no rule is known for: the arrays that it takes."""
    if not isinstance(node, ast.Call):
        return None
    function = scope.value(node.func)
    root = str(getattr(function, "__module__", "")).split(".")[0]
    method = isinstance(function, Bound) and bool(library_of(function.of))
    if not method and (function is UNKNOWN or not _of_arrays(function, root)):
        return None
    first = [node.func.value] if method and isinstance(node.func, ast.Attribute) else []
    arguments = [*first, *node.args, *(one.value for one in node.keywords)]
    given = [one for part in arguments if library_of(scope.value(part)) and (one := given_of(part, scope, source)).spec]
    name = function.name if isinstance(function, Bound) else str(getattr(function, "__name__", ""))
    return Found(node, "", _library(given), name, given, [(-1, "")] * len(given)) if given else None


def _of_arrays(function: object, root: str) -> bool:
    return root in ("numpy", "torch", "jax", "scipy", "sklearn") or called(function) is not None


def _method(node: ast.Call, method: Bound, scope: Scope, source: Source | None) -> Found | None:
    if not isinstance(node.func, ast.Attribute):
        return None
    library = library_of(method.of)
    name = method.name
    known = signature(library, name) or signature(library, name.removesuffix("_")) if library else None
    if known is None and library == "torch":
        known = signature(library, f"nn.functional.{name}")
    if known is None:
        return None
    found = bound(node, known, library, name, [node.func.value], scope, source)
    if name.endswith("_") and found is not None and found.rule == "broadcast" and len(found.given) == 2:
        found.rule = "assign"
    return found


def _at(node: ast.Call, scope: Scope, source: Source | None) -> Found | None:
    """``x.at[key].set(value)`` of JAX."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Subscript(value=ast.Attribute(value=array, attr="at")) as entries),
            args=[value],
        ):
            spec = scope.spec(array)
        case _:
            return None
    if spec is None or spec.library != "jax":
        return None
    plain = ast.copy_location(ast.Subscript(array, entries.slice, ast.Load()), entries)
    given = [Given(text_of(entries, source), scope.spec(plain), entries), given_of(value, scope, source)]
    return Found(node, "assign", "jax", "at.set", given, settings={"symbol": "="})


def _array(given: Sequence[Given]) -> bool:
    """Whether one of them is an array, or may be one that is not known."""
    return any(one.spec is not None and one.spec.library for one in given)


def _library(given: Sequence[Given]) -> str:
    return next((one.spec.library for one in given if one.spec is not None and one.spec.library), "")
