"""The algebra of shapes: what an operation on arrays gives; or which axes clash, and what mends it."""

from __future__ import annotations

from .drawing import drawn
from .explanation import Edit, Explanation, Where
from .operation import Clash, Operand, Operation, Place, Repair
from .rules import RULES, results
from .size import Named, Shape, Size, known, named, product, written

__all__ = [
    "RULES",
    "Clash",
    "Edit",
    "Explanation",
    "Named",
    "Operand",
    "Operation",
    "Place",
    "Repair",
    "Shape",
    "Size",
    "Where",
    "drawn",
    "known",
    "named",
    "product",
    "results",
    "written",
]
