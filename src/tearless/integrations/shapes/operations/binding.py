"""A call with its arguments given to the parameters of its signature: operands, settings, and where they stand."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from tearless.integrations.shapes.source.frames import Source, span

from .found import Found, Given, shape_of_list, text_of
from .signatures import ALSO, Parameter, Signature
from .values import UNKNOWN, Scope, Spec, spec_of

MOST = 64


def bound(
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
    positional = _spread([*first, *node.args], scope)
    named = {one.arg: one.value for one in node.keywords if one.arg is not None}
    for at, parameter in enumerate(known.parameters):
        if parameter.role in ("rest", "sizes") and positional:
            positional = _many(found, at, parameter, positional, scope, source)
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
        if not _take(found, at, parameter, argument, scope, source):
            return None
    return found


def _spread(arguments: Sequence[ast.expr], scope: Scope) -> list[ast.expr]:
    """Arguments, ``*ops`` of a known length as ``ops[0]``, ``ops[1]`` ..., which have no place of their own."""
    out: list[ast.expr] = []
    for one in arguments:
        held = scope.value(one.value) if isinstance(one, ast.Starred) else None
        if isinstance(one, ast.Starred) and isinstance(held, list | tuple) and len(held) <= MOST:
            out += [_entry(one, i) for i in range(len(held))]
        else:
            out.append(one)
    return out


def _entry(starred: ast.Starred, i: int) -> ast.expr:
    entry = ast.Subscript(starred.value, ast.Constant(i), ast.Load())
    entry.starred = starred  # type: ignore[attr-defined]
    return entry


def _keyword(parameter: Parameter, named: Mapping[str, ast.expr]) -> ast.expr | None:
    for name in (parameter.name, *ALSO.get(parameter.name, ())):
        if name in named:
            return named[name]
    return named.get(parameter.setting) if parameter.setting else None


def _take(found: Found, at: int, parameter: Parameter, argument: ast.expr, scope: Scope, source: Source | None) -> bool:
    """Give one argument to a parameter; false where its value would have to be known and is not."""
    if parameter.role == "ignored":
        return True
    if parameter.role in ("setting", "sizes"):
        value = scope.value(argument)
        found.settings[parameter.setting] = value
        if hasattr(argument, "lineno"):
            found.places[parameter.setting] = span(argument)
        found.words[parameter.setting] = parameter.name
        return value is not UNKNOWN
    if parameter.role == "list":
        return _list(found, argument, scope, source, at, parameter.name)
    if parameter.role == "optional" and scope.value(argument) is None:
        return True
    one = given_of(argument, scope, source)
    if one.spec is None and (inside := listed(scope.value(argument))) is not None:
        one = Given(one.name, inside, one.node)
    if parameter.role == "optional" and found.rule == "scatter" and one.spec is not None and not one.spec.library:
        return True
    _with_star(found, argument)
    found.given.append(one)
    found.roles.append((at, parameter.name))
    return True


def _with_star(found: Found, argument: ast.expr) -> None:
    """Note an operand that ``*ops`` brings, so that an edit can write all of them out."""
    starred = getattr(argument, "starred", None)
    if starred is None:
        return
    last = found.lists[-1] if found.lists else None
    if last is not None and last[0] is starred and last[1] + last[2] == len(found.given):
        found.lists[-1] = (starred, last[1], last[2] + 1)
    else:
        found.lists.append((starred, len(found.given), 1))


def _many(
    found: Found, at: int, parameter: Parameter, arguments: list[ast.expr], scope: Scope, source: Source | None
) -> list[ast.expr]:
    """Give all arguments that are left to a parameter that takes several; what is left then."""
    if parameter.role == "rest":
        alone = arguments[0] if len(arguments) == 1 else None
        if alone is not None and isinstance(scope.value(alone), list | tuple):
            _list(found, alone, scope, source, at, parameter.name)
        else:
            for one in arguments:
                _take(found, at, Parameter(parameter.name, "operand"), one, scope, source)
        return []
    values = [scope.value(one) for one in arguments]
    if len(arguments) == 1 and isinstance(values[0], tuple | list):
        value: object = tuple(values[0])
    elif any(isinstance(one, ast.Starred) for one in arguments):
        value = UNKNOWN
    else:
        value = UNKNOWN if UNKNOWN in values else tuple(values)
        found.spread.add(parameter.setting)
    found.settings[parameter.setting] = value
    if all(hasattr(one, "lineno") for one in arguments):
        found.places[parameter.setting] = (*span(arguments[0])[:2], *span(arguments[-1])[2:])
    found.words[parameter.setting] = parameter.name
    return []


def _list(found: Found, argument: ast.expr, scope: Scope, source: Source | None, at: int, role: str) -> bool:
    """Operands given as a list: written out, or held by a name."""
    if isinstance(argument, ast.List | ast.Tuple) and not any(isinstance(one, ast.Starred) for one in argument.elts):
        found.given += [given_of(one, scope, source) for one in argument.elts]
        found.roles += [(at, role)] * len(argument.elts)
        return True
    held = scope.value(argument)
    if isinstance(held, list | tuple) and 0 < len(held) <= MOST:
        name = text_of(argument, source)
        found.lists.append((argument, len(found.given), len(held)))
        found.given += [Given(f"{name}[{i}]", spec_of(one) or listed(one)) for i, one in enumerate(held)]
        found.roles += [(at, role)] * len(held)
        return True
    found.given.append(Given(text_of(argument, source), None, argument))
    found.roles.append((at, role))
    return True


def given_of(node: ast.expr, scope: Scope, source: Source | None) -> Given:
    return Given(text_of(node, source), scope.spec(node), node if hasattr(node, "lineno") else None)


def listed(value: object) -> Spec | None:
    return shape_of_list(value) if isinstance(value, list) else None
