"""The profile of a table is that of its parts together, whatever the parts and their order."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.readers.parts.packing import packed, unpacked
from tearless.readers.source import Batch
from tearless.statistics.profile.profile import ColumnProfile, Profile

START = dt.datetime(2024, 5, 1)
NEW_YEAR = dt.datetime(2024, 1, 1).replace(tzinfo=dt.UTC).timestamp()


def table(n: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(n) < 0.1, np.nan, rng.normal(1e6, 2, n))
    return pl.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.05, np.inf, x),
            "n": pl.Series(rng.integers(0, 9, n)).set(pl.Series(rng.random(n) < 0.2), None),
            "huge": rng.choice([1e300, -1e300, 3.0], n),
            "word": pl.Series(rng.choice(["a", "b", "c"], n)).set(pl.Series(rng.random(n) < 0.2), None),
            "yes": rng.random(n) < 0.3,
            "when": pl.Series(rng.integers(0, 10**15, n)).cast(pl.Datetime("us")),
            "span": pl.Series(rng.integers(0, 10**6, n)).cast(pl.Duration("ms")),
            "kind": pl.Series(rng.choice(["p", "q"], n)).cast(pl.Categorical),
            "list": [[1, 2]] * n,
            "none": [None] * n,
        }
    )


def of(frame: pl.DataFrame) -> Profile:
    return Profile.of(Batch(frame))


def same(a: Profile, b: Profile) -> None:
    """Equal counts, cells and categories; moments equal to rounding."""
    assert (a.rows, list(a.columns)) == (b.rows, list(b.columns))
    for name, one in a.columns.items():
        other = b.columns[name]
        plain = ("kind", "dtype", "missing", "infinite", "low", "high", "categories")
        assert [getattr(one, f) for f in plain] == [getattr(other, f) for f in plain], name
        if one.moments is not None and other.moments is not None:
            assert one.moments.n.tolist() == other.moments.n.tolist()
            scale = max(abs(one.high or 0.0), abs(one.low or 0.0), 1.0)
            assert one.moments.mean / scale == pytest.approx(other.moments.mean / scale, rel=1e-12, abs=1e-14), name
            for power in ("variance", "std", "skewness", "kurtosis"):
                ours, theirs = getattr(one.moments, power)(), getattr(other.moments, power)()
                assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True), (name, power)
        if one.histogram is not None and other.histogram is not None:
            assert one.histogram.level == other.histogram.level
            assert one.histogram.cells.tolist() == other.histogram.cells.tolist()
            assert one.histogram.counts.tolist() == other.histogram.counts.tolist()
        assert (one.moments is None, one.histogram is None) == (other.moments is None, other.histogram is None)


@settings(max_examples=25)
@given(st.integers(0, 60), st.integers(0, 999), st.lists(st.integers(0, 60), max_size=4))
def test_parts_make_the_whole(n: int, seed: int, cuts: list[int]) -> None:
    frame = table(n, seed)
    ends = [0, *sorted(min(cut, n) for cut in cuts), n]
    parts = [of(frame[a:b]) for a, b in itertools.pairwise(ends)]
    together = parts[0]
    for part in parts[1:]:
        together = together.merge(part)
    same(together, of(frame))


def test_an_empty_part_changes_nothing_on_either_side() -> None:
    whole, empty = of(table(50)), of(table(0))
    same(empty.merge(whole), whole)
    same(whole.merge(empty), whole)


def test_it_travels_as_bytes() -> None:
    whole = of(table(200))
    same(unpacked(packed(whole), (Profile,)), whole)


def test_times_are_seconds_whatever_their_unit() -> None:
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 3)]
    moments = [dt.datetime.combine(day, dt.time()) for day in days]
    frame = pl.DataFrame(
        {
            "day": days,
            "ms": pl.Series(moments, dtype=pl.Datetime("ms")),
            "ns": pl.Series(moments, dtype=pl.Datetime("ns", "Europe/Oslo")),
            "clock": [dt.time(1), dt.time(2)],
            "span": pl.Series([dt.timedelta(hours=1), dt.timedelta(hours=2)], dtype=pl.Duration("us")),
        }
    )
    columns = of(frame).columns
    assert {columns[name].low for name in ("day", "ms")} == {NEW_YEAR}
    assert columns["ns"].low == NEW_YEAR
    assert [columns[name].low for name in ("clock", "span")] == [3600.0, 3600.0]
    assert {c.kind for c in columns.values()} == {"time"}


def test_types_never_hold_values() -> None:
    frame = pl.DataFrame({"e": pl.Series(["secret"], dtype=pl.Enum(["secret"])), "s": [{"field": 1}]})
    assert [c.dtype for c in of(frame).columns.values()] == ["Enum", "Struct"]


def together(a: pl.Series, b: pl.Series) -> ColumnProfile:
    return of(pl.DataFrame({"x": a})).merge(of(pl.DataFrame({"x": b}))).columns["x"]


def test_columns_of_different_kinds_keep_their_holes_alone() -> None:
    both = together(pl.Series([1.0, None]), pl.Series(["a", None]))
    assert (both.kind, both.missing, both.moments, both.categories, both.histogram) == ("other", 2, None, None, None)
    assert together(pl.Series([dt.time(1)]), pl.Series([dt.date(2024, 1, 1)])).kind == "other"


def test_whole_numbers_with_and_without_a_fraction_and_booleans_are_numbers_together() -> None:
    both = together(pl.Series([1, 2]), pl.Series([1.5, 2.5]))
    assert (both.kind, both.moments is not None and both.moments.n.tolist()) == ("number", [4.0])
    assert together(pl.Series([True, False]), pl.Series([1, 0])).kind == "number"


@pytest.mark.parametrize("empty", [pl.Series([None, None]), pl.Series([None, None], dtype=pl.String)])
def test_a_column_without_a_value_has_no_kind_of_its_own(empty: pl.Series) -> None:
    for both in (together(empty, pl.Series([1.0, 2.0])), together(pl.Series([1.0, 2.0]), empty)):
        assert (both.kind, both.missing, both.low, both.high) == ("number", 2, 1.0, 2.0)


def test_wide_tables_have_coarser_histograms_but_equal_laws() -> None:
    rng = np.random.default_rng(0)
    wide = pl.DataFrame({f"c{i}": rng.normal(size=700) for i in range(8_000)})
    profile = of(wide)
    assert {len(c.histogram.cells) <= 256 for c in profile.columns.values() if c.histogram} == {True}
    assert {c.histogram.total for c in profile.columns.values() if c.histogram} == {700}
