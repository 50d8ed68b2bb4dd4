"""What the linear-algebra checks say on real tables with known defects, on clean controls, and on broken input."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.datasets
import statsmodels.api as sm
from statsmodels.stats.outliers_influence import variance_inflation_factor

import tearless
from tearless.core import Asked, Finding
from tearless.linear_algebra.facts import Matrix, Sample
from tearless.readers.source import Batch


def found(table: Any, name: str = "linear-algebra", **asked: Any) -> list[Finding]:
    report = tearless.check(table, select=[name], **asked)
    assert not report.faults
    return list(report.findings)


@functools.cache
def sklearn_table(name: str) -> pd.DataFrame:
    return getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame


def statsmodels_table(name: str) -> pd.DataFrame:
    return getattr(sm.datasets, name).load_pandas().data.select_dtypes("number")


def test_longley_is_named_as_a_group_with_the_vif_of_statsmodels() -> None:
    data = statsmodels_table("longley")
    (finding,) = found(data, "collinear-columns", target="TOTEMP")
    assert set(finding.subject) == {"GNP", "YEAR", "POP", "GNPDEFL", "UNEMP"}
    x = sm.add_constant(data.drop(columns="TOTEMP"))
    theirs = variance_inflation_factor(x.to_numpy(dtype=float), list(x).index("GNP"))
    assert finding.evidence["vif"].value == pytest.approx(theirs, rel=1e-6)
    assert finding.evidence["index"].value == pytest.approx(110.54, rel=1e-3)


def test_breast_cancer_has_the_radius_perimeter_area_group() -> None:
    first = found(sklearn_table("breast_cancer"), "collinear-columns", target="target")[0]
    assert set(first.subject) == {
        f"{when} {what}" for when in ("mean", "worst") for what in ("radius", "perimeter", "area")
    }
    assert first.evidence["vif"].value == pytest.approx(3806.1, abs=0.1)
    assert first.severity.name == "warning"


def test_iris_and_diabetes_have_their_groups() -> None:
    (iris,) = found(sklearn_table("iris"), "collinear-columns", target="target")
    assert iris.subject[0] == "petal length (cm)"
    assert iris.evidence["vif"].value == pytest.approx(31.26, abs=0.01)
    (diabetes,) = found(sklearn_table("diabetes"), "collinear-columns", target="target")
    assert {"s1", "s2", "s3"} <= set(diabetes.subject)


def test_star98_and_macrodata_name_their_products_and_identities() -> None:
    star = {f.subject[0]: set(f.subject) for f in found(statsmodels_table("star98"), "collinear-columns")}
    assert {"PERSPENK", "PTRATIO", "PERSPEN_PTRATIO"} in star.values()
    macro = [set(f.subject) for f in found(statsmodels_table("macrodata"), "collinear-columns")]
    assert {"infl", "tbilrate", "realint"} in macro


def test_wine_needs_scaling_of_proline() -> None:
    (finding,) = found(sklearn_table("wine"), target="target")
    assert finding.name == "unscaled-columns"
    assert finding.subject[0] == "proline"
    assert "needs scaling, not dropping" in finding.do


@pytest.mark.parametrize("name", ["fair", "spector", "randhie", "stackloss"])
def test_controls_are_silent_at_warning(name: str) -> None:
    assert not [f for f in found(statsmodels_table(name)) if f.severity.name != "note"]


def test_digits_are_in_one_unit() -> None:
    assert not [f for f in found(sklearn_table("digits"), target="target") if f.severity.name != "note"]


def test_mean_1e8_and_spread_1() -> None:
    x = np.random.default_rng(0).normal(1e8, 1, 100_000)
    (finding,) = found({"big": x}, "lost-precision")
    assert finding.severity.name == "warning"
    left = len(np.unique(x.astype(np.float32)))
    assert f"keeps {left:,} of" in finding.headline
    assert finding.evidence["noise"].value == pytest.approx(8 / 12**0.5, rel=0.01)


def test_large_identifiers_and_time_stamps_are_no_error() -> None:
    rng = np.random.default_rng(0)
    start = 1_700_000_000_000_000_000
    table = {
        "id": rng.permutation(50_000) + 10**15,
        "ns": start + rng.integers(0, 10**15, 50_000),
        "s": rng.random(50_000),
    }
    assert all(f.severity.name != "error" for f in found(table, "lost-precision"))


@pytest.mark.parametrize("seed", range(3))
def test_clean_tables_raise_no_warning(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for n in (10, 12, 20, 50, 400):
        for p in (1, 2, 5, 10, 40):
            for draw in (
                rng.standard_normal,
                rng.random,
                lambda s: rng.lognormal(0, 1, s),
                lambda s: rng.integers(0, 10, s),
            ):
                table = {f"x{j}": draw(n) for j in range(p)}
                assert not [f for f in found(table) if f.severity.name != "note"]


def hostile() -> dict[str, Any]:
    inf, nan = np.inf, np.nan
    return {
        "no rows": pl.DataFrame(schema={"a": pl.Float64, "b": pl.Int64}),
        "one row": {"a": [1.0], "b": [2]},
        "two rows": {"a": [1.0, 2.0], "b": [2, 3]},
        "three equal rows": {"a": [1.0, 1.0, 1.0], "b": [2, 2, 2]},
        "all missing": pl.DataFrame({"a": [None, None], "b": [None, None]}, schema={"a": pl.Float64, "b": pl.Int64}),
        "nothing finite": {"a": [inf, -inf, nan], "b": [nan, nan, nan]},
        "text": {"a": ["x", "y"], "b": ["x", "z"]},
        "huge": {"a": [1e300, -1e300, 1e308], "b": [1.0, 2.0, 4.0], "c": [1e-300, 2e-300, 5e-324]},
        "ends": {"a": [1.7e308, -1.7e308, 0.0, 1.0] * 5, "b": [5e-324, 0.0, 0.0, 1e-310] * 5, "c": np.arange(20.0)},
        "huge offset": {"a": 1e300 + np.arange(30) * 1e285, "b": np.arange(30.0) ** 2, "c": np.sin(np.arange(30.0))},
        "booleans": {"a": [True, False] * 9, "b": [False, True] * 9, "c": [None, True, False] * 6},
        "big integers": {"a": [2**62, 2**62 + 1, 5] * 9, "b": [2**63 - 1, 0, 1] * 9, "c": range(27)},
        "holes everywhere": {f"x{j}": [nan if (i * j) % 3 == 1 else i * j for i in range(30)] for j in range(9)},
        "other types": pl.DataFrame({"d": [1, 2], "t": [1, 2], "l": [[1], [2]], "x": [1.0, 2.0]}).with_columns(
            pl.col("d").cast(pl.Date), pl.col("t").cast(pl.Duration), pl.col("x").cast(pl.Decimal(10, 2))
        ),
        "hostile names": {"\x1b[31m": [1.0, 2, 4, 9] * 9, "{vif}\n": [2.0, 4, 8, 18] * 9, "`": [3.0, 1, 2, 2] * 9},
    }


@pytest.mark.parametrize("name", hostile())
def test_no_input_makes_a_check_fail(name: str) -> None:
    for finding in found(hostile()[name]):
        assert "\x1b" not in finding.headline + finding.why + finding.do + finding.said
        assert "\n" not in finding.headline


def test_many_columns_answer() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3_000))
    x[:, 77] = x[:, 5]
    findings = found(pl.DataFrame({f"x{j}": x[:, j] for j in range(3_000)}))
    assert [f.headline for f in findings] == ["`x77` is a copy of `x5` in every row"]


def test_a_few_holes_put_no_column_out_of_the_matrix() -> None:
    x = np.random.default_rng(0).normal(size=(50, 40))
    x[3, 7] = np.nan
    x[9, 8] = np.inf
    full = np.where(np.arange(50) < 45, np.nan, 1.0 * np.arange(50))
    frame = pl.DataFrame({f"x{j}": x[:, j] for j in range(40)} | {"hollow": full})
    matrix = Matrix.derive(Sample.of(Batch(frame)), Asked())
    assert (matrix.n, matrix.p) == (48, 40)
    assert list(matrix.left_out) == ["hollow"]
    kept = x[np.isfinite(x).all(axis=1)]
    np.testing.assert_allclose(matrix.mean, kept.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(matrix.std, kept.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(matrix.r.T @ matrix.r, np.corrcoef(kept, rowvar=False), atol=1e-12)


def test_a_symptom_hangs_below_its_cause() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 200))
    findings = found({"a": a, "b": b, "total": a + b})
    assert [(f.name, f.because) for f in findings] == [
        ("exact-combination", None),
        ("ill-conditioned", "exact-combination"),
    ]


@pytest.mark.parametrize(
    ("wide", "severity"),
    [(lambda r: r.integers(0, 100, 2_000), "note"), (lambda r: 1_000 * r.random(2_000), "warning")],
)
def test_a_share_beside_a_percentage_is_a_note_and_a_prefix_apart_a_warning(wide: Any, severity: str) -> None:
    rng = np.random.default_rng(0)
    table = {"share": rng.random(2_000), "wide": wide(rng)}
    found = tearless.check(table, select=["unscaled-columns"]).findings
    assert [f.severity.name for f in found] == [severity]
