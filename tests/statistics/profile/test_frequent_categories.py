"""A count of a category is never too large, and too small by no more than the error that is stated."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearless.statistics.profile.categories import LONGEST, MOST_CATEGORIES, Categories

words = st.lists(st.sampled_from([f"w{i}" for i in range(12)]), max_size=60)


def holds(categories: Categories, true: Counter[str]) -> bool:
    """The law, for every value there is or could be."""
    kept = categories.counts
    return (
        categories.total == true.total()
        and len(kept) <= categories.most
        and all(true[value] - categories.error <= kept.get(value, 0) <= true[value] for value in {*true, *kept})
    )


def merged(pieces: list[Categories], rng: np.random.Generator) -> Categories:
    pieces = list(pieces)
    while len(pieces) > 1:
        i, j = (int(k) for k in rng.permutation(len(pieces))[:2])
        both = pieces[i].merge(pieces[j])
        pieces = [one for k, one in enumerate(pieces) if k not in (i, j)] + [both]
    return pieces[0]


@given(words, st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_error_holds_over_streams_and_merge_trees(x: list[str], most: int, parts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = np.split(np.array(x, dtype=object), np.sort(rng.integers(0, len(x) + 1, parts - 1)))
    found = merged([Categories.of(pl.Series(list(p), dtype=pl.String), most) for p in pieces], rng)
    assert holds(found, Counter(x))
    assert found.error == 0 or len(set(x)) > most
    assert found.error <= len(x) / (most + 1)


@pytest.mark.parametrize("law", ["unique", "zipf", "even", "few"])
def test_the_error_holds_over_long_streams(law: str) -> None:
    rng, n = np.random.default_rng(3), 30_000
    numbers = {
        "unique": np.arange(n),
        "zipf": rng.zipf(1.3, n),
        "even": rng.integers(0, 5_000, n),
        "few": rng.integers(0, 1_000, n),
    }[law]
    texts = pl.Series(numbers).cast(pl.String)
    found = merged([Categories.of(texts.slice(i, 9_000)) for i in range(0, n, 9_000)], rng)
    assert holds(found, Counter(texts.to_list()))
    assert holds(Categories.of(texts), Counter(texts.to_list()))
    assert found.error <= n / (MOST_CATEGORIES + 1)
    assert (found.error == 0) == (len(set(numbers.tolist())) <= MOST_CATEGORIES)


@given(words, st.integers(1, 8))
def test_rare_values_are_hidden_and_the_error_says_so(x: list[str], fewest: int) -> None:
    kept = Categories.of(pl.Series(x, dtype=pl.String)).held_by(fewest)
    assert holds(kept, Counter(x))
    assert set(kept.counts) == {value for value, rows in Counter(x).items() if rows >= fewest}


def test_long_values_stand_for_all_that_begin_so() -> None:
    long = "x" * (LONGEST + 5)
    for many in (1, 9_000):  # short columns and long ones are counted otherwise
        found = Categories.of(pl.Series([long, long + "y", "x"] * many))
        assert found.counts == {"x" * LONGEST: 2 * many, "x": many}


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["a", "b"])])
def test_categories_of_a_frame_are_text(dtype: pl.DataType) -> None:
    assert Categories.of(pl.Series(["b", "a", "b"], dtype=dtype)).counts == {"b": 2, "a": 1}


def test_booleans_are_words() -> None:
    assert Categories.of(pl.Series([True, False, True])).counts == {"true": 2, "false": 1}
