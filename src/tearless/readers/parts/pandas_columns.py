"""Columns of pandas frames that are parts of one table, in the types that they have when all parts are one frame.

What a column holds can differ from part to part: nothing in one, whole numbers in the next, text in a third. Each part
shows what it has; joined, these sights give the type that one machine finds, and every part is brought to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import polars as pl

from tearless.core import InputError, encodable, listed
from tearless.readers.columns import NESTED, kinds_of, series_of, type_of
from tearless.readers.names import distinct_names
from tearless.readers.pandas_frames import label_of, series_source
from tearless.readers.source import batch_rows

WHOLE = (pl.Int64(), pl.Int128(), pl.Float64())
"""What whole numbers are kept in, the narrowest first."""
Concat = Callable[[list[Any]], Any]


class OtherTypes(Exception):
    """Raised for a part whose columns have other types than were taken for all parts."""


@dataclass(frozen=True)
class Sight:
    """What some parts show of the type of one column: of its values, or (of a category) of its categories.

    ``empty`` is a pandas series of that dtype without a value; ``kinds`` are the kinds of Python objects and ``whole``
    the index in ``WHOLE`` that its whole numbers need, both known only where the column was looked through.
    """

    empty: Any
    category: bool = False
    kinds: frozenset[str] = frozenset()
    whole: int = 0

    @classmethod
    def of(cls, series: Any, through: bool) -> Sight:
        """What a series shows; ``through`` looks at every value also where the dtype says all."""
        category = type(series.dtype).__name__ == "CategoricalDtype"
        values = series.cat.categories.to_series() if category else series
        if not through and values.dtype != object:
            return cls(values.iloc[:0], category)
        objects = values.astype(object).tolist()
        kinds = kinds_of(objects)
        whole = 0
        if kinds == {"whole"}:
            whole = WHOLE.index(series_of("", objects, type_of(kinds)).dtype)
        return cls(values.iloc[:0], category, kinds, whole)

    @property
    def dtype(self) -> Any:
        return self.empty.dtype

    @property
    def by_values(self) -> bool:
        """Whether the dtype leaves open what the column holds."""
        return bool(self.dtype == object)

    def join(self, other: Sight, concat: Concat) -> Sight:
        """What both show: the dtype is that of both as one series."""
        empty, category = self.empty, self.category and other.category
        if self.category != other.category:
            empty = empty.astype(object)
        elif self.dtype != other.dtype:
            empty = concat([self.empty, other.empty])
        return Sight(empty, category, self.kinds | other.kinds, max(self.whole, other.whole))

    def same(self, other: Sight) -> bool:
        """Whether both stand for one type."""
        alike = self.dtype == other.dtype and self.category == other.category
        return alike and (not self.by_values or (self.kinds, self.whole) == (other.kinds, other.whole))


@dataclass(frozen=True)
class Plan:
    """How parts become Polars frames: the labels of the columns, their names, and what is known of their types.

    ``sure`` are the positions of the columns whose types come from all parts; the others are taken as the engine
    declares them, and a part that has another is found by its conversion.
    """

    labels: tuple[Any, ...]
    sights: tuple[Sight, ...]
    sure: frozenset[int]
    names: tuple[str, ...] = field(init=False)
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names, words = distinct_names([label_of(label) for label in self.labels])
        mixed = [n for n, s in zip(names, self.sights, strict=True) if not s.category and _values(s).mixed]
        if mixed:
            words.append(f"{listed(mixed)}: text mixed with other values; all of it is read as text")
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "words", tuple(words))

    @property
    def schema(self) -> pl.Schema:
        """The types of the columns of every frame."""
        return pl.Schema({n: _column(n, _none_of(s), s).dtype for n, s in zip(self.names, self.sights, strict=True)})

    def frames(self, part: Any, concat: Concat) -> Iterator[pl.DataFrame]:
        """The rows of one pandas frame. Raises ``InputError`` for other columns, ``OtherTypes`` for other types."""
        if not len(part):
            return
        columns = self._columns(part)
        for position, (series, sight) in enumerate(zip(columns, self.sights, strict=True)):
            own = Sight.of(series, through=sight.by_values and position in self.sure)
            seen = sight.join(own, concat) if position in self.sure else own
            if not seen.same(sight):
                raise OtherTypes(self.names[position])
        size = batch_rows(len(columns))
        for start in range(0, len(part), size):
            yield pl.DataFrame(
                [
                    _column(name, series.iloc[start : start + size], sight)
                    for name, series, sight in zip(self.names, columns, self.sights, strict=True)
                ]
            )

    def _columns(self, part: Any) -> list[Any]:
        found = list(part.columns)
        if found != list(self.labels):
            if len(set(self.labels)) < len(self.labels) or sorted(map(str, found)) != sorted(map(str, self.labels)):
                raise InputError(
                    f"data: expected the columns of the table in each part, got one with {listed(map(str, found))}"
                )
            part = part[list(self.labels)]
        return [part.iloc[:, j] for j in range(len(self.labels))]


def looked_at(part: Any, positions: Sequence[int], through: bool) -> tuple[int, tuple[Sight, ...]]:
    """The rows of one part, and what these columns of it show."""
    return len(part), tuple(Sight.of(part.iloc[:, j], through) for j in positions)


def joined(found: Sequence[tuple[int, tuple[Sight, ...]]], concat: Concat) -> tuple[Sight, ...]:
    """What all parts show together, those without a row left out as one machine leaves them out."""
    filled = [sights for rows, sights in found if rows] or [sights for _, sights in found[:1]]
    return tuple(reduce(lambda a, b: a.join(b, concat), column) for column in zip(*filled, strict=True))


def _values(sight: Sight) -> Any:
    return type_of(sight.kinds) if sight.by_values else type_of({"number"})


def _none_of(sight: Sight) -> Any:
    return sight.empty.astype("category") if sight.category else sight.empty


def _column(name: str, series: Any, sight: Sight) -> pl.Series:
    """A piece of a part's column, of the type that the whole column has."""
    if sight.category:
        return _category(name, series, sight)
    series = series if series.dtype == sight.dtype else series.astype(sight.dtype)
    if not sight.by_values:
        return series_source(name, series)[0]
    values = type_of(sight.kinds)
    made = series_of(name, series.tolist(), values)
    return made.cast(WHOLE[sight.whole]) if values.dtype == pl.Int64() else made


def _category(name: str, series: Any, sight: Sight) -> pl.Series:
    """The category of every row, of the type that all parts' categories have together."""
    categories = series.cat.categories.to_series()
    known = _column("", categories, replace(sight, category=False))
    if known.dtype == NESTED:
        known = pl.Series([encodable(str(c)) for c in categories], dtype=pl.String)
    codes = pl.Series(series.cat.codes.to_numpy()).cast(pl.Int64)
    return known.gather(codes.set(codes < 0, None)).alias(name)
