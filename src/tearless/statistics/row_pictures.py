"""The findings on rows, classes and two tables, drawn: their shares, their copies, and what moved between them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from tearless.core import Measured, OfTest, quoted, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Rule, values
from tearless.linear_algebra.facts import Sample

from .column_change import class_counts, filled, value_change
from .facts import Target
from .histograms import BINS, Floats, bulk, drawable, in_bins, named

MOST_NAMES = 12
ROWS = 4_096
TABLES = ("training", "test")


def _counts(title: str, says: str, names: Sequence[str], counts: Sequence[float]) -> Picture:
    """Numbers of rows by name."""
    bars = Bars(values(range(len(counts))), values(counts), along="x")
    return Picture(title, says, (bars,), Axis("rows", low=0.0), Axis(names=tuple(visible(name) for name in names)))


def classes(measured: Measured, target: Target) -> Picture:
    """The rows of each class, the largest first.

    >>> from tearless.core import Asked, Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"y": ["no", "yes", "no", "no"]})))
    >>> found = Measured((), {"smallest_share": Number(0.25, "share", "smallest class")})
    >>> classes(found, Target.derive(sample, Asked(target="y"))).says
    '2 classes, from 3 of `no` to 1 of `yes`, 25 % of all.'
    """
    counts = np.bincount(target.values.astype(np.int64), minlength=len(target.classes))
    order = [int(i) for i in np.argsort(-counts, kind="stable")]
    drawn = order if len(order) <= MOST_NAMES else order[: MOST_NAMES // 2] + order[-MOST_NAMES // 2 :]
    ends = [f"{counts[i]:,} of {quoted(target.classes[i])}" for i in (order[0], order[-1])]
    return _counts(
        f"The rows of each class of {quoted(target.name)}",
        f"{len(order):,} classes, from {ends[0]} to {ends[1]}, {measured.numbers['smallest_share']} of all.",
        [target.classes[i] for i in drawn],
        [float(counts[i]) for i in drawn],
    )


def copies(measured: Measured) -> Picture:
    """The rows that equal an earlier one, beside those that chance would give.

    >>> from tearless.core import Number
    >>> chances = {"by_chance": Number(0.1, "rows", ""), "by_chance_at_most": Number(2, "rows", "")}
    >>> copies(Measured((), {"duplicates": Number(40, "rows", "")} | chances)).marks[0].lengths
    (40.0, 0.1, 2.0)
    """
    numbers = measured.numbers
    found, unrelated, most = (numbers[of] for of in ("duplicates", "by_chance", "by_chance_at_most"))
    names = ("found", "by chance", "by chance, at most")
    return _counts(
        "Rows that equal an earlier row, and how many chance would give",
        f"Found: {found}; {unrelated} would come by chance where columns are unrelated, {most} at most.",
        names,
        [number.value or 0.0 for number in (found, unrelated, most)],
    )


def in_both(measured: Measured) -> Picture:
    """The share of test rows that stand in the training table too.

    >>> from tearless.core import Number
    >>> shares = {"exact": 0.2, "near": 0.25, "by_chance": 0.01, "test_error": None}
    >>> in_both(Measured((), {name: Number(x, "share", "") for name, x in shares.items()})).says
    'Of the test rows: exactly 20 %, after rounding 25 %, by chance 1 %.'
    """
    numbers = measured.numbers
    names, shares = ("exactly", "after rounding", "by chance"), [numbers[of] for of in ("exact", "near", "by_chance")]
    told = ", ".join(f"{name} {share}" for name, share in zip(names, shares, strict=True))
    lengths = [share.value or 0.0 for share in shares]
    marks: list[Mark] = [Bars(values(range(len(names))), values(lengths), along="x")]
    error = numbers["test_error"].value
    if error is not None:
        marks.append(Rule(error, "standard error of the score", role="second"))
    axes = Axis("share of test rows", low=0.0), Axis(names=names)
    return Picture("Test rows that stand in the training table too", f"Of the test rows: {told}.", tuple(marks), *axes)


def moved(measured: Measured, sample: Sample, test: OfTest[Sample]) -> Picture:
    """A column in both tables: its distribution, its classes or its holes; of several, how much each moved.

    >>> from tearless.core import Asked
    >>> from tearless.readers.source import Batch
    >>> from tearless.statistics.checks.drift import measure
    >>> rng = np.random.default_rng(0)
    >>> first, second = (Sample.of(Batch(pl.DataFrame({"a": rng.normal(at, 1, 500)}))) for at in (0, 4))
    >>> found = next(measure(first, second, Asked(), rng))
    >>> moved(found, first, second).says
    '`a` moved up: median -0.0506 in training, 3.91 in test; 97 % of the rows would have to be others.'
    """
    before, after = measured.numbers["before"], measured.numbers["after"]
    if len(measured.subject) != 1:
        return _jointly(measured, sample, test)
    (name,) = measured.subject
    title = f"{quoted(name)} in the training and the test table"
    first, second = sample.frame[name], test.frame[name]
    if measured.words["moved"].startswith("is empty"):
        shares = values(number.value or 0.0 for number in (before, after))
        axes = Axis("share of empty cells", low=0.0, high=1.0), Axis(names=TABLES)
        return Picture(title, f"Empty: {before} and {after}.", (Bars(values(range(2)), shares, along="x"),), *axes)
    x, y = filled(first), filled(second)
    change = measured.numbers["change"]
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and len(np.unique(np.r_[x[:ROWS], y[:ROWS]])) > 2:
        says = f"{quoted(name)} {measured.words['moved']}; {change} of the rows would have to be others."
        return _numbers_moved(title, says, name, drawable(first), drawable(second))
    return _classes_moved(title, f"{change} of the rows would have to be others.", pl.Series(x), pl.Series(y))


def _numbers_moved(title: str, says: str, name: str, x: Floats, y: Floats) -> Picture:
    ends = [bulk(one) for one in (x, y)]
    both = min(low for low, _ in ends), max(high for _, high in ends)
    width = (both[1] - both[0]) / BINS
    marks: list[Mark] = []
    for one, label in ((x, TABLES[0]), (y, TABLES[1])):
        at, share = in_bins(one, both)
        if label == TABLES[0]:
            marks.append(Bars(values(at), values(share), label, width=width))
        else:
            steps = values([both[0], *(at - width / 2), both[1]])
            marks.append(Line(steps, values([0.0, *share, 0.0]), label, "second", steps=True))
    return Picture(title, says, tuple(marks), Axis(visible(name, 30)), Axis("share of rows", low=0.0))


def _classes_moved(title: str, says: str, first: pl.Series, second: pl.Series) -> Picture:
    levels, a, b = class_counts(first, second)
    shares = a / max(1, int(a.sum())), b / max(1, int(b.sum()))
    order = np.argsort(-np.abs(shares[0] - shares[1]), kind="stable")[: MOST_NAMES // 2]
    names = [named(levels[int(i)]) for i in order]
    told = ", ".join(
        f"`{name}` {shown(float(shares[0][i]), 'share')} and {shown(float(shares[1][i]), 'share')}"
        for name, i in zip(names[:3], order, strict=False)
    )
    at = np.arange(len(order), dtype=np.float64)
    marks = (
        Bars(values(at - 0.2), values(shares[0][order]), TABLES[0], width=0.38, along="x"),
        Bars(values(at + 0.2), values(shares[1][order]), TABLES[1], "second", width=0.38, along="x"),
    )
    axes = Axis("share of rows", low=0.0), Axis(names=tuple(names))
    return Picture(f"{title}: what changed most", f"In training and test: {told}; {says}", marks, *axes)


def _jointly(measured: Measured, sample: Sample, test: OfTest[Sample]) -> Picture:
    """How far each of several columns moved alone, beside what they show together."""
    found: list[tuple[float, str]] = []
    for name in measured.subject[:MOST_NAMES]:
        parts = (filled(of.frame[name][:: max(1, math.ceil(of.rows / ROWS))]) for of in (sample, test))
        change = value_change(*parts)
        found += [(change.size, name)] if change else []
    together = measured.numbers["change"]
    sizes = values(size for size, _ in found)
    return Picture(
        "How far each column moved by itself, and all of them together",
        f"Alone no column moved by more than {shown(max(sizes, default=0.0), 'share')}; together they show {together}.",
        (
            Bars(values(range(len(found))), sizes, along="x"),
            Rule(together.value or 0.0, f"together {together}", role="second"),
        ),
        Axis("share of rows that would be others", low=0.0),
        Axis(names=tuple(visible(name) for _, name in found)),
    )
