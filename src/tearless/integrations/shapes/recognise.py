"""From an expression to the operation that it is: the rule, its operands and settings, and where they stand."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from tearless.linear_algebra.shapes import Place

from .found import Found, Given, shape_of_list, text_of
from .frames import Source, span
from .signatures import ALSO, Parameter, Signature, called, signature
from .values import UNKNOWN, Bound, Scope, Spec, library_of, spec_of

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
MOST = 64


def recognised(node: ast.AST, scope: Scope, source: Source | None, stores: bool = False) -> Found | None:
    """The operation that an expression is; ``None`` for what is none, or none that is known."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return _operator(node, scope, source)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _comparison(node, scope, source)
    if isinstance(node, ast.Subscript):
        return None if stores else _subscript(node, scope, source)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.UAdd):
        one = _given(node.operand, scope, source)
        return Found(node, "same", _library([one]), given=[one], settings={"symbol": "-"}) if _array([one]) else None
    return _call(node, scope, source) if isinstance(node, ast.Call) else None


def stored(target: ast.expr, value: ast.expr, scope: Scope, source: Source | None, whole: ast.AST) -> Found | None:
    """``target = value`` into entries of an array."""
    given = [_given(target, scope, source), _given(value, scope, source)]
    if given[1].spec is None and isinstance(value, ast.List | ast.Tuple):
        given[1] = Given(given[1].name, shape_of_list(scope.value(value), given[0].spec), value)
    return Found(whole, "assign", _library(given), given=given, settings={"symbol": "="})


def _operator(node: ast.BinOp | ast.AugAssign, scope: Scope, source: Source | None) -> Found | None:
    left, right = (node.target, node.value) if isinstance(node, ast.AugAssign) else (node.left, node.right)
    given = [_given(left, scope, source), _given(right, scope, source)]
    if not _array(given):
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
    given = [_given(node.left, scope, source), _given(node.comparators[0], scope, source)]
    if symbol is None or not _array(given):
        return None
    return Found(node, "broadcast", _library(given), given=given, settings={"symbol": symbol})


def _subscript(node: ast.Subscript, scope: Scope, source: Source | None) -> Found | None:
    one = _given(node.value, scope, source)
    if one.spec is None or not library_of(scope.value(node.value)):
        return None
    found = Found(node, "index", one.spec.library, given=[one])
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    key: list[Any] = []
    for part in parts:
        value = scope.value(part)
        spec = spec_of(value) if library_of(value) else _listed(value)
        if spec is not None and not (spec.shape == () and spec.dtype in ("int", "bool")):
            key.append(Place(len(found.given)))
            found.given.append(Given(text_of(part, source), spec, part))
        elif value is UNKNOWN and not isinstance(part, ast.Constant):
            return None
        else:
            key.append(value)
    found.settings["key"] = tuple(key)
    return found


def _listed(value: object) -> Spec | None:
    return shape_of_list(value) if isinstance(value, list) else None


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
    return _bound(node, known, *which, [], scope, source)


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
    found = _bound(node, known, library, name, [node.func.value], scope, source)
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
    given = [Given(text_of(entries, source), scope.spec(plain), entries), _given(value, scope, source)]
    return Found(node, "assign", "jax", "at.set", given, settings={"symbol": "="})


def _bound(
    node: ast.Call,
    known: Signature,
    library: str,
    function: str,
    first: Sequence[ast.expr],
    scope: Scope,
    source: Source | None,
) -> Found | None:
    """A call with its arguments given to the parameters of its signature."""
    found = Found(node, known.rule, library, function, settings=dict(known.constants))
    positional = [*first, *node.args]
    named = {one.arg: one.value for one in node.keywords if one.arg is not None}
    for parameter in known.parameters:
        if parameter.role in ("rest", "sizes") and positional:
            positional = _many(found, parameter, positional, scope, source)
            continue
        argument = positional.pop(0) if positional else _keyword(parameter, named)
        if isinstance(argument, ast.Starred):
            return None
        if argument is None:
            if parameter.role == "operand":
                return None
            if parameter.role in ("setting", "sizes"):
                found.settings[parameter.setting] = parameter.default
                found.words[parameter.setting] = parameter.name
            continue
        if not _take(found, parameter, argument, scope, source):
            return None
    return found


