"""Equal rows: what is counted agrees with pandas, what chance makes with simulation, and nothing else is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

import tearless
from tearless.core import Finding, InputError
from tearless.statistics import row_hashes
from tearless.statistics.conflicts import mistaken_labels, pure_error
from tearless.statistics.duplicates import agreeing_by_chance, groups_of_equal, leaked_share


def found(data: Any, name: str, target: str | None = None) -> list[Finding]:
    report = tearless.check(data, target=target, select=[name])
    assert not [o.fault for o in report.outcomes if o.fault]
    return list(report.findings)


def severities(findings: list[Finding]) -> list[str]:
    return [f.severity.name for f in findings]


@pytest.mark.parametrize("seed", range(5))
def test_groups_agree_with_pandas(seed: int) -> None:
    keys = np.random.default_rng(seed).integers(0, 50, 80).astype(np.uint64)
    groups = groups_of_equal(keys, np.ones(80, dtype=np.int64))
    assert groups.extra == pd.Series(keys).duplicated().sum()
    assert set(groups.member) == set(np.flatnonzero(pd.Series(keys).duplicated(keep=False)))
    for a, b in zip(groups.start[:-1], groups.start[1:], strict=True):
        assert len(set(keys[groups.member[a:b]])) == 1


def test_groups_count_entries_that_stand_for_many_rows() -> None:
    groups = groups_of_equal(np.array([4, 9, 4], dtype=np.uint64), np.array([1, 3, 2]))
    assert sorted(groups.size) == [3, 3]
    assert groups.extra == 4
    with pytest.raises(InputError, match="counts"):
        groups_of_equal(np.zeros(2, dtype=np.uint64), np.ones(1, dtype=np.int64))


def test_leaked_share_is_what_random_splits_leak() -> None:
    rng = np.random.default_rng(0)
    group = np.r_[np.repeat(np.arange(20), 3), np.arange(20, 120)]
    shares = []
    for _ in range(3_000):
        test = rng.random(len(group)) < 0.2
        shares.append(np.isin(group[test], group[~test]).sum() / (0.2 * len(group)))
    assert leaked_share(np.full(20, 3), len(group)) == pytest.approx(np.mean(shares), rel=0.02)


def test_unrelated_columns_agree_as_often_as_simulated() -> None:
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(200):
        cells = rng.integers(0, 20, 300) * 1_000 + rng.integers(0, 30, 300)
        counts = np.unique(cells, return_counts=True)[1]
        pairs.append((counts * (counts - 1) / 2).sum())
    made = agreeing_by_chance(pl.DataFrame({"a": rng.integers(0, 20, 300), "b": rng.integers(0, 30, 300)}), 300)
    assert made.unrelated == pytest.approx(np.mean(pairs), rel=0.15)
    assert made.most >= 0.9 * np.mean(pairs)


def test_a_column_and_its_square_count_once() -> None:
    x = np.random.default_rng(0).integers(0, 1_000, 1_000)
    made = agreeing_by_chance(pl.DataFrame({"x": x, "square": x**2}), 1_000)
    assert len(made.columns) == 1
    assert made.most > 300
    assert made.unrelated < 5


def test_iris_has_its_one_duplicate() -> None:
    frame = pl.from_pandas(load_iris(as_frame=True).frame)
    (finding,) = found(frame, "duplicate-rows")
    assert finding.rows == (101, 142)
    assert finding.evidence["duplicates"].value == frame.to_pandas().duplicated().sum() == 1


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer, load_digits])
def test_real_tables_without_copies_are_silent(load: Any) -> None:
    frame = pl.from_pandas(load(as_frame=True).frame)
    assert not found(frame, "duplicate-rows", "target")
    assert not found(frame, "conflicting-labels", "target")


@pytest.mark.parametrize("n", [10, 100, 3_000])
@pytest.mark.parametrize("levels", [2, 3, 10])
def test_tables_of_few_levels_are_all_copies_and_nothing_is_wrong(n: int, levels: int) -> None:
    rng = np.random.default_rng(n)
    table = {name: rng.integers(0, levels, n) for name in "ab"} | {"y": rng.integers(0, 2, n)}
    assert "warning" not in severities(found(table, "duplicate-rows"))
    assert "warning" not in severities(found(table, "conflicting-labels", "y"))


def test_coarse_measurements_of_related_columns_give_no_warning() -> None:
    rng = np.random.default_rng(0)
    for n in (50, 500, 5_000):
        z = rng.normal(size=n)
        table = {name: (z + 0.2 * rng.normal(size=n)).round(1) for name in "abcd"}
        assert "warning" not in severities(found(table, "duplicate-rows"))


@pytest.mark.parametrize("related", [False, True])
@pytest.mark.parametrize(("n", "copies"), [(100, 2), (1_000, 5), (100_000, 500)])
def test_copies_of_measurements_are_found_at_every_size(n: int, copies: int, related: bool) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 3)) * (0.05 if related else 1) + related * rng.normal(size=(n, 1))
    x[-copies:] = x[:copies]
    (finding,) = found(pl.DataFrame(x, schema=["a", "b", "c"]), "duplicate-rows")
    assert finding.evidence["duplicates"].value == copies
    assert finding.severity.name == "warning"
    assert set(finding.rows) <= {*range(copies), *range(n - copies, n)}


def test_zeros_are_equal_and_holes_equal_holes_but_null_is_not_nan() -> None:
    rng = np.random.default_rng(0)
    rest = rng.normal(size=100)

    def copies(a: float | None, b: float | None) -> int:
        table = pl.DataFrame({"x": [a, b, *rest], "y": [0.5, 0.5, *rest]})
        return len(found(table, "duplicate-rows"))

    assert copies(0.0, -0.0) == 1
    assert copies(None, None) == 1
    assert copies(np.nan, np.nan) == 1
    assert copies(None, np.nan) == 0


def test_thinned_hashes_estimate_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_hashes, "HASHES_KEPT", 8_192)
    monkeypatch.setattr("tearless.readers.source.MOST_ROWS_PER_BATCH", 10_000)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60_000, 2))
    x[-6_000:] = x[:6_000]
    (finding,) = found(pl.DataFrame(x, schema=["a", "b"]), "duplicate-rows")
    number = finding.evidence["duplicates"]
    assert number.value != 6_000
    assert number.interval is not None
    assert number.interval[0] <= 6_000 <= number.interval[1]


def test_mistaken_labels_agree_with_pandas() -> None:
    rng = np.random.default_rng(3)
    keys, labels = rng.integers(0, 30, 200).astype(np.uint64), rng.integers(0, 3, 200).astype(float)
    one = np.ones(200, dtype=np.int64)
    conflicting, lost, member = mistaken_labels(groups_of_equal(keys, one), labels, one)
    grouped = pd.DataFrame({"k": keys, "y": labels}).groupby("k")["y"]
    assert lost == sum(len(g) - g.value_counts().max() for _, g in grouped)
    assert conflicting == sum(len(g) for _, g in grouped if g.nunique() > 1) == len(member)


def test_pure_error_is_that_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(4)
    keys, y = rng.integers(0, 20, 100).astype(np.uint64), rng.normal(size=100)
    _, squares, _ = pure_error(groups_of_equal(keys, np.ones(100, dtype=np.int64)), y)
    means = pd.Series(y).groupby(keys).transform("mean")
    assert squares == pytest.approx(((y - means) ** 2).sum(), rel=1e-12)


def conflicting(n: int, k: int) -> Mapping[str, Any]:
    rng = np.random.default_rng(n)
    again = np.r_[np.arange(n), np.arange(k)]
    y = rng.integers(0, 2, n)[again]
    y[n:] = 1 - y[n:]
    return {"a": rng.normal(size=n)[again], "b": rng.normal(size=n)[again], "y": y}


def test_one_conflict_is_noted_and_many_are_a_warning() -> None:
    assert severities(found(conflicting(1_000, 1), "conflicting-labels", "y")) == ["note"]
    (finding,) = found(conflicting(1_000, 20), "conflicting-labels", "y")
    assert finding.severity.name == "warning"
    assert finding.evidence["conflicting"].value == 40
    assert finding.evidence["ceiling"].value == pytest.approx(1 - 20 / 1_020)


def test_rows_without_a_target_do_not_conflict() -> None:
    for hole in (None, float("nan")):
        table = pl.DataFrame(
            {"a": [float(i // 2) for i in range(60)], "y": [hole if i % 2 else 1.0 for i in range(60)]}
        )
        assert not found(table, "conflicting-labels", "y")


def test_a_quantity_of_huge_size_does_not_overflow() -> None:
    y = np.tile([1e300, -1e300], 45) * (1 + np.arange(90) / 1_000)
    (finding,) = found({"a": np.arange(90) // 2, "y": y}, "conflicting-labels", "y")
    assert finding.severity.name == "note"
    assert finding.evidence["floor"].value == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["price", "body mass"])
def test_ties_of_coarse_columns_are_no_copies_though_fine_ones_are_computed_from_them(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if kind == "price":
        price = np.round(np.exp(rng.normal(3, 1, 4_000)), 2)
        table = {"price": price, "log": np.log(price), "root": np.sqrt(price)}
    else:
        weight, height = np.round(rng.normal(75, 12, 4_000)), np.round(rng.normal(172, 9, 4_000))
        table = {"weight": weight, "height": height, "bmi": weight / (height / 100) ** 2}
    assert pd.DataFrame(table).duplicated().sum() > 400
    assert "warning" not in severities(found(table, "duplicate-rows"))
    train, test = ({k: v[part] for k, v in table.items()} for part in (slice(3_000), slice(3_000, None)))
    assert not tearless.check(train, test=test, select=["train-test-overlap"]).findings


def test_copies_of_a_measurement_are_found_beside_a_key_that_was_copied_too() -> None:
    rng = np.random.default_rng(0)
    table = {"key": rng.permutation(2_000), "x": rng.normal(size=2_000)}
    copied = {k: np.r_[v, v[:30]] for k, v in table.items()}
    assert severities(found(copied, "duplicate-rows")) == ["warning"]
