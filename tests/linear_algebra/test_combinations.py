"""Exact combinations are found, proved, written sparsely and cleanly, and never by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tearless
from tearless.core import Asked, Finding
from tearless.linear_algebra.combinations import Combinations
from tearless.linear_algebra.copies import as_codes, identical
from tearless.linear_algebra.digits import written
from tearless.linear_algebra.equations import clean
from tearless.linear_algebra.facts import Matrix, Sample
from tearless.linear_algebra.search import without_column
from tearless.linear_algebra.spacing import FLOAT32, FLOAT64, float_step
from tearless.readers.source import Batch


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def found(columns: dict[str, Any], **asked: Any) -> list[Finding]:
    return list(tearless.check(columns, select=["exact-combination"], **asked).findings)


def headlines(columns: dict[str, Any], **asked: Any) -> list[str]:
    return [f.headline for f in found(columns, **asked)]


def combinations(columns: dict[str, Any]) -> Combinations:
    return Combinations.derive(Matrix.derive(Sample.of(Batch(pl.DataFrame(columns))), Asked()))


def test_a_total_by_its_equation() -> None:
    a, b = rng().gamma(2, 50, (2, 300))
    assert headlines({"total": a + b, "a": a, "b": b}) == ["`total` = `a` + `b` in every row"]


def test_an_affine_copy_with_its_intercept() -> None:
    f = rng().normal(60, 20, 200)
    assert headlines({"fahrenheit": f, "celsius": (f - 32) / 1.8}) == ["`fahrenheit` = 1.8 `celsius` + 32 in every row"]


def test_six_columns_of_which_no_two_are_alike() -> None:
    parts = {f"c{i}": rng(i).normal(size=400) for i in range(5)}
    table = parts | {"c5": sum(parts.values())}
    assert np.abs(np.triu(np.corrcoef(np.array(list(table.values()))), 1)).max() < 0.6
    assert headlines(table) == ["`c5` = `c0` + `c1` + `c2` + `c3` + `c4` in every row"]


def test_the_dummy_trap_is_a_warning() -> None:
    level = rng().integers(0, 3, 200)
    one = found({f"is {k}": level == k for k in range(3)} | {"x": rng().normal(size=200)})
    assert [f.headline for f in one] == ["`is 0` + `is 1` + `is 2` = 1 in every row"]
    assert one[0].severity.name == "warning"


def test_several_equations_at_once_each_as_short_as_can_be() -> None:
    a, b, c, d = rng().normal(size=(4, 300))
    table = {"a": a, "b": b, "c": c, "d": d, "t": a + b, "u": b + c, "v": a - d, "w": 2 * (a + b) + 3}
    assert sorted(headlines(table)) == [
        "`a` = `d` + `v` in every row",
        "`t` = `a` + `b` in every row",
        "`u` = `b` + `c` in every row",
        "`w` = 2 `t` + 3 in every row",
    ]


def test_the_sparse_equation_does_not_depend_on_the_order_of_the_columns() -> None:
    a, b, c, d = rng().normal(size=(4, 300))
    table = {"a": a, "b": b, "t": a + b, "c": c, "d": d, "u": a + b + c, "v": a + b - d}
    for seed in range(4):
        order = rng(seed).permutation(list(table))
        assert sorted(len(f.subject) for f in found({name: table[name] for name in order})) == [3, 3, 3]


def test_copies_are_one_finding() -> None:
    a = rng().normal(size=100)
    assert headlines({"a": a, "b": a, "x": rng(1).normal(size=100), "c": a}) == [
        "`b` and `c` are copies of `a` in every row"
    ]


def test_copies_of_text_and_of_dates() -> None:
    words = rng().choice(list("xyzw"), 100)
    assert headlines({"a": words, "b": words, "x": rng(1).normal(size=100)}) == ["`b` is a copy of `a` in every row"]


def test_sums_of_float32_columns_are_exact_to_float32() -> None:
    a, b = (1_000 + rng().normal(size=(2, 500))).astype(np.float32)
    one = found({"a": a, "b": b, "total": a + b})
    assert [(f.headline, f.severity.name) for f in one] == [("`total` = `a` + `b` in every row", "error")]


def test_sums_of_rounded_columns_hold_up_to_rounding() -> None:
    a, b = rng().gamma(2, 50, (2, 400))
    one = found({"a": np.round(a, 2), "b": np.round(b, 2), "total": np.round(a + b, 2)})
    assert [f.headline for f in one] == ["`total` = `a` + `b` in every row, up to rounding of the last digit"]
    assert one[0].severity.name == "warning"


def test_noise_of_one_cent_more_is_not_rounding() -> None:
    a, b = rng().gamma(2, 50, (2, 400))
    slip = np.where(np.arange(400) == 9, 0.05, 0.0)
    assert not found({"a": np.round(a, 2), "b": np.round(b, 2), "total": np.round(a + b + slip, 2)})


def test_fifteen_written_digits_are_enough_to_be_exact() -> None:
    a, b = rng().normal(size=(2, 300))
    short = [np.array([float(f"{v:.15g}") for v in x]) for x in (a, b, a + b)]
    assert [f.severity.name for f in found(dict(zip("abc", short, strict=True)))] == ["error"]


def test_the_target_is_in_no_equation() -> None:
    a, b = rng().normal(size=(2, 200))
    assert not found({"a": a, "b": b, "y": a + b}, target="y")
    assert not found({"a": rng().choice(list("xy"), 99), "y": rng().choice(list("xy"), 99), "x": range(99)}, target="y")


def test_more_columns_than_rows_still_tells_copies() -> None:
    x = rng().normal(size=(30, 40))
    table = {f"c{j}": x[:, j] for j in range(40)}
    report = tearless.check(table, select=["exact-combination"])
    assert [o.result for o in report.outcomes if o.name == "exact-combination"] == ["cannot tell"]
    assert headlines(table | {"copy": -2 * x[:, 7] + 1}) == ["`copy` = -2 `c7` + 1 in every row"]


def test_a_single_hole_or_three_infinities_switch_nothing_off() -> None:
    a, b = rng().normal(size=(2, 300))
    a[5] = np.nan
    total = a + b
    total[[7, 8, 9]] = np.inf
    assert headlines({"a": a, "b": b, "total": total}) == ["`total` = `a` + `b` in every row"]
    wide = {f"x{j}": rng(j).normal(size=60) for j in range(40)}
    wide["x3"][0] = np.nan
    assert headlines(wide | {"y": wide["x3"] + wide["x5"]}) == ["`y` = `x3` + `x5` in every row"]


@pytest.mark.parametrize("factor", [1e300, 1e-300, 5e-324 * 2**40])
def test_any_magnitude(factor: float) -> None:
    a, b = rng().integers(1, 1_000, (2, 200)) * 1.0
    assert len(found({"a": a * factor, "b": b * factor, "total": a * factor + b * factor})) == 1


def test_whole_numbers_that_agree_by_chance_stay_silent() -> None:
    """8 coins, 8 rows: some pair is often equal or opposite. Over 200 tables, none is reported."""
    for seed in range(200):
        coins = rng(seed).integers(0, 2, (8, 8))
        assert not found({f"c{j}": coins[:, j] for j in range(8)} | {"x": range(8)})


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_every_planted_equation_is_found_with_its_coefficients(seed: int, terms: int) -> None:
    g = rng(seed)
    x = g.normal(size=(120, terms))
    weights = g.choice([-3.0, -1.0, -0.5, 1.0, 2.0, 4.0], terms)
    table = {f"x{j}": x[:, j] for j in range(terms)} | {"y": x @ weights + 7, "z": g.normal(size=120)}
    (equation,) = combinations(table).found
    a = dict(
        zip(equation.columns, equation.coefficients / equation.coefficients[equation.columns.index(terms)], strict=True)
    )
    for j in range(terms):
        assert -a[j] == pytest.approx(weights[j], rel=1e-12)
    assert equation.exact
    assert len(combinations(table).kept) == terms + 1


def test_removing_a_column_from_a_factor_is_refactoring_without_it() -> None:
    x = rng().normal(size=(30, 6))
    r = np.linalg.qr(x, mode="r")
    without = without_column(r, 2)
    direct = np.linalg.qr(np.delete(x, 2, axis=1), mode="r")
    np.testing.assert_allclose(without.T @ without, direct.T @ direct, atol=1e-12)
    assert np.allclose(without, np.triu(without))


def test_how_cells_are_written() -> None:
    x = rng().normal(1e3, 10, 100)
    assert (written(np.round(x, 2)).decimals, written(np.round(x).astype(int)).decimals) == (2, 0)
    assert written(x).decimals is None
    assert written(x.astype(np.float32)).stored == 2.0**-24
    assert written(np.round(x.astype(np.float32), 1)).decimals == 1


def test_steps_between_floats_are_numpys() -> None:
    x = np.array([1e8, 1.0, 3.7, 1e-30, 1e30, 0.0, 1e-40])
    np.testing.assert_array_equal(float_step(x, FLOAT32), np.spacing(x.astype(np.float32)).astype(float))
    np.testing.assert_array_equal(float_step(x, FLOAT64), np.spacing(x))


def test_clean_coefficients() -> None:
    assert [clean(v, 4) for v in (0.50000001, 1.9999999, 0.33333333)] == [0.5, 2.0, 1 / 3]


def test_identical_columns_of_any_type() -> None:
    frame = pl.DataFrame(
        {
            "a": ["x", None, "y"],
            "b": ["x", None, "y"],
            "c": ["x", "", "y"],
            "d": [1, 2, 3],
            "e": [1, 2, 3],
            "f": [1.0, 2, 3],
        }
    )
    assert identical(frame, frame.columns) == [("a", "b"), ("d", "e")]
    assert as_codes(frame["a"]).tolist() == [1.0, 0.0, 2.0]
