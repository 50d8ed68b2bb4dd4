"""Made-up entries of the fact ``Seen``, for the examples of checks."""

from __future__ import annotations

from tearless.core import Example

from .explanation import Explanation, entry_of
from .operation import Clash, Kind, Operand, Operation, Repair
from .seen import as_example


def product_of(x: Operand, w: Operand, kind: Kind, says: str, law: str, repair: Repair) -> Example:
    """``x @ w`` of shapes that fit: gone through where both are alike, else refused for a clash of this kind.

    >>> x, w = Operand("x", (4, 3), "float64"), Operand("w", (3, 2), "float32")
    >>> example = product_of(x, w, "dtype", "x is float64, w is float32", "both have one type", Repair("w stays"))
    >>> '"says": "x is float64, w is float32"' in example.columns["entry"][0]
    True
    """
    operation = Operation("matmul", (x, w))
    if (x.dtype, x.device) == (w.dtype, w.device):
        return as_example([entry_of(operation, ((*x.shape[:-1], *w.shape[1:]),))])
    return as_example([Explanation(Clash(says, law, (), lambda: [repair], kind).of(operation)).entry()])
