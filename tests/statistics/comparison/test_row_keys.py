"""Rows matched by what names them: the same as a dictionary says, or left to a join."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.statistics.comparison.row_keys import places, repeats

WHOLE = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))
TEXT = st.text(max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(WHOLE), st.lists(TEXT), st.lists(st.tuples(st.integers(0, 3), TEXT))))
def test_rows_are_found_where_a_dictionary_finds_them(names: list[object]) -> None:
    columns = list(zip(*names, strict=True)) if names and isinstance(names[0], tuple) else [names]
    keys = pl.DataFrame({f"{i}": column for i, column in enumerate(columns)})
    assert repeats(keys) == (len(set(names)) < len(names))
    keys = keys.unique(maintain_order=True)
    others = keys.sample(fraction=1, shuffle=True, seed=keys.height)
    at = {row: i for i, row in enumerate(others.rows())}
    found = places(keys, others)
    if keys.schema["0"] != pl.Null:
        assert found is not None
        assert found.to_list() == [at[row] for row in keys.rows()]
    if keys.height > 1:
        assert places(keys, others.head(-1).vstack(others.head(1))) is None


@pytest.mark.parametrize("kind", [pl.Int8, pl.UInt8, pl.Int64, pl.UInt64, pl.String])
def test_every_kind_of_key_over_its_range(kind: type[pl.DataType]) -> None:
    numbers = np.random.default_rng(0).permutation(256) + (-128 if kind == pl.Int8 else 0)
    keys = pl.DataFrame({"id": numbers.tolist()}).cast(kind)
    found = places(keys, keys.reverse())
    assert found is not None
    assert found.to_list() == list(range(255, -1, -1))


def test_far_numbers() -> None:
    keys = pl.DataFrame({"id": [2**64 - 1, 2**64 - 2, 2**64 - 3]}, schema={"id": pl.UInt64})
    assert places(keys, keys.reverse()).to_list() == [2, 1, 0]


@pytest.mark.parametrize(
    ("keys", "others"),
    [
        ([1, 2], [1, 3]),
        ([1, 3, 5], [1, 2, 5]),
        ([1, 2], ["1", "2"]),
        ([1, None], [None, 1]),
        ([1.0, 2.0], [2.0, 1.0]),
        ([1, 2], [1, 2, 3]),
    ],
)
def test_what_is_not_sure_is_left_to_a_join(keys: list[object], others: list[object]) -> None:
    assert places(pl.DataFrame({"id": keys}), pl.DataFrame({"id": others})) is None


def test_categories_numbered_apart_are_left_to_a_join() -> None:
    keys, others = (pl.DataFrame({"id": pl.Series(x, dtype=pl.Categorical)}) for x in (["a", "b"], ["b", "a"]))
    assert places(keys, others) is None
