"""Holes that keep to some rows: the chance is valid, the effect is what dropping does, the work is bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.statistics.missingness import groups_of, ties

TITANIC = Path(__file__).parents[2] / "examples" / "titanic.csv"


def test_the_chance_is_never_smaller_than_it_should_be() -> None:
    rng = np.random.default_rng(0)
    chances = []
    for _ in range(120):
        n = int(rng.choice([12, 50, 400]))
        table = {f"x{i}": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)) for i in range(6)}
        frame = pl.DataFrame({**table, "y": rng.integers(0, 2, n), "c": rng.choice(list("abcd"), n)})
        chances += [tie.corrected for _, tie in ties(frame, frame.columns, "y", rng) if tie]
    for level in (0.3, 0.1, 0.03):
        expected = level * len(chances)
        assert sum(c <= level for c in chances) <= expected + 4 * np.sqrt(expected)


def test_the_shift_is_what_dropping_the_rows_does() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"x": np.where(rng.random(900) < 0.4, np.nan, 1.0), "g": rng.choice(["a", "b", "c"], 900)})
    [(_, tie)] = list(ties(frame, ["x"], None, rng))
    assert tie is not None
    inside = pl.Series(tie.group.inside).cast(pl.Float64)
    dropped = inside.filter(frame["x"].is_not_nan())
    assert tie.share_after == pytest.approx(dropped.mean())
    assert tie.shift == pytest.approx(abs(dropped.mean() - inside.mean()) / inside.std(ddof=0))
    phi, m = abs(np.corrcoef(inside, frame["x"].is_nan())[0, 1]), frame["x"].is_nan().mean()
    assert tie.shift == pytest.approx(phi * np.sqrt(m / (1 - m)))


def test_titanic_cabins_are_missing_for_those_who_died_and_ages_only_a_little() -> None:
    report = tearless.check(str(TITANIC), target="survived", select=["missing-not-at-random"])
    severity = {f.subject[0]: f.severity.name for f in report.findings}
    assert severity["cabin"] == "warning"
    assert severity["age"] == "note"
    assert not {"fare", "embarked"} & set(severity)


def test_a_dip_in_the_middle_is_seen() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=2_000)
    x = np.where(np.abs(y) > 1.2, np.nan, 1.0)
    report = tearless.check({"x": x, "y": y}, target="y", select=["missing-not-at-random"])
    assert [f.severity.name for f in report.findings] == ["warning"]


@pytest.mark.parametrize("values", [[1.0, 2.0], ["a"] * 30, [None] * 30, [[1]] * 30, [1] * 30])
def test_what_makes_no_group_makes_none(values: list[object]) -> None:
    assert groups_of(pl.Series("x", values, strict=False)) == []


def test_many_columns_cost_a_bounded_number_of_pairs() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({f"x{i}": np.where(rng.random(60) < 0.2, np.nan, 1.0 * i) for i in range(1_500)})
    assert len(list(ties(frame, frame.columns, None, rng))) in (0, 1_500)
