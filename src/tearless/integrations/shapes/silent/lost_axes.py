"""Axes that are lost, or were never there, without an error: a batch of one sample squeezed, a vector transposed."""

from __future__ import annotations

import ast
from typing import Any

from tearless.integrations.shapes.operations.found import Found, Given, text_of
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Shape, known, written

Suspicion = dict[str, Any]


def batch_lost(found: Found, shapes: dict[bool, Shape], source: Source) -> Suspicion | None:
    """``squeeze()`` without an axis, which takes the axis of the samples where there is but one.

    ``shapes`` keeps what this place ran on, with several samples (``False``) and with one: it is told when both were
    seen, and gave results of different rank.
    """
    spec = found.given[0].spec
    if spec is None or found.settings.get("axis") is not None or len(spec.shape) < 2 or not all(map(known, spec.shape)):
        return None
    shapes.setdefault(spec.shape[0] == 1, spec.shape)
    if len(shapes) < 2 or len(shapes[True]) != len(shapes[False]):
        return None
    many, one = shapes[False], shapes[True]
    if len(_without_ones(many)) == len(_without_ones(one)):
        return None
    name = found.given[0].name
    axis = next((i for i in range(1, len(many)) if many[i] == 1), None)
    return {
        "says": f"`{text_of(found.node, source)}` takes the axis of the samples from a batch of 1",
        "why": f"{written(one)} becomes {written(_without_ones(one))}, where {written(many)} becomes "
        f"{written(_without_ones(many))}: what follows takes another axis for the samples",
        "repair": f"{name}.squeeze({axis})" if axis is not None else f"leave `{name}` as it is",
        "mixed": 0,
        "proof": f"this line ran on {written(many)} and on {written(one)}",
    }


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def not_turned(found: Found, scope: Scope, source: Source) -> Suspicion | None:
    """``v @ v.T`` and the like of two vectors: the transpose of a vector is that vector."""
    shapes = [one.spec.shape if one.spec is not None else () for one in found.given]
    if any(len(shape) != 1 or shape == (1,) for shape in shapes):
        return None
    turned = [is_turned(one.node, scope) for one in found.given]
    entries = found.rule == "broadcast"
    if all(turned) or not (turned[1] or (entries and turned[0])):
        return None
    sign = str(found.settings.get("symbol", "*")) if entries else "*"
    names = [_unwound(one, source) for one in found.given]
    return {
        "says": f"`{text_of(found.node, source)}` turns a vector, which stays as it is",
        "why": f"{written(shapes[0])} and {written(shapes[1])} give {'a vector' if entries else 'one number'}, where "
        "the transpose was to make a table of all pairs",
        "repair": f"{names[0]}[:, None] {sign if not sign[0].isalpha() else '*'} {names[1]}[None, :]",
        "mixed": 0,
        "proof": f"the operand of the transpose has one axis, {written(shapes[1 if turned[1] else 0])}",
    }


def is_turned(node: ast.AST | None, scope: Scope) -> bool:
    """Whether an expression is the transpose of an array."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "H"):
        return scope.spec(node.value) is not None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.keywords:
        array = scope.spec(node.func.value) is not None
        if array:
            return node.func.attr in ("t", "transpose") and not node.args
        return node.func.attr == "transpose" and len(node.args) == 1
    return False


def _unwound(given: Given, source: Source) -> str:
    """The text of an operand without its transpose."""
    node: ast.AST | None = given.node
    if isinstance(node, ast.Attribute) and node.attr in ("T", "H"):
        node = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("t", "transpose"):
        node = node.args[0] if node.args else node.func.value
    text = text_of(node, source) if node is not None else given.name
    return text if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else f"({text})"
