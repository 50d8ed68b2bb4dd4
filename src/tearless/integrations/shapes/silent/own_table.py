"""A table against a reduction of itself: ``K - K.mean(axis=1)``, where the table is square and nothing is raised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tearless.integrations.shapes.operations.found import Found, Given, text_of
from tearless.integrations.shapes.operations.inferring import inferred
from tearless.integrations.shapes.operations.recognise import recognised
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.bodies import callee, own_nodes
from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Shape, written

from .into import keeps
from .meant import AXES, FARTHEST, Place, maker

TOGETHER = {
    "-", "/", "//", "==", "!=", "<", "<=", ">", ">=",
    "subtract", "sub", "divide", "true_divide", "div", "equal", "eq", "greater", "gt", "less", "lt",
}  # fmt: skip
"""What sets a number beside those that it was made of."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """A reduction along one axis that is not kept: its node, what it reduces, and the axis counted from the left."""

    node: ast.expr
    name: str
    of: ast.expr
    axis: int
    kept: str


def against_own(found: Found, place: Place, source: Source) -> dict[str, Any] | None:
    """The suspicion where a table meets a reduction of itself along an axis other than the first, which was not kept.

    What is left of shape s without axis k lines up from the right, so that entry i of each axis j < k meets entry i
    of axis j + 1. Only where both have one size does that go through.
    """
    symbol = str(found.settings.get("symbol") or "")
    symbol = symbol.removesuffix("=") if found.rule == "assign" else symbol
    if not TOGETHER & {symbol, found.function.rpartition(".")[2].removesuffix("_")}:
        return None
    table, vector = sorted(found.given, key=lambda one: -len(one.spec.shape if one.spec is not None else ()))
    if table.spec is None or vector.spec is None or table.node is None or vector.node is None:
        return None
    shape = table.spec.shape
    if len(vector.spec.shape) != len(shape) - 1 or len(shape) < 2:
        return None
    reduced = next((one for part in parts(vector.node, place) if (one := _reduced(*part, source))), None)
    if reduced is None or not reduced.axis or vector.spec.shape != _without(shape, reduced.axis):
        return None
    if all(size == 1 for size in shape[: reduced.axis]):
        return None
    shared = _tables(table.node, shape, place) & _tables(reduced.of, shape, place)
    if not shared or _both_ways(found.node, vector.node, reduced, place):
        return None
    return _told(found, table, vector, reduced, source)


def parts(node: ast.expr, place: Place, deep: int = 0) -> Iterator[tuple[ast.expr, Place]]:
    """An expression and those that it takes entry by entry; names as what they were given."""
    yield node, place
    if isinstance(node, ast.Name) and deep < FARTHEST:
        origin = place.origin(node)
        inner = [origin] if origin is not None else []
    else:
        inner = [(one, place) for one in _inside(node)]
    for one, where in inner:
        yield from parts(one, where, deep + 1)


def _inside(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Call) and keeps(callee(node.func)):
        method = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*method, *node.args]
    return []


def _reduced(node: ast.expr, place: Place, source: Source) -> Reduced | None:
    """The reduction that an expression is; the values of ``x.max(dim=1)`` too."""
    inner = node
    match node:
        case ast.Attribute(value=pair, attr="values") | ast.Subscript(value=pair, slice=ast.Constant(value=0)):
            inner = pair
    found = recognised(inner, Scope(place.frame, inferred), source) if isinstance(inner, ast.Call) else None
    if found is None or found.rule != "reduce" or not found.given or found.given[0].node is None:
        return None
    axis, spec = found.settings.get("axis"), found.given[0].spec
    if type(axis) is not int or spec is None or found.settings.get("keepdims") or not spec.shape:
        return None
    kept = "keepdim=True" if found.library == "torch" else "keepdims=True"
    name = text_of(inner, source)
    written_out = f"{name[:-1].rstrip().rstrip(',')}, {kept}){text_of(node, source)[len(name) :]}"
    return Reduced(node, text_of(node, source), found.given[0].node, axis % len(spec.shape), written_out)


def _tables(node: ast.expr, shape: Shape, place: Place) -> set[str]:
    """The arrays of a shape, held by names, that an expression takes entry by entry, as they are written."""
    found = set()
    for one, where in parts(node, place):
        spec = Scope(where.frame, inferred).spec(one)
        if isinstance(one, ast.Name | ast.Attribute | ast.Subscript) and spec is not None and spec.shape == shape:
            found.add(ast.unparse(one))
    return found


def _both_ways(node: ast.AST, vector: ast.expr, reduced: Reduced, place: Place) -> bool:
    """Whether the vector stands elsewhere too, with an axis of its own or again in the statement: along both axes."""
    names = {ast.unparse(one) for one, _ in parts(vector, place)} | {ast.unparse(reduced.node)}
    names = {one for one in names if not one.replace(".", "").isnumeric()}
    for one in own_nodes(place.plan.function):
        axes = isinstance(one, ast.Subscript) or (isinstance(one, ast.Call) and callee(one.func) in AXES)
        if axes and maker(one) is one and any(ast.unparse(inner) in names for inner in ast.walk(one)):
            return True
    statement: ast.AST = node
    while not isinstance(statement, ast.stmt) and statement in place.plan.parents:
        statement = place.plan.parents[statement]
    written_twice = ast.unparse(vector)
    return sum(isinstance(one, ast.expr) and ast.unparse(one) == written_twice for one in ast.walk(statement)) > 1


def _told(found: Found, table: Given, vector: Given, reduced: Reduced, source: Source) -> dict[str, Any]:
    shape: Shape = table.spec.shape if table.spec is not None else ()
    axis = reduced.axis
    new = f"[{', '.join([':'] * axis)}, None]" if axis == len(shape) - 1 else f"[{':, ' * axis}None]"
    own = reduced.node is vector.node
    why = (
        f"{reduced.name} is one number for each {{}} of {written(shape)}; without its axis it lines up from the right, "
    )
    why += f"with each {{}}, and goes through as both have {shape[axis]}"
    rows = ("row", "column") if len(shape) == 2 else (f"entry of axis {axis - 1}", f"entry of axis {axis}")
    name = vector.name if isinstance(vector.node, ast.Name | ast.Attribute | ast.Call) else f"({vector.name})"
    return {
        "says": f"`{text_of(found.node, source)}` takes one number a {rows[0]} for one a {rows[1]}",
        "why": why.format(*rows),
        "repair": reduced.kept if own else f"{name}{new}",
        "mixed": 0,
        "proof": f"axis {axis} is reduced and not kept, and axis {axis - 1} then meets axis {axis}",
    }


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])
