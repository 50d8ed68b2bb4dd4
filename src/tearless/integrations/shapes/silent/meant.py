"""What the code around an operation says of it: whether its axes are meant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, FrameType, FunctionType
from typing import Any

from tearless.integrations.shapes.layers.library_frames import is_module
from tearless.integrations.shapes.operations.held import UNKNOWN, Bound, library_of
from tearless.integrations.shapes.operations.inferring import inferred
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.bodies import argument, assignments, callee
from tearless.integrations.shapes.source.frames import LIBRARIES, span

from .into import keeps
from .units import Plan

AXES = {
    "unsqueeze", "expand_dims", "reshape", "view", "expand", "expand_as", "broadcast_to", "atleast_2d", "atleast_3d",
    "ix_", "meshgrid", "outer", "unflatten", "view_as", "reshape_as", "tile", "repeat", "indices",
}  # fmt: skip
"""Functions and methods that give an array the axes that their caller wants."""
FLATTENING = {"ravel", "flatten", "squeeze"}
PRODUCTS = {"matmul", "dot", "mv", "mm", "bmm", "einsum", "tensordot"}
NO_MODELS = LIBRARIES | {"scipy", "math", "random"}
"""Modules whose functions are no models."""
FARTHEST = 4
"""Steps from a name to what it was given, or from a function to who called it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node in the code of a frame that is at work. ``calls`` gives, for a frame, its plan and the call it is at."""

    plan: Plan
    frame: FrameType
    calls: Any

    def caller(self) -> tuple[Place, ast.Call] | None:
        """Who called this code, and with which call; ``None`` where that is not the reader's own code."""
        back = self.frame.f_back
        found = self.calls(back) if back is not None else None
        return None if found is None or back is None else (Place(found[0], back, self.calls), found[1])

    def origin(self, name: ast.Name) -> tuple[ast.expr, Place] | None:
        """What a name was given last before it is used: here, or by the caller as an argument."""
        given = [
            value
            for target, value in assignments(self.plan.function)
            if isinstance(target, ast.Name) and target.id == name.id and span(value)[2:] <= span(name)[:2]
        ]
        if given:
            return given[-1], self
        position = _position(self.plan.function, name.id)
        called = self.caller() if position is not None else None
        if called is None or position is None:
            return None
        there, call = called
        method = isinstance(call.func, ast.Attribute) and _position(self.plan.function, "self") == 0
        value = argument(call, name.id, position - method)
        return None if value is None else (value, there)


def axes_meant(column: ast.expr, row: ast.expr, place: Place, reduced: str) -> bool:
    """Whether the axes of ``column``, which meets ``row`` of a lower rank, were made on purpose for that.

    An axis written in the statement is. One that was written before is as well, but for a loss: where all pairs are
    reduced to one number, one side is the answer of a model, and the column was not made of the row.
    """
    if maker(column) is not None or _is_flat_of(row, column, place):
        return True
    made = next(_makers(column, place, 0), None)
    if made is None:
        return not reduced and _is_written_out(column, place)
    if reduced and _undone(column, row, place):
        return False
    base = _base(made)
    if not reduced or (base and base in {name.id for name, _ in _names(row, place, 0)}):
        return True
    return not (_is_answer(column, place, 0) or _is_answer(row, place, 0))


def _is_flat_of(row: ast.expr, column: ast.expr, place: Place) -> bool:
    """Whether the row is the column itself, flattened: a table of all pairs."""
    origin = place.origin(row) if isinstance(row, ast.Name) else (row, place)
    made = origin[0] if origin is not None else row
    flat = isinstance(made, ast.Call) and callee(made.func) in FLATTENING
    return flat and _base(made) == ast.unparse(column)


def _undone(column: ast.expr, row: ast.expr, place: Place) -> bool:
    """Whether the row was made before of a flattened array that the column was made of as well: of the same samples.

    The flattened array itself against what it was is a table of all pairs, and meant.
    """
    flattened = {
        _base(one)
        for name, where in _names(row, place, 0)
        if (origin := where.origin(name)) is not None
        for one in ast.walk(origin[0])
        if isinstance(one, ast.Call) and callee(one.func) in FLATTENING
    }
    before = {name.id for name, _ in _names(column, place, 0)}
    return bool((flattened - {"", ast.unparse(column)}) & before)