def _keyword(parameter: Parameter, named: Mapping[str, ast.expr]) -> ast.expr | None:
    for name in (parameter.name, *ALSO.get(parameter.name, ())):
        if name in named:
            return named[name]
    return named.get(parameter.setting) if parameter.setting else None


def _take(found: Found, parameter: Parameter, argument: ast.expr, scope: Scope, source: Source | None) -> bool:
    """Give one argument to a parameter; false where its value would have to be known and is not."""
    if parameter.role == "ignored":
        return True
    if parameter.role in ("setting", "sizes"):
        value = scope.value(argument)
        found.settings[parameter.setting] = value
        found.places[parameter.setting] = span(argument)
        found.words[parameter.setting] = parameter.name
        return value is not UNKNOWN
    if parameter.role == "list":
        return _list(found, argument, scope, source, parameter.name)
    if parameter.role == "optional" and scope.value(argument) is None:
        return True
    one = _given(argument, scope, source)
    if one.spec is None and (inside := _listed(scope.value(argument))) is not None:
        one = Given(one.name, inside, one.node)
    found.given.append(one)
    found.roles.append(parameter.name)
    return True


def _many(
    found: Found, parameter: Parameter, arguments: list[ast.expr], scope: Scope, source: Source | None
) -> list[ast.expr]:
    """Give all arguments that are left to a parameter that takes several; what is left then."""
    if parameter.role == "rest":
        alone = arguments[0] if len(arguments) == 1 else None
        if alone is not None and isinstance(scope.value(alone), list | tuple):
            _list(found, alone, scope, source, parameter.name)
        else:
            for one in arguments:
                _take(found, Parameter(parameter.name, "operand"), one, scope, source)
        return []
    values = [scope.value(one) for one in arguments]
    if len(arguments) == 1 and isinstance(values[0], tuple | list):
        value: object = tuple(values[0])
    elif any(isinstance(one, ast.Starred) for one in arguments):
        value = scope.value(ast.Tuple(arguments, ast.Load()))
    else:
        value = UNKNOWN if UNKNOWN in values else tuple(values)
        found.spread.add(parameter.setting)
    found.settings[parameter.setting] = value
    found.places[parameter.setting] = (*span(arguments[0])[:2], *span(arguments[-1])[2:])
    found.words[parameter.setting] = parameter.name
    return []


def _list(found: Found, argument: ast.expr, scope: Scope, source: Source | None, role: str = "") -> bool:
    """Operands given as a list: written out, or held by a name."""
    if isinstance(argument, ast.List | ast.Tuple) and not any(isinstance(one, ast.Starred) for one in argument.elts):
        found.given += [_given(one, scope, source) for one in argument.elts]
        found.roles += [role] * len(argument.elts)
        return True
    held = scope.value(argument)
    if isinstance(held, list | tuple) and 0 < len(held) <= MOST:
        name = text_of(argument, source)
        found.lists.append((argument, len(found.given), len(held)))
        found.given += [Given(f"{name}[{i}]", spec_of(one) or _listed(one)) for i, one in enumerate(held)]
        found.roles += [role] * len(held)
        return True
    found.given.append(Given(text_of(argument, source), None, argument))
    found.roles.append(role)
    return True


def _given(node: ast.expr, scope: Scope, source: Source | None) -> Given:
    return Given(text_of(node, source), scope.spec(node), node)


def _array(given: Sequence[Given]) -> bool:
    """Whether one of them is an array, or may be one that is not known."""
    return any(one.spec is not None and one.spec.library for one in given)


def _library(given: Sequence[Given]) -> str:
    return next((one.spec.library for one in given if one.spec is not None and one.spec.library), "")
