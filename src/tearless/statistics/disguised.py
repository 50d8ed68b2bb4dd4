"""Cells that look filled and are not, searched column by column: numbers, dates and text, as measured subjects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Measured, Number, visible
from tearless.core.number import shown
from tearless.linear_algebra.facts import Sample, floats
from tearless.statistics.association import fisher_chance
from tearless.statistics.sentinels import (
    DEFAULT_DATES,
    NO_VALUE,
    PERHAPS_NO_VALUE,
    Heap,
    heap_at_edge,
    heap_inside,
    is_usual_code,
    robust_spread,
)

SORTED_ROWS = 16_384
"""Rows sorted in every column; all of the sample only where these, with the extremes of all, look like a heap."""
SHOWN_ROWS = 10
MOST_CERTAIN = 8
"""Columns of certain zeros that the zeros of the others are compared with."""
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y")
_DAY_IN = {"ns": 86_400_000_000_000, "us": 86_400_000_000, "ms": 86_400_000}


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A heap in a column, with how much its value is known as a code (the evidence ``suspicion``)."""

    name: str
    heap: Heap
    suspicion: float
    far: float
    filled: int
    words: dict[str, str]
    effect: tuple[float, float, float, float] | None = None
    rows: tuple[int, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether a heap of zeros is so far off, and so few, that they can hardly be amounts."""
        few = self.heap.count < 0.2 * self.filled
        return few and self.far >= 1 and self.heap.ratio >= 5 and self.heap.chance <= 1e-6


def suspects(sample: Sample) -> Iterator[Measured]:
    """The most suspicious heap at either edge of every number and date column, and the texts for no value.

    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"age": [20 + i % 60 for i in range(200)] + [-999] * 40})
    >>> [(m.subject, m.words["value"], m.words["rows"]) for m in suspects(Sample.of(Batch(frame)))]
    [(('age',), '-999', '40 rows'), (('age',), '79', '3 rows')]
    """
    found: list[_Suspect] = []
    for name, kind in sample.frame.schema.items():
        column = sample.frame[name]
        if kind.is_numeric():
            found += _numeric(column, sample)
        elif kind in (pl.Date, pl.Datetime):
            found += _dated(column, sample)
        elif kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
            found += _written(column.cast(pl.String), sample)
            days = _as_days(column.cast(pl.String)) if kind == pl.String else None
            found += [] if days is None else _dated(days, sample)
    scale = sample.total / max(1, sample.rows)
    said = f"counted on {sample.said}"
    yield from (_measured(one, scale, said) for one in _known_elsewhere(found, sample))


def _known_elsewhere(found: list[_Suspect], sample: Sample) -> Iterator[_Suspect]:
    """The same suspects; zeros that keep to the rows of another column's certain zeros are more suspicious (1.5)."""
    certain = [s for s in found if s.suspicion == 1 and s.is_certain][:MOST_CERTAIN]
    zeros = [(s.name, (sample.frame[s.name] == 0).fill_null(False).to_numpy()) for s in certain]
    for one in found:
        if one.suspicion == 1 and one.heap.count >= 3:
            own = (sample.frame[one.name] == 0).fill_null(False).to_numpy()
            if any(name != one.name and _together(own, other) for name, other in zeros):
                yield replace(one, suspicion=1.5)
                continue
        yield one


