"""Drift: found where it is, named with its direction, and silent where two tables have one source."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest
from scipy import stats

import tearless
from tearless.core import Finding, Severity
from tearless.statistics.column_change import is_running_number
from tearless.statistics.telling_apart import tell_apart


def _found(train: object, test: object, target: str | None = None) -> list[Finding]:
    return list(tearless.check(train, test=test, target=target, select=["drift"]).findings)


def _mixed(rng: np.random.Generator, n: int, p: int) -> pl.DataFrame:
    kinds = (
        lambda: rng.normal(size=n),
        lambda: rng.integers(0, 10, n),
        lambda: rng.lognormal(size=n),
        lambda: rng.choice(np.array(list("abcdefgh")), n),
        lambda: np.where(rng.random(n) < 0.1, np.nan, rng.random(n)),
        lambda: rng.random(n) < 0.1,
    )
    return pl.DataFrame({f"c{j}": kinds[j % 6]() for j in range(p)})


@pytest.mark.parametrize(("n", "m", "p"), [(10, 10, 5), (30, 20, 20), (300, 100, 12), (2_000, 3_000, 6)])
def test_tables_of_one_source_are_silent(n: int, m: int, p: int) -> None:
    rng = np.random.default_rng(n)
    assert not sum(bool(_found(_mixed(rng, n, p), _mixed(rng, m, p))) for _ in range(10))


def test_a_third_of_a_standard_deviation_in_one_of_fifty_columns_is_found_alone() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        train, test = rng.normal(size=(2, 5_000, 50))
        test[:, 7] += 0.3
        (finding,) = _found(pl.DataFrame(train), pl.DataFrame(test))
        assert finding.subject == ("column_7",)
        assert finding.severity == Severity.warning
        assert "moved up" in finding.headline
        seen = stats.ks_2samp(train[:, 7], test[:, 7])
        assert finding.evidence["change"].value == pytest.approx(seen.statistic)


def test_a_hundredth_of_a_standard_deviation_in_a_million_rows_is_not_worth_a_word() -> None:
    rng = np.random.default_rng(1)
    assert not _found({"x": rng.normal(size=1_000_000)}, {"x": rng.normal(0.01, 1, 1_000_000)})


def test_text_holes_and_target_are_named_with_their_shares() -> None:
    rng = np.random.default_rng(2)
    base = {"x": rng.normal(size=1_000), "t": np.repeat(["a", "b"], 500), "y": rng.integers(0, 2, 1_000)}
    test = {
        "x": np.where(np.arange(1_000) < 400, np.nan, base["x"]),
        "t": np.repeat(["a", "b"], [800, 200]),
        "y": base["y"] * 0,
    }
    said = {f.subject[0]: f.headline for f in _found(base, test, "y")}
    assert said["x"] == "`x` is empty in 0 % of the training rows, in 40 % of the test rows"
    assert said["t"] == "`t` holds `a` in 50 % of the training rows, in 80 % of the test rows"
    assert said["y"].startswith("the target `y` holds")


def test_another_unit_is_an_error_and_a_shift_is_not() -> None:
    rng = np.random.default_rng(3)
    height = rng.normal(170, 10, 600)
    (finding,) = _found({"height": height[:400]}, {"height": height[400:] / 100})
    assert finding.severity == Severity.error
    assert _found({"height": height[:400]}, {"height": height[400:] + 15})[0].severity == Severity.warning


def test_a_change_that_no_column_shows_is_found_jointly_and_named() -> None:
    rng = np.random.default_rng(4)
    train, test = rng.normal(size=(2, 3_000, 12))
    train[:, 5] += train[:, 2]
    test[:, 5] -= test[:, 2]
    (finding,) = _found(pl.DataFrame(train), pl.DataFrame(test))
    assert "`column_2` and `column_5` go together" in finding.headline
    area = finding.evidence["area"]
    assert area.value is not None
    assert area.interval is not None
    assert area.interval[0] > 0.6


def test_a_column_that_drifts_alone_is_not_told_again_jointly() -> None:
    rng = np.random.default_rng(5)
    train, test = rng.normal(size=(2, 2_000, 6))
    assert len(_found(pl.DataFrame(train), pl.DataFrame(test + np.array([1, 0, 0, 0, 0, 0])))) == 1


def test_the_classifier_gives_chances_in_tables_of_one_source() -> None:
    rng = np.random.default_rng(6)
    p = [
        tell_apart(rng.lognormal(size=(120, 6)), rng.lognormal(size=(80, 6)), np.arange(6), rng).chance
        for _ in range(200)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.09
    assert np.mean(np.array(p) <= 0.01) <= 0.03


def test_what_numbers_the_rows_is_not_compared() -> None:
    rng = np.random.default_rng(7)
    number, x = np.arange(900), rng.normal(size=900)
    assert is_running_number(number.astype(float))
    assert not is_running_number(np.floor(rng.uniform(0, 1e9, 900)))
    assert not _found({"id": number[:600], "x": x[:600]}, {"id": number[600:], "x": x[600:]})
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(int(i)) for i in number]
    assert not _found({"day": days[:600], "x": x[:600]}, {"day": days[600:], "x": x[600:]})


@pytest.mark.parametrize(
    "test",
    [
        pl.DataFrame({"x": [1.0]}),
        pl.DataFrame({"x": pl.Series([], dtype=pl.Float64)}),
        pl.DataFrame({"x": pl.Series([None] * 80, dtype=pl.Float64)}),
        pl.DataFrame({"x": [float("inf"), -float("inf"), float("nan"), 1e308, 5e-324] * 20}),
        pl.DataFrame({"x": ["no number"] * 80}),
        pl.DataFrame({"t": [1.5] * 80, "z": [1] * 80}),
    ],
    ids=["one row", "no rows", "all missing", "extremes", "text", "other columns"],
)
def test_odd_test_tables_give_an_answer_and_no_fault(test: pl.DataFrame) -> None:
    rng = np.random.default_rng(8)
    train = pl.DataFrame({"x": rng.normal(size=200), "t": rng.choice(np.array(["a", "b"]), 200)})
    names = ["drift", "train-test-overlap", "unseen-categories"]
    report = tearless.check(train, test=test, select=names)
    assert not report.faults
    assert {o.result for o in report.outcomes if o.name in names} <= {
        "fired",
        "silent",
        "not applicable",
        "cannot tell",
    }
