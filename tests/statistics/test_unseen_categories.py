"""New categories: what a random split gives is exact, its chances are bounds, and only more than that is a warning."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core import Severity
from tearless.statistics.random_split import one_sided, unseen_share


def _splits(sizes: list[int], m: int) -> list[int]:
    """The rows of levels on the second side alone, in every division of the rows."""
    level = np.repeat(np.arange(len(sizes)), sizes)
    rows = []
    for second in itertools.combinations(range(len(level)), m):
        inside = np.bincount(level[list(second)], minlength=len(sizes))
        rows.append(int(inside[inside == sizes].sum()))
    return rows


def test_mean_and_chances_against_every_division_of_ten_rows() -> None:
    sizes, m = [4, 2, 2, 1, 1], 4
    every = np.array(_splits(sizes, m))
    for first in ([4, 2, 0, 0, 0], [1, 1, 2, 1, 1], [4, 0, 0, 1, 1]):
        second = [s - f for s, f in zip(sizes, first, strict=True)]
        found = one_sided(first, second)
        assert found.expected == pytest.approx(every.mean(), rel=1e-9)
        exact = sum(Fraction(s * comb(10 - s, m - s), comb(10, m)) for s in sizes if s <= m)
        assert found.expected == pytest.approx(float(exact), rel=1e-9)
        assert found.more >= (every >= found.rows).mean() - 1e-12
        assert found.fewer >= (every <= found.rows).mean() - 1e-12


def test_the_bound_is_a_chance_for_tables_of_one_source() -> None:
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, 301)
    found = [one_sided(*(rng.multinomial(k, shares / shares.sum()) for k in (500, 200))) for _ in range(300)]
    for p in ([f.more for f in found], [f.fewer for f in found]):
        assert np.mean(np.array(p) <= 0.05) <= 0.05


def test_good_turing_covers_the_unseen_mass() -> None:
    rng = np.random.default_rng(1)
    shares = 1 / np.arange(1, 501)
    shares /= shares.sum()
    covered = 0
    for _ in range(200):
        counts = rng.multinomial(400, shares)
        low, high = unseen_share(counts)[1]
        covered += low <= shares[counts == 0].sum() <= high
    assert covered >= 180


def test_one_new_size_in_forty_rows_is_found_and_named() -> None:
    train = pl.DataFrame({"size": ["S", "M", "L"] * 200})
    report = tearless.check(
        train, test=pl.DataFrame({"size": ["S", "M", "L", "XL"] * 10}), select=["unseen-categories"]
    )
    (finding,) = report.findings
    assert finding.severity == Severity.warning
    assert "25 % of the test rows" in finding.headline
    assert "`XL`" in finding.headline


def test_beyond_the_sample_a_value_of_few_is_known_exactly() -> None:
    rng = np.random.default_rng(2)
    values = rng.choice(np.array(["a", "b"], dtype="<U4"), 400_000)
    values[7] = "once"
    test = pl.DataFrame({"t": ["a"] * 50 + ["once"] * 10})
    report = tearless.check(pl.DataFrame({"t": values}), test=test, select=["unseen-categories"])
    assert not report.findings


def test_a_class_of_the_target_that_training_lacks_is_found() -> None:
    train = pl.DataFrame({"x": range(90), "y": [0, 1, 2] * 30})
    report = tearless.check(
        train, target="y", test=pl.DataFrame({"x": range(60), "y": [0, 3] * 30}), select=["unseen-categories"]
    )
    assert [f.subject for f in report.findings] == [("y",)]


def test_names_from_the_data_are_made_safe() -> None:
    train = pl.DataFrame({"t": ["a", "b"] * 50})
    report = tearless.check(train, test=pl.DataFrame({"t": ["\x1b[31m\n{x}"] * 40}), select=["unseen-categories"])
    assert "\x1b" not in report.findings[0].headline
    assert "\n" not in report.findings[0].headline


def test_without_a_test_table_it_says_what_is_missing() -> None:
    (outcome,) = [
        o
        for o in tearless.check({"t": ["a", "b"]}, select=["unseen-categories"]).outcomes
        if o.name == "unseen-categories"
    ]
    assert outcome.result == "cannot tell"
    assert "--test" in outcome.reason
