"""The two laws of row order agree with SciPy and with permutation, and real orders are found."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.datasets import load_iris

import tearless
from tearless.core import InputError
from tearless.statistics.order import _matches, of_classes, of_numbers
from tearless.statistics.stretches import Stretches


def blocks(n: int) -> np.ndarray:
    return Stretches.of(n).block


def test_the_tenths_are_tested_as_scipys_kruskal() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200) + np.linspace(0, 1.2, 200)
    b = blocks(200)
    p = stats.kruskal(*[x[b == k] for k in range(10)]).pvalue
    assert of_numbers(x, b).p == pytest.approx(2 * float(p), rel=1e-9)


def test_classes_are_tested_as_scipys_contingency_table() -> None:
    rng = np.random.default_rng(2)
    code = (rng.random(600) < np.linspace(0.2, 0.6, 600)).astype(int)
    b = blocks(600)
    table = np.array([[np.sum((b == k) & (code == c)) for c in (0, 1)] for k in range(10)])
    p = stats.chi2_contingency(table, correction=False).pvalue
    assert of_classes(code, b).p == pytest.approx(2 * float(p), rel=1e-9)


@pytest.mark.parametrize("code", [[0, 0, 0, 1, 1, 2, 2, 3], [0, 0, 1, 1, 2, 2, 2], [0, 0, 0, 0, 0, 1, 1, 1]])
def test_the_mean_and_variance_of_equal_neighbours_are_exact(code: list[int]) -> None:
    """By every order of the rows: the normal law of the count, with the mean and spread seen over all of them."""
    counted = [c for c in set(code) if 2 * code.count(c) <= len(code)]
    orders = sorted(set(permutations(code)))
    seen = np.array([sum(a == b and a in counted for a, b in pairwise(order)) for order in orders])
    most = sum(code.count(c) - 1 for c in counted)
    for order, count in zip(orders[::37], seen[::37], strict=True):
        p, agreement = _matches(np.array(order))
        expected = max(0.0, (count - seen.mean()) / (most - seen.mean()))
        assert agreement == pytest.approx(expected)
        if expected:
            normal = stats.norm.sf(count - 0.5, seen.mean(), seen.std())
            rare = stats.poisson.sf(count - 1, seen.mean()) if seen.mean() < len(code) / 4 else 0.0
            assert p == pytest.approx(max(normal, rare))


@pytest.mark.parametrize("kind", ["normal", "classes", "rare class", "zeros", "few numbers"])
@pytest.mark.parametrize("n", [24, 150, 3_000])
def test_the_chance_is_valid_when_rows_are_in_no_order(kind: str, n: int) -> None:
    rng = np.random.default_rng(n)
    make = {
        "normal": lambda: of_numbers(rng.normal(size=n), blocks(n)),
        "classes": lambda: of_classes(rng.integers(0, 3, n), blocks(n)),
        "rare class": lambda: of_classes((rng.random(n) < 0.02).astype(int), blocks(n)),
        "zeros": lambda: of_numbers(np.where(rng.random(n) < 0.9, 0, rng.random(n)), blocks(n)),
        "few numbers": lambda: of_numbers(rng.integers(0, 5, n).astype(float), blocks(n)),
    }[kind]
    p = np.array([make().p for _ in range(400)])
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert p.min() > 1e-4


def test_iris_is_sorted_by_class_and_shuffled_iris_is_not() -> None:
    frame = pl.DataFrame({**dict(zip("abcd", load_iris().data.T, strict=True)), "species": load_iris().target})
    found = tearless.check(frame, target="species", select=["sorted-rows"]).findings
    assert [(f.severity.name, f.subject) for f in found][:1] == [("warning", ("species",))]
    assert "the last fifth holds 100 %" in found[0].headline
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    assert not tearless.check(shuffled, target="species", select=["sorted-rows"]).findings


def test_an_increasing_date_is_a_note_and_a_row_number_nothing() -> None:
    rng = np.random.default_rng(0)
    day = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 12, 31), "1d", eager=True)
    frame = pl.DataFrame({"id": np.arange(len(day)), "day": day, "x": rng.normal(size=len(day))})
    found = tearless.check(frame, select=["sorted-rows"]).findings
    assert [(f.severity.name, f.subject) for f in found] == [("note", ("day",))]


def test_long_tables_are_looked_at_in_ten_stretches() -> None:
    stretches = Stretches.of(1_000_000)
    assert len(stretches.row) == 8_190
    assert np.unique(stretches.block).tolist() == list(range(10))
    assert (np.diff(stretches.row) >= 1).all()
    assert Stretches.of(7).row.tolist() == list(range(7))


def test_nineteen_rows_cannot_tell_and_shapes_must_agree() -> None:
    outcome = tearless.check({"x": np.arange(19.0) ** 2}, select=["sorted-rows"]).outcomes
    assert [o.result for o in outcome if o.name == "sorted-rows"] == ["cannot tell"]
    with pytest.raises(InputError, match="number the blocks"):
        of_numbers(np.zeros(3), np.zeros(2, dtype=np.int64))


def test_whole_numbers_of_128_bits_are_judged_as_others() -> None:
    big = pl.Series("big", [2**80 * (i // 10) for i in range(3_000)], dtype=pl.Int128)
    report = tearless.check(pl.DataFrame([big]), select=["sorted-rows"])
    assert [(f.name, f.subject) for f in report.findings] == [("sorted-rows", ("big",))]