def _together(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> bool:
    """Whether two kinds of rows coincide beyond chance."""
    both, first, second, rows = int((a & b).sum()), int(a.sum()), int(b.sum()), len(a)
    return both * rows > first * second and fisher_chance(both, first, second, rows) <= 1e-6


def _numeric(column: pl.Series, sample: Sample) -> Iterator[_Suspect]:
    """Both edges of a column of numbers."""
    x = floats(column)
    finite = x[np.isfinite(x)]
    if not finite.size:
        return
    ordered = np.sort(finite) if finite.size <= SORTED_ROWS else _thinned(finite)
    for high in (False, True):
        heap = heap_at_edge(ordered, high)
        if heap is None:
            continue
        if len(ordered) < finite.size and _worth_a_look(heap, high):
            heap = heap_at_edge(np.sort(finite), high) or heap
        yield _edge(column.name, x, finite, heap, high, sample)


def _thinned(finite: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evenly spaced values, sorted, with up to three of each extreme of all added where these miss them."""
    some = finite[:: -(-finite.size // SORTED_ROWS)]
    extra = [
        np.full(min(3, int((finite == end).sum())), end) for end in (finite.min(), finite.max()) if end not in some
    ]
    return np.sort(np.concatenate([some, *extra]))


def _worth_a_look(heap: Heap, high: bool) -> bool:
    """Whether the gap can come near any limit, so that the spread of the rest is worth its cost."""
    below_zero = heap.values[0] < 0 <= heap.nearest and not high and is_usual_code(heap.values[0])
    return heap.count > 1 and heap.chance < 0.01 and (heap.ratio >= 2 or below_zero)


def _edge(
    name: str, x: NDArray[np.float64], finite: NDArray[np.float64], heap: Heap, high: bool, sample: Sample
) -> _Suspect:
    """What a heap at an edge is worth: how usual its value is as a code, and how far off in spreads of the rest."""
    value = heap.values[0]
    alone = value < 0 <= heap.nearest and not high and heap.distinct_beyond >= 5
    usual = is_usual_code(value) and (alone or abs(value) >= 10)
    few = heap.distinct_beyond < 5 and not usual
    suspicion = 3.0 if usual and alone else 2.0 if usual else 1.0 if value == 0 else 0.0
    if few or not _worth_a_look(heap, high):
        quiet = replace(heap, count=1) if few else heap
        return _Suspect(name, quiet, suspicion, 0.0, finite.size, {"value": f"{value:g}"})
    with np.errstate(all="ignore"):
        held = np.isin(x, heap.values)
        rest = np.sort(finite[~np.isin(finite, heap.values)])
        spread = robust_spread(rest)
        far = heap.gap / spread if spread > 0 else 0.0
        effect = tuple(float(v) for v in (finite.mean(), rest.mean(), finite.std(), rest.std()))
    said = [shown(value, digits=4) for value in effect]
    words = {
        "value": _numbers(heap.values),
        "told": f"the next value is {heap.nearest:.6g}, {heap.ratio:.3g} mean spacings of the values beyond away; "
        f"evenly spread, {heap.expected:.2g} cells would stand there",
        "effect": f"with it the mean is {said[0]} and the spread {said[2]}; without it, {said[1]} and {said[3]}",
        "reading": _reading(suspicion, heap),
    }
    counted = replace(heap, count=int(held.sum()))
    rows = tuple(int(r) for r in sample.row_numbers[np.flatnonzero(held)[:SHOWN_ROWS]])
    return _Suspect(name, counted, suspicion, far, finite.size, words, effect, rows)  # type: ignore[arg-type]


def _numbers(values: tuple[float, ...]) -> str:
    said = [f"{v + 0.0:.15g}" for v in sorted(values)]
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]


def _reading(suspicion: float, heap: Heap) -> str:
    side = "least" if heap.values[0] < heap.nearest else "greatest"
    near = f"{heap.nearest:.6g}"
    if suspicion == 3:
        return "a usual code for no value, and the only number below 0"
    if suspicion == 2:
        return f"a usual code for no value, apart from the rest, whose {side} is {near}"
    return f"apart from all other values, whose {side} is {near}"


def _as_days(column: pl.Series) -> pl.Series | None:
    """A text column as dates, where it holds nothing else in one of the usual notations; else ``None``."""
    first = column.drop_nulls().head(1_000)
    for form in _DAYS if len(first) else ():
        if not first.str.slice(0, 10).str.to_date(form, strict=False).null_count():
            days = column.str.slice(0, 10).str.to_date(form, strict=False)
            return days if days.null_count() == column.null_count() else None
    return None


def _dated(column: pl.Series, sample: Sample) -> Iterator[_Suspect]:
    """The default date that a column of dates holds most beyond what its neighbours explain."""
    present = column.drop_nulls()
    ticks = present.to_physical().to_numpy()
    ordered = np.sort(ticks).astype(np.float64)
    day = _DAY_IN[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    epoch = dt.date(1970, 1, 1)
    seen = [(heap_inside(ordered, float((code - epoch).days * day)), code) for code in DEFAULT_DATES]
    heaps = sorted(((h, c) for h, c in seen if h), key=lambda pair: (pair[0].chance, -pair[0].count))
    if not heaps:
        if len(ordered):
            heap = Heap((float(ordered[0]),), 1, float(ordered[-1]), 0.0, 0.0, 0, 1.0, 1.0)
            yield _Suspect(column.name, heap, 0.0, 0.0, len(ordered), {"value": "no default date"})
        return
    heap, code = heaps[0]
    held = (column.to_physical() == int((code - epoch).days * day)).fill_null(False).arg_true().head(SHOWN_ROWS)
    words = {
        "value": code.isoformat(),
        "reading": "a usual default date",
        "told": f"evenly spread among its neighbours, {heap.expected:.2g} cells would hold that day",
        "effect": "an age or a time reckoned from it is wrong in these rows, and looks like a true one",
    }
    rows = tuple(int(r) for r in sample.row_numbers[held.to_numpy()])
    yield _Suspect(column.name, heap, 3.0, 0.0, len(ordered), words, None, rows)


def _written(column: pl.Series, sample: Sample) -> Iterator[_Suspect]:
    """The cells of a text column that say that they hold no value."""
    short = column.filter(column.str.len_bytes() <= 20).alias("text")
    counts = short.value_counts(sort=True, name="n")
    plain = counts.to_series(0).str.strip_chars().str.to_lowercase()
    signs = bool((plain == "+").any())
    codes = NO_VALUE - {"-"} if signs else NO_VALUE
    codes = codes - {"na"} if _letters(plain) else codes
    filled = len(column) - column.null_count()
    for tokens, suspicion in ((codes, 4.0), (PERHAPS_NO_VALUE | (NO_VALUE - codes), 0.5)):
        hit = counts.filter(plain.is_in(list(tokens)))
        values = [str(v) for v in hit.to_series(0).to_list()]
        count = int(hit["n"].sum() or 0)
        if not filled or (not count and suspicion == 0.5):
            continue
        held = (
            column.is_in(values).fill_null(False).arg_true().head(SHOWN_ROWS)
            if values
            else pl.Series([], dtype=pl.UInt32)
        )
        shown = ", ".join(f"'{visible(v, 20)}'" for v in values[:4]) + (", ..." if len(values) > 4 else "")
        words = {
            "value": shown or "no such text",
            "reading": "a text for no value" if suspicion == 4 else "a word that may stand for no value",
            "told": f"{count:,} of {filled:,} filled cells",
            "effect": "these cells are empty, and count as a value of their own: no program takes them for missing",
        }
        heap = Heap((), count, 0.0, 0.0, 0.0, 0, 0.0, 1.0)
        rows = tuple(int(r) for r in sample.row_numbers[held.to_numpy()])
        yield _Suspect(column.name, heap, suspicion, 0.0, filled, words, None, rows)


def _letters(plain: pl.Series) -> bool:
    """Whether the column holds codes of two letters, where ``NA`` is one of them (Namibia, North America)."""
    two = plain.str.contains("^[a-z]{2}$")
    return len(plain) >= 3 and int(two.sum()) > 0.8 * len(plain)


def _measured(one: _Suspect, scale: float, said: str) -> Measured:
    heap = one.heap
    ratio = heap.ratio if heap.values and heap.gap > 0 else 0.0
    before = one.effect or (None, None, None, None)
    count = round(heap.count * scale)
    return Measured(
        (one.name,),
        {
            "count": Number(float(count), "rows", f"rows that hold it, {said}"),
            "share": Number(heap.count / max(1, one.filled), "share", "their share of the filled cells"),
            "suspicion": Number(
                one.suspicion,
                "1",
                "4 a text for no value, 3 a usual code out of place, 2 a usual code, 1.5 a zero in the rows of the "
                "certain zeros of another column, 1 a zero, 0.5 a word that may be a value, 0 any value",
            ),
            "apart": Number(ratio, "spacings", "gap to the next value in mean spacings of the ten values beyond it"),
            "far": Number(one.far, "spreads", "the same gap in spreads of the rest, from 10th to 90th percentile"),
            "expected": Number(
                heap.expected, "cells", "cells there if those up to the tenth value beyond were spread evenly"
            ),
            "chance": Number(
                heap.chance, "chance", "chance of so many cells there and none in the gap, evenly spread; 1 for text"
            ),
            "mean": Number(before[0], "column unit", "mean of the finite cells"),
            "mean_without": Number(before[1], "column unit", "mean of the finite cells without it"),
            "spread": Number(before[2], "column unit", "standard deviation of the finite cells"),
            "spread_without": Number(before[3], "column unit", "standard deviation of the finite cells without it"),
        },
        words={"rows": f"{count:,} row{'s' * (count != 1)}", "told": "", "effect": "", "reading": "", **one.words},
        rows=one.rows,
    )
