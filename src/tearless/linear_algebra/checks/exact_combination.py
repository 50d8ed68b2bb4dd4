"""This column is an exact combination of other columns.

## What it measures
Linear equations that hold among the numeric columns in every row: `total = a + b`, a copy in another unit, indicators
that add up to 1; and columns of any type that are copies cell by cell. The evidence is the largest miss of any row,
against what storing the cells, or rounding them to their last digit, can leave.

## Why it matters
The column adds no information, and the coefficients of a linear model are no longer determined: any share of the
effect can move from one column to the others without changing a prediction. Software then stops, drops a column
silently, or prints coefficients and standard errors that are rounding noise.

## The mathematics
Xv = c·1 for some v ≠ 0 means that XᵀX (with an intercept) is singular: with β so is β + tv a solution for every t. The
columns are standardised and factored, X = QR. A small diagonal entry of R suggests that a column lies in the span of
earlier ones. The equation is then solved for as few columns as possible, its coefficients are made clean where they
stay true, and it is proved on the rows: |Σ vⱼxᵢⱼ − c| ≤ Σ |vⱼ|·εᵢⱼ in every row i, where εᵢⱼ is what the storage of the
cell can be off (0 for whole numbers, half a unit of the 15th digit for float64, 2⁻²⁴ of the value for float32) or half
a unit of its last decimal. Among several equations the sparsest set is taken that spans the same dependencies.

## When it is wrong
An equation that holds in all rows but a few is not exact and is left to `collinear-columns`. With no more rows than
columns every column is a combination of others; only copies are looked for then. In a table of very few rows an
equation may hold by chance; the evidence says how far beyond chance it is.

## What to do
Drop one column of each equation: one that follows from the others. Of a full set of indicators drop one, or fit without
an intercept. Trees and penalised models (ridge, lasso) still predict well, but their importances and coefficients are
split among the columns arbitrarily.

## References
G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., Johns Hopkins 2013, section 5.5. N. J. Higham, *Accuracy
and Stability of Numerical Algorithms*, 2nd ed., SIAM 2002, chapters 3 and 20.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tearless.core import (
    Asked,
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    columns_renamed,
    fooled,
    harm,
    healthy,
    listed,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.combinations import ENOUGH_BITS, Combinations
from tearless.linear_algebra.copies import as_codes, identical
from tearless.linear_algebra.equations import Equation, in_words, slack, surprise
from tearless.linear_algebra.facts import Sample
from tearless.linear_algebra.search import components

MEND = Mend.columns
SAME_UNDER = (rows_shuffled, columns_renamed)

HOLDS = Limit(
    of="miss",
    at=lambda rows, terms: slack(rows, terms),
    crossed="below",
    unit="times the rounding",
    kind="derived",
    severity=Severity.warning,
    because="By the triangle inequality no row misses a true equation by more than the sum of its cells' rounding: 1. "
    "The coefficients are fitted to rounded cells, which adds about 2·√(terms/rows).",
)
EXACT = Limit(
    of="miss_stored",
    at=lambda rows, terms: slack(rows, terms),
    crossed="below",
    unit="times the storage rounding",
    kind="derived",
    severity=Severity.error,
    because="Within the rounding of storage alone the table has one rank less in its own arithmetic: the coefficients "
    "of a linear model are then not determined at all.",
)
QUANTITIES = Limit(
    of="quantities",
    at=1.0,
    unit="columns",
    kind="convention",
    severity=Severity.error,
    because="Where every column of the equation is a 0/1 indicator (a full one-hot set) or text, it is a way of coding "
    "that leaving out one column or the intercept cures: a warning.",
)
BEYOND_CHANCE = Limit(
    of="bits",
    at=ENOUGH_BITS,
    unit="bits",
    kind="derived",
    because="2⁻²⁰ is a chance of one in a million, over all sets of so many columns, that the equation held in these "
    "rows by accident. Two coin flips agree in all of ten rows once in five hundred tables.",
)

HEADLINE = "{equation}{how}"
EVIDENCE = (
    "no row of {rows} misses by more than {miss} times what rounding its cells can leave; {bits} bits beyond chance"
)
WHY = "{harm}"
DO = "drop one of {columns}: one that follows from the others{unless}"


def measure(combinations: Combinations, sample: Sample, asked: Asked) -> Iterator[Measured]:
    matrix, known = combinations.matrix, set(combinations.matrix.names)
    copied, equations = _copies(combinations.found)
    for group in copied:
        yield _copied(combinations, [matrix.names[j] for j in sorted({j for e in group for j in e.columns})], group)
    for equation in equations:
        yield _measured(combinations, equation)
    others = [n for n in sample.frame.columns if n != asked.target and n not in known]
    texts = identical(sample.frame, others)
    for group_of_names in texts:
        yield _copied_texts(sample, group_of_names, len(others))
    if not combinations.found and not texts:
        if not combinations.complete:
            raise CannotTell(
                f"{matrix.p:,} columns need more than {matrix.n:,} complete rows; only copies were looked for: none"
            )
        if matrix.p < 2:
            raise NotApplicable("fewer than two numeric features")
        yield _measured(combinations, combinations.nearest)


def _copies(found: Sequence[Equation]) -> tuple[list[list[Equation]], list[Equation]]:
    """Equations of the form ``a = b``, those of one set of copies together; and the other equations."""
    same = [e for e in found if len(e.columns) == 2 and e.constant == 0 and e.coefficients.sum() == 0]
    return components(same), [e for e in found if all(e is not s for s in same)]


def _copied(combinations: Combinations, names: list[str], group: list[Equation]) -> Measured:
    worst = max(group, key=lambda e: e.beyond_rounding)
    indicators = _indicators(combinations, worst.columns)
    return _said(tuple(names), _copy_words(names), worst, len(names) - len(names) * indicators)


def _copied_texts(sample: Sample, names: Sequence[str], among: int) -> Measured:
    step = 1 + sample.rows // 4_096
    codes = as_codes(sample.frame[names[0]].gather_every(step))
    bits = surprise(np.column_stack([codes, codes]), 1.0, among)
    pair = Equation((0, 1), np.array([1.0, -1.0]), 0.0, 0.0, 0.0, bits, sample.rows)
    return _said(tuple(names), _copy_words(names), pair, 0)


def _copy_words(names: Sequence[str]) -> str:
    return f"{listed(names[1:])} {'is a copy' if len(names) == 2 else 'are copies'} of {quoted(names[0])}"


def _measured(combinations: Combinations, equation: Equation) -> Measured:
    names = combinations.matrix.names
    text, order = in_words(equation, names)
    indicators = _indicators(combinations, equation.columns)
    return _said(tuple(names[j] for j in order), text, equation, len(order) * (1 - indicators))


def _indicators(combinations: Combinations, columns: Sequence[int]) -> bool:
    x = combinations.matrix.values
    return all(bool(((x[:, j] == 0) | (x[:, j] == 1)).all()) for j in columns)


def _said(subject: tuple[str, ...], text: str, equation: Equation, quantities: int) -> Measured:
    indicators = quantities == 0
    determined = "is all but undetermined" if not equation.exact else "is not determined"
    return Measured(
        subject,
        {
            "miss": Number(
                equation.beyond_rounding, "1", "largest miss of any row over what rounding its cells can leave"
            ),
            "miss_stored": Number(equation.beyond_storage, "1", "the same over what storing its cells can leave"),
            "bits": Number(
                round(equation.bits), "bits", "minus log2 of the chance that it holds in these rows by accident"
            ),
            "terms": Number(len(equation.columns), "columns", "columns in the equation"),
            "quantities": Number(
                quantities, "columns", "columns in the equation where they are more than 0/1 indicators"
            ),
            "rows": Number(equation.rows, "rows", "rows on which it was proved"),
        },
        words={
            "equation": text,
            "how": " in every row" if equation.exact else " in every row, up to rounding of the last digit",
            "harm": f"the columns say one thing twice, so how a linear model splits their effect {determined}: its "
            "coefficients and standard errors on them are rounding noise",
            "unless": ", or fit without an intercept" if indicators and len(equation.columns) > 2 else "",
        },
    )


@healthy
def unrelated(rng: np.random.Generator) -> Example:
    return Example({name: rng.normal(size=200) for name in "abcd"})


@healthy
def a_sum_with_noise(rng: np.random.Generator) -> Example:
    a, b = rng.normal(size=(2, 300))
    return Example({"a": a, "b": b, "about": a + b + 0.3 * rng.normal(size=300)})


@fooled("silent", "in so few rows a true equation between two indicators could as well be chance")
def two_coins_in_few_rows(rng: np.random.Generator) -> Example:
    coin = rng.permutation(np.repeat([0, 1], 4))
    return Example({"a": coin, "b": 1 - coin, "x": rng.normal(size=8)})


@sick
def a_total(rng: np.random.Generator) -> Example:
    a, b = rng.gamma(2, 50, size=(2, 300))
    return Example({"a": a, "b": b, "total": a + b})


@sick
def two_units(rng: np.random.Generator) -> Example:
    fahrenheit = rng.normal(60, 20, 200)
    return Example({"fahrenheit": fahrenheit, "celsius": (fahrenheit - 32) / 1.8, "x": rng.normal(size=200)})


@sick
def prices_in_cents(rng: np.random.Generator) -> Example:
    net = np.round(rng.lognormal(3, 1, 400), 2)
    return Example({"net": net, "tax": np.round(0.19 * net, 2), "x": rng.normal(size=400)})


@sick
def every_level_of_a_category(rng: np.random.Generator) -> Example:
    level = rng.integers(0, 4, 300)
    return Example({f"level {k}": level == k for k in range(4)} | {"x": rng.normal(size=300)})


@sick
def six_columns_no_pair_alike(rng: np.random.Generator) -> Example:
    parts = {f"part {i}": rng.normal(size=500) for i in range(5)}
    return Example(parts | {"whole": sum(parts.values())})


@fooled("silent", "one wrong cell in a column of totals, and the equation is no longer exact")
def a_total_with_one_slip(rng: np.random.Generator) -> Example:
    a, b = rng.gamma(2, 50, size=(2, 300))
    return Example({"a": a, "b": b, "total": a + b + 30 * (np.arange(300) == 7)})


@harm(
    unit="times wider standard error",
    at=100.0,
    because="At a hundred times the standard error a coefficient needs ten thousand times the rows for the same "
    "certainty, which nobody has.",
)
def widest_standard_error(example: Example, rng: np.random.Generator) -> float:
    """By what factor the worst coefficient's standard error grows over that of unrelated columns."""
    x = np.column_stack([np.asarray(v, dtype=float) for v in example.columns.values()])
    z = (x - x.mean(axis=0)) / x.std(axis=0) / math.sqrt(len(x))
    _, s, vt = np.linalg.svd(z, full_matrices=False)
    return float(np.sqrt(((vt.T / np.maximum(s, 1e-12)) ** 2).sum(axis=1)).max())
