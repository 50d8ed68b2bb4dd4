"""However a table is cut, and in whatever tree and order its facts are merged, it is one table.

``bench/partitionings.py`` does the same at full size, and on Dask and Spark.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.moments import Moments
from tearless.readers.parts.engine import facts_of
from tearless.readers.parts.work import Work
from tearless.readers.source import Batch

from .test_packing import FACTS, TABLE

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))

from partitionings import Cut, Kind, cut, differences, in_parts, kinds, said

RNG = np.random.default_rng(11)
KINDS = kinds(RNG, rows=200, long=132_000, longest=0)
CUTS = 200


def views(fact: Any) -> dict[str, Any]:
    """What a fact tells whoever asks it, free of the order in which it came by it, as plain data."""
    if hasattr(fact, "settled"):
        fact = fact.settled()
        fact = {"rows": sorted(zip(*(entry.tolist() for entry in fact._joined()), strict=True)), "share": fact.share}
    elif hasattr(fact, "row_numbers"):
        fact = {"rows": fact.row_numbers, "frame": fact.frame, "total": fact.total, "said": fact.said}
    return plain(fact)


def plain(thing: Any) -> Any:
    """A fact as lists and dicts of numbers and text."""
    if isinstance(thing, Moments):
        return {name: value.tolist() for name, value in in_their_units(thing).items()}
    if is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: plain(getattr(thing, f.name)) for f in fields(thing) if f.init}
    if isinstance(thing, np.ndarray):
        return thing.tolist()
    if isinstance(thing, pl.DataFrame):
        return plain({name: thing[name].to_list() for name in thing.columns})
    if isinstance(thing, dict):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [plain(one) for one in thing]
    return thing if isinstance(thing, (int, float, str, type(None))) else str(thing)


def in_their_units(moments: Moments) -> dict[str, NDArray[np.float64]]:
    """Moments in standard deviations, beside ten of them: a mean or skewness of nothing but rounding is nothing."""
    spread = moments.std(0)
    varies = spread > 0
    mean = np.where(varies, moments.mean / np.where(varies, spread, 1.0) + 10, moments.mean)
    shape = {"skewness": moments.skewness() + 10, "kurtosis": moments.kurtosis() + 10}
    return {"n": moments.n, "mean": mean, "spread": spread, **shape}


def disagreements(facts: Sequence[type[Any]], table: pl.DataFrame, cuts: int) -> list[str]:
    """Where the facts of so many random partitionings differ from those of one machine."""
    work = Work(tuple(facts), table.schema, target="y", seed=3)
    batch = Batch(table, 0, "y", 3, table.height)
    one = [views(kind.of(batch)) for kind in facts]
    found: list[str] = []
    for seed in range(cuts):
        rng = np.random.default_rng(seed)
        merged, rows, _ = facts_of(Cut(tuple(cut(table, rng, 6)), seed), work)
        assert rows == table.height
        for kind, known, fact in zip(facts, one, merged, strict=True):
            found += [f"{kind.__name__}{said}" for said in differences(known, views(fact))[0]]
    return found


def test_the_facts_of_a_table_do_not_depend_on_its_cuts() -> None:
    assert not disagreements(FACTS, TABLE[:60], CUTS)


@dataclass(frozen=True)
class TakesTheLast:
    """Planted: keeps the value of whatever was merged last."""

    value: float

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(float(batch.frame["x"][-1]) if batch.frame.height else 0.0)

    def merge(self, later: Self) -> Self:
        return later


@dataclass(frozen=True)
class InOrderOfArrival:
    """Planted: lays its rows end to end as they come."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(tuple(batch.frame["x"].to_list()))

    def merge(self, later: Self) -> Self:
        return type(self)(self.values + later.values)


@dataclass(frozen=True)
class MeanOfMeans:
    """Planted: weighs parts alike, whatever their rows."""

    mean: float

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(float(np.mean(batch.frame["x"].to_numpy())) if batch.frame.height else 0.0)

    def merge(self, later: Self) -> Self:
        return type(self)((self.mean + later.mean) / 2)


@dataclass(frozen=True)
class RowsWithinTheirPart:
    """Planted: numbers rows from 0 in every part."""

    largest: int

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(int(batch.frame["x"].arg_max() or 0))

    def merge(self, later: Self) -> Self:
        return type(self)(max(self.largest, later.largest))


@pytest.mark.parametrize("planted", [TakesTheLast, InOrderOfArrival, MeanOfMeans, RowsWithinTheirPart])
def test_the_guard_can_fail(planted: type[Any]) -> None:
    assert disagreements([planted], TABLE[:60], 20)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "long"])
def test_findings_and_numbers_are_those_of_one_machine(name: str) -> None:
    kind = KINDS[name]
    one = said(kind.table, kind, kind.test)
    assert one["findings"]
    for seed in range(3):
        rng = np.random.default_rng([seed, len(name)])
        test = None if kind.test is None else in_parts(kind.test, rng)
        words, _ = differences(one, said(in_parts(kind.table, rng), kind, test))
        assert not words, words[:5]


def test_the_same_rows_are_drawn_of_a_long_table() -> None:
    kind = KINDS["long"]
    one = said(kind.table, kind, None)
    words, _ = differences(one, said(in_parts(kind.table, np.random.default_rng(5)), kind, None))
    assert not words, words[:5]
    assert "131,072 of 132,000 rows" in str(one)


def test_a_table_of_empty_parts_is_a_table_without_rows() -> None:
    empty = Kind(TABLE[:0], "y")
    cuts = in_parts(TABLE[:0], np.random.default_rng(0))
    assert said(cuts, empty, None) == said(TABLE[:0], empty, None)


@dataclass(frozen=True)
class Restless(Cut):
    """Parts of which each reading cuts the rows anew."""

    def run(self, work: Work, starts: Sequence[int]) -> list[bytes]:
        whole = pl.concat(self.pieces)
        at = int(np.random.default_rng(len(READINGS)).integers(1, whole.height))
        READINGS.append(at)
        return Cut((whole[:at], whole[at:]), 1).run(work, starts)


READINGS: list[int] = []


def test_parts_that_never_hold_the_same_rows_are_refused() -> None:
    work = Work(tuple(FACTS), TABLE.schema, target="y")
    READINGS.clear()
    with pytest.raises(InputError, match="changed in each of 4 readings; write it to files or keep it"):
        facts_of(Restless((TABLE[:200], TABLE[200:]), 1), work)
    assert len(READINGS) == 4
