"""This column holds a few values that stand apart from all others.

## What it measures
On either side of each numeric column: the few values (at most 10) beyond the gap that the tail below explains least,
how much farther out they are than the rest, how sure that is, and what they do to the standard deviation.

## Why it matters
Squared error, means, standard deviations, correlations and min-max scaling follow the farthest values. One slipped
decimal point can carry more of a column's variance than a thousand good rows.

## The mathematics
A rule like 1.5 interquartile ranges calls 1 % of a normal column and 8 % of a lognormal one outliers, and ever more of
them as the table grows. Here the tail itself says what is far. By Rényi's theorem the gaps between the largest values,
each times its rank, are independent and exponential where the tail is; for any smooth tail they are so on the curve
that the values below the gap draw. The curve is fitted to those (up to 2,048 of them) by maximum likelihood, and the
gap's chance is that of an exponential whose mean is known up to the error of the fit, shared among groups of 1 to 10
values so that copies of one error do not hide one another. Columns of positive numbers are judged on the log scale
on the left, and on the right where their quartiles are more even there. A Cauchy column has no outliers.

## When it is wrong
The farthest value may be the truth: the one millionaire, the one flood. Among fewer than about 100 values even a far
one proves little, and the check is mostly silent. More than 10 wrong values of one kind are a cluster, not outliers.

## What to do
Look at the rows. Mend slips, drop what cannot be, keep what is true; then use what bears it: a robust loss (Huber), a
log, ranks, trees.

## References
A. Rényi, *On the theory of order statistics*, Acta Math. Acad. Sci. Hungar. 4, 1953, 191-231. V. Barnett, T. Lewis,
*Outliers in Statistical Data*, 3rd ed., Wiley 1994. P. J. Huber, E. M. Ronchetti, *Robust Statistics*, 2nd ed., Wiley
2009, section 1.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
from tearless.linear_algebra.facts import NumericColumns, Sample
from tearless.statistics.column_pictures import far_out
from tearless.statistics.facts import Tails
from tearless.statistics.sides import Side, sides

MEND = Mend.values
picture = far_out
SYMPTOM_OF = ("sentinel-values", "infinite-values")
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
ROWS_LOOKED_AT = 16_384

SURE = Limit(
    of="q",
    at=0.05,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="The law of the gap errs on the safe side: over twenty families from uniform to Cauchy with 20 to 1,000 "
    "values its chance fell below 0.05 on 1 % of the sides and below 0.01 on 0.2 %.",
)
SURE_BY_ITSELF = Limit(
    of="chance",
    at=0.001,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Before any correction: where many columns have true findings, the share of false ones among all is kept "
    "small although a single doubtful gap slips through. Of 29,000 sides with smooth tails one came this far.",
)
FAR = Limit(
    of="ratio",
    at=1.5,
    unit="times as far from the middle",
    kind="convention",
    severity=Severity.note,
    because="Half as far again as anything else. Closer values may be beyond chance where a column ends sharply, but "
    "nobody would call them gross errors.",
)
FAR_AND_HEAVY = Limit(
    of="ratio",
    at=1.5,
    unit="times as far from the middle",
    kind="convention",
    severity=Severity.warning,
    because="The same as for a note: half as far again as anything else in the column.",
)
HEAVY = Limit(
    of="weight",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A twentieth of the column's variance in at most ten rows: without them the standard deviation is at least "
    "2.5 % smaller. Below that they bend means and fits little.",
)

HEADLINE = "{columns} holds {what} far {side} all others: {values}"
EVIDENCE = (
    "{what} {ratio} times as far from the middle as the farthest of the rest ({rest}){scale}; {weight} of the column's "
    "variance; a gap like this comes by chance with probability {chance}"
)
WHY = (
    "squared errors, means and scales follow such values: the standard deviation is {sd_with} with and {sd_without} "
    "without"
)
DO = "look at {rows}: mend a slip, drop what cannot be; if true, use a robust loss, a log or ranks"


def measure(columns: NumericColumns, tails: Tails, sample: Sample, rng: np.random.Generator) -> Iterator[Measured]:
    if not columns.names:
        raise NotApplicable("the table has no numeric column")
    thin = sample.frame
    if sample.rows > ROWS_LOOKED_AT:
        thin = thin[np.sort(rng.choice(sample.rows, ROWS_LOOKED_AT, replace=False))]
    m = columns.moments
    std = m.std()
    for j, name in enumerate(columns.names):
        for side in sides(tails, j, m.n[j], thin[name], sample.frame[name]):
            yield _said(name, side, float(m.n[j]), float(m.mean[j]), float(std[j]))


def _said(name: str, side: Side, n: float, mean: float, std: float) -> Measured:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        weight = float((((side.values - mean) / std) ** 2).sum() / (n - 1)) if std > 0 else 0.0
    many = side.count > 1
    return Measured(
        (name,),
        {
            "count": Number(side.count, "values", "values beyond the gap"),
            "ratio": Number(side.ratio, "1", "distance of the nearest of them from the middle, over that of the rest"),
            "weight": Number(min(1.0, weight), "share", "share of the column's variance that they carry"),
            "nearest": Number(side.values[-1], "column unit", "the nearest of them"),
            "farthest_of_rest": Number(side.rest, "column unit", "the farthest value on this side of the gap"),
            "sd_with": Number(std, "column unit", "standard deviation of the column, all rows"),
            "sd_without": Number(side.std_rest, "column unit", "standard deviation without them"),
            "chance": Number(side.p, "chance", "chance of such a gap where the tail goes on as it does below"),
        },
        p=side.p,
        words={
            "what": f"{side.count} values" if many else "1 value",
            "side": "above" if side.above else "below",
            "values": ", ".join(f"{v:.6g}" for v in side.values[:4]) + (", ..." if side.count > 4 else ""),
            "rest": f"{side.rest:.6g}",
            "scale": " on the log scale" if side.logs else "",
            "sd_with": shown(std, digits=4),
            "sd_without": shown(side.std_rest, digits=4),
            "rows": ("rows " if many else "row ") + ", ".join(f"{row:,}" for row in side.rows),
        },
        rows=side.rows,
    )


@healthy
def smooth_tails(rng: np.random.Generator) -> Example:
    return Example({"t3": rng.standard_t(3, 400), "income": rng.lognormal(10, 1, 400), "calls": rng.poisson(2, 400)})


@sick
def a_slipped_decimal_point(rng: np.random.Generator) -> Example:
    height = rng.normal(1.7, 0.1, 1_000)
    height[17] = 17.4
    return Example({"height": height, "x": rng.normal(size=1_000)})


@sick
def three_copies_of_one_error(rng: np.random.Generator) -> Example:
    x = rng.normal(size=2_000)
    x[[5, 50, 500]] = 12.0
    return Example({"x": x, "y": rng.normal(size=2_000)})


@sick
def one_value_far_out_in_many_rows(rng: np.random.Generator) -> Example:
    return Example({"x": np.r_[rng.normal(size=20_000), 15.0], "y": rng.normal(size=20_001)})


@fooled("silent", "among twenty values a far one proves little: their tail may be as long as that")
def one_far_value_of_twenty(rng: np.random.Generator) -> Example:
    return Example({"x": np.r_[rng.normal(size=19), 9.0]})


@fooled("fires", "the farthest value may be the truth: here the one very large city is no slip")
def the_one_large_city(rng: np.random.Generator) -> Example:
    return Example({"people": np.r_[rng.normal(2e4, 4e3, 1_000), 3e6]})
