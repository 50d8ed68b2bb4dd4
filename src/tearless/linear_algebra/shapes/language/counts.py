"""What a product costs: its multiply-adds, from the shapes alone."""

from __future__ import annotations

import math

from tearless.linear_algebra.shapes.operation import Operation
from tearless.linear_algebra.shapes.size import Shape, Size, product


def multiply_adds(operation: Operation, gives: tuple[Shape, ...]) -> Size | None:
    """The multiply-adds of a product, a linear layer or a convolution; ``None`` for what is none.

    >>> from tearless.linear_algebra.shapes import Operand
    >>> multiply_adds(Operation("matmul", (Operand("x", (32, 784)), Operand("w", (784, 10)))), ((32, 10),))
    250880
    """
    shapes, out = operation.shapes, product(gives[0]) if gives else 0
    match operation.rule:
        case "matmul" | "mm" | "bmm" | "mv" | "dot" | "inner":
            return out * shapes[0][-1] if shapes[0] else out
        case "addmm" | "addbmm" | "addmv" | "baddbmm":
            return out * shapes[1][-1]
        case "vdot":
            return product(shapes[0])
        case "outer" | "kron":
            return out
        case "linear":
            return out * shapes[1][-1]
        case "conv":
            return out * product(shapes[1][1:])
        case "conv_transpose":
            return product(shapes[0]) * product(shapes[1][1:])
        case "tensordot":
            return _root(product(shapes[0]) * product(shapes[1]) * out)
        case "einsum":
            return _einsum(operation)
    return None


def _root(size: Size) -> Size | None:
    """(free a · summed)(free b · summed)(free a · free b) is the square of the number of multiply-adds."""
    if not isinstance(size, int):
        return None
    root = math.isqrt(size)
    return root if root * root == size else None


def _einsum(operation: Operation) -> Size | None:
    """The product of the sizes of all letters; where there are letters alone and two operands."""
    equation = str(operation.settings.get("equation", ""))
    inputs = equation.replace(" ", "").split("->")[0].split(",")
    if "." in equation or len(inputs) != len(operation.shapes) or len(inputs) < 2:
        return None
    sizes: dict[str, Size] = {}
    for letters, shape in zip(inputs, operation.shapes, strict=True):
        for letter, size in zip(letters, shape, strict=False):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    return product(sizes.values())
