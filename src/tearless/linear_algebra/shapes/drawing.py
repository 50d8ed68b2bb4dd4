"""A clash drawn on its operands, in plain characters of one width: the clashing sizes stand over carets."""

from __future__ import annotations

from tearless.core import visible

from .operation import Clash, Operand, Operation

LONGEST_NAME = 40


def drawn(clash: Clash) -> str:
    """The operands below one another, the axes that clash marked.

    >>> from .operation import Operand, Operation
    >>> from .rules import results
    >>> try:
    ...     results(Operation("matmul", (Operand("x", (32, 784), "float32"), Operand("w", (10, 784), "float32"))))
    ... except Clash as clash:
    ...     print(drawn(clash))
    x  (32, 784)  float32
            ^^^
    w  (10, 784)  float32
        ^^
    """
    if clash.operation is None:
        return ""
    names = [visible(one.name, LONGEST_NAME) for one in clash.operation.operands]
    wide = max(map(len, names), default=0)
    rights = _rights(clash.operation)
    lines = []
    for i, (one, name) in enumerate(zip(clash.operation.operands, names, strict=True)):
        axes = {axis for operand, axis in clash.marks if operand == i}
        shape, carets = _shape(one, axes)
        pad = " " * rights[i]
        about = "  ".join(word for word in (visible(one.dtype), visible(one.device)) if word)
        lines.append(f"{name.ljust(wide)}  {pad}{shape}  {about}".rstrip())
        if axes:
            lines.append((" " * (wide + 2) + pad + carets).rstrip())
    return "\n".join(lines)


def _shape(operand: Operand, axes: set[int]) -> tuple[str, str]:
    """The shape as written, and the line of carets under it."""
    shape, carets = "(", " "
    for axis, size in enumerate(operand.shape):
        text = str(size)
        shape += text
        carets += ("^" if axis in axes else " ") * len(text)
        last = axis == len(operand.shape) - 1
        end = (",)" if len(operand.shape) == 1 else ")") if last else ", "
        shape += end
        carets += " " * len(end)
    return (shape if operand.shape else "()"), carets


def _rights(operation: Operation) -> list[int]:
    """Blanks before each shape: operands that meet entry by entry stand flush right."""
    lengths = [len(_shape(one, set())[0]) for one in operation.operands]
    flush = operation.rule == "broadcast"
    return [max(lengths) - length if flush else 0 for length in lengths]
