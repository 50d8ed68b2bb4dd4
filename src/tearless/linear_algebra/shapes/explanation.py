"""A clash where it happened: the place in the reader's code, the layer, where the numbers came from, and the edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tearless.core import visible

from .operation import Clash, Operand, Operation
from .places import near
from .size import Shape, Size, written
from .telling import code_of, told


@dataclass(frozen=True, slots=True)
class Where:
    """A stretch of a source file. Lines count from 1, columns from 0 in characters, the end is not in it.

    ``function`` is the one that the line stands in, empty where that is not known.

    >>> where = Where("net.py", line=3, column=4, end_line=3, end_column=9, function="forward", code="x @ w")
    >>> print(where)
    net.py:3
    """

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    function: str = ""
    code: str = ""
    """The text that stands there."""

    def __str__(self) -> str:
        return f"{visible(near(self.file))}:{self.line}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of source and what to write in its place.

    >>> edit = Edit(where=Where("net.py", 3, 8, 3, 9, code="w"), new="w.T")
    >>> print(edit.where, edit.new)
    net.py:3 w.T
    """

    where: Where
    new: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an operation did not go through, where, and what mends it.

    ``layer`` is the path of the layer that asked, ``made`` where that layer is made, ``origins`` say where the numbers
    came from, a sentence each. ``edits`` go with the clash's repairs, one each; ``None`` where a repair has no place.

    >>> from .rules import results
    >>> try:
    ...     results(Operation("matmul", (Operand("x", (32, 784)), Operand("w", (10, 784)))))
    ... except Clash as clash:
    ...     print(Explanation(clash).to_text())
    shape clash: x (32, 784) has 784 on axis 1, w (10, 784) has 10 on axis 0: the
      product sums over both together, so they must be equal
        x  (32, 784)
                ^^^
        w  (10, 784)
            ^^
      rule: in a @ b the last axis of a must equal the last but one of b (its only
        one, where b is a vector)
      to mend it:
          matmul(x, w.T)
            w is kept as (out, in); gives (32, 10)
    """

    clash: Clash
    where: Where | None = None
    layer: str = ""
    layer_type: str = ""
    made: Where | None = None
    origins: tuple[str, ...] = ()
    edits: tuple[Edit | None, ...] = ()
    message: str = ""
    """What the library said."""

    def to_text(self, width: int = 80) -> str:
        """The explanation for a terminal, or for the end of a traceback: plain characters, ``width`` columns."""
        return "\n".join(told(self, width))

    def entry(self) -> dict[str, Any]:
        """What a check reads of it: plain values alone."""
        clash, operation = self.clash, self.clash.operation
        edits = [*self.edits, *[None] * len(clash.repairs)]
        repairs = [
            {
                "code": code_of(self, repair, edit),
                "at": str(edit.where) if edit else "",
                "because": repair.because,
                "loses": repair.loses,
                "gives": written(repair.gives) if repair.gives is not None else "",
            }
            for repair, edit in zip(clash.repairs, edits, strict=False)
        ]
        return {
            **(entry_of(operation) if operation else {"kind": "operation", "rule": "", "operands": []}),
            "file": self.where.file if self.where else "",
            "line": self.where.line if self.where else 0,
            "code": self.where.code if self.where else "",
            "layer": self.layer,
            "layer_type": self.layer_type,
            "origins": list(self.origins),
            "message": self.message,
            "clash": {
                "kind": clash.kind,
                "says": clash.says,
                "law": clash.law,
                "marks": [list(mark) for mark in clash.marks],
                "repairs": repairs,
            },
        }


def entry_of(operation: Operation, gives: tuple[Shape, ...] = (), **more: Any) -> dict[str, Any]:
    """An operation as an entry of the fact ``Seen``: plain values alone; sizes with names are texts.

    >>> entry = entry_of(Operation("dot", (Operand("x", (3,)), Operand("y", (3,)))), gives=((),))
    >>> entry["text"], entry["operands"][0]["shape"], entry["gives"]
    ('dot(x, y)', [3], [[]])
    """
    return {
        "kind": "operation",
        "rule": operation.rule,
        "text": str(operation),
        "operands": [_plain(one) for one in operation.operands],
        "settings": {name: str(value) for name, value in operation.settings.items()},
        "gives": [plain_sizes(shape) for shape in gives],
        "clash": None,
        **more,
    }


def _plain(operand: Operand) -> dict[str, Any]:
    return {
        "name": operand.name,
        "shape": plain_sizes(operand.shape),
        "dtype": operand.dtype,
        "device": operand.device,
        "library": operand.library,
    }


def plain_sizes(shape: Shape) -> list[int | str]:
    """A shape of plain values: sizes with names are texts.

    >>> from .size import named
    >>> plain_sizes((named("n") * 2, 3))
    ['2·n', 3]
    """

    def one(size: Size) -> int | str:
        return size if isinstance(size, int) else str(size)

    return [one(size) for size in shape]
