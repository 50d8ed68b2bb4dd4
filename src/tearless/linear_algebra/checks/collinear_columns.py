"""This column says almost nothing that other columns do not say.

## What it measures
The variance inflation factor (VIF) of every numeric column: by what factor the others widen the variance of its
coefficient. Columns with a VIF beyond 10 are grouped with the partners that explain them, by name. For each group:
the largest VIF, the condition index of its near dependency with the share of the variance that it carries, the
largest pairwise correlation (which may be small), and which columns to drop so that every VIF in it falls below 10.

## Why it matters
A linear model cannot tell which of the columns carries the effect: coefficients change sign with every few rows, and
importances are split at will. Gradient descent slows down as much. Predictions inside the data's range suffer little.

## The mathematics
VIFⱼ = 1/(1−R²ⱼ), with R²ⱼ from regressing column j on all others and a constant, is the j-th diagonal entry of the
inverse correlation matrix. With X = QR of the standardised columns it is the squared length of row j of R⁻¹, all at
once and without squaring the condition. The standard error of a coefficient grows √VIF-fold: n rows tell of it what
n/VIF rows of an unrelated column would. Condition indices are μ₁/μⱼ of the singular values, and vₖⱼ²/μⱼ² is the part
of column k's VIF that comes from direction j (Belsley, Kuh, Welsch). In few rows R² is large by chance: the limit is
what n rows of p columns show at most, once in a thousand columns, while the true VIF is 10.

## When it is wrong
A model that only predicts, on data like these, does not mind; nor does a penalised one mind much. Powers and products
(x, x²) are collinear by construction; centring x first often cures it. A few extreme rows can make or hide a
dependency. Time series that only share a trend are collinear all the same: the data cannot tell them apart.

## What to do
Keep one column of the group (the best measured, the cheapest), or replace them by their mean, ratio or first
principal component; or keep all and use ridge, and do not interpret their coefficients one by one.

## References
D. A. Belsley, E. Kuh, R. E. Welsch, *Regression Diagnostics*, Wiley 1980, chapter 3. D. W. Marquardt, Technometrics
12, 1970. R. M. O'Brien, Quality & Quantity 41, 2007 (what a VIF of 10 does and does not mean).
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
    columns_shuffled,
    fooled,
    harm,
    healthy,
    in_other_units,
    listed,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.collinearity import explained_without_extremes, largest_vif_by_chance
from tearless.linear_algebra.column_pictures import shared
from tearless.linear_algebra.combinations import Combinations
from tearless.linear_algebra.facts import Matrix
from tearless.linear_algebra.groups import Group, grouped

MEND = Mend.columns
picture = shared
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
HIGH, GLANCE, GLANCE_COLUMNS = 10.0, 8_192, 100

BEYOND_CHANCE = Limit(
    of="vif",
    at=lambda rows, features: largest_vif_by_chance(rows, features, 10.0, 0.001),
    unit="times the variance",
    kind="derived",
    because="In few rows R² is large by chance. This is the VIF that a column whose true VIF is 10 shows once in a "
    "thousand times, in so many rows of so many columns; it tends to 10 as the rows grow.",
)
SHARED = Limit(
    of="vif",
    at=10.0,
    unit="times the variance",
    kind="convention",
    severity=Severity.note,
    because="At 10 the others explain 90 % of it, and its standard error is 3.2 times wider. A custom, no theorem.",
)
HARMFUL = Limit(
    of="vif",
    at=lambda rows: min(100.0, max(10.0, rows / 30)),
    unit="times the variance",
    kind="convention",
    severity=Severity.warning,
    because="n rows then tell of the coefficient what n/VIF rows of an unrelated column would, and below 30 no "
    "estimate is steady; at 100 the standard error is ten times wider, whatever the number of rows.",
)
HOPELESS = Limit(
    of="vif",
    at=lambda rows: 100.0 * rows,
    unit="times the variance",
    kind="derived",
    severity=Severity.error,
    because="The standard error of a coefficient, per standard deviation of its column, is σ·√(VIF/n). From 100·n on "
    "it is 10σ: even an effect that explains 99 % of the target cannot be told from none.",
)
NOT_ONE_ROW = Limit(
    of="explained_core",
    at=0.8,
    unit="share",
    kind="convention",
    because="The dependency must hold without the hundredth of the rows that lie farthest out: one far row makes "
    "columns look dependent that are not, and is a matter of outliers.",
)

HEADLINE = "{columns} move together: {explained} of {top} is in the others"
EVIDENCE = (
    "VIF {vif} for {top}, {carried} of it from condition index {index}; largest pairwise correlation {pair}{holes}"
)
WHY = (
    "the standard error of its coefficient is {wider} times wider: {rows} rows tell of it what {worth} rows of an "
    "unrelated column would; coefficients and importances are split among the columns at will"
)
DO = "without {dropped} no VIF of the group reaches 10; or combine them, or use ridge and do not read coefficients"


def measure(combinations: Combinations, asked: Asked) -> Iterator[Measured]:
    matrix = combinations.matrix
    if not combinations.complete:
        raise CannotTell(combinations.lacking)
    if len(combinations.kept) < 2:
        raise NotApplicable("fewer than two numeric features that are no exact combination of others")
    names = [matrix.names[j] for j in combinations.kept]
    for group in grouped(combinations.r, HIGH):
        members = [combinations.kept[j] for j in group.members]
        core = explained_without_extremes(matrix.standardised[:: 1 + matrix.n // GLANCE, members[:GLANCE_COLUMNS]])
        yield _measured(group, names, matrix, core)


def _measured(group: Group, names: Sequence[str], matrix: Matrix, core: float | None) -> Measured:
    members, dropped = [names[j] for j in group.members], [names[j] for j in group.to_drop]
    share, holes = 1 - 1 / group.vif, sum("holes" in why for why in matrix.left_out.values())
    return Measured(
        tuple(members),
        {
            "vif": Number(group.vif, "1", f"largest variance inflation in the group, {matrix.said}"),
            "explained": Number(share, "share", "share of that column's variance that the others explain"),
            "explained_core": Number(share if core is None else core, "share", "without the 1 % farthest rows"),
            "wider": Number(math.sqrt(group.vif), "1", "by what factor its coefficient's standard error is wider"),
            "worth": Number(matrix.n / group.vif, "rows", "rows of an unrelated column that would tell as much"),
            "pair": Number(group.pair, "1", "largest correlation of any two of the columns, without its sign"),
            "index": Number(group.index, "1", "condition index of the near dependency (Belsley, Kuh, Welsch)"),
            "carried": Number(group.share, "share", "share of the coefficient's variance that this index carries"),
            "rows": Number(matrix.n, "rows", "complete rows looked at"),
            "features": Number(len(names), "columns", "numeric columns looked at, exact combinations left out"),
        },
        words={
            "top": quoted(members[0]),
            "dropped": listed(dropped),
            "holes": f"; {holes:,} columns with too many holes not looked at" if holes else "",
        },
    )


@healthy
def independent(rng: np.random.Generator) -> Example:
    return Example({name: rng.normal(size=100) for name in "abcde"})


@healthy
def few_rows_many_columns(rng: np.random.Generator) -> Example:
    return Example({f"x{i}": rng.normal(size=12) for i in range(8)})


@sick
def one_size_measured_thrice(rng: np.random.Generator) -> Example:
    size = rng.gamma(20, 1, 300)
    columns = {"radius": size, "perimeter": 6.28 * size, "area": 3.14 * size**2}
    return Example({k: v * (1 + 0.01 * rng.normal(size=300)) for k, v in columns.items()} | {"x": rng.normal(size=300)})


@sick
def six_columns_no_pair_alike(rng: np.random.Generator) -> Example:
    parts = {f"part {i}": rng.normal(size=400) for i in range(5)}
    return Example(parts | {"whole": sum(parts.values()) + 0.05 * rng.normal(size=400)})


@sick
def nearly_copies_in_few_rows(rng: np.random.Generator) -> Example:
    x = rng.normal(size=40)
    return Example({"a": x, "b": x + 0.001 * rng.normal(size=40), "c": rng.normal(size=40)})


@fooled("silent", "one far row ties unrelated columns together: the coefficients suffer, but it is the row's doing")
def one_far_row(rng: np.random.Generator) -> Example:
    x = rng.normal(size=(60, 3))
    x[7] = 60.0
    return Example({f"x{i}": x[:, i] for i in range(3)})


@fooled("fires", "x and its square move together over a range that excludes 0; centring x would part them")
def a_square(rng: np.random.Generator) -> Example:
    x = rng.uniform(4, 10, 4_000)
    return Example({"x": x, "x squared": x**2, "y": rng.normal(size=4_000)})


@harm(
    unit="standard errors ratio",
    at=3.0,
    because="A VIF of 10 widens the standard error √10 = 3.2 times; here it is measured by fitting many fresh targets.",
)
def scatter_of_the_coefficients(example: Example, rng: np.random.Generator) -> float:
    """Largest spread of a fitted coefficient over fresh targets, against that of the same column fitted alone."""
    x = np.column_stack([np.asarray(v, dtype=float) for v in example.columns.values()])
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    noise = rng.normal(size=(len(z), 2_000))
    together = np.linalg.lstsq(z, noise - noise.mean(axis=0), rcond=None)[0].std(axis=1)
    alone = (z.T @ noise / len(z)).std(axis=1)
    return float((together / alone).max())