def maker(node: ast.AST) -> ast.AST | None:
    """The part of an expression that makes an axis of its value; not one inside of what a function is called with."""
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(_is_new(one) for one in parts):
            return node
        return maker(node.value)
    if isinstance(node, ast.Call):
        name = callee(node.func)
        kept = any(
            one.arg in ("keepdim", "keepdims") and isinstance(one.value, ast.Constant) and one.value.value is True
            for one in node.keywords
        )
        if name in AXES or kept:
            return node
    return next((found for one in inside(node) if (found := maker(one)) is not None), None)


def _is_new(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or callee(node) == "newaxis"


def inside(node: ast.AST) -> list[ast.expr]:
    """The parts that an expression takes entry by entry."""
    if isinstance(node, ast.BinOp):
        return [] if isinstance(node.op, ast.MatMult) else [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Attribute | ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return [node.func.value, *(node.args if keeps(node.func.attr) else ())]
    return []


def _names(node: ast.AST, place: Place, deep: int) -> Iterator[tuple[ast.Name, Place]]:
    """The names that an expression takes entry by entry, and those that they were made of."""
    if isinstance(node, ast.Name):
        yield node, place
        origin = place.origin(node) if deep < FARTHEST else None
        if origin is not None:
            yield from _names(*origin, deep + 1)
    for one in inside(node):
        yield from _names(one, place, deep)


def _makers(node: ast.AST, place: Place, deep: int) -> Iterator[ast.AST]:
    """What made axes in the expressions that the names in this one were given."""
    if isinstance(node, ast.Name):
        origin = place.origin(node) if deep < FARTHEST else None
        if origin is not None:
            made = maker(origin[0])
            yield from [made] if made is not None else _makers(*origin, deep + 1)
    for one in inside(node):
        yield from _makers(one, place, deep)


def _base(maker: ast.AST) -> str:
    """The name that an axis was added to; empty where it is no plain name."""
    node: ast.AST = maker
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(node, ast.Call):
            method = isinstance(node.func, ast.Attribute) and callee(node.func.value) not in (
                "np",
                "numpy",
                "torch",
                "jnp",
            )
            if not method and not node.args:
                return ""
            node = node.func.value if method and isinstance(node.func, ast.Attribute) else node.args[0]
        else:
            node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_answer(node: ast.AST, place: Place, deep: int) -> bool:
    """Whether a value comes of a product, or of a call with arrays that is no library's function: what models give."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return True
    if isinstance(node, ast.Call):
        scope = Scope(place.frame, inferred)
        given = [*node.args, *(one.value for one in node.keywords)]
        if callee(node.func) in PRODUCTS:
            return True
        if _is_model(scope.value(node.func)) and any(library_of(scope.value(one)) for one in given):
            return True
    if isinstance(node, ast.Name) and deep < FARTHEST and (origin := place.origin(node)) is not None:
        return _is_answer(*origin, deep + 1)
    return any(_is_answer(one, place, deep) for one in inside(node))


def _is_model(function: object) -> bool:
    """Whether what is called may be a model: a layer, a method of an object, a function of the reader's own."""
    if isinstance(function, Bound):
        return not library_of(function.of) and _home(type(function.of)) not in NO_MODELS
    if isinstance(function, type | BuiltinFunctionType):
        return False
    if isinstance(function, FunctionType):
        return _home(function) not in NO_MODELS
    return function is UNKNOWN or _home(type(function)) not in NO_MODELS or is_module(function)


def _home(thing: object) -> str:
    return str(getattr(thing, "__module__", "")).split(".")[0]


def _is_written_out(node: ast.expr, place: Place) -> bool:
    """Whether a name was given a column written entry by entry: ``np.array([[1], [2]])``."""
    origin = place.origin(node) if isinstance(node, ast.Name) else (node, place)
    given = origin[0].args[:1] if origin is not None and isinstance(origin[0], ast.Call) else []
    rows = given[0].elts if given and isinstance(given[0], ast.List) else []
    return bool(rows) and all(isinstance(one, ast.List) and len(one.elts) == 1 for one in rows)


def _position(function: ast.AST, name: str) -> int | None:
    """Which parameter of a function a name is."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return None
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return names.index(name) if name in names else None
