"""``tearless.describe``: what each column is, in numbers that can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tearless.core import Asked
from tearless.core.fact import Need
from tearless.linear_algebra.facts import NumericColumns, Sample, floats
from tearless.linear_algebra.moments import Floats
from tearless.readers import open_table
from tearless.report.description import ColumnDescription, Description
from tearless.statistics.facts import DISTINCT_KEPT, Columns

from .gather import Facts, Progress

FACTS = (NumericColumns, Columns, Sample)
EXACT_IN_FLOAT = 2.0**53


def describe(data: Any, *, seed: int = 0, null: Sequence[str] = (), progress: Progress | None = None) -> Description:
    """Describe each column of a table: its type, moments, range, quartiles, distinct values, and what is missing.

    ``data`` and ``null`` are what ``tearless.check`` takes. Counts, moments and range are of every row. Quartiles
    (linear interpolation, as NumPy and pandas have them) and most frequent values are exact up to 131,072 rows and
    beyond that of a uniform sample drawn with ``seed``; ``quantiles_of`` says which.

    Raises ``InputError`` where the data cannot be read.

    >>> column = describe({"x": [1.0, 2.0, 3.0, 6.0, None]})["x"]
    >>> column.mean, column.median, column.null
    (3.0, 2.5, 1)
    """
    facts = Facts(Asked(seed=seed))
    source = open_table(data, "data", null=null)
    needs = {kind: Need(kind) for kind in FACTS}
    source = facts.measure(source, needs.values(), False, progress)
    rng = np.random.default_rng
    numeric = facts.get(needs[NumericColumns], rng)
    columns, sample = facts.get(needs[Columns], rng), facts.get(needs[Sample], rng)
    at = {name: j for j, name in enumerate(numeric.names)}
    shapes = (numeric.moments.mean, numeric.moments.std(), numeric.moments.skewness())
    described = [
        _number(columns, i, numeric, at[name], shapes, sample) if name in at else _other(columns, i, sample)
        for i, name in enumerate(columns.names)
    ]
    rows = facts.rows[False]
    return Description(source.label, rows, tuple(described), sample.said, facts.asked.seed, source.notes, facts.stopped)


def _number(
    columns: Columns, i: int, numeric: NumericColumns, j: int, shapes: tuple[Floats, Floats, Floats], sample: Sample
) -> ColumnDescription:
    """Column ``i`` of the table, the ``j``-th numeric one; ``shapes`` are means, deviations and skewnesses."""
    values = sample.frame[columns.names[i]]
    finite = floats(values)
    finite = finite[np.isfinite(finite)]
    low, middle, high = (_known(q) for q in _quartiles(finite))
    mean, deviation, skewness = (_known(shape[j]) for shape in shapes)
    return ColumnDescription(
        **_counts(columns, i, sample),
        null=int(numeric.null[j]),
        nan=int(numeric.nan[j]),
        infinite=int(numeric.plus_inf[j] + numeric.minus_inf[j]),
        mean=mean if numeric.moments.n[j] else None,
        standard_deviation=deviation,
        minimum=_end(float(numeric.minimum[j]), values, sample, "min"),
        lower_quartile=low,
        median=middle,
        upper_quartile=high,
        maximum=_end(float(numeric.maximum[j]), values, sample, "max"),
        skewness=skewness,
    )


def _counts(columns: Columns, i: int, sample: Sample) -> dict[str, Any]:
    distinct, kind = float(columns.distinct[i]), columns.dtypes[i]
    exact = len(columns.hashes[i]) < DISTINCT_KEPT
    if not exact and sample.complete and not kind.is_nested():
        values = sample.frame[columns.names[i]].drop_nulls()
        distinct, exact = float((values.drop_nans() if kind.is_float() else values).n_unique()), True
    return {
        "name": columns.names[i],
        "type": kind.__class__.__name__ if kind.is_temporal() or kind.is_nested() else str(kind),
        "distinct": distinct,
        "distinct_exact": exact,
    }


def _quartiles(finite: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    if not finite.size:
        return [math.nan] * 3
    with np.errstate(over="ignore", invalid="ignore"):
        return [float(q) for q in np.quantile(finite, [0.25, 0.5, 0.75])]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _end(value: float, values: pl.Series, sample: Sample, which: str) -> float | int | None:
    """An end of the range; whole numbers beyond 2⁵³ exactly where all of them are at hand."""
    if not math.isfinite(value):
        return None
    if abs(value) >= EXACT_IN_FLOAT and values.dtype.is_integer() and sample.complete:
        exact: int = getattr(values, which)()
        return exact
    return value


def _other(columns: Columns, i: int, sample: Sample) -> ColumnDescription:
    values = sample.frame[columns.names[i]].drop_nulls()
    temporal = values.dtype.is_temporal() and len(values)
    top, share = _most_frequent(values)
    return ColumnDescription(
        **_counts(columns, i, sample),
        null=int(columns.missing[i]),
        nan=0,
        infinite=0,
        minimum=str(values.min()) if temporal and sample.complete else None,
        maximum=str(values.max()) if temporal and sample.complete else None,
        top=top,
        top_share=share,
    )


def _most_frequent(values: pl.Series) -> tuple[str | None, float | None]:
    """The most frequent value as text, the first in order among equals, and its share; for what can be counted."""
    if values.is_empty() or values.dtype.is_nested() or values.dtype == pl.Object:
        return None, None
    texts = values.cast(pl.String, strict=False).alias("value")
    counts = texts.to_frame().group_by("value").len().sort(["len", "value"], descending=[True, False])
    return str(counts["value"][0]), float(counts["len"][0]) / len(values)
