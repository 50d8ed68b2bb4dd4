"""This column, or this small set of columns, gives the target away.

## What it measures
How much of the target one column tells, on rows held out: for classes in bits, for a number as the share of its
variation; over all rows, over those where the column is filled, and by the mere fact that a cell is filled or empty.
Then the same for sets: an equation of up to six columns for a number, a pair of columns for classes.

## Why it matters
A column that holds the answer makes every score look splendid. It was written down after the answer was known, and is
empty or wrong on the day the model has to predict.

## The mathematics
Bits told are H(Y) − E[−log₂ p(y|x)], where p comes from the other rows only: those of equal value, or the neighbours in
rank. The doubt left is bounded from above by Fano's inequality, H(Y|X) ≤ h(e) + e log₂(k−1), with e the exact upper
bound of the share of rows told wrongly. A cell being filled is judged by the exact upper bound of the share of other
classes there, over their share in all rows. For a number, the noise left given x is estimated from neighbours in x by
the straight line between them, on an asinh scale that no tail dominates, without the largest tenth of the squares. It
is set against the variation of the target, and against what the rows above and below tell: in a series, a column that
only shares the trend tells no more than they do. The chance p is 1/e, with e a Bayes factor of counts that averages at
most 1 when the target goes with nothing: exact for any number of rows. The bound by chance is the most that any column
told of targets shuffled at random.

## When it is wrong
An honest measurement can be that good: petal length separates setosa from the other irises without an error. Several
rows of one person make every fine measurement of the person tell. A series whose rows were shuffled hides its trend.
A copy of the target with a tenth of its rows wrong stays below the limits, and so do equations of more columns.

## What to do
Ask when the value is written down: before the moment of prediction, or after. If after, drop it and look for what else
came with it.

## References
S. Kaufman, S. Rosset, C. Perlich, "Leakage in data mining", KDD 2011. T. M. Cover, J. A. Thomas, *Elements of
Information Theory*, 2nd ed., Wiley 2006, theorem 2.10.1. T. Gasser, L. Sroka, C. Jennen-Steinmetz, "Residual variance
and residual pattern in nonlinear regression", Biometrika 73, 1986. V. Vovk, R. Wang, "E-values: calibration,
combination and applications", Annals of Statistics 49, 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Asked,
    Example,
    Limit,
    Measured,
    Mend,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Target
from tearless.statistics.leak_pictures import given_away
from tearless.statistics.leaks import leaks

MEND = Mend.source
picture = given_away
SAME_UNDER = (columns_shuffled, columns_renamed)

TELLS_ALL = Limit(
    of="left",
    at=lambda classes, members: 0.05 if classes else (1e-3 if members == 1 else 1e-6),
    crossed="below",
    unit="share of the doubt",
    kind="convention",
    severity=Severity.error,
    because="Nineteen bits in twenty, or a number to 3 % of its spread (an equation to 0.1 %, as rounding leaves). The "
    "best honest columns of the well-known tables tell 0.83 of the bits. No theorem singles the number out.",
)
SURELY_ALL = Limit(
    of="left_at_most",
    at=lambda classes, members, renamed, already: (
        (0.0 if already > 0.8 else 0.5 if renamed else 0.1) if classes else (2e-3 if members == 1 else 2e-6)
    ),
    crossed="below",
    unit="share of the doubt",
    kind="convention",
    severity=Severity.error,
    because="Sure with 95 %, so that few rows do not accuse. A column with no more values than there are classes can "
    "tell them only by naming them, so half is enough; a filled cell that tells of a class that four rows in five have "
    "anyway tells little. A number may be twice as uncertain as its limit.",
)
TELLS_MOST = Limit(
    of="left",
    at=lambda classes, members, renamed: (0.15 if renamed else 0.05) if classes else (1e-2 if members == 1 else 1e-4),
    crossed="below",
    unit="share of the doubt",
    kind="convention",
    severity=Severity.warning,
    because="A number to a tenth of its spread, ten times the error limit; classes named one for one with two rows "
    "in a hundred wrong, which a copy that was corrected by hand has, and honest columns hardly ever.",
)
SURELY_MOST = Limit(
    of="left_at_most",
    at=lambda classes, members, renamed, already: (
        (0.0 if already > 0.8 else 0.5 if renamed else 0.2) if classes else (2e-2 if members == 1 else 2e-4)
    ),
    crossed="below",
    unit="share of the doubt",
    kind="convention",
    severity=Severity.warning,
    because="Sure with 95 %: about a hundred rows without an error for two classes alike in number. A column that "
    "names the classes one for one needs about twenty-six.",
)
NO_CHANCE = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="One finding in a hundred may be chance, over all tests on the table. The limits above hardly let one be.",
)

HEADLINE = "{subject} {target} away"
EVIDENCE = "{evidence}"
WHY = "{why}; it will not exist when you predict"
DO = "{cure}"


def measure(sample: Sample, target: Target, asked: Asked, rng: np.random.Generator) -> Iterator[Measured]:
    yield from leaks(sample, target, rng)


def _noise(rng: np.random.Generator, n: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {"x": rng.normal(size=n), "z": rng.lognormal(size=n)}


@healthy
def a_useful_column(rng: np.random.Generator) -> Example:
    y = rng.integers(0, 2, 400)
    return Example({**_noise(rng, 400), "useful": y + rng.normal(0, 0.4, 400), "y": y}, "y")


@healthy
def a_number_and_a_trend(rng: np.random.Generator) -> Example:
    y = np.cumsum(rng.normal(1, 1, 300))
    return Example({**_noise(rng, 300), "year": np.arange(300), "other": np.cumsum(rng.normal(1, 1, 300)), "y": y}, "y")


@healthy
def nothing_goes_with_it(rng: np.random.Generator) -> Example:
    return Example({**_noise(rng, 200), "code": rng.integers(0, 5, 200), "y": rng.integers(0, 2, 200)}, "y")


@sick
def the_answer_by_another_name(rng: np.random.Generator) -> Example:
    y = rng.integers(0, 2, 300)
    return Example({**_noise(rng, 300), "status": np.where(y == 1, "left", "stayed"), "y": y}, "y")


@sick
def filled_only_afterwards(rng: np.random.Generator) -> Example:
    y = (rng.random(1_000) < 0.4).astype(int)
    when = np.where((y == 1) & (rng.random(1_000) < 0.5), rng.normal(50, 9, 1_000), np.nan)
    return Example({**_noise(rng, 1_000), "claim": when, "y": y}, "y")


@sick
def its_logarithm(rng: np.random.Generator) -> Example:
    y = rng.lognormal(3, 1, 400)
    return Example({**_noise(rng, 400), "log_price": -np.log(y), "y": y}, "y")


@sick
def a_copy_with_some_noise(rng: np.random.Generator) -> Example:
    y = rng.normal(size=1_000)
    return Example({**_noise(rng, 1_000), "copy": 3 * y + rng.normal(0, 0.18, 1_000), "y": y}, "y")


@sick
def a_copy_with_some_rows_wrong(rng: np.random.Generator) -> Example:
    y = rng.integers(0, 2, 2_000)
    return Example({**_noise(rng, 2_000), "copy": np.where(rng.random(2_000) < 0.01, 1 - y, y), "y": y}, "y")


@sick
def a_difference(rng: np.random.Generator) -> Example:
    a, b = rng.normal(50, 10, 400), rng.normal(40, 10, 400)
    return Example({**_noise(rng, 400), "income": a, "costs": b, "y": a - b}, "y")


@sick
def which_is_larger(rng: np.random.Generator) -> Example:
    a, b = rng.normal(size=1_000), rng.normal(size=1_000)
    return Example({**_noise(rng, 1_000), "ours": a, "theirs": b, "won": (a > b).astype(int)}, "won")


@fooled("fires", "petal length separates setosa from the rest honestly; nothing in the numbers says so")
def an_honest_column_that_never_errs(rng: np.random.Generator) -> Example:
    y = rng.integers(0, 2, 700)
    return Example({**_noise(rng, 700), "petal": 1.5 + 2.8 * y + rng.normal(0, 0.2, 700), "y": y}, "y")


@fooled("silent", "with a tenth of the rows wrong, a copy tells only about half of the bits, as honest columns do")
def a_poor_copy(rng: np.random.Generator) -> Example:
    y = rng.integers(0, 2, 1_000)
    return Example({**_noise(rng, 1_000), "copy": np.where(rng.random(1_000) < 0.1, 1 - y, y), "y": y}, "y")
