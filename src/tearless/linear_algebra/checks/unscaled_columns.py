"""This table has columns on such different scales that gradient descent crawls.

## What it measures
The spread of the columns' standard deviations, as the condition number that it forces on least squares, and from it
the steps of gradient descent per digit gained: as the table stands, and after standardising each column.

## Why it matters
Gradient descent has one rate for all columns. The widest column bounds the rate, and the narrowest then moves by the
square of the ratio of their scales, slower. Distances (nearest neighbours, clusters) and penalties (ridge, lasso) see
only the widest column. Trees and forests do not care.

## The mathematics
For least squares on centred columns X the curvature is H = XᵀX/n, with κ = λmax(H)/λmin(H) ≥ (σmax/σmin)², because
the diagonal entries σ² of H lie between its extreme eigenvalues. At the best fixed rate 2/(λmax+λmin) the error
shrinks by (κ−1)/(κ+1) a step, so one decimal digit takes ln 10 / ln((κ+1)/(κ−1)) ≈ 1.15 κ steps.

## When it is wrong
For trees, forests and boosting scale means nothing. Where all columns share one unit (pixels, counts of one thing) a
narrow column may be narrow because it does not matter, and standardising it lifts noise.

## What to do
Standardise: subtract the mean, divide by the standard deviation, both from the training rows only, inside the
pipeline. Do not drop the wide column for its width.

## References
S. Boyd, L. Vandenberghe, *Convex Optimization*, Cambridge 2004, section 9.3. Y. Nesterov, *Introductory Lectures on
Convex Optimization*, Springer 2004, theorem 2.1.15.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tearless.core import (
    Asked,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    harm,
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.column_pictures import spreads
from tearless.linear_algebra.facts import Matrix
from tearless.linear_algebra.moments import Floats

MEND = Mend.scale
picture = spreads
SYMPTOM_OF = ("identifier-column",)
MOST_COLUMNS = 200
GLANCE = 400_000
"""Cells looked at to see which columns are nearly constant."""
Positions = NDArray[np.intp]

SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)

CRAWLS = Limit(
    of="steps_raw",
    at=10_000.0,
    unit="steps per digit",
    kind="convention",
    severity=Severity.note,
    because="Ten thousand steps for one digit is more passes over a table than anyone runs; a ratio of 93 alone asks "
    "for as many, as a share beside a percentage does. No theorem singles out the number.",
)
BY_SCALE = Limit(
    of="steps_forced",
    at=1_000_000.0,
    unit="steps per digit",
    kind="convention",
    severity=Severity.warning,
    because="A million steps for one digit is out of reach, and they follow from the standard deviations alone: κ is "
    "at least their ratio squared, so the columns differ by a factor of 930 or more: a step between neighbouring "
    "SI prefixes, as grams beside kilograms, or income beside age. No theorem gives the number.",
)
MENDED = Limit(
    of="gain",
    at=10.0,
    unit="times fewer steps",
    kind="convention",
    because="Standardising must be the cure: it must save at least nine steps in ten. Where it does not, the columns "
    "are collinear and other checks say so.",
)

HEADLINE = "columns differ {ratio}-fold in scale: {wide} against {narrow}"
EVIDENCE = (
    "standard deviation {widest} of {wide}, {narrowest} of {narrow}; condition number of the curvature {kappa_raw} as "
    "it stands, {kappa_scaled} standardised"
)
WHY = (
    "gradient descent needs {steps_raw} steps for each digit of accuracy as the table stands, {steps_scaled} after "
    "standardising; distances and penalties see almost only {wide}"
)
DO = "standardise the columns (mean 0, spread 1, measured on the training rows); {wide} needs scaling, not dropping"


def measure(matrix: Matrix, asked: Asked) -> Iterator[Measured]:
    used = _looked_at(matrix)
    if len(used) < 2:
        raise NotApplicable("fewer than two numeric features that vary in more than one row in a hundred")
    std, names = matrix.std[used], [matrix.names[j] for j in used]
    wide, narrow = int(np.argmax(std)), int(np.argmin(std))
    ratio = min(float(std[wide]) / float(std[narrow]), 1e150)
    raw, scaled = _conditions(matrix, used, std / std[wide])
    steps_raw, steps_scaled = _steps_per_digit(max(raw, ratio**2)), _steps_per_digit(scaled)
    yield Measured(
        (names[wide], names[narrow]),
        {
            "ratio": Number(ratio, "1", "largest over smallest standard deviation of the columns"),
            "widest": Number(std[wide], "column unit", "standard deviation of the widest column"),
            "narrowest": Number(std[narrow], "column unit", "standard deviation of the narrowest column"),
            "kappa_raw": Number(raw, "1", f"condition number of the curvature as the table stands, {matrix.said}"),
            "kappa_scaled": Number(scaled, "1", "condition number of the curvature after standardising"),
            "steps_raw": Number(
                steps_raw, "steps per digit", "steps of gradient descent at its best rate, as it stands"
            ),
            "steps_scaled": Number(steps_scaled, "steps per digit", "the same after standardising"),
            "steps_forced": Number(
                _steps_per_digit(ratio**2), "steps per digit", "steps that the scales alone ask for"
            ),
            "gain": Number(steps_raw / steps_scaled, "1", "how many times fewer steps after standardising"),
        },
        words={"wide": quoted(names[wide]), "narrow": quoted(names[narrow])},
    )


def _looked_at(matrix: Matrix) -> Positions:
    """Columns that vary in more than one row in a hundred; of very many, or more than half the rows, an even selection.

    A column that is nearly constant is narrow for that, not for its unit. The condition of a selection that has the
    widest and the narrowest column bounds that of all from below.
    """
    x = matrix.values[:: 1 + matrix.n * matrix.p // GLANCE]
    middle = np.median(x, axis=0)
    used = np.flatnonzero((x == middle).mean(axis=0) <= 0.99)
    most = max(2, min(MOST_COLUMNS, matrix.n // 2))
    if len(used) > most:
        by_scale = used[np.argsort(matrix.std[used])]
        used = np.sort(by_scale[np.unique(np.linspace(0, len(used) - 1, most).astype(np.intp))])
    return used


def _conditions(matrix: Matrix, used: Positions, scale: Floats) -> tuple[float, float]:
    """κ(XᵀX) as it stands and standardised, in the directions in which the columns vary: descent moves in no other."""
    if matrix.p <= MOST_COLUMNS:
        r = matrix.r[:, used]
    else:
        r = np.asarray(np.linalg.qr(matrix.standardised[:, used], mode="r"), dtype=np.float64)
    scaled = np.linalg.svd(r, compute_uv=False)
    rank = max(1, int((scaled > 1e-12 * scaled[0]).sum()))
    raw = np.linalg.svd(r * scale, compute_uv=False)
    kappa = [float((s[0] / max(s[rank - 1], s[0] * 2.0**-53)) ** 2) for s in (raw, scaled)]
    return kappa[0], kappa[1]


def _steps_per_digit(kappa: float) -> float:
    return max(1.0, math.log(10) / (math.log1p(2 / (kappa - 1)) if kappa > 1 else math.inf))


@healthy
def one_unit(rng: np.random.Generator) -> Example:
    return Example({name: rng.normal(10, 1 + i, 400) for i, name in enumerate("abc")})


@healthy
def age_beside_years(rng: np.random.Generator) -> Example:
    return Example({"age": rng.normal(40, 12, 300), "years": rng.gamma(2, 3, 300)})


@sick
def income_beside_age(rng: np.random.Generator) -> Example:
    return Example({"age": rng.normal(40, 12, 300), "income": rng.normal(60_000, 20_000, 300)})


@sick
def grams_beside_tonnes(rng: np.random.Generator) -> Example:
    return Example({"grams": rng.normal(5e5, 1e5, 200), "tonnes": rng.normal(0.5, 0.1, 200), "x": rng.normal(size=200)})


@sick
def collinear_in_different_units(rng: np.random.Generator) -> Example:
    x = rng.normal(size=300)
    return Example({"x": 40 * x, "y": x + 0.03 * rng.normal(size=300), "z": rng.normal(size=300)})


@fooled("fires", "a faint sensor that carries nothing is not worth the steps that it costs")
def one_unit_and_a_faint_sensor(rng: np.random.Generator) -> Example:
    return Example({"sensor": rng.normal(0, 1, 300), "faint": rng.normal(0, 0.001, 300)})


@harm(
    unit="share of the error left",
    at=0.5,
    because="After a thousand steps at the best rate a standardised table of this size has less than a millionth of "
    "the error left; half left means that the run did not learn.",
)
def error_after_a_thousand_steps(example: Example, rng: np.random.Generator) -> float:
    """Largest share of the initial error left in any column's weight after 1,000 steps of gradient descent."""
    x = np.column_stack([np.asarray(v, dtype=float) for k, v in example.columns.items() if k != example.target])
    x = x - x.mean(axis=0)
    h = x.T @ x / len(x)
    values, vectors = np.linalg.eigh(h)
    shrink = (1 - 2 * values / (values[-1] + values[0])) ** 1_000
    left = vectors @ (shrink * vectors.sum(axis=0))
    return float(np.abs(left).max())
