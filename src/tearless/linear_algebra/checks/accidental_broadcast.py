"""This operation stretched both of its operands against each other, though nobody wrote an axis for it.

## What it measures
Operations that work entry by entry (a − b, a == b, a loss) on two arrays of different rank, where a size n stands once
in either and twice in the result: (n, 1) against (n,) gives (n, n). The numbers in the result for each number in the
larger operand are the evidence.

## Why it matters
Nothing is raised. A loss that should compare each prediction with its own target compares it with every target: the
model learns the mean of the targets. An accuracy computed so is the chance that two random rows agree, a weighted sum
is the product of two sums, and the spread of residuals is that of two variables that have nothing in common.

## The mathematics
(1/n²) Σ_ij (f_i − y_j)² = (1/n) Σ_i (f_i − ȳ)² + Var(y), exactly. The derivative by f_i is (2/n)(f_i − ȳ): that of
fitting every prediction to the mean ȳ, and Var(y) remains whatever the model does. The mean of f_i == y_j over all
pairs is Σ_c p_c q_c, with p and q the shares of each class: it does not depend on which row is which. In the same way
Σ_ij a_i b_j = Σ_i a_i · Σ_j b_j, and the variance of all a_i − b_j is Var(a) + Var(b). The mean of all a_i − b_j alone
is that of a_i − b_i. The result holds n² numbers instead of n.

## When it is wrong
A table of all pairs is meant in kernels, distances and attention. Who means it writes the axis: `a[:, None] - b[None]`,
two shapes of one rank, which are left alone, as is an axis put in by hand in the same statement. A column that reaches
the line with its axis already there, and is meant to meet a row, is taken for an accident.

## What to do
Bring both to one shape before the operation: `a.squeeze(-1)`, or `b[:, None]`.

## References
C. R. Harris et al., *Array programming with NumPy*, Nature 585 (2020), 357-362, on broadcasting. PyTorch documentation,
*Broadcasting semantics*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.linear_algebra.shapes import Operand, Operation, Shape, named, results
from tearless.linear_algebra.shapes.clash_words import place
from tearless.linear_algebra.shapes.explanation import entry_of
from tearless.linear_algebra.shapes.operation import atom
from tearless.linear_algebra.shapes.pairs import Sized, consequence, paired, result_of, times_larger
from tearless.linear_algebra.shapes.seen import Seen, as_example

MEND = Mend.contract

PAIRS = Limit(
    of="times",
    at=2,
    unit="times",
    kind="derived",
    because="Entry by entry, two arrays of n samples give n numbers. More come only where both are stretched, and then "
    "at least twice as many: there is no size between 1 and 2.",
)
UNWRITTEN = Limit(
    of="unwritten",
    at=1,
    unit="operations",
    kind="derived",
    severity=Severity.warning,
    because="The axis that makes the pairs was added by the rule of broadcasting, since the ranks differ; an axis that "
    "is meant stands in the code.",
)
REDUCED = Limit(
    of="reduced",
    at=1,
    unit="reductions",
    kind="derived",
    severity=Severity.error,
    because="A mean or sum over all pairs does not depend on which sample is which: of two columns, it is that of "
    "random pairs of their rows.",
)

HEADLINE = "`{code}`{place} makes {result} of {left} and {right}: {times} times as many numbers as samples"
EVIDENCE = "{left_name} {left} and {right_name} {right} give {result}{into}"
WHY = "{why}"
DO = "bring both to one shape: `{column}.squeeze(-1)` in place of `{column}`"


def measure(seen: Seen) -> Iterator[Measured]:
    found = [one for one in seen.operations() if _is_pair(one)]
    for entry in found:
        yield _measured(entry)


def _is_pair(entry: Mapping[str, Any]) -> bool:
    """Whether two arrays meet entry by entry; sizes with names are texts."""
    return entry["rule"] == "broadcast" and not entry["clash"] and len(entry["operands"]) == 2


def _measured(entry: Mapping[str, Any]) -> Measured:
    one, other = (_shape(operand) for operand in entry["operands"])
    size = paired(one, other)
    reduction = str(entry.get("reduced") or "")
    names = [visible(operand["name"], 40).replace("`", "ʼ") for operand in entry["operands"]]
    column = names[0] if len(one) > len(other) else names[1]
    plain = all(isinstance(n, int) for n in (*one, *other))
    least = "" if plain else ", at least, where a name stands for 2 or more"
    of = "numbers in the result for each of the larger operand"
    return Measured(
        (),
        {
            "times": Number(times_larger(one, other), "times", f"{of}{least}"),
            "unwritten": Number(
                int(size != 0 and not entry.get("explicit")), "operations", "whose axis of pairs is not in the code"
            ),
            "reduced": Number(
                int(bool(reduction) and size != 0 and not entry.get("explicit")),
                "reductions",
                "means or sums over all pairs",
            ),
            "samples": Number(size if isinstance(size, int) else None, "samples", "samples that meet every other"),
        },
        words={
            "code": visible(entry.get("text") or "", 60).replace("`", "ʼ"),
            "place": place(entry),
            "left": result_of(one, one),
            "right": result_of(other, other),
            "left_name": names[0],
            "right_name": names[1],
            "result": result_of(one, other),
            **({} if isinstance(size, int) else {"times": size}),
            "into": f", and {visible(reduction, 20)} takes all of them" if reduction else "",
            "column": atom(column),
            "why": _why(entry, names, (one, other)),
        },
    )


def _shape(operand: Mapping[str, Any]) -> Sized:
    return tuple(operand["shape"])


def _why(entry: Mapping[str, Any], names: list[str], shapes: tuple[Sized, Sized]) -> str:
    symbol = str(entry.get("settings", {}).get("symbol") or "")
    into = str(entry.get("reduced") or ""), str(entry.get("by") or ""), bool(entry.get("learnt"))
    return consequence((names[0], names[1]), shapes, symbol, into)


def _difference(one: Shape, other: Shape, **more: Any) -> Example:
    operation = Operation("broadcast", (Operand("pred", one), Operand("y", other)), {"symbol": "-"})
    return as_example([{**entry_of(operation, results(operation)), "text": "pred - y", **more}])


@healthy
def one_shape(rng: np.random.Generator) -> Example:
    n = int(rng.integers(2, 500))
    return _difference((n, 1), (n, 1), reduced="mean")


@healthy
def a_bias(rng: np.random.Generator) -> Example:
    return _difference((int(rng.integers(2, 500)), 5), (5,))


@healthy
def all_pairs_written(rng: np.random.Generator) -> Example:
    n = int(rng.integers(2, 500))
    return _difference((n, 1), (1, n))


@healthy
def an_outer_sum(rng: np.random.Generator) -> Example:
    return _difference((3, 1), (int(rng.integers(4, 90)),))


@sick
def column_against_vector(rng: np.random.Generator) -> Example:
    n = int(rng.integers(2, 500))
    return _difference((n, 1), (n,), reduced="mean")


@sick
def vector_against_column(rng: np.random.Generator) -> Example:
    n = int(rng.integers(2, 500))
    return _difference((n,), (n, 1))


@sick
def a_named_size(rng: np.random.Generator) -> Example:
    name = (named("n"), 2 * named("k"))[int(rng.integers(2))]
    return _difference((name, 1), (name,), reduced="mean")


@fooled("fires", "a column made lines before, to meet a row on purpose, looks like one that was left by accident")
def a_kernel_on_purpose(rng: np.random.Generator) -> Example:
    return _difference((40, 1), (40,))
