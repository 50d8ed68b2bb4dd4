"""Days that are merged say what one summary of all their rows would say, up to the grid of the files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tearless
from tearless.core import InputError
from tearless.statistics.profile.plain import plain
from tearless.statistics.profile.summary import Summary


def table(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.normal(1e4, 2, n)),
            "n": rng.integers(0, 30, n),
            "word": rng.choice(["a", "b", "c", "rare"], n, p=[0.5, 0.3, 0.17, 0.03]),
            "yes": rng.random(n) < 0.3,
        }
    )


def levelled(a: Summary, b: Summary, name: str) -> list[tuple[list[int], list[int]]]:
    """The histograms of both at the coarser level of the two."""
    pair = [one.past.whole.columns[name].histogram for one in (a, b)]
    known = [histogram for histogram in pair if histogram is not None]
    level = max(histogram.level for histogram in known)
    return [(h.coarser(level).cells.tolist(), h.coarser(level).counts.tolist()) for h in known]


@settings(max_examples=25)
@given(st.lists(st.integers(40, 400), min_size=1, max_size=5), st.integers(0, 999))
def test_merging_equals_summarizing_all_rows(sizes: list[int], seed: int) -> None:
    frames = [table(n, seed + i) for i, n in enumerate(sizes)]
    everything = pl.concat(frames)
    days = [tearless.summarize(frame, label=str(i)) for i, frame in enumerate(frames)]
    together, at_once = tearless.merge(days), tearless.summarize(everything)
    assert together.labels == tuple(str(i) for i in range(len(sizes)))
    assert together.rows == at_once.rows
    for name, column in at_once.past.whole.columns.items():
        ours = together.past.whole.columns[name]
        assert (ours.missing, ours.infinite, ours.low, ours.high) == (
            column.missing,
            column.infinite,
            column.low,
            column.high,
        )
        if column.moments is not None and ours.moments is not None:
            for field in ("n", "mean", "m2"):
                assert getattr(ours.moments, field) == pytest.approx(getattr(column.moments, field), rel=1e-11)
        if column.histogram is not None:
            first, second = levelled(together, at_once, name)
            assert first == second
    words = together.past.whole.columns["word"].categories
    assert words is not None
    true = Counter(everything["word"].to_list())
    assert words.total == true.total()
    for value, rows in true.items():
        assert rows - words.error <= words.counts.get(value, 0) <= rows


def test_a_merged_file_counts_as_its_days(tmp_path: Path) -> None:
    days = [tearless.summarize(table(200, i), label=f"day {i}") for i in range(4)]
    for i, day in enumerate(days):
        day.save(tmp_path / f"day{i}.facts")
    tearless.merge([tmp_path / "day0.facts", tmp_path / "day1.facts"]).save(tmp_path / "first.facts")
    by_steps = tearless.merge([tmp_path / "first.facts", days[2], str(tmp_path / "day3.facts")])
    by_steps.save(tmp_path / "all.facts")
    at_once = tearless.merge(str(tmp_path / "day*.facts"))
    assert by_steps.labels == at_once.labels == ("day 0", "day 1", "day 2", "day 3")
    assert list(plain(Summary.load(tmp_path / "all.facts").past)) == list(plain(by_steps.past))
    assert [day.columns["x"].mean for day in by_steps.past.days] == [day.columns["x"].mean for day in at_once.past.days]
    assert by_steps.past.days[2].columns["x"].mean == pytest.approx(table(200, 2)["x"].drop_nans().mean())


def test_a_day_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    day, other = tearless.summarize(table(50, 0), label="a"), tearless.summarize(table(50, 1), label="b")
    day.save(tmp_path / "day.facts")
    both = tearless.merge([day, other])
    for twice in ([day, day], [tmp_path / "day.facts", day], [both, day], [both, both]):
        with pytest.raises(InputError, match="expected each table once, got `a` twice"):
            tearless.merge(twice)
    assert tearless.merge([day, tearless.summarize(table(50, 1), label="a")]).labels == ("a", "a")


def test_private_and_other_days_are_private_together() -> None:
    open_day = tearless.summarize(table(60, 0), label="a")
    secret = tearless.summarize(table(60, 1), label="b", private=True)
    for order in ([open_day, secret], [secret, open_day]):
        both = tearless.merge(order)
        assert both.private
        assert "private" in both.notes[0]
        assert {(c.low, c.histogram, c.categories) for c in both.past.whole.columns.values()} == {(None, None, None)}
        kept = [c for day in both.past.days for c in day.columns.values()]
        assert {(c.histogram, c.categories) for c in kept} == {(None, None)}
        moments = both.past.whole.columns["n"].moments
        all_rows = pl.concat([table(60, 0), table(60, 1)])["n"]
        assert moments is not None
        assert float(moments.std()[0]) == pytest.approx(all_rows.std())


def test_columns_that_some_days_lack_stay_with_the_days_that_have_them() -> None:
    days = [tearless.summarize(frame, label=str(i)) for i, frame in enumerate((table(50, 0), table(50, 1).drop("n")))]
    both = tearless.merge(days)
    assert list(both.past.whole.columns) == ["x", "word", "yes"]
    assert list(both.past.days[0].columns) == ["x", "n", "word", "yes"]
    assert both.notes == ("not in all of them, and kept of the days alone that have it: `n`",)


def test_columns_that_change_their_type_are_said() -> None:
    first = tearless.summarize({"x": [1.0, 2.0], "y": [1, 2]}, label="a")
    both = tearless.merge([first, tearless.summarize({"x": ["a", "b"], "y": [1.5, None]}, label="b")])
    assert both.notes == ("of different types in them, so that only missing cells are counted: `x`",)
    assert (both.past.whole.columns["y"].kind, both.past.whole.columns["y"].missing) == ("number", 1)


def test_tables_without_a_common_column_are_refused() -> None:
    days = [tearless.summarize({name: [1.0, 2.0]}, label=name) for name in ("a", "b")]
    with pytest.raises(InputError, match="expected tables with a column in common, got `b` with `b`"):
        tearless.merge(days)


@pytest.mark.parametrize("given", [[], 5, [5], None])
def test_what_is_no_summary_is_refused(given: object) -> None:
    with pytest.raises(InputError, match="data: expected"):
        tearless.merge(given)


@pytest.mark.parametrize("label", ["", " ", "x" * 301, 5])
def test_a_label_is_a_text(label: object) -> None:
    with pytest.raises(InputError, match="label: expected a text"):
        tearless.summarize({"a": [1]}, label=label)  # type: ignore[arg-type]
