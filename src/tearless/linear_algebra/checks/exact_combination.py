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
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.column_pictures import held
from tearless.linear_algebra.combinations import ENOUGH_BITS, Combinations
from tearless.linear_algebra.copies import as_equation, copy_in_words, identical
from tearless.linear_algebra.equations import Equation, in_words, slack
from tearless.linear_algebra.facts import Sample

MEND = Mend.columns
picture = held
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
EVIDENCE = "the largest miss of {rows} rows is {miss} times what rounding can leave; {bits} bits beyond chance"
WHY = "{harm}"
DO = "drop one of {columns}: one that follows from the others{unless}"


def measure(combinations: Combinations, sample: Sample, asked: Asked) -> Iterator[Measured]:
    matrix = combinations.matrix
    copies, equations = combinations.copies_and_others()
    for group in copies:
        names = [matrix.names[j] for j in sorted({j for e in group for j in e.columns})]
        yield _measured(names, copy_in_words(names), group[0], combinations.indicators(group[0].columns))
    if not combinations.found and matrix.p > 1:
        equations = [combinations.nearest]
    for equation in equations:
        text, order = in_words(equation, matrix.names)
        names = [matrix.names[j] for j in order]
        yield _measured(names, text, equation, combinations.indicators(order))
    other = [n for n in sample.frame.columns if n not in {*matrix.names, asked.target}]
    copied = identical(sample.frame, other)
    for texts in copied:
        yield _measured(texts, copy_in_words(texts), as_equation(sample.frame[texts[0]], len(other)), True)
    if not (combinations.complete or combinations.found or copied):
        raise CannotTell(f"{combinations.lacking}; no copies among them")
    if matrix.p < 2 and not copied:
        raise NotApplicable("fewer than two numeric features")


def _measured(subject: Sequence[str], text: str, equation: Equation, codes: bool) -> Measured:
    determined = "is not determined" if equation.exact else "is all but undetermined"
    return Measured(
        tuple(subject),
        {
            "miss": Number(equation.beyond_rounding, "1", "largest miss of a row over what its rounding can leave"),
            "miss_stored": Number(equation.beyond_storage, "1", "the same over what storing its cells can leave"),
            "bits": Number(round(equation.bits), "bits", "minus log2 of the chance that it holds by accident"),
            "terms": Number(len(equation.columns), "columns", "columns in the equation"),
            "quantities": Number(0 if codes else len(subject), "columns", "columns that are no 0/1 indicators or text"),
            "rows": Number(equation.rows, "rows", "rows on which it was proved"),
        },
        words={
            "equation": text,
            "how": " in every row" if equation.exact else " in every row, up to rounding of the last digit",
            "harm": f"the columns say one thing twice, so how a linear model splits their effect {determined}: its "
            "coefficients and standard errors on them are rounding noise",
            "unless": ", or fit without an intercept" if codes and len(subject) > 2 and equation.constant else "",
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
    because="A standard error a hundred times wider needs ten thousand times the rows for the same certainty.",
)
def widest_standard_error(example: Example, rng: np.random.Generator) -> float:
    """By what factor the worst coefficient's standard error grows over that of unrelated columns."""
    x = np.column_stack([np.asarray(v, dtype=float) for v in example.columns.values()])
    z = (x - x.mean(axis=0)) / x.std(axis=0) / np.sqrt(len(x))
    _, s, vt = np.linalg.svd(z, full_matrices=False)
    return float(np.sqrt(((vt.T / np.maximum(s, 1e-12)) ** 2).sum(axis=1)).max())
