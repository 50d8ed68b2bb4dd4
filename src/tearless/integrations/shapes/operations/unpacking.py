"""``b, c, h, w = x.shape``: names to which an array's axes, or its pieces, do not come out."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Clash, Operation, Repair

from .found import Found, Given, text_of
from .recognise import recognised
from .values import Scope

LAW = "as many names must stand on the left as there are values on the right"


def unpacked(path: Sequence[ast.AST], scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    """The clash of an assignment to several names; ``None`` where the failing place is no such thing."""
    if "values to unpack" not in text or not path or not isinstance(path[-1], ast.Tuple | ast.List):
        return None
    names = path[-1].elts
    value = next((one.value for one in reversed(path) if isinstance(one, ast.Assign)), None)
    if value is None:
        return None
    array = _array(value)
    if array is not None and (spec := scope.spec(array)) is not None and spec.library:
        found = Found(value, "", spec.library, given=[Given(text_of(array, source), spec, array)])
        return _of_axes(found, len(names), source)
    spec = scope.spec(value)
    if spec is not None and spec.library and spec.shape:
        found = Found(value, "", spec.library, given=[Given(text_of(value, source), spec, value)])
        says = f"{found.given[0].name} has {spec.shape[0]} on axis 0, and {len(names)} names are to hold it"
        return _clash(found, source, says, ((0, 0),), [])
    pieces = recognised(value, scope, source)
    many = re.search(r"got (\d+)", text)
    if pieces is None or pieces.operation() is None:
        return None
    says = (
        f"{text_of(value, source)} gives {many[1] if many else 'more'} arrays, and {len(names)} names are to hold them"
    )
    return _clash(pieces, source, says, (), [])


def _array(value: ast.expr) -> ast.expr | None:
    """The array whose shape an expression is."""
    match value:
        case ast.Attribute(value=array, attr="shape"):
            return array
        case ast.Call(func=ast.Attribute(value=array, attr="size"), args=[]):
            return array
    return None


def _of_axes(found: Found, names: int, source: Source | None) -> tuple[Clash, Found] | None:
    spec = found.given[0].spec
    if spec is None:
        return None
    axes = len(spec.shape)
    repairs = []
    if axes + 1 == names:
        repairs.append(Repair("the first axis, of samples, is missing", (1, *spec.shape), operands={0: "{}[None]"}))
    if axes == names + 1 and 1 in spec.shape:
        at = spec.shape.index(1)
        gone = (*spec.shape[:at], *spec.shape[at + 1 :])
        repairs.append(Repair(f"axis {at}, of size 1, is not meant", gone, operands={0: f"{{}}.squeeze({at})"}))
    says = (
        f"{found.given[0].name} has {axes} {'axis' if axes == 1 else 'axes'}, and {names} names are to hold its sizes"
    )
    return _clash(found, source, says, tuple((0, axis) for axis in range(axes)), repairs)


def _clash(
    found: Found, source: Source | None, says: str, marks: tuple[tuple[int, int], ...], repairs: list[Repair]
) -> tuple[Clash, Found] | None:
    operation: Operation | None = found.operation(source)
    if operation is None:
        return None
    return Clash(says, LAW, marks, lambda: repairs, "shape", operation), found
