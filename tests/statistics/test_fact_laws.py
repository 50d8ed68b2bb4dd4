"""The merge laws: an empty batch changes nothing; any tree of merges and any cut into batches give the same."""

from __future__ import annotations

import datetime
from functools import reduce
from itertools import pairwise
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.linear_algebra import facts as tables
from tearless.linear_algebra.facts import NumericColumns, Sample
from tearless.readers.source import Batch
from tearless.statistics import facts as columns
from tearless.statistics import row_hashes
from tearless.statistics.facts import Columns
from tearless.statistics.row_hashes import RowHashes

FACTS = (NumericColumns, Sample, Columns, RowHashes)
floats = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf]) | st.none()
texts = st.sampled_from(["a", "b", "", "long text"]) | st.none()


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    n = draw(st.integers(0, 40))
    many = {"min_size": n, "max_size": n}
    return pl.DataFrame(
        {
            "x": draw(st.lists(floats, **many)),
            "k": draw(st.lists(st.integers(-3, 3), **many)),
            "t": draw(st.lists(texts, **many)),
            "b": draw(st.lists(st.booleans() | st.none(), **many)),
            "y": draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]) | st.none(), **many)),
        },
        schema={"x": pl.Float64, "k": pl.Int64, "t": pl.String, "b": pl.Boolean, "y": pl.Float64},
    )


def parts(frame: pl.DataFrame, cuts: list[int]) -> list[Batch]:
    ends = [0, *sorted(c for c in cuts if c <= frame.height), frame.height]
    return [Batch(frame[a:b], a, "y", 7) for a, b in pairwise(ends)]


def seen(fact: Any) -> dict[str, Any]:
    """What a fact says of the table, to be compared."""
    if isinstance(fact, NumericColumns):
        counts = [fact.null, fact.nan, fact.plus_inf, fact.minus_inf, fact.minimum, fact.maximum, fact.moments.n]
        m = fact.moments
        return {
            "names": fact.names,
            "rows": fact.rows,
            "counts": np.array(counts),
            "moments": (m.mean, m.m2, m.m3, m.m4),
        }
    if isinstance(fact, Sample):
        return {"frame": fact.frame, "numbers": fact.row_numbers.tolist(), "total": fact.total}
    if isinstance(fact, Columns):
        return {
            "names": fact.names,
            "rows": fact.rows,
            "missing": fact.missing.tolist(),
            "distinct": fact.distinct.tolist(),
        }
    g = fact.settled().grouped()
    return {"share": g.share, "total": g.total, "all": [x.tolist() for x in (g.features, g.target, g.first, g.count)]}


def assert_same(a: Any, b: Any) -> None:
    one, other = seen(a), seen(b)
    for what, value in one.items():
        if what == "frame":
            assert value.equals(other[what], null_equal=True)
        elif what == "counts":
            np.testing.assert_array_equal(value, other[what])
        elif what == "moments":
            for order, (p, q) in enumerate(zip(value, other[what], strict=True), 1):
                np.testing.assert_allclose(p, q, rtol=1e-7, atol=1e-9 * (2e6) ** order)
        else:
            assert value == other[what], what


@pytest.mark.parametrize("kind", FACTS)
@given(frame=frames())
@settings(max_examples=25, deadline=None)
def test_an_empty_batch_is_the_identity(kind: Any, frame: pl.DataFrame) -> None:
    fact, empty = kind.of(Batch(frame, 0, "y", 7)), kind.of(Batch(frame.clear(), 0, "y", 7))
    assert_same(fact.merge(empty), fact)
    assert_same(empty.merge(fact), fact)


