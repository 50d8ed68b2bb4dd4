"""This table has rows that stand in the test table too.

## What it measures
The share of test rows whose features all equal those of a training row: exactly, over all rows; and after rounding
broken numbers to six significant digits or to single precision, over the rows drawn. Beside it, the share that chance
would give, and how many of them have the same target too.

## Why it matters
A model can remember these rows. Its score on them says nothing about rows that it has not seen, and lifts the test
score by up to their share, however good or bad the model is.

## The mathematics
Of n training and m test rows from one source, n·m·c pairs agree by chance, c the chance that two rows agree: bounded,
whatever the relation of the columns, by the product of the collision chances of unrelated ones; the count of pairs is
about Poisson, and ten times the mean is allowed. Or the rows repeat, whatever the reason, and the tables are one table
divided at random: then of the rows that stand twice a share 2nm/(n+m)² would be in both, and the chance of so many is
at most Chernoff's bound. The smaller chance, doubled, is corrected for every test on the table. The standard error of
a share of right answers among m rows is at most √(0.25/m).

## When it is wrong
Equal rows may be different events: two purchases of the same article. Where every column is a function of one coarse
column that is not in the table, its ties look like copies. Rows of one person or one machine that differ in a number
leak as well, and are not seen here. A row number makes all rows different, though the rest be copied.

## What to do
Take the copies out of the test table and score again. Then find their cause: repeat rows before the split (drop
repeats first), rows made by oversampling (oversample after the split), or two extracts that overlap.

## References
I. J. Good, Biometrika 40, 1953, 237-264. R. Arratia, L. Goldstein, L. Gordon, Annals of Probability 17, 1989, 9-25.
K. Joag-Dev, F. Proschan, Ann. Statist. 11, 1983, 286-295. S. Kapoor, A. Narayanan, Patterns 4, 2023, 100804.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    OfTest,
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
from tearless.linear_algebra.facts import Sample
from tearless.statistics.overlap import agreeing, overlap_after_rounding, overlap_of_hashes, overlap_of_rows
from tearless.statistics.row_hashes import RowHashes
from tearless.statistics.row_pictures import in_both

MEND = Mend.source
picture = in_both
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Rows of few values agree by chance, and that is no fault: of a hundred tables said to share more rows "
    "than chance gives at most one does not.",
)
ANY = Limit(
    of="seen",
    at=1.0,
    unit="rows",
    kind="derived",
    severity=Severity.note,
    because="A row that chance did not bring there was copied, and one copy says that copies were made.",
)
FELT = Limit(
    of="excess",
    at=lambda test_error: max(0.001, test_error / 10),
    unit="share of test rows",
    kind="convention",
    severity=Severity.warning,
    because="The score can be too good by a tenth of its standard error, which adds one in a hundred to its mean "
    "squared error; never below one row in a thousand.",
)
MISLEADS = Limit(
    of="excess",
    at=lambda test_error: max(0.01, test_error),
    unit="share of test rows",
    kind="derived",
    severity=Severity.error,
    because="Too good by a whole standard error or more, a 95 % interval around the score covers the truth in 83 % of "
    "cases or fewer; and by one point or more, which decides between models.",
)

HEADLINE = "{count} of {rows} test rows ({share}) stand in the training table too{how}"
EVIDENCE = "equal in {compared}: {exact} exactly, {near} after rounding; {by_chance} by chance, at most{answers}"
WHY = "a model that remembers them lifts the test score by up to {excess}, beside a standard error of {test_error}"
DO = "take these rows{which} out of the test and score again; drop repeats before splitting, oversample after it"


def measure(
    hashes: RowHashes, of_test: OfTest[RowHashes], sample: Sample, test: OfTest[Sample], asked: Asked
) -> Iterator[Measured]:
    names = [n for n in sample.frame.columns if n in test.frame.columns and n != asked.target]
    if not names:
        raise NotApplicable("the two tables share no feature column")
    if not sample.rows or not test.rows:
        raise CannotTell(f"the {'test' if sample.rows else 'training'} table has no rows")
    first, second = sample.frame.select(names), test.frame.select(names)
    every = sample.frame.width - (asked.target is not None) == len(names)
    pair = agreeing(first)
    if every:
        exact, answers, rows = overlap_of_hashes(hashes.settled(), of_test.settled(), pair)
    else:
        exact, answers, rows = overlap_of_rows(first, second, pair), 0.0, ()
    near = overlap_after_rounding(first, second, sample.rows / sample.total, exact)
    found = min(exact, near, key=lambda o: o.chance) if near.share > exact.share else exact
    known = asked.target is not None and asked.target in test.frame.columns and every and exact.seen > 0
    yield Measured(
        (),
        {
            "seen": Number(round(found.share * test.total), "rows", "test rows that stand in the training table"),
            "share": Number(found.share, "share", "their share of the test rows"),
            "excess": Number(found.excess, "share", "their share beyond what chance gives"),
            "exact": Number(exact.share, "share", "share of test rows that equal a training row exactly"),
            "near": Number(near.share, "share", f"the same after rounding, {test.said}"),
            "by_chance": Number(found.by_chance, "share", "share that chance gives, at most"),
            "test_error": Number(
                (0.25 / test.total) ** 0.5, "share", "largest standard error of an accuracy on this test"
            ),
            "same_answer": Number(
                answers if known else None, "share", "share of the exact copies with the same target"
            ),
        },
        min(1.0, 2 * found.chance),
        {
            "count": f"{round(found.share * test.total):,}",
            "rows": f"{test.total:,}",
            "how": ", after rounding" if near.share > 1.01 * exact.share else "",
            "compared": "every feature" if every else f"the {len(names):,} features that both have",
            "answers": f"; {shown(answers, 'share')} of the copies with the same target" if known else "",
            "which": f" (training rows {', '.join(map(str, rows[:3]))} ...)" if len(rows) > 3 else "",
        },
        rows,
    )


def _rows(rng: np.random.Generator, n: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {"a": rng.normal(size=n), "b": rng.lognormal(size=n), "c": rng.integers(0, 5, n).astype(float)}


def _with_copies(rng: np.random.Generator, n: int, m: int, copies: int) -> Example:
    train, test = _rows(rng, n), _rows(rng, m)
    at, where = rng.choice(n, copies, replace=False), rng.choice(m, copies, replace=False)
    for name in test:
        test[name][where] = train[name][at]
    return Example(train, test=test)


@healthy
def one_source(rng: np.random.Generator) -> Example:
    return _with_copies(rng, 600, 400, 0)


@healthy
def few_answers(rng: np.random.Generator) -> Example:
    return Example({q: rng.integers(0, 4, 500) for q in "abc"}, test={q: rng.integers(0, 4, 300) for q in "abc"})


@sick
def one_in_forty(rng: np.random.Generator) -> Example:
    return _with_copies(rng, 4_000, 2_000, 50)


@sick
def five_of_two_hundred(rng: np.random.Generator) -> Example:
    return _with_copies(rng, 800, 200, 5)


@sick
def one_row_slipped_in(rng: np.random.Generator) -> Example:
    return _with_copies(rng, 2_000, 2_500, 1)


@sick
def copies_in_single_precision(rng: np.random.Generator) -> Example:
    found = _with_copies(rng, 800, 400, 40)
    return Example(found.columns, test={k: np.asarray(v).astype(np.float32) for k, v in (found.test or {}).items()})


@fooled("silent", "a row number makes every row different, though all else is copied")
def numbered_copies(rng: np.random.Generator) -> Example:
    train = _rows(rng, 300)
    return Example(train | {"id": np.arange(300)}, test=train | {"id": np.arange(300, 600)})


@healthy
def one_price_and_its_logarithm(rng: np.random.Generator) -> Example:
    price = np.round(np.exp(rng.normal(3, 1, 4_000)), 2)
    both = {"price": price, "log": np.log(price + 1)}
    return Example({k: v[:3_000] for k, v in both.items()}, test={k: v[3_000:] for k, v in both.items()})


@fooled("fires", "all is a function of one coarse column that is left out, and the digits look like a measurement")
def logarithms_of_one_price(rng: np.random.Generator) -> Example:
    price = np.round(np.exp(rng.normal(3, 1, 4_000)), 2)
    both = {"log": np.log(price + 1), "root": np.sqrt(price)}
    return Example({k: v[:3_000] for k, v in both.items()}, test={k: v[3_000:] for k, v in both.items()})
