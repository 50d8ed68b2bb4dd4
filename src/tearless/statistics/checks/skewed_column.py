"""This column's mean speaks for its tail, not for a typical row.

## What it measures
The share of rows on one side of the mean (half for an even column), with a lower bound, the mean against the median,
and the skewness before and after the transform that mends it.

## Why it matters
A mean that lies above three rows of four describes none of them. Squared errors, correlations, distances and linear
fits follow the long tail, and standardising leaves the bulk in a narrow band.

## The mathematics
F(μ), the share of rows below the mean, is ½ for a symmetric column, 1 − 1/e = 63 % for an exponential one, Φ(σ/2) for a
lognormal one: 69 % at σ = 1, 77 % at σ = 1.5. Unlike the third moment it exists whenever the mean does and no single
row can move it far. The count of rows on the longer side is tested against a binomial of 65 %, which is wider than its
true law (the mean moves with the rows). A value that fills half of the column, as zero often does, is set aside. The
transform is the simplest that leaves a skewness within ±½; powers are those of largest likelihood.

## When it is wrong
Trees and forests see only the order of values: skew costs them nothing. Where sums matter (revenue, load) the mean is
the right number, however skewed. A target that is transformed must be transformed back, and the mean of logs is not the
log of the mean.

## What to do
Transform the column as the finding says, for linear models, distances and charts; quote the median beside the mean.

## References
G. E. P. Box, D. R. Cox, *An analysis of transformations*, J. R. Statist. Soc. B 26, 1964, 211-252. I.-K. Yeo, R. A.
Johnson, *A new family of power transformations to improve normality or symmetry*, Biometrika 87, 2000, 954-959.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import bdtrc, betaincinv

from tearless.core import (
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
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.linear_algebra.facts import NumericColumns, Sample, floats
from tearless.statistics.column_pictures import skewed
from tearless.statistics.facts import Columns
from tearless.statistics.skewness import Lean, Mended, lean, mended, skewness

MEND = Mend.scale
picture = skewed
SYMPTOM_OF = ("sentinel-values", "infinite-values", "outliers")
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
ROWS_LOOKED_AT = 16_384
SKEWED = 0.65
MISLEADS = 0.75

SURE = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="At most one in a hundred findings at this level is of a column whose mean has 65 % of all rows or fewer "
    "on one side; the binomial is wider than the true law, so fewer in fact.",
)
MANY_VALUES = Limit(
    of="distinct",
    at=10.0,
    unit="values",
    kind="convention",
    because="With fewer than ten different values the share below the mean is that of single values, and no transform "
    "makes steps even.",
)
ABOVE_MOST = Limit(
    of="share",
    at=SKEWED,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Two rows in three lie on one side of the mean, more than in an exponential column (63 %): it is no longer "
    "the middle of anything.",
)
BEYOND_A_QUARTILE = Limit(
    of="share",
    at=MISLEADS,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="At 75 % the mean lies outside the middle half of the rows: it passes the third quartile (or the first).",
)
SURELY = Limit(
    of="share_at_least",
    at=0.70,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="Even the lower bound (held in 9,999 tables of 10,000) leaves the share above the 69 % of a lognormal "
    "column with σ = 1, so chance in a milder column is no explanation.",
)

HEADLINE = "the mean of {columns}, {mean}, lies {side} {share} of {rows}; the median is {median}"
EVIDENCE = (
    "{share} of {rows} lie on one side of the mean, surely {share_at_least}; skewness {skewness}, "
    "after {transform} {after}"
)
WHY = "means, squared errors and correlations of it speak for its long tail, not for a typical row"
DO = "take {transform} of it for linear models, distances and charts{apart}; trees need nothing"


def measure(columns: NumericColumns, every: Columns, sample: Sample, rng: np.random.Generator) -> Iterator[Measured]:
    if not columns.names:
        raise NotApplicable("the table has no numeric column")
    thin = sample.frame
    if sample.rows > ROWS_LOOKED_AT:
        thin = thin[np.sort(rng.choice(sample.rows, ROWS_LOOKED_AT, replace=False))]
    distinct = dict(zip(every.names, every.distinct.tolist(), strict=True))
    for j, name in enumerate(columns.names):
        x = floats(thin[name])
        found = lean(x[np.isfinite(x)], float(columns.moments.mean[j]))
        if found is not None:
            yield _said(name, found, distinct[name])


def _said(name: str, found: Lean, distinct: float) -> Measured:
    after = Mended("the logarithm", 0.0)
    if found.share >= SKEWED:
        after = mended(found.values[:: max(1, found.n // 4_096)])
    surely = float(betaincinv(found.longer, found.n - found.longer + 1, 1e-4)) if found.longer else 0.0
    return Measured(
        (name,),
        {
            "share": Number(found.share, "share", f"of {found.n:,} values looked at, on the longer side of the mean"),
            "share_at_least": Number(surely, "share", "lower bound of that share at a confidence of 0.9999"),
            "mean": Number(found.mean, "column unit", "mean"),
            "median": Number(found.median, "column unit", "median"),
            "skewness": Number(skewness(found.values), "1", "third standardised moment"),
            "after": Number(after.skewness, "1", "the same after the transform"),
            "distinct": Number(distinct, "values", "different values in the column"),
        },
        p=min(1.0, 2 * float(bdtrc(found.longer - 1, found.n, SKEWED))) if found.longer else 1.0,
        words={
            "side": "above" if found.above else "below",
            "mean": shown(found.mean, digits=4),
            "median": shown(found.median, digits=4),
            "rows": "its rows" if found.aside is None else f"the rows that are not {found.aside:.6g}",
            "apart": "" if found.aside is None else f", with a flag of its own for {found.aside:.6g}",
            "transform": after.words,
        },
    )


@healthy
def even_columns(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=400), "u": rng.random(400), "t": rng.standard_t(3, 400)})


@healthy
def waits_and_flags(rng: np.random.Generator) -> Example:
    return Example({"wait": rng.exponential(3, 500), "flag": rng.random(500) < 0.1, "calls": rng.poisson(2, 500)})


@sick
def incomes(rng: np.random.Generator) -> Example:
    return Example({"income": rng.lognormal(10, 1.8, 1_000), "age": rng.normal(40, 12, 1_000)})


@sick
def amounts_beside_zeros(rng: np.random.Generator) -> Example:
    return Example({"gain": np.where(rng.random(4_000) < 0.7, 0.0, rng.lognormal(3, 2, 4_000))})


@sick
def a_long_tail_to_the_left(rng: np.random.Generator) -> Example:
    return Example({"left": 100 - rng.lognormal(0, 1.2, 3_000)})


@fooled("fires", "where totals matter the mean is the right number, however skewed: tomorrow's claims sum to it")
def claims_to_be_summed(rng: np.random.Generator) -> Example:
    return Example({"claim": rng.lognormal(5, 1.8, 2_000)})


@fooled("silent", "few rows prove little: thirty draws of a strongly skewed column are no evidence yet")
def a_few_skewed_rows(rng: np.random.Generator) -> Example:
    return Example({"x": rng.lognormal(0, 1.2, 30)})


@fooled("silent", "eight values can lie as unevenly as a thousand, but their shares say it better than a mean")
def eight_uneven_values(rng: np.random.Generator) -> Example:
    return Example({"x": np.minimum(8, rng.geometric(0.35, 4_000)) ** 3})
