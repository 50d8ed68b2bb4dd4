"""Values that stand for no value are found; true zeros, pixels, counts and labels are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

import tearless
from tearless.statistics.sentinels import heap_at_edge, is_usual_code, robust_spread


def found(data: Any, least: str = "note") -> dict[str, str]:
    report = tearless.check(data, select=["sentinel-values"])
    assert not report.faults, report.faults[0].fault
    return {f.subject[0]: f.severity.name for f in report.findings if f in report.at_least(least)}


def pima_like(seed: int) -> Mapping[str, np.ndarray]:
    """Measurements with zeros for what was not measured, together in the same rows, and true zeros beside them."""
    rng = np.random.default_rng(seed)
    n, missing = 768, rng.random((768, 2)) < (0.05, 0.3)
    rare, often = missing[:, 0], missing[:, 0] | missing[:, 1]
    return {
        "pregnancies": rng.poisson(rng.gamma(1.2, 3.2, n)),
        "pressure": np.where(rare, 0, np.round(rng.normal(72, 12, n).clip(24, 122))),
        "skin": np.where(often, 0, np.round(rng.normal(29, 10, n).clip(7, 99))),
        "insulin": np.where(often | (rng.random(n) < 0.2), 0, np.round(rng.lognormal(4.85, 0.6, n).clip(14, 846))),
        "bmi": np.where(np.arange(n) % 70 == 0, 0.0, np.round(rng.gamma(22, 1.475, n).clip(18.2, 67), 1)),
        "age": 21 + rng.exponential(12, n).astype(int),
    }


@pytest.mark.parametrize("seed", range(4))
def test_hidden_zeros_are_found_and_true_zeros_are_not(seed: int) -> None:
    severity = found(pima_like(seed))
    assert severity.pop("pressure") == severity.pop("bmi") == severity.pop("skin") == "warning"
    assert set(severity) <= {"insulin"}


@pytest.mark.parametrize("code", [-999, -9999, 9999, 99_999, -1, 32_767, -999.25, 9.969209968386869e36])
def test_usual_codes_are_found_with_their_rows(code: float) -> None:
    rng = np.random.default_rng(5)
    x = np.where(np.arange(2_000) % 97 == 5, code, rng.gamma(3, 4, 2_000).round(2))
    [finding] = tearless.check({"x": x}, select=["sentinel-values"]).findings
    assert finding.severity.name == "warning"
    assert finding.evidence["count"].value == (x == code).sum()
    assert finding.rows == tuple(np.flatnonzero(x == code)[:10])
    rest = x[x != code]
    assert finding.evidence["mean_without"].value == pytest.approx(rest.mean())
    assert finding.evidence["spread_without"].value == pytest.approx(rest.std())


def test_a_code_in_three_of_a_hundred_thousand_rows_is_found() -> None:
    x = np.random.default_rng(6).normal(20, 5, 100_000)
    x[[5, 60_000, 99_998]] = -9999
    assert found({"x": x}) == {"x": "warning"}


def test_several_codes_together_are_named_together() -> None:
    rng = np.random.default_rng(7)
    x = np.where(rng.random(900) < 0.1, rng.choice([97, 98, 99], 900), rng.integers(0, 11, 900))
    [finding] = tearless.check({"x": x}, select=["sentinel-values"]).findings
    assert "holds 97, 98 and 99 in" in finding.headline


def test_default_dates_are_found_within_and_beyond_the_range() -> None:
    rng = np.random.default_rng(8)
    days = np.datetime64("1950-01-01") + rng.integers(0, 20_000, 900).astype("timedelta64[D]")
    for code in ("1900-01-01", "1970-01-01", "9999-12-31"):
        born = np.where(np.arange(900) % 30 == 0, np.datetime64(code), days)
        frame = pl.DataFrame({"born": pl.Series(born.astype("datetime64[D]"))})
        assert found(frame) == {"born": "warning"}, code
        assert found(frame.cast(pl.Datetime("us"))) == {"born": "warning"}, code
    assert found(pl.DataFrame({"born": pl.Series(days)})) == {}


@pytest.mark.parametrize("token", ["?", " N/A ", "nan", "NULL", "", "-", "#N/A", "\\N"])
def test_texts_for_no_value_are_found(token: str) -> None:
    work = np.where(np.arange(300) % 10 == 0, token, "private")
    assert found({"work": work}) == {"work": "warning"}


def test_signs_and_country_codes_are_values() -> None:
    rng = np.random.default_rng(9)
    assert (
        found({"rhesus": rng.choice(["+", "-"], 300), "country": rng.choice(["NA", "DE", "US"], 300)}, "warning") == {}
    )


@pytest.mark.parametrize("load", [load_wine, load_iris, load_breast_cancer, load_digits, load_diabetes])
def test_real_tables_without_codes_get_no_warning(load: Any) -> None:
    assert found(load(as_frame=True).frame, "warning") == {}


def test_true_zeros_get_no_warning() -> None:
    rng = np.random.default_rng(10)
    n = 3_000
    table = {
        "rain": np.where(rng.random(n) < 0.7, 0, rng.gamma(1, 4, n).round(1)),
        "gain": np.where(rng.random(n) < 0.9, 0, rng.lognormal(7, 1, n)),
        "claims": rng.negative_binomial(1, 0.3, n),
        "pixel": np.clip(rng.integers(-8, 25, n), 0, 16),
        "label": rng.integers(-1, 2, n),
        "sign": rng.choice([-1, 1], n),
        "percent": np.clip(rng.normal(80, 20, n).round(), 0, 100),
        "fare": np.where(rng.random(n) < 0.01, 0, rng.lognormal(2.9, 0.9, n).round(2)),
    }
    assert found(table, "warning") == {}


@given(st.integers(2, 200), st.integers(0, 10**6), st.sampled_from([1.0, -3.0, 2.0**40, 2.0**-40]))
def test_a_heap_is_the_same_in_any_unit_and_seen_from_either_edge(n: int, seed: int, factor: float) -> None:
    x = np.sort(np.random.default_rng(seed).integers(0, 30, n).astype(float))
    here, there = heap_at_edge(x, False), heap_at_edge(np.sort(x * factor), factor < 0)
    assert (here is None) == (there is None)
    if here and there:
        assert (here.count, here.chance, here.ratio) == pytest.approx((there.count, there.chance, there.ratio))


def test_the_chance_of_heap_and_gap_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(11)
    ordered = np.sort(np.r_[0.0, 0.0, np.arange(4.0, 12.0)])
    heap = heap_at_edge(ordered, high=False)
    assert heap is not None
    cells = rng.integers(0, 12, (400_000, 10))
    hits = ((cells == 0).sum(axis=1) >= 2) & (((cells > 0) & (cells < 4)).sum(axis=1) == 0)
    assert heap.chance / 8 == pytest.approx(hits.mean(), rel=0.1)


def test_two_cells_where_many_are_expected_are_no_heap_however_wide_the_gap() -> None:
    heap = heap_at_edge(np.sort(np.r_[np.repeat(np.arange(80.0, 95.0), 60), 97.0, 97.0]), high=True)
    assert heap is not None
    assert (heap.count, heap.chance) == (2, 1.0)


def test_the_robust_spread_is_the_normals_and_does_not_move_for_a_tenth() -> None:
    x = np.sort(np.random.default_rng(12).normal(5, 3, 100_000))
    assert robust_spread(x) == pytest.approx(3, rel=0.01)
    assert robust_spread(np.sort(np.r_[x, np.full(2_000, 1e9)])) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    ("value", "usual"), [(99.9, True), (-77, True), (997, True), (90, False), (1e20, True), (0, False)]
)
def test_usual_codes_are_what_people_write(value: float, usual: bool) -> None:
    assert is_usual_code(value) is usual


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"])
def test_default_dates_are_found_in_dates_written_as_text(form: str) -> None:
    rng = np.random.default_rng(0)
    days = [date(1950, 1, 1) + timedelta(days=int(k)) for k in rng.integers(0, 18_000, 1_000)]
    days = [date(1900, 1, 1) if k % 30 == 0 else day for k, day in enumerate(days)]
    found = tearless.check({"born": [d.strftime(form) for d in days]}, select=["sentinel-values"]).findings
    assert [(f.severity.name, "1900-01-01" in f.headline) for f in found] == [("warning", True)]