@pytest.mark.parametrize("kind", FACTS)
@given(frame=frames(), cuts=st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_cut_into_batches_does_not_matter(kind: Any, frame: pl.DataFrame, cuts: list[int]) -> None:
    made = [kind.of(b) for b in parts(frame, cuts)]
    assert_same(reduce(lambda a, b: a.merge(b), made), kind.of(Batch(frame, 0, "y", 7)))


@pytest.mark.parametrize("kind", FACTS)
@given(frame=frames(), cuts=st.lists(st.integers(0, 40), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_merging_is_associative(kind: Any, frame: pl.DataFrame, cuts: list[int]) -> None:
    a, b, c, d = (kind.of(x) for x in (parts(frame, cuts) + [Batch(frame.clear(), 0, "y", 7)] * 4)[:4])
    assert_same(a.merge(b).merge(c).merge(d), a.merge(b.merge(c.merge(d))))
    assert_same(a.merge(b).merge(c).merge(d), a.merge(b).merge(c.merge(d)))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code with caps so low that samples are drawn, sketches estimate and hashes are thinned."""
    monkeypatch.setattr(tables, "SAMPLE_ROWS", 1_000)
    monkeypatch.setattr(row_hashes, "HASHES_KEPT", 256)
    monkeypatch.setattr(columns, "DISTINCT_KEPT", 64)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize("size", [37, 640, 1_999, 5_000])
def test_the_laws_hold_beyond_every_cap(kind: Any, size: int) -> None:
    rng = np.random.default_rng(size)
    n = 5_000
    frame = pl.DataFrame({"x": rng.normal(size=n), "k": rng.integers(0, 3_000, n), "y": rng.integers(0, 2, n)})
    batches = [Batch(part, i * size, "y", 7) for i, part in enumerate(frame.iter_slices(size))]
    left = reduce(lambda a, b: a.merge(b), [kind.of(b) for b in batches])
    right = reduce(lambda a, b: b.merge(a), [kind.of(b) for b in reversed(batches)])
    assert_same(left, right)
    assert_same(left, kind.of(Batch(frame, 0, "y", 7)))


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("distinct", [5, 40, 900, 10**9])
def test_parts_that_know_the_whole_send_few_hashes_and_lose_none(distinct: int) -> None:
    """However few or many rows differ: a part holds what the whole table needs of it, and little more."""
    rng = np.random.default_rng(distinct)
    n, few = 20_000, row_hashes.HASHES_KEPT // 8
    frame = pl.DataFrame({"x": rng.integers(0, distinct, n), "y": rng.integers(0, 2, n)})
    whole = RowHashes.of(Batch(frame, 0, "y")).settled().grouped()
    cuts = [0, 70, 70, 4_000, 4_900, 15_000, n]
    held = [RowHashes.of(Batch(frame[a:b], a, "y", 0, n)).settled() for a, b in pairwise(cuts)]
    assert max(len(part.grouped().features) for part in held) <= max(few, row_hashes.HASHES_KEPT // 2)
    for order in ([0, 1, 2, 3, 4, 5], [3, 5, 0, 2, 1, 4]):
        merged = reduce(lambda a, b: a.merge(b), [held[i] for i in order]).settled().grouped()
        assert (merged.ceiling, merged.total) == (whole.ceiling, n)
        for name in ("features", "target", "first", "count"):
            np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    assert (whole.share == 1) == (distinct == 5)


@pytest.mark.usefixtures("narrow")
def test_the_guard_can_fail() -> None:
    """Batches that both claim to begin at row 0 are caught."""
    frame = pl.DataFrame({"x": np.arange(5_000.0), "y": np.zeros(5_000)})
    a, b = (Sample.of(Batch(frame[i : i + 2_500], 0, "y", 7)) for i in (0, 2_500))
    with pytest.raises(AssertionError):
        assert_same(a.merge(b), Sample.of(Batch(frame, 0, "y", 7)))


@given(hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e3, 1e3)))
@settings(max_examples=50, deadline=None)
def test_merged_moments_equal_numpy(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    halves = [NumericColumns.of(Batch(pl.DataFrame({"x": h}))) for h in (x[: len(x) // 3], x[len(x) // 3 :])]
    m = halves[0].merge(halves[1]).moments
    np.testing.assert_allclose(m.mean[0], x.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(m.variance()[0], x.var(ddof=1), rtol=1e-7, atol=1e-6)


def one(values: Any, dtype: Any = None) -> list[int]:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    hashes: list[int] = RowHashes.of(Batch(frame)).features.tolist()
    return hashes


def test_hashes_tell_null_from_nan_and_not_the_zeros_apart() -> None:
    zero, minus, nan, other_nan, null = one([0.0, -0.0, np.nan, -np.nan, None])
    assert zero == minus
    assert nan == other_nan
    assert len({zero, nan, null}) == 3


@pytest.mark.parametrize("value", ["a", 1, 1.5, True, datetime.date(2024, 1, 1), b"x"])
def test_a_hole_elsewhere_in_the_batch_does_not_change_a_hash(value: Any) -> None:
    kind = pl.Series([value]).dtype
    assert one([value, None], kind)[0] == one([value], kind)[0] == one([None, value], kind)[1]


def test_categories_hash_by_their_text() -> None:
    assert one(["u", "v"], pl.Categorical)[0] == one(["v", "u"], pl.Categorical)[1]


def test_hashes_differ_by_type_so_a_test_table_is_cast_first() -> None:
    assert one([1])[0] != one([1.0])[0]
    assert one([1], pl.Int64)[0] == one(pl.Series([1.0]).cast(pl.Int64))[0]


def test_columns_in_another_order_of_values_are_other_rows() -> None:
    a = pl.DataFrame({"p": [1, 2], "q": [2, 1]})
    h = RowHashes.of(Batch(a)).features
    assert h[0] != h[1]


def test_distinct_counts_are_exact_below_the_cap_and_near_above() -> None:
    few, many = pl.Series(np.arange(60_000) % 1_023), pl.Series(np.arange(60_000))
    columns = Columns.of(Batch(pl.DataFrame({"few": few, "many": many})))
    assert columns.distinct[0] == 1_023
    assert abs(columns.distinct[1] / 60_000 - 1) < 4 * 0.0313


def test_the_sample_is_uniform_over_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SAMPLE_ROWS", 1_000)
    picked = np.zeros(4)
    for seed in range(20):
        sample = Sample.of(Batch(pl.DataFrame({"x": np.arange(8_000)}), 0, None, seed))
        assert sample.rows == 1_000
        picked += np.histogram(sample.row_numbers, bins=4, range=(0, 8_000))[0]
    assert (((picked - 5_000) ** 2) / 5_000).sum() < 16.3
