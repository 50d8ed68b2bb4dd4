"""Branches of ``jax.lax.cond`` and ``switch`` that give arrays of different types."""

from __future__ import annotations

import ast
import re

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Clash, Operand, Operation, written

from .found import Found, Given, text_of

LAW = "whichever branch is taken, what follows is the same: all branches must give the same shapes and dtypes"
_TYPE = r"output of (true_fun|false_fun|branch ?\d+)(\S*) has type (\w+)\[([\d,]*)\]"
MOST = 40


def branches(node: ast.Call, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    """What each of two branches gives; ``None`` where the message does not say it."""
    told = re.findall(_TYPE, text)
    if len(told) != 2:
        return None
    operands = [
        Operand(_name(node, source, which) + part, tuple(map(int, re.findall(r"\d+", inside))), dtype, "", "jax")
        for which, part, dtype, inside in told
    ]
    one, other = operands
    operation = Operation("branches", (one, other))
    found = Found(node, "branches", "jax", "cond", [Given(each.name, None) for each in operands])
    if one.shape == other.shape:
        says = f"{one.name} gives {one.dtype}, {other.name} gives {other.dtype}"
        return Clash(says, LAW, (), tuple, "dtype", operation), found
    axes = range(min(len(one.shape), len(other.shape)))
    differ = [axis for axis in axes if one.shape[axis] != other.shape[axis]]
    if len(one.shape) != len(other.shape):
        marks = [(i, axis) for i, each in enumerate(operands) for axis in range(len(each.shape))]
    else:
        marks = [(i, axis) for i in (0, 1) for axis in differ]
    says = f"{one.name} gives {written(one.shape)}, {other.name} gives {written(other.shape)}"
    return Clash(says, LAW, marks, tuple, "shape", operation), found


def _name(node: ast.Call, source: Source | None, which: str) -> str:
    """A branch by what stands in the call for it, where that is short."""
    at = {"true_fun": 0, "false_fun": 1}.get(which)
    number = int(re.findall(r"\d+", which)[0]) if at is None else at
    words = ("the first branch", "the second branch")[number] if number < 2 else f"branch {number}"
    listed = node.args[1] if at is None and len(node.args) > 1 else None
    given = listed.elts if isinstance(listed, ast.List | ast.Tuple) else node.args[1:3] if at is not None else []
    text = text_of(given[number], source) if number < len(given) else ""
    return text if text and len(text) <= MOST and isinstance(given[number], ast.Name | ast.Attribute) else words
