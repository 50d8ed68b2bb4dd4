"""``view`` of a tensor whose numbers do not lie one after another in memory."""

from __future__ import annotations

import ast

from tearless.integrations.shapes.source.frames import Source, span
from tearless.linear_algebra.shapes import Clash, Operation, Repair

from .found import Found
from .inferring import rule_results


def not_in_a_row(found: Found, operation: Operation, source: Source | None, text: str) -> Clash | None:
    """``view`` of a tensor whose numbers do not lie in its order."""
    node = found.node
    if "view size is not compatible" not in text or not isinstance(node, ast.Call) or source is None:
        return None
    array = operation.operands[0]
    rest = source.between(*span(node.func)[2:], *span(node)[2:])
    copied = [] if "{" in rest else [f"{{0}}.reshape{rest}"]
    gives = (rule_results(operation) or (None,))[0]
    because = "reshape copies the numbers into their new order"
    repairs = [Repair(because, gives, text=one) for one in copied]
    says = f"{array} does not lie in one row in memory, which view needs"
    marks = tuple((0, axis) for axis in range(len(array.shape)))
    return Clash(says, "view looks at the same memory in another shape", marks, lambda: repairs, "shape", operation)
