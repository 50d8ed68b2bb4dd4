"""This operation takes arrays whose types of numbers do not fit one another.

## What it measures
The type of every operand of an operation that was refused for it: which operand is float64 among float32, an integer
where numbers with a fraction are needed, or a fraction where an index is.

## Why it matters
The operation raises an error, or an assignment in place would drop what the narrower type cannot hold.

## The mathematics
A result has the narrowest type that holds both operands. A product of matrices and a layer take one type alone, since
what they would convert is a whole matrix. An index, a class or a token is a whole number: 3.7 is none. float32 holds
every whole number up to 2²⁴, float16 up to 2¹¹, and none beyond without gaps.

## When it is wrong
Types may differ on purpose (mixed precision): there the library converts inside `autocast`, and nothing is refused.

## What to do
Convert once, where the array is made: `torch.from_numpy(x).float()`, `torch.tensor(x, dtype=torch.float32)`, labels by
`.long()`; NumPy's default is float64, PyTorch's float32.

## References
PyTorch documentation, *Tensor Attributes: type promotion*. NumPy documentation, *Data type promotion* (NEP 50). IEEE
Std 754-2019, table 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.shapes import Operand, Repair
from tearless.linear_algebra.shapes.clash_words import clash_words
from tearless.linear_algebra.shapes.made import product_of
from tearless.linear_algebra.shapes.seen import Seen

MEND = Mend.contract

REFUSED = Limit(
    of="refused",
    at=1,
    unit="operations",
    kind="derived",
    severity=Severity.error,
    because="The types of an operation are allowed together or they are not; one operation that is refused ends the "
    "program at its line.",
)

HEADLINE = "{says}{place}"
EVIDENCE = "{refused} operation is refused for the types of its numbers: {law}{origins}"
WHY = "the operation raises an error each time it is reached with these types"
DO = "{repair}"


def measure(seen: Seen) -> Iterator[Measured]:
    none: list[dict[str, Any] | None] = [None]
    for entry in seen.clashes("dtype") or none:
        known = {one["dtype"] for one in entry["operands"] if one["dtype"]} if entry else set()
        yield Measured(
            (),
            {
                "refused": Number(1 if entry else 0, "operations", "operations refused for the types they take"),
                "types": Number(len(known) if entry else None, "types", "different types among the operands"),
            },
            words=clash_words(entry or {"clash": None}),
        )


LAW = "a product of matrices takes operands of one type"


def _product(x: str, w: str) -> Example:
    one, other = (Operand(n, s, t, "cpu", "torch") for n, s, t in (("x", (32, 784), x), ("w", (784, 10), w)))
    repair = Repair("the weights keep their type", (32, 10), {0: "{}.to(w.dtype)"})
    return product_of(one, other, "dtype", f"x is {x}, w is {w}: they must be of one type", LAW, repair)


@healthy
def one_type(rng: np.random.Generator) -> Example:
    return _product("float32", "float32")


@sick
def a_table_of_doubles(rng: np.random.Generator) -> Example:
    return _product("float64", "float32")


@sick
def tokens_in_a_product(rng: np.random.Generator) -> Example:
    return _product("int64", "float32")


@fooled("silent", "a conversion that loses digits raises nothing where the library does it: only a refusal is seen")
def a_silent_conversion(rng: np.random.Generator) -> Example:
    return _product("float32", "float32")
