"""The findings on one column, drawn: its values, their holes, its categories, and its course along the rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from tearless.core import Measured, quoted, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Ranges, Role, Rule, values
from tearless.linear_algebra.facts import Sample, floats

from .facts import Columns, Tails, is_classes
from .histograms import BINS, Floats, bulk, drawable, in_bins, in_years, named
from .intervals import wilson
from .levels import Levels
from .missingness import missing_cells

MOST_NAMES = 12
MOST_POINTS = 140
LONGER_END = 0.04
"""The share of the rows at the far end that a histogram of a skewed column leaves out."""
STRETCHES = 20
ROLES: tuple[Role, ...] = ("main", "second", "third")


def skewed(measured: Measured, sample: Sample) -> Picture:
    """A column's histogram, with its mean and its median.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"pay": [1.0, 2.0, 2.0, 3.0, 12.0]})))
    >>> numbers = {"mean": Number(4.0, "1", "mean"), "median": Number(2.0, "1", "median")}
    >>> skewed(Measured(("pay",), numbers), sample).says
    'The mean 4 lies above the median 2; 20 % of the rows lie beyond the right end.'
    """
    (name,) = measured.subject
    x = drawable(sample.frame[name])
    mean, median = (measured.numbers[of].value or 0.0 for of in ("mean", "median"))
    above = mean >= median
    low, high = bulk(x, 0.0 if above else LONGER_END, LONGER_END if above else 0.0)
    ends = min(low, mean, median), max(high, mean, median)
    at, share = in_bins(x, ends)
    out = shown(float(((x < ends[0]) | (x > ends[1])).mean()), "share")
    marks = (
        Bars(values(at), values(share), width=(ends[1] - ends[0]) / BINS),
        Rule(median, f"median {shown(median)}", role="good"),
        Rule(mean, f"mean {shown(mean)}"),
    )
    return Picture(
        f"How often {quoted(name)} has each value, its mean and its median",
        f"The mean {shown(mean)} lies {'above' if above else 'below'} the median {shown(median)}; {out} of the rows "
        f"lie beyond the {'right' if above else 'left'} end.",
        marks,
        Axis(visible(name, 30)),
        Axis("share of rows", low=0.0),
    )


def far_out(measured: Measured, sample: Sample, tails: Tails) -> Picture:
    """A column's values along the rows, the far ones marked.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> batch = Batch(pl.DataFrame({"age": [31.0, 28.0, 45.0, 900.0]}))
    >>> numbers = {"nearest": Number(900, "1", "far out"), "farthest_of_rest": Number(45, "1", "of the rest")}
    >>> far_out(Measured(("age",), numbers, rows=(3,)), Sample.of(batch), Tails.of(batch)).says
    '1 marked, the nearest at 900; the farthest of the rest is 45.'
    """
    (name,) = measured.subject
    j = tails.names.index(name)
    known = {
        int(row): float(value)
        for rows, some in ((tails.high_rows[j], tails.high[j]), (tails.low_rows[j], tails.low[j]))
        for row, value in zip(rows, some, strict=True)
        if row >= 0
    }
    far = {row: known[row] for row in measured.rows if row in known}
    x = floats(sample.frame[name])
    rest = np.flatnonzero(np.isfinite(x) & ~np.isin(sample.row_numbers, list(far)))
    rest = rest[:: max(1, -(-len(rest) // MOST_POINTS))]
    nearest, beyond = (measured.numbers[of].value or 0.0 for of in ("nearest", "farthest_of_rest"))
    log = min(*far.values(), float(x[rest].min(initial=beyond)), beyond) > 0 and abs(nearest) > 30 * abs(beyond)
    marks = (
        Points(values(sample.row_numbers[rest]), values(x[rest]), "other rows", "soft"),
        Points(values(far), values(far.values()), "far out", "bad"),
        Rule(beyond, "farthest of the rest", of="y", role="soft"),
    )
    return Picture(
        f"The values of {quoted(name)} along the rows",
        f"{len(far):,} marked, the nearest at {shown(nearest)}; the farthest of the rest is {shown(beyond)}.",
        marks,
        Axis("row", low=0.0),
        Axis(visible(name, 30), log=log),
    )


def heaped(measured: Measured, sample: Sample) -> Picture:
    """How often a column has each value, with the value marked that may stand for none.

    Raises ``ValueError`` for what is neither text nor numbers with the rows of the value named.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"age": [31, 28, -1, -1]})))
    >>> found = Measured(("age",), {"share": Number(0.5, "share", "cells")}, words={"value": "-1"}, rows=(2, 3))
    >>> heaped(found, sample).says
    '-1 fills 50 % of the filled cells, away from the other values.'
    """
    (name,) = measured.subject
    column = sample.frame[name]
    value, share = measured.words["value"], measured.numbers["share"]
    column = in_years(column) if column.dtype in (pl.Date, pl.Datetime) else column
    if column.dtype.is_numeric() and measured.rows:
        held = floats(column)[np.searchsorted(sample.row_numbers, measured.rows)]
        marks, axis = _heap_of_numbers(column, np.unique(held), value)
        return Picture(
            f"How often {quoted(name)} has each value, {value} among them",
            f"{value} fills {share} of the filled cells, away from the other values.",
            marks,
            axis,
            Axis("share of cells", low=0.0),
        )
    if not (column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum)):
        raise ValueError(f"{column.dtype} is not drawn")
    texts = column.cast(pl.String)
    counts = texts.drop_nulls().alias("text").value_counts(sort=True, name="n")
    marked = set(texts.gather([int(i) for i in np.searchsorted(sample.row_numbers, measured.rows)]))
    first = counts.head(MOST_NAMES - 2)
    rows = pl.concat([first, counts[len(first) :].filter(pl.col("text").is_in(list(marked))).head(2)])
    names, n = rows["text"].to_list(), rows["n"].to_numpy() / max(1, int(counts["n"].sum()))
    return Picture(
        f"The commonest texts of {quoted(name)}, what may stand for none marked",
        f"{value} fills {share} of the filled cells.",
        _two_roles(n, np.array([text in marked for text in names])),
        Axis("share of cells", low=0.0),
        Axis(names=tuple(visible(text, 24) for text in names)),
    )


def _heap_of_numbers(column: pl.Series, held: Floats, said: str) -> tuple[tuple[Mark, ...], Axis]:
    x = drawable(column)
    others = x[~np.isin(x, held)]
    low, high = bulk(others) if len(others) else (float(held.min()) - 1, float(held.max()) + 1)
    ends = min(low, float(held.min())), max(high, float(held.max()))
    width = (ends[1] - ends[0]) / BINS
    at, share = in_bins(others, ends)
    share *= len(others) / max(1, len(x))
    marks = (
        Bars(values(at), values(share), "other values", "soft", width=width),
        Bars(values(held), values((x == one).mean() for one in held), visible(said, 24), "bad", width=width),
    )
    return marks, Axis(visible(column.name, 30))


def _two_roles(lengths: Floats, marked: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[Mark, ...]:
    """Bars across, the marked ones in the colour of the bad."""
    kinds: tuple[tuple[Role, np.ndarray[tuple[int], np.dtype[np.bool_]]], ...] = (("soft", ~marked), ("main", marked))
    found = [(role, np.flatnonzero(some)) for role, some in kinds]
    return tuple(Bars(values(at), values(lengths[at]), role=role, along="x") for role, at in found if len(at))


def holes(measured: Measured, columns: Columns) -> Picture:
    """The share of missing cells in each column, the emptiest first.

    >>> from tearless.readers.source import Batch
    >>> columns = Columns.of(Batch(pl.DataFrame({"a": [1, None], "b": [1, 2]})))
    >>> holes(Measured(("a",), {}), columns).says
    '1 of 2 columns have holes: `a` 50 %.'
    """
    share = columns.missing / max(1, columns.rows)
    own = [columns.names.index(name) for name in measured.subject]
    order = [int(j) for j in np.argsort(-share, kind="stable") if share[j] > 0]
    drawn = sorted({*order[: MOST_NAMES - len(own)], *own}, key=lambda j: (-share[j], j))
    marked = np.array([not own or j in own for j in drawn])
    which = "the emptiest columns" if len(drawn) > 1 else quoted(columns.names[drawn[0]])
    told = ", ".join(f"{quoted(columns.names[j])} {shown(float(share[j]), 'share')}" for j in drawn[:3])
    return Picture(
        f"The share of missing cells in {which}",
        f"{len(order):,} of {len(columns.names):,} columns have holes: {told}{' ...' * (len(drawn) > 3)}.",
        _two_roles(share[drawn], marked),
        Axis("share of rows", low=0.0, high=1.0),
        Axis(names=tuple(visible(columns.names[j]) for j in drawn)),
    )


def holes_by_partner(measured: Measured, sample: Sample) -> Picture:
    """The share of missing cells over the values of the column that they go with, with its interval.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"pay": [1, 2, None, None], "job": ["yes", "yes", "no", "no"]})
    >>> numbers = {"inside": Number(1.0, "share", "of no"), "outside": Number(0.0, "share", "of yes")}
    >>> found = Measured(("pay",), numbers, words={"partner": quoted("job"), "group": "job is no"})
    >>> holes_by_partner(found, Sample.of(Batch(frame))).says
    '100 % where job is no, 0 % elsewhere.'
    """
    (name,) = measured.subject
    partner = next(n for n in sample.frame.columns if quoted(n) == measured.words["partner"])
    step = max(1, -(-sample.rows // 16_384))
    missing = missing_cells(sample.frame[name][::step]).to_numpy()
    groups = by_value(sample.frame[partner][::step])
    counts = [(int(missing[rows].sum()), int(rows.sum())) for _, rows in groups]
    ends = [wilson(k, n) for k, n in counts]
    shares = [k / n for k, n in counts]
    inside, outside = measured.numbers["inside"], measured.numbers["outside"]
    return Picture(
        f"The share of cells missing in {quoted(name)}, by the value of {quoted(partner)}",
        f"{inside} where {measured.words['group']}, {outside} elsewhere.",
        (
            Ranges(
                values(range(len(groups))),
                values(low for low, _ in ends),
                values(high for _, high in ends),
                values(shares),
            ),
        ),
        Axis("share missing", low=0.0, high=1.0),
        Axis(names=tuple(text for text, _ in groups)),
    )


def by_value(column: pl.Series, most: int = 8) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    """Groups of rows by a column's value, with their names: its commonest categories, or stretches of its numbers.

    >>> [text for text, rows in by_value(pl.Series(["a", "b", "a", None]))]
    ['a', 'b', 'missing']
    """
    found: list[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]] = []
    empty = missing_cells(column).to_numpy()
    few = column.n_unique() <= most + 1
    if few or not (column.dtype.is_numeric() or column.dtype.is_temporal()):
        counts = column.filter(pl.Series(~empty)).alias("value").value_counts(sort=True, name="n").head(most)
        ordered = counts["value"].sort() if column.dtype.is_numeric() else counts["value"]
        found = [(named(v), (column == v).fill_null(False).to_numpy()) for v in ordered.to_list()]
    else:
        x = floats(column.to_physical() if column.dtype.is_temporal() else column)
        cuts = np.unique(np.quantile(x[np.isfinite(x)], np.linspace(0, 1, most + 1), method="inverted_cdf"))
        names = column.gather([int(np.flatnonzero(x == cut)[0]) for cut in cuts]).to_list()
        for i in range(len(cuts) - 1):
            rows = (x >= cuts[i] if i == 0 else x > cuts[i]) & (x <= cuts[i + 1])
            found.append((f"to {named(names[i + 1])}", rows))
    return [(text, rows) for text, rows in (*found, ("missing", empty)) if rows.any()]


def ranked(measured: Measured, sample: Sample) -> Picture:
    """How many rows each category has, from the commonest to the rarest, on scales of powers of ten.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"town": ["A", "A", "B", "C"]})))
    >>> numbers = {"levels": Number(3, "categories", "in all"), "once": Number(2, "categories", "of one row")}
    >>> ranked(Measured(("town",), numbers), sample).says
    'Of 3 categories the commonest has 2 rows, and 2 have one row only.'
    """
    (name,) = measured.subject
    counts = np.sort(Levels.of(sample.frame[name].drop_nulls()).counts)[::-1]
    at = np.unique(np.geomspace(1, len(counts), MOST_POINTS // 2).astype(np.intp))
    once, levels = measured.numbers["once"], measured.numbers["levels"]
    return Picture(
        f"The rows of each category of {quoted(name)}, the commonest first",
        f"Of {levels} categories the commonest has {int(counts[0]):,} rows, and {once} have one row only.",
        (Line(values(at), values(counts[at - 1]), steps=True), Points(values(at), values(counts[at - 1]))),
        Axis("category, commonest first", log=True),
        Axis("rows", log=True),
    )


def along_rows(measured: Measured, sample: Sample) -> Picture:
    """A column along the rows: its values, or of classes the share of each in stretches of the table.

    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"a": [1.0, 2.5, 3.0, 4.0]})))
    >>> found = Measured(("a",), {"order": Number(1.0, "1", "rank correlation with the place")})
    >>> along_rows(found, sample).marks[0].y
    (1.0, 2.5, 3.0, 4.0)
    """
    name = measured.subject[0]
    column = sample.frame[name]
    title = f"{quoted(name)} along the rows"
    order = measured.numbers["order"]
    says = f"Place and value correlate {order}, from the first row to the last of {sample.total:,}."
    if column.dtype in (pl.String, pl.Boolean) or is_classes(column.drop_nulls()):
        return Picture(
            title, says, tuple(_classes_along(column, sample)), Axis("row"), Axis("share", low=0.0, high=1.0)
        )
    x = floats(column.to_physical() if column.dtype.is_temporal() else column)
    at = np.flatnonzero(np.isfinite(x))
    at = at[:: max(1, -(-len(at) // MOST_POINTS))]
    y, label = x[at], visible(name, 30)
    if column.dtype.is_temporal():
        y, label = (y - y.min()) / (float(np.ptp(y)) or 1.0), "from first to last time"
    return Picture(title, says, (Points(values(sample.row_numbers[at]), values(y)),), Axis("row"), Axis(label))


def _classes_along(column: pl.Series, sample: Sample) -> list[Mark]:
    counts = column.drop_nulls().alias("value").value_counts(sort=True, name="n").head(len(ROLES))
    edges = np.arange(STRETCHES + 1) * len(column) // STRETCHES
    marks: list[Mark] = []
    for value, role in zip(counts["value"].sort().to_list(), ROLES, strict=False):
        is_it = (column == value).fill_null(False).to_numpy()
        parts = [(a, b) for a, b in pairwise(edges) if b > a]
        middle = values(sample.row_numbers[(a + b) // 2] for a, b in parts)
        marks.append(Line(middle, values(is_it[a:b].mean() for a, b in parts), named(value), role))
    return marks
