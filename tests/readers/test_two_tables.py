"""Two tables are compared value by value: whole numbers and floats of one value are equal, and nothing is cut off."""

from __future__ import annotations

import numpy as np

import tearless


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


def test_flags_that_became_text_are_compared_as_text() -> None:
    rng = np.random.default_rng(0)
    train = {"flag": rng.random(300) < 0.5, "z": rng.normal(size=300)}
    test = {"flag": np.array(["true", "perhaps"])[rng.integers(0, 2, 200)], "z": rng.normal(size=200)}
    report = tearless.check(train, test=test, select=["unseen-categories", "drift"])
    assert not report.faults
    assert "unseen-categories" in {finding.name for finding in report.findings}
