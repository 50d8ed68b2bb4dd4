"""What names and expressions stand for in a frame, looked up and not worked out anew."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .held import UNKNOWN, Bound, Spec, attribute, item, library_of, sizes, spec_of

__all__ = ["UNKNOWN", "Bound", "Scope", "Spec", "attribute", "item", "library_of", "sizes", "spec_of"]

DEEPEST = 40
LARGEST = 1 << 62
MOST_STEPS = 20_000


class Sees(Protocol):
    """A frame, or what stands for one: names by kind."""

    @property
    def f_locals(self) -> Mapping[str, Any]: ...
    @property
    def f_globals(self) -> Mapping[str, Any]: ...
    @property
    def f_builtins(self) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class Scope:
    """The names that a frame sees. ``infer`` says what calls and operators on arrays would give."""

    frame: Sees
    infer: Callable[[ast.expr, Scope], object] = lambda _node, _scope: UNKNOWN
    known: dict[ast.AST, object] = field(default_factory=dict)
    deep: int = 0
    names: dict[str, object] = field(default_factory=dict)
    """Names that stand for something else than in the frame."""
    steps: list[int] = field(default_factory=lambda: [MOST_STEPS])
    """How much may still be looked at; shared by the scopes of functions that are walked through."""

    def value(self, node: ast.AST) -> object:
        """What an expression stands for: a plain object, a ``Spec`` for an array not made yet, or ``UNKNOWN``."""
        if node in self.known:
            return self.known[node]
        self.steps[0] -= 1
        if self.deep >= DEEPEST or self.steps[0] < 0:
            return UNKNOWN
        self.deep += 1
        try:
            found = _READ[type(node)](node, self) if type(node) in _READ else UNKNOWN
            if found is UNKNOWN and isinstance(node, ast.expr):
                found = self.infer(node, self)
        finally:
            self.deep -= 1
        self.known[node] = found
        return found

    def spec(self, node: ast.AST) -> Spec | None:
        """The array that an expression stands for; ``None`` where it is none, or not known."""
        return spec_of(self.value(node))

    def name(self, name: str) -> object:
        frame = self.frame
        for names in (self.names, frame.f_locals, frame.f_globals, frame.f_builtins):
            if name in names:
                return names[name]
        return UNKNOWN


def _name(node: ast.Name, scope: Scope) -> object:
    return scope.name(node.id)


def _attribute(node: ast.Attribute, scope: Scope) -> object:
    if scope.names and (text := ast.unparse(node)) in scope.names:
        return scope.names[text]
    return attribute(scope.value(node.value), node.attr)


def _subscript(node: ast.Subscript, scope: Scope) -> object:
    return item(scope.value(node.value), scope.value(node.slice))


def _slice(node: ast.Slice, scope: Scope) -> object:
    parts = [None if part is None else scope.value(part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts) if all(part is None or isinstance(part, int) for part in parts) else UNKNOWN


def _sequence(node: ast.Tuple | ast.List, scope: Scope) -> object:
    out: list[object] = []
    for one in node.elts:
        if isinstance(one, ast.Starred):
            inside = scope.value(one.value)
            if not isinstance(inside, list | tuple):
                return UNKNOWN
            out.extend(inside)
        else:
            out.append(scope.value(one))
    if any(one is UNKNOWN for one in out):
        return UNKNOWN
    return tuple(out) if isinstance(node, ast.Tuple) else out


_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def _binary(node: ast.BinOp, scope: Scope) -> object:
    left, right = scope.value(node.left), scope.value(node.right)
    if isinstance(node.op, ast.Add) and type(left) is type(right) and isinstance(left, tuple | list):
        return left + right  # type: ignore[operator]
    work = _ARITHMETIC.get(type(node.op))
    if work is None or not all(type(one) in (int, float) and abs(one) < LARGEST for one in (left, right)):  # type: ignore[arg-type]
        return UNKNOWN
    try:
        return work(left, right)
    except ArithmeticError:
        return UNKNOWN


def _unary(node: ast.UnaryOp, scope: Scope) -> object:
    value = scope.value(node.operand)
    if type(value) in (int, float) and isinstance(node.op, ast.USub | ast.UAdd):
        return -value if isinstance(node.op, ast.USub) else value  # type: ignore[operator]
    return UNKNOWN


def _chosen(node: ast.IfExp, scope: Scope) -> object:
    one, other = scope.value(node.body), scope.value(node.orelse)
    same = spec_of(one) is not None and spec_of(one) == spec_of(other)
    return one if same else UNKNOWN


_READ: dict[type, Callable[[Any, Scope], object]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.IfExp: _chosen,
    ast.Constant: lambda node, _: node.value,
    ast.NamedExpr: lambda node, scope: scope.value(node.target),
    ast.Starred: lambda _node, _scope: UNKNOWN,
}
