"""Rows in both tables: found exactly and after rounding, and not where chance puts them there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

import tearless
from tearless.core import Finding, Severity


def _found(train: pl.DataFrame, test: pl.DataFrame, target: str | None = None) -> list[Finding]:
    return list(tearless.check(train, test=test, target=target, select=["train-test-overlap"]).findings)


def _mixed(rng: np.random.Generator, n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"x": rng.normal(size=n), "t": rng.choice(np.array(list("abc")), n), "k": rng.integers(0, 9, n)}
    )


def test_two_and_a_half_percent_is_an_error_and_counted_exactly() -> None:
    rng = np.random.default_rng(0)
    train, test = _mixed(rng, 8_000), _mixed(rng, 4_000)
    copied = rng.choice(8_000, 100, replace=False)
    (finding,) = _found(train, pl.concat([test[:3_900], train[copied]]))
    assert finding.severity == Severity.error
    assert finding.evidence["seen"].value == 100
    assert finding.evidence["exact"].value == pytest.approx(0.025)
    assert set(finding.rows) == set(copied.tolist())


def test_the_count_is_that_of_a_join() -> None:
    rng = np.random.default_rng(1)
    train = _mixed(rng, 500)
    test = pl.concat([_mixed(rng, 300), train[:40], train[:10]])
    (finding,) = _found(train, test)
    assert finding.evidence["seen"].value == test.join(train.unique(), on=test.columns, how="semi").height


@pytest.mark.parametrize("write", [lambda x: x.cast(pl.Float32), lambda x: x.round_sig_figs(6)])
def test_copies_written_with_fewer_digits_are_found_after_rounding(write) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(2)
    train = pl.DataFrame(rng.normal(size=(2_000, 20)))
    test = pl.concat([pl.DataFrame(rng.normal(size=(950, 20))), train[:50]]).with_columns(
        write(pl.all()).cast(pl.Float64)
    )
    (finding,) = _found(train, test)
    assert finding.evidence["exact"].value == 0
    assert finding.evidence["near"].value == pytest.approx(0.05)
    assert "after rounding" in finding.headline


def test_the_target_is_compared_apart_and_may_be_absent() -> None:
    rng = np.random.default_rng(3)
    train = _mixed(rng, 900).with_columns(y=pl.Series(rng.integers(0, 2, 900)))
    other = train[:30].with_columns(y=1 - pl.col("y"))
    test = pl.concat([_mixed(rng, 400).with_columns(y=pl.Series(rng.integers(0, 2, 400))), train[:30], other])
    (finding,) = _found(train, test, "y")
    assert finding.evidence["seen"].value == 60
    assert finding.evidence["same_answer"].value == pytest.approx(0.5)
    (without,) = _found(train, test.drop("y"), "y")
    assert without.evidence["seen"].value == 60
    assert without.evidence["same_answer"].value is None


def test_a_test_table_that_lacks_a_column_is_compared_on_the_rest() -> None:
    rng = np.random.default_rng(4)
    train = _mixed(rng, 900)
    (finding,) = _found(train, pl.concat([_mixed(rng, 300), train[:20]]).drop("t"))
    assert finding.evidence["seen"].value == 20
    assert "2 features that both have" in finding.said


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_coincide_by_chance_are_no_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    few = pl.DataFrame(rng.integers(0, 3, (1_500, 5)))
    assert not _found(few[:1_000], few[1_000:])
    iris = pl.DataFrame(load_iris().data)[rng.permutation(150)]
    assert not _found(iris[:100], iris[100:])


def test_repeats_that_a_random_split_put_on_both_sides_are_found_in_fine_numbers() -> None:
    rng = np.random.default_rng(6)
    table = pl.DataFrame(load_breast_cancer().data)
    table = pl.concat([table, table[:60]])[rng.permutation(table.height + 60)]
    (finding,) = _found(table[:450], table[450:])
    assert finding.severity == Severity.error


def test_of_two_million_rows_a_share_of_the_hashes_is_enough() -> None:
    rng = np.random.default_rng(7)
    train = pl.DataFrame({"a": rng.normal(size=2_200_000)})
    test = pl.concat([pl.DataFrame({"a": rng.normal(size=39_000)}), train[:1_000]])
    (finding,) = _found(train, test)
    assert finding.evidence["exact"].value == pytest.approx(0.025, rel=0.2)
