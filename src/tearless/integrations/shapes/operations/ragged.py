"""A list of lists that is to become an array, and whose rows are not equally long."""

from __future__ import annotations

import ast

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Clash
from tearless.linear_algebra.shapes.operation import atom

from .found import Found, Given, shape_of_list, text_of
from .held import library_of, spec_of
from .values import Scope, Spec

LAW = "the rows of an array are equally long"
MOST = 100_000
DEEPEST = 8
_SAYS = ("inhomogeneous", "expected sequence of length")


def ragged(node: ast.AST, scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    """The first two rows of a list that differ in length; ``None`` where the message is of something else."""
    if not isinstance(node, ast.Call) or not node.args or not any(one in text for one in _SAYS):
        return None
    argument = node.args[0]
    pair = _unequal(atom(text_of(argument, source)), scope.value(argument))
    if pair is None:
        return None
    given = [Given(name, spec, None) for name, spec in pair]
    found = Found(node, "stack", "torch" if "expected sequence" in text else "numpy", "array", given)
    operation = found.operation()
    if operation is None:
        return None
    one, other = operation.operands
    axis = next((i for i, (a, b) in enumerate(zip(one.shape, other.shape, strict=False)) if a != b), 0)
    marks = [(i, axis) for i, each in enumerate(operation.operands) if axis < len(each.shape)]
    says = f"{one} and {other} are to be rows of one array: they must be equally long"
    return Clash(says, LAW, marks, tuple, "shape", operation), found


def _unequal(name: str, value: object, deep: int = 0) -> list[tuple[str, Spec]] | None:
    """The first row of a list, and the first other one of another shape."""
    if type(value) not in (list, tuple) or not value or deep > DEEPEST:
        return None
    rows = list(value)[:MOST]  # type: ignore[call-overload]
    specs = [spec_of(one) if library_of(one) else shape_of_list(one) or spec_of(one) for one in rows]
    first = specs[0]
    for i, one in enumerate(specs):
        if first is not None and one is not None and one.shape != first.shape:
            return [(f"{name}[0]", first), (f"{name}[{i}]", one)]
    inner = (_unequal(f"{name}[{i}]", one, deep + 1) for i, one in enumerate(rows))
    return next((one for one in inner if one is not None), None)
