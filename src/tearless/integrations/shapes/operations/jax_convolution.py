"""Convolutions of JAX, whose axes are named by letters: ``dimension_numbers=("NHWC", "HWIO", "NHWC")``."""

from __future__ import annotations

import ast
from typing import Any

from tearless.integrations.shapes.source.frames import Source, span
from tearless.linear_algebra.shapes import Clash, Operation, Repair, Shape, known

from .found import Found, Given, text_of
from .values import UNKNOWN, Scope

LAW = "the channels of the input (C) must be those of the kernel (I) times feature_group_count"
SPACE = "DHW"


def convolved(node: ast.Call, scope: Scope, source: Source | None) -> tuple[Clash, Found] | None:
    """The clash of channels, each on the axis where the letters put them; ``None`` where they are not known."""
    named = {one.arg: one.value for one in node.keywords if one.arg}
    parts = [*node.args[:2], *(named[name] for name in ("lhs", "rhs") if name in named)]
    given = [Given(text_of(one, source), scope.spec(one), one) for one in parts]
    found = Found(node, "conv_general_dilated", "jax", "conv_general_dilated", given)
    operation = found.operation(source)
    general = text_of(node.func, source).endswith("conv_general_dilated")
    numbers = named.get("dimension_numbers") or (node.args[6] if general and len(node.args) > 6 else None)
    counted = named.get("feature_group_count") or (node.args[7] if general and len(node.args) > 7 else None)
    groups = scope.value(counted) if counted is not None else 1
    if operation is None or len(given) != 2 or len({len(one.shape) for one in operation.operands}) != 1:
        return None
    letters = _letters(scope.value(numbers) if numbers is not None else None, len(operation.operands[0].shape) - 2)
    if letters is None or type(groups) is not int or not all(known(s) for one in operation.shapes for s in one):
        return None
    x, kernel = operation.operands
    at = letters[0].index("C"), letters[1].index("I")
    if x.shape[at[0]] == kernel.shape[at[1]] * groups:
        return None
    times = f" times {groups} groups" if groups != 1 else ""
    says = (
        f"{x} has {x.shape[at[0]]} channels on axis {at[0]} ({letters[0]}), {kernel} takes "
        f"{kernel.shape[at[1]]}{times} on axis {at[1]} ({letters[1]})"
    )
    written_out = source is not None and numbers is not None and isinstance(numbers, ast.Tuple)

    def repairs() -> list[Repair]:
        return _repairs(node, operation, letters, groups, numbers if written_out else None, general, source)

    return Clash(says, LAW, ((0, at[0]), (1, at[1])), repairs, "shape", operation), found


def _letters(numbers: Any, n: int) -> tuple[str, str] | None:
    """The letters of input and kernel; where none are given, channels stand after the samples."""
    space = SPACE[-n:] if 0 < n <= len(SPACE) else ""
    if not space or numbers is UNKNOWN:
        return None
    if numbers is None:
        return f"NC{space}", f"OI{space}"
    if isinstance(numbers, tuple | list) and len(numbers) == 3 and all(type(one) is str for one in numbers):
        x, kernel = str(numbers[0]), str(numbers[1])
        whole = sorted(x) == sorted(f"NC{space}") and sorted(kernel) == sorted(f"OI{space}")
        return (x, kernel) if whole else None
    return None


def _repairs(
    node: ast.Call,
    operation: Operation,
    letters: tuple[str, str],
    groups: int,
    numbers: ast.expr | None,
    general: bool,
    source: Source | None,
) -> list[Repair]:
    """Axes put in the order that the letters say, or the letters in that of the axes, one operand at a time."""
    shapes: Any = operation.shapes
    n = len(letters[0]) - 2
    space = SPACE[-n:]
    wanted = [(f"N{space}C", letters[1]), (f"NC{space}", letters[1]), (letters[0], f"{space}IO")]
    wanted += [(letters[0], f"OI{space}"), (f"N{space}C", f"{space}IO"), (f"NC{space}", f"OI{space}")]
    fits = [one for one in dict.fromkeys(wanted) if one != letters and _fit(shapes, one, groups)]
    found = []
    for x, kernel in fits[:1]:
        orders = [[have.index(one) for one in wants] for have, wants in zip((x, kernel), letters, strict=True)]
        turned = {
            i: f"{{}}.transpose({', '.join(map(str, order))})"
            for i, order in enumerate(orders)
            if order != sorted(order)
        }
        why = " and ".join(f"{operation.operands[i].name} is kept as {(x, kernel)[i]}" for i in turned)
        if general and numbers is None and not any(one.arg == "dimension_numbers" for one in node.keywords):
            call = _with(node, f"dimension_numbers=({x!r}, {kernel!r}, {x!r})", source)
            found += [Repair(why, None, text=call)] if call else []
        found.append(Repair(why, None, operands=turned))
    return found


def _fit(shapes: tuple[Shape, Shape], letters: tuple[str, str], groups: int) -> bool:
    """Whether channels meet, and the kernel is as wide as high and no larger than what it slides over."""
    x: dict[str, Any] = dict(zip(letters[0], shapes[0], strict=True))
    kernel: dict[str, Any] = dict(zip(letters[1], shapes[1], strict=True))
    square = len({kernel[one] for one in SPACE if one in kernel}) == 1
    inside = square and all(kernel[one] <= x[one] for one in SPACE if one in x)
    return bool(x["C"] == kernel["I"] * groups and kernel["O"] % groups == 0 and inside)


def _with(node: ast.Call, keyword: str, source: Source | None) -> str:
    """The call with one more argument."""
    if source is None or len(node.args) < 2:
        return ""
    end = span(node)
    rest = source.between(*span(node.args[1])[2:], end[2], end[3] - 1).rstrip().rstrip(",")
    return "" if "{" in rest else f"{text_of(node.func, source)}({{0}}, {{1}}{rest}, {keyword})"
