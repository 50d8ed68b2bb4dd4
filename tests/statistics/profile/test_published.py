"""A fact file leaks no rows: what one row alone holds is not in it, in whatever spelling. With --private, no value."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tearless
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.profile.published import FEWEST_HELD, PUBLISHED_CELLS, coarse
from tearless.statistics.profile.summary import Summary

N = 4_000
UNIQUE = 53_187.42961
NAMES = [f"Ada L{i:05}" for i in range(40)]


def held(summary: Summary, path: Path) -> str:
    """All that the file holds, as text."""
    summary.save(path)
    return gzip.decompress(path.read_bytes().partition(b"\n")[2]).decode()


def told_numbers(summary: Summary) -> set[float]:
    """The edges of all cells: what the grid tells as a number."""
    histograms = [c.histogram for c in summary.past.whole.columns.values() if c.histogram is not None]
    return {float(v) for histogram in histograms for edge in histogram.edges() for v in edge}


def salaries() -> pl.DataFrame:
    """Most earn nothing, some a round sum, few a sum that nobody else has."""
    rng = np.random.default_rng(0)
    plain = rng.choice([0.0, 1_000.0], N - 42)
    alone = rng.uniform(10_000, 90_000, 39).round(5)
    unique = np.r_[plain, alone, UNIQUE, 120_000.5, -7.25]
    names = ["Rome"] * 2_000 + ["Oslo"] * (N - 2_040) + NAMES
    return pl.DataFrame(
        {
            "salary": unique,
            "normal": rng.normal(1e4, 3, N),
            "identity": rng.permutation(N) * 1_000_003 + 7,
            "name": names,
            "free": [f"note {i} of {i * 7919}" for i in range(N)],
            "kind": pl.Series(names).cast(pl.Categorical),
            "group": pl.Series(names).cast(pl.Enum(["Rome", "Oslo", *NAMES])),
        }
    )


def spellings(value: float) -> set[str]:
    """A number as it may be written, to six digits and more."""
    return {repr(value), *(f"{value:.{d}g}" for d in range(6, 18)), *(f"{value:.{d}e}" for d in range(5, 17))}


@pytest.mark.parametrize("private", [False, True])
def test_what_one_row_holds_is_not_in_the_file(private: bool, tmp_path: Path) -> None:
    frame = salaries()
    text = held(tearless.summarize(frame, label="day", private=private), tmp_path / "f")
    assert not [name for name in NAMES if name in text]
    assert "note" not in text
    for column in ("salary", "normal", "identity"):
        values, counts = np.unique(frame[column].to_numpy().astype(np.float64), return_counts=True)
        rare = set(values[counts == 1][1:-1].tolist())
        words = set(re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text))
        assert not [v for v in rare if spellings(v) & words], column
        assert not rare & told_numbers(Summary.load(tmp_path / "f")), column


def test_private_holds_no_value_at_all(tmp_path: Path) -> None:
    frame = salaries().with_columns(one=pl.lit(77_123.5), when=pl.lit(1_234_567_890_123).cast(pl.Datetime("ms")))
    text = held(tearless.summarize(frame, label="day", private=True), tmp_path / "f")
    assert not [word for word in ("Rome", "Oslo", "Ada", "120000.5", "-7.25", "77123.5", "1234567890") if word in text]
    summary = Summary.load(tmp_path / "f")
    assert summary.private
    kept = [(c.low, c.high, c.histogram, c.categories) for c in summary.past.whole.columns.values()]
    assert set(kept) == {(None, None, None, None)}
    assert summary.past.whole.columns["one"].moments is None
    salary = summary.past.whole.columns["salary"].moments
    assert salary is not None
    assert salary.mean.tolist() == pytest.approx([frame["salary"].mean()])
    assert salary.std().tolist() == pytest.approx([frame["salary"].std()])


def test_private_keeps_no_moments_of_few_values(tmp_path: Path) -> None:
    few = pl.DataFrame({"x": [*range(19), *[None] * 30], "y": [*range(20), *[None] * 29]}, strict=False)
    tearless.summarize(few, private=True).save(tmp_path / "f")
    columns = Summary.load(tmp_path / "f").past.whole.columns
    assert columns["x"].moments is None
    assert columns["y"].moments is not None


def test_the_ends_and_the_frequent_are_there_as_documented(tmp_path: Path) -> None:
    tearless.summarize(salaries()).save(tmp_path / "f")
    columns = Summary.load(tmp_path / "f").past.whole.columns
    assert (columns["salary"].low, columns["salary"].high) == (-7.25, 120_000.5)
    categories = columns["name"].categories
    assert categories is not None
    assert (categories.counts, categories.others, categories.error) == ({"Rome": 2_000, "Oslo": 1_960}, 40, 1)
    histogram = columns["normal"].histogram
    assert histogram is not None
    assert 100 < len(histogram.cells) <= N // 10


laws = st.sampled_from(["normal", "cauchy", "zeros", "times", "ids", "cents", "lognormal", "ages"])


@settings(max_examples=60)
@given(laws, st.integers(1, 3_000), st.integers(0, 999))
def test_no_narrow_cell_is_held_by_few(law: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = {
        "normal": rng.normal(100, 1, n),
        "cauchy": rng.standard_cauchy(n),
        "zeros": np.where(rng.random(n) < 0.01, rng.uniform(1e4, 9e4, n), 0.0),
        "times": 1.7e9 + rng.uniform(0, 1e5, n),
        "ids": rng.permutation(n) + 1e7,
        "cents": rng.integers(0, 3_000, n) / 100,
        "lognormal": rng.lognormal(10, 1, n),
        "ages": rng.integers(0, 99, n).astype(float),
    }[law]
    found = coarse(Histogram.of(x))
    if n < 2 * FEWEST_HELD:
        assert found is None
        return
    assert found is not None
    assert found.total == n
    assert len(found.cells) <= max(2, min(PUBLISHED_CELLS, n // 10))
    low, high = found.edges()
    middle = float(np.subtract(*np.quantile(x, [0.75, 0.25])))
    rare = found.counts < FEWEST_HELD
    ends = np.maximum(np.abs(low), np.abs(high))
    assert np.all(((high - low) >= np.minimum(ends / 257, max(middle, 0.0) / 300 or np.inf))[rare])


def test_an_ordinary_column_keeps_its_shape() -> None:
    rng, n = np.random.default_rng(0), 5_000
    for x in (rng.normal(size=n), rng.normal(1e6, 1, n), rng.lognormal(10, 1, n), 1.7e9 + rng.random(n)):
        found = coarse(Histogram.of(x))
        assert found is not None
        assert found.counts.max() < n / 20
