"""The affine map of a layer, x @ w + b, and in words which axis clashes when it will not multiply.

A table is (samples, features): each row a sample. The layer takes the last axis of x, so x (samples, in), w (in, out)
and b (out,) give (samples, out). PyTorch's ``nn.Linear`` keeps its weight as (out, in) and multiplies by the transpose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tearless.core import InputError

from .arrays import Array, arrays
from .shapes import Clash, Operand, Operation, Place, results, written

Shape = tuple[int, ...]
MOST_REPAIRS = 3
_CUT = re.compile(r":\w")


@dataclass(frozen=True, slots=True)
class ShapeReport:
    """Whether x @ w + b fits, in words.

    Made by ``shape_report``.
    """

    fits: bool
    output: Shape | None
    """Shape of the result; None where there is none."""
    says: str
    """One sentence: what meets what, or which axis clashes."""
    repairs: tuple[str, ...]
    """Changes that make it fit, each as code with the shape it gives; the likeliest first."""

    def __str__(self) -> str:
        return "\n".join([self.says, *(f"  try {repair}" for repair in self.repairs)])


def layer(x: Array, w: Array, b: Array | None = None) -> Array:
    """x @ w + b.

    Shapes ``(..., in)``, ``(in, out)`` and ``(out,)`` or a single number to ``(..., out)``. NaN and inf pass through.
    Differentiable. The error of each entry is at most about in·u·Σ|xᵢwᵢ|. Raises ``InputError`` with the
    ``shape_report`` where the shapes do not meet; a bias that would only fit by broadcasting over samples is refused
    too.

    >>> layer([[1.0, 2.0]], [[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]], [10.0, 20.0, 30.0]).tolist()
    [[11.0, 22.0, 38.0]]
    """
    named = {"x": x, "w": w} if b is None else {"x": x, "w": w, "b": b}
    _, x, w, *rest = arrays(empty=True, **named)
    report = shape_report(x, w, *rest)
    if not report.fits:
        raise InputError(f"x, w, b: expected shapes that meet; {report}")
    out = x @ w
    return out + rest[0] if rest else out


def shape_report(x: Any, w: Any, b: Any = None) -> ShapeReport:
    """Does x @ w + b fit; if not, which axis clashes, and what mends it.

    Each of x, w, b is an array or a shape. Nothing is computed. Raises ``InputError`` for what has no shape.

    >>> print(shape_report((32, 784), (10, 784)))
    x (32, 784) has 784 features on its last axis, w (10, 784) takes 10: they must be equal
      try x @ w.T, giving (32, 10): w is kept as (out, in), as PyTorch's nn.Linear keeps it
    >>> shape_report((32, 784), (784, 10), (10,)).output
    (32, 10)
    """
    x, w = _shape(x, "x"), _shape(w, "w")
    b = None if b is None else _shape(b, "b")
    if len(x) < 1 or len(w) != 2:
        thing = f"w {w} has {len(w)} axes" if len(w) != 2 else "x is a single number"
        return ShapeReport(False, None, f"{thing}: expected x (samples, in) and w (in, out)", _lone(x, w))
    operation = Operation("matmul", (Operand("x", x), Operand("w", w)), parts=(Place(0), " @ ", Place(1)))
    try:
        results(operation)
    except Clash as clash:
        says = f"x {x} has {x[-1]} features on its last axis, w {w} takes {w[0]}: they must be equal"
        return ShapeReport(False, None, says, tuple(_repairs(operation, clash, x, w)))
    output = (*x[:-1], w[1])
    if b is not None and b not in ((), (1,), (w[1],)):
        says = f"b {b} does not meet the {w[1]} outputs of w {w}: expected one number an output, ({w[1]},)"
        return ShapeReport(False, None, says, tuple(_biases(b, w[1])))
    sample = ": x is one sample, not a batch" if len(x) == 1 else ""
    plus = "" if b is None else f" + b {b}"
    return ShapeReport(True, output, f"x {x} @ w {w}{plus} gives {output}{sample}", ())


def _repairs(operation: Operation, clash: Clash, x: Shape, w: Shape) -> Iterator[str]:
    """What the rule of the product offers, but for what leaves entries out: a layer knows the usual reasons of that."""
    kept = [repair for repair in clash.repairs if repair.operands and not _CUT.search(operation.mended(repair))]
    for repair in kept[:MOST_REPAIRS]:
        code = operation.mended(repair)
        as_torch = ", as PyTorch's nn.Linear keeps it" if code == "x @ w.T" else ""
        yield f"{code}, giving {written(repair.gives or ())}: {repair.because}{as_torch}"
    for axis in range(2, len(x) - 1):
        if math.prod(x[axis:]) == w[0]:
            lead = "".join(f"{n}, " for n in x[:axis])
            gives = (*x[:axis], w[1])
            yield f"x.reshape({lead}-1) @ w, giving {gives}: axes flattened into one of {w[0]} features"
    if x[-1] == w[0] + 1:
        yield "leaving one column of x out: is the target, an index or a column of ones among them?"
    if x[-1] + 1 == w[0]:
        yield "adding the column of x that w expects: was an intercept or a feature left out?"


def _biases(b: Shape, outputs: int) -> list[str]:
    if math.prod(b) == outputs:
        return [f"b.reshape(-1), giving ({outputs},): as {b} it would be added along the samples"]
    if outputs == 1 and len(b) == 1:
        return ["b of one number: a longer one would make an output of each"]
    return []


def _lone(x: Shape, w: Shape) -> tuple[str, ...]:
    if len(w) == 1 and x and x[-1] == w[0]:
        return (f"w[:, None], giving {(*x[:-1], 1)}: one output",)
    if not x:
        return ("x[None], a vector of one number",)
    return ()


def _shape(x: Any, name: str) -> Shape:
    if isinstance(x, tuple) and all(isinstance(n, int) and n >= 0 for n in x):
        return x
    if not hasattr(x, "shape"):
        raise InputError(f"{name}: expected an array or a shape such as (32, 784), got {type(x).__name__}; give one")
    return tuple(int(n) for n in x.shape)
