"""This table is so ill-conditioned that solving with it loses the digits of the coefficients.

## What it measures
The decimal digits of the least-squares coefficients that survive, in the arithmetic of the table (float32 where every
float column is float32, else float64), by three routes: the normal equations XᵀXβ = Xᵀy with an intercept as the
table stands, QR of the same matrix, and QR after standardising the columns.

## Why it matters
The textbook formula (XᵀX)⁻¹Xᵀy and many fast solvers square the condition number. Digits that are lost are lost
silently: the coefficients still look like numbers.

## The mathematics
A backward stable solve errs by about κ·u relative to the solution, so −log₁₀(κ·u) digits survive. For QR κ = κ(X);
the normal equations form XᵀX first, with κ(XᵀX) = κ(X)². Both are blind to the units of the columns, so X is taken
with all columns scaled to length 1, the intercept among them (van der Sluis: within √p of the best scaling): units
alone do not raise this number, but an offset that is large against the spread does, as the column is then nearly a
multiple of the intercept. Standardising takes the offset away; what is left is collinearity. Where a column is an
exact combination of others κ is infinite and no digit survives.

This check adds to `exact-combination`, `collinear-columns` and `lost-precision` what their findings cost in a solve,
and by which route it can be avoided; where one of them names the same columns, it is the cause and this the symptom.

## When it is wrong
κ bounds the worst case; a right-hand side may be kinder. Penalised solvers and gradient descent do not solve this
system. Minimum-norm solvers (`lstsq`, `pinv`) answer even where κ is infinite, with one of many solutions.

## What to do
Standardise the columns (or at least subtract their means) before solving, and solve by QR or SVD, not by the normal
equations. Where that leaves too few digits, remove the collinearity, or use ridge.

## References
N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., SIAM 2002, chapter 20. A. van der Sluis,
Numerische Mathematik 14, 1969. J. W. Longley, J. Amer. Statist. Assoc. 62, 1967 (programs that lost every digit).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tearless.core import (
    Asked,
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    harm,
    healthy,
    listed,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.column_pictures import directions
from tearless.linear_algebra.combinations import Combinations
from tearless.linear_algebra.condition import condition_number, digits_left, weakest_columns, with_intercept
from tearless.linear_algebra.spacing import FLOAT32, FLOAT64

MEND = Mend.columns
picture = directions
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
SYMPTOM_OF = ("exact-combination", "collinear-columns", "lost-precision")

BY_THE_TEXTBOOK = Limit(
    of="digits_normal",
    at=2.0,
    crossed="below",
    unit="digits",
    kind="convention",
    severity=Severity.note,
    because="Two digits are the least that a reader of coefficients counts on. Only the normal equations lose them "
    "here: a sound solver does not, hence a note.",
)
BY_QR = Limit(
    of="digits_qr",
    at=2.0,
    crossed="below",
    unit="digits",
    kind="convention",
    severity=Severity.warning,
    because="Two digits are the least that a reader of coefficients counts on, and here even the stable route loses "
    "them unless the columns are standardised first.",
)
AT_ALL = Limit(
    of="digits_standardised",
    at=0.5,
    crossed="below",
    unit="digits",
    kind="derived",
    severity=Severity.error,
    because="Below half a digit the error is as large as the solution: in this arithmetic the columns are "
    "indistinguishable from dependent ones, and no solver, scaled or not, recovers the coefficients.",
)

HEADLINE = "of {full} digits in {arithmetic}, {digits_normal} are left by the normal equations, {digits_qr} by QR"
EVIDENCE = (
    "condition number {kappa_unit} as it stands with an intercept, {kappa_standardised} standardised "
    "({digits_standardised} digits left)"
)
WHY = "the solve magnifies rounding by the condition number; the uncertain direction lies along {weakest}"
DO = "{advice}"


def measure(combinations: Combinations, asked: Asked) -> Iterator[Measured]:
    matrix = combinations.matrix
    if not combinations.complete:
        raise CannotTell(combinations.lacking)
    if combinations.by_chance:
        raise CannotTell(f"in {matrix.n:,} rows the columns are dependent by chance alone: more rows are needed")
    decimals = [kind for kind in matrix.dtypes if kind.is_float()]
    single = bool(decimals) and all(kind != pl.Float64 for kind in decimals)
    arithmetic = FLOAT32 if single else FLOAT64
    full = digits_left(1.0, arithmetic.roundoff)
    singular = any(equation.exact for equation in combinations.found)
    factor = with_intercept(matrix.r, matrix.mean, matrix.std, matrix.n)
    worst = 1 / FLOAT64.roundoff
    unit, standard = (worst, worst) if singular else (condition_number(factor), condition_number(matrix.r))
    u = arithmetic.roundoff
    normal, qr, standardised = digits_left(unit**2, u), digits_left(unit, u), digits_left(standard, u)
    weakest = tuple(matrix.names[j - 1] for j in weakest_columns(factor, 6) if j > 0)
    yield Measured(
        weakest,
        {
            "digits_normal": Number(normal, "digits", "digits left by the normal equations, with an intercept"),
            "digits_qr": Number(qr, "digits", "digits left by QR of the table as it stands, with an intercept"),
            "digits_standardised": Number(standardised, "digits", "digits left by QR of the standardised columns"),
            "full": Number(full, "digits", "digits that the arithmetic has"),
            "kappa_unit": Number(unit, "1", "condition number of [1 X], columns of length 1; at most 1/u"),
            "kappa_standardised": Number(standard, "1", f"condition number of the standardised columns, {matrix.said}"),
        },
        words={
            "arithmetic": "float32" if single else "float64",
            "weakest": listed(weakest),
            "advice": "standardise the columns before solving, and solve by QR or SVD"
            if standardised > 2
            else "remove the dependency among them, or use ridge: no scaling and no solver brings the digits back",
        },
    )


@healthy
def independent(rng: np.random.Generator) -> Example:
    return Example({name: rng.normal(10, 3, 200) for name in "abcd"})


@healthy
def other_units(rng: np.random.Generator) -> Example:
    return Example({"grams": rng.normal(5e6, 1e6, 200), "tonnes": rng.normal(5e-6, 1e-6, 200)})


@sick
def a_large_offset(rng: np.random.Generator) -> Example:
    return Example({"signal": rng.normal(1e8, 1, 500), "x": rng.normal(size=500)})


@sick
def a_huge_offset(rng: np.random.Generator) -> Example:
    return Example({"signal": np.round(rng.normal(0, 5, 500)) + 1e15, "x": rng.normal(size=500)})


@sick
def nearly_copies(rng: np.random.Generator) -> Example:
    x = rng.normal(size=300)
    return Example({"a": x, "b": x + 1e-8 * rng.normal(size=300), "c": rng.normal(size=300)})


@sick
def an_exact_total(rng: np.random.Generator) -> Example:
    a, b = rng.normal(size=(2, 200))
    return Example({"a": a, "b": b, "total": a + b})


@fooled("fires", "a solver that centres the columns itself, as many do, does not feel the offset")
def an_offset_that_a_centring_solver_removes(rng: np.random.Generator) -> Example:
    return Example({"signal": rng.normal(1e9, 10, 500)})


@harm(
    unit="relative error",
    at=0.005,
    because="An error beyond half a percent means that fewer than two digits are left, measured by solving the normal "
    "equations for a target whose coefficients are known to be 1.",
)
def error_of_the_normal_equations(example: Example, rng: np.random.Generator) -> float:
    """Relative error of the coefficients from the normal equations with an intercept, where every true one is 1."""
    x = np.column_stack([np.ones(len(next(iter(example.columns.values())))), *example.columns.values()])
    x = x / np.linalg.norm(x, axis=0)
    try:
        found = np.linalg.solve(x.T @ x, x.T @ x.sum(axis=1))
    except np.linalg.LinAlgError:
        return 1.0
    return float(np.linalg.norm(found - 1) / np.sqrt(x.shape[1]))
