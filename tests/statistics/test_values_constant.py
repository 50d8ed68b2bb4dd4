"""Constant and nearly constant columns: when a column has nothing, or next to nothing, to teach."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits

import tearless


def test_digits_have_three_constant_pixels_and_seven_nearly_constant_ones() -> None:
    data = load_digits(as_frame=True).data
    report = tearless.check(data, select=["constant-column", "nearly-constant-column"])
    named = {
        k: {f.subject[0] for f in report.findings if f.name == k} for k in ("constant-column", "nearly-constant-column")
    }
    differ = (data != data.mode().iloc[0]).sum()
    assert named["constant-column"] == {"pixel_0_0", "pixel_4_0", "pixel_4_7"} == set(differ.index[differ == 0])
    assert named["nearly-constant-column"] == set(differ.index[(differ > 0) & (differ <= 13)])


@pytest.mark.parametrize(("n", "m"), [(1_000, 1), (1_000, 9), (100_000, 13)])
def test_the_share_of_splits_without_a_rare_row_is_hypergeometric(n: int, m: int) -> None:
    [finding] = tearless.check({"flag": (np.arange(n) < m).astype(int)}, select=["nearly-constant-column"]).findings
    exact = stats.hypergeom(n, m, n // 5).pmf(0)
    assert finding.evidence["unseen"].value == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("n", [2_000, 130_000])
def test_thirteen_rows_are_few_and_fourteen_are_not_however_many_rows_there_are(n: int) -> None:
    for m, findings in ((13, 1), (14, 0)):
        flag = np.random.default_rng(m).permutation(np.arange(n) < m).astype(int)
        assert len(tearless.check({"flag": flag}, select=["nearly-constant-column"]).findings) == findings


def test_a_flag_with_hundreds_of_positives_is_left_alone() -> None:
    flag = np.random.default_rng(0).permutation(np.arange(400_000) < 300).astype(int)
    assert not tearless.check({"flag": flag}, select=["nearly-constant-column"]).findings


def test_a_constant_target_is_an_error_and_a_constant_column_of_ten_rows_a_note() -> None:
    both = {"x": np.ones(60), "y": np.zeros(60)}
    severities = {
        f.subject[0]: f.severity.name for f in tearless.check(both, target="y", select=["constant-column"]).findings
    }
    assert severities == {"x": "warning", "y": "error"}
    [few] = tearless.check({"x": np.ones(10)}, select=["constant-column"]).findings
    assert few.severity.name == "note"


def test_a_column_without_any_value_is_not_called_constant() -> None:
    assert not tearless.check({"x": np.full(50, np.nan), "y": np.arange(50.0)}, select=["constant-column"]).findings


def test_the_one_value_beside_nan_is_shown() -> None:
    x = np.where(np.arange(50) < 20, np.nan, 1.5)
    [finding] = tearless.check({"x": x}, select=["constant-column"]).findings
    assert finding.headline == "`x` holds one value, 1.5, in every row where it is not missing (30 of 50)"
