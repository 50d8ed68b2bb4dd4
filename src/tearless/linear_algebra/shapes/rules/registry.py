"""The rules by name: each takes an operation and gives the shapes of its results, or raises ``Clash``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.size import Shape

Rule: TypeAlias = Callable[[Operation], tuple[Shape, ...]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Make a function known as the rule of its name (``scatter_`` stands for a name that Python keeps)."""
    RULES[function.__name__.rstrip("_")] = function
    return function


def results(operation: Operation) -> tuple[Shape, ...]:
    """The shapes that an operation gives. Raises ``Clash``, which knows its operation; ``KeyError`` for no such rule.

    >>> from tearless.linear_algebra.shapes import Operand
    >>> results(Operation("matmul", (Operand("x", (32, 784)), Operand("w", (784, 10)))))
    ((32, 10),)
    """
    try:
        return RULES[operation.rule](operation)
    except Clash as clash:
        raise clash.of(operation) from None
