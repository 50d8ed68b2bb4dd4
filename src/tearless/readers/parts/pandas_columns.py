"""Columns of pandas frames that are parts of one table, in the types that they have when all parts are one frame.

What a column holds can differ from part to part: nothing in one, whole numbers in the next, text in a third. Each part
shows what it has; joined, these sights give the type that one machine finds, and every part is brought to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
    """What one part, or all, show of the type of one column: of its values, or (of a category) of its categories.

    ``empty`` is a pandas series of that dtype without a value; ``kinds`` are the kinds of Python objects and ``whole``
    the index in ``WHOLE`` that its whole numbers need, both known only where the column was looked through. ``seen``
    are the dtypes that the parts have, each with whether it is of categories.
    """

    empty: Any
    category: bool
    kinds: frozenset[str] = frozenset()
    whole: int = 0
    seen: tuple[tuple[Any, bool], ...] = ()

    @classmethod
    def of(cls, series: Any, through: bool) -> Sight:
        """What a series shows; ``through`` looks at every value also where the dtype says all."""
        category = type(series.dtype).__name__ == "CategoricalDtype"
        values = series.cat.categories.to_series() if category else series
        seen = ((values.dtype, category),)
        if not through and values.dtype != object:
            return cls(values.iloc[:0], category, seen=seen)
        objects = values.astype(object).tolist()
        kinds = kinds_of(objects)
        whole = 0
        if kinds == {"whole"}:
            whole = WHOLE.index(series_of("", objects, type_of(kinds)).dtype)
        return cls(values.iloc[:0], category, kinds, whole, seen)

    @classmethod
    def joined(cls, sights: Sequence[Sight], concat: Concat) -> Sight:
        """What several show together: the dtype is that of all as one series, joined at once as pandas does it."""
        one_of_each: dict[tuple[Any, bool], Any] = {}
        for sight in sights:
            one_of_each.setdefault(sight.seen[0], sight.empty)
        empty, category = sights[0].empty, all(sight.category for sight in sights)
        if category != any(sight.category for sight in sights):
            empty = empty.astype(object)
        elif len(one_of_each) > 1:
            empty = concat([one.to_frame(name="x") for one in one_of_each.values()])["x"]
        kinds = frozenset[str]().union(*(sight.kinds for sight in sights))
        return cls(empty, category, kinds, max(sight.whole for sight in sights), tuple(one_of_each))

    @property
    def by_values(self) -> bool:
        """Whether the dtype leaves open what the column holds."""
        return bool(self.empty.dtype == object)

    def holds(self, series: Any) -> bool:
        """Whether a part's column is as was seen."""
        own = Sight.of(series, through=self.by_values)
        known = not self.by_values or (own.kinds <= self.kinds and own.whole <= self.whole)
        return own.seen[0] in self.seen and known


@dataclass(frozen=True)
class Plan:
    """How parts become Polars frames: the labels of the columns, their names, and what is known of their types.

    Where the types are taken as the engine declares them, a part that has another is found when it is converted.
    """

    labels: tuple[Any, ...]
    sights: tuple[Sight, ...]
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

    def frames(self, part: Any) -> Iterator[pl.DataFrame]:
        """The rows of one pandas frame. Raises ``InputError`` for other columns, ``OtherTypes`` for other types."""
        if not len(part):
            return
        columns = columns_of(part, self.labels)
        for name, series, sight in zip(self.names, columns, self.sights, strict=True):
            if not sight.holds(series):
                raise OtherTypes(name)
        size = batch_rows(len(columns))
        for start in range(0, len(part), size):
            yield pl.DataFrame(
                [
                    _column(name, series.iloc[start : start + size], sight)
                    for name, series, sight in zip(self.names, columns, self.sights, strict=True)
                ]
            )


def columns_of(part: Any, labels: Sequence[Any]) -> list[Any]:
    """The columns of one part in the order of the table. Raises ``InputError`` where it has others."""
    found = list(part.columns)
    if found != list(labels):
        if len(set(labels)) < len(labels) or sorted(map(str, found)) != sorted(map(str, labels)):
            raise InputError(
                f"data: expected the columns of the table in each part, got one with {listed(list(map(str, found)))}; "
                "give every part the same columns"
            )
        part = part[list(labels)]
    return [part.iloc[:, j] for j in range(len(labels))]


def looked_at(part: Any, labels: Sequence[Any], positions: Sequence[int]) -> tuple[int, tuple[Sight, ...]]:
    """The rows of one part, and what the columns at these positions of the table show."""
    if not len(part):
        positions = [j for j in positions if j < part.shape[1]]
        return 0, tuple(Sight.of(part.iloc[:, j], through=True) for j in positions)
    columns = columns_of(part, labels)
    return len(part), tuple(Sight.of(columns[j], through=True) for j in positions)


def joined(found: Sequence[tuple[int, tuple[Sight, ...]]], concat: Concat) -> tuple[Sight, ...]:
    """What all parts show together, those without a row left out as one machine leaves them out."""
    filled = [sights for rows, sights in found if rows] or [sights for _, sights in found[:1]]
    return tuple(Sight.joined(column, concat) for column in zip(*filled, strict=True))


def _values(sight: Sight) -> Any:
    return type_of(sight.kinds) if sight.by_values else type_of({"number"})


def _none_of(sight: Sight) -> Any:
    return sight.empty.astype("category") if sight.category else sight.empty


def _column(name: str, series: Any, sight: Sight) -> pl.Series:
    """A piece of a part's column, of the type that the whole column has."""
    if sight.category:
        return _category(name, series, sight)
    series = series if series.dtype == sight.empty.dtype else series.astype(sight.empty.dtype)
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
