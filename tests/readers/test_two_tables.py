"""Two tables are compared value by value: whole numbers and floats of one value are equal, and nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tearless
from tearless.readers import records


def test_halves_in_the_test_table_are_not_cut_to_whole_numbers() -> None:
    rng = np.random.default_rng(0)
    train = {"x": rng.integers(0, 1_000_000, 500), "z": rng.normal(size=500)}
    test = {"x": rng.integers(0, 1_000_000, 500) + 0.5, "z": rng.normal(size=500)}
    report = tearless.check(train, test=test, select=["train-test-overlap", "drift"])
    assert not report.findings


def test_a_column_that_became_float_still_overlaps() -> None:
    """A hole turns whole numbers into floats in many libraries: the rows are the same all the same."""
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 1_000_000, 500)
    train = {"x": whole, "z": np.arange(500) * 7919 % 1009}
    test = {name: values[:250].astype(float) for name, values in train.items()}
    report = tearless.check(train, test=test, select=["train-test-overlap"])
    assert [finding.name for finding in report.findings] == ["train-test-overlap"]


@pytest.mark.parametrize("late", ["train", "test"])
def test_a_type_that_shows_late_in_one_table_leaves_both_comparable(
    late: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late row of one file changes how that file is read: the values of both must still be of one type.

    In the first table a late word changes another column; in the second, a late half changes the column itself.
    """
    monkeypatch.setattr(records, "BLOCK", 4_000)
    rows = [(i * 7919 % 100_003, i * 31 % 1_009) for i in range(2_000)]
    train = [f"{x},{z}" for x, z in rows]
    test = [f"{x}{'.0' if late == 'train' else ''},{z}" for x, z in rows[:1_000]]
    (train if late == "train" else test).append("0.5,unknown" if late == "test" else "7,unknown")
    for name, lines in (("train", train), ("test", test)):
        (tmp_path / f"{name}.csv").write_text("x,z\n" + "\n".join(lines) + "\n")
    report = tearless.check(tmp_path / "train.csv", test=tmp_path / "test.csv", select=["train-test-overlap"])
    assert not report.faults
    assert [finding.name for finding in report.findings] == ["train-test-overlap"]


def test_flags_that_became_text_are_compared_as_text() -> None:
    rng = np.random.default_rng(0)
    train = {"flag": rng.random(300) < 0.5, "z": rng.normal(size=300)}
    test = {"flag": np.array(["true", "perhaps"])[rng.integers(0, 2, 200)], "z": rng.normal(size=200)}
    report = tearless.check(train, test=test, select=["unseen-categories", "drift"])
    assert not report.faults
    assert "unseen-categories" in {finding.name for finding in report.findings}
