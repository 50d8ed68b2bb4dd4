"""This operation takes arrays whose shapes do not fit one another.

## What it measures
Each operation seen, by its rule: which axes of which operands must be equal, or one of them 1, and are not. The sizes
are those of the arrays at the line, of an expression, or of a model traced without data.

## Why it matters
The operation raises an error, in the best case at the first batch, in the worst at the last and smallest one of an
epoch, or at the first evaluation, hours into the run.

## The mathematics
A product (…, n, k) · (…, k, m) sums over k: both must have it. Entry by entry, shapes are laid beside one another from
the right, and of two sizes on an axis both are equal or one is 1. A change of shape keeps the number of entries. A
convolution of kernel k, padding p, stride s and dilation d leaves ⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1 of n; a layer that
follows must be made for what that gives.

## When it is wrong
It repeats what the library says of an operation whose rule is not known here; the axes are then not marked. Code that
tries shapes on purpose and catches the error is right to do so, and is not seen where it catches it.

## What to do
The repair that is named lets the operation through; whether it is the meant one, the reader knows: a transposed weight,
a forgotten batch axis and a layer made for another size look the same to the rule.

## References
C. R. Harris et al., *Array programming with NumPy*, Nature 585 (2020), 357-362, on broadcasting. V. Dumoulin, F. Visin,
*A guide to convolution arithmetic for deep learning*, arXiv:1603.07285 (2016), section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.shapes import Clash, Operand, Operation, results
from tearless.linear_algebra.shapes.clash_words import clash_words
from tearless.linear_algebra.shapes.explanation import Explanation, entry_of
from tearless.linear_algebra.shapes.seen import Seen, as_example

MEND = Mend.contract

REFUSED = Limit(
    of="refused",
    at=1,
    unit="operations",
    kind="derived",
    severity=Severity.error,
    because="The rule of an operation is met or it is not; one operation that is refused ends the program at its line.",
)

HEADLINE = "{says}{place}"
EVIDENCE = "{refused} operation is refused, {by}: {law}{origins}"
WHY = "the operation raises an error each time it is reached with these shapes"
DO = "{repair}"


def measure(seen: Seen) -> Iterator[Measured]:
    none: list[dict[str, Any] | None] = [None]
    for entry in seen.clashes("shape") or none:
        yield _measured(entry)


def _measured(entry: dict[str, Any] | None) -> Measured:
    marks = entry["clash"]["marks"] if entry else []
    return Measured(
        (),
        {
            "refused": Number(1 if entry else 0, "operations", "operations that their rule does not let through"),
            "axes": Number(len(marks), "axes", "axes that do not fit, over all operands"),
            "operands": Number(len(entry["operands"]) if entry else None, "operands", "operands it takes"),
        },
        words={**clash_words(entry or {"clash": None}), "by": _by(len(marks))},
    )


def _by(axes: int) -> str:
    if axes == 0:
        return "as a whole"
    return "by one axis that does not fit" if axes == 1 else f"by {axes} axes that do not fit"


def _product(x: tuple[int, ...], w: tuple[int, ...]) -> Example:
    operation = Operation("matmul", (Operand("x", x, "float32"), Operand("w", w, "float32")))
    try:
        return as_example([entry_of(operation, results(operation))])
    except Clash as clash:
        return as_example([Explanation(clash).entry()])


@healthy
def a_layer_that_fits(rng: np.random.Generator) -> Example:
    n, m = map(int, rng.integers(2, 500, 2))
    return _product((32, n), (n, m))


@sick
def a_weight_kept_transposed(rng: np.random.Generator) -> Example:
    n = int(rng.integers(20, 500))
    return _product((32, n), (n // 2, n))


@sick
def nothing_in_common(rng: np.random.Generator) -> Example:
    return _product((32, 7), (int(rng.integers(8, 90)), 5))


@fooled("silent", "a square weight fits either way: which axis is input and which output cannot be told from shapes")
def a_square_weight_transposed(rng: np.random.Generator) -> Example:
    return _product((32, 64), (64, 64))
