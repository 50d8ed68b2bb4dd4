"""Variance inflation, condition indices, chance limits and groups agree with statsmodels, SciPy and simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor

from tearless.core import InputError
from tearless.linear_algebra.collinearity import (
    condition_indices,
    explained,
    explained_without_extremes,
    inverse_of,
    largest_vif_by_chance,
    partners,
    to_drop,
    variance_inflation,
)
from tearless.linear_algebra.groups import grouped


def factor(x: np.ndarray) -> np.ndarray:
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    return np.linalg.qr(z, mode="r") / np.sqrt(len(x) - 1)


def test_vif_of_longley_is_statsmodels_with_a_constant() -> None:
    x = sm.datasets.longley.load_pandas().exog.to_numpy(dtype=float)
    with_constant = sm.add_constant(x)
    theirs = [variance_inflation_factor(with_constant, j + 1) for j in range(x.shape[1])]
    np.testing.assert_allclose(variance_inflation(factor(x)), theirs, rtol=1e-6)
    assert max(theirs) == pytest.approx(1788.5, abs=0.1)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_vif_is_one_over_one_minus_r_squared(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 5)) @ rng.normal(size=(5, 5))
    r = factor(x)
    vif = variance_inflation(r)
    correlation = np.corrcoef(x, rowvar=False)
    for j in range(5):
        others = [k for k in range(5) if k != j]
        assert 1 / vif[j] == pytest.approx(1 - explained(correlation, j, others), rel=1e-6)


def test_belsleys_shares_sum_to_one_and_rebuild_the_vif() -> None:
    x = np.random.default_rng(0).normal(size=(100, 4))
    x[:, 3] = x[:, 0] + 0.1 * x[:, 3]
    r = factor(x)
    index, share = condition_indices(r)
    np.testing.assert_allclose(share.sum(axis=1), 1)
    assert (np.diff(index) >= 0).all()
    assert set(np.flatnonzero(share[:, -1] > 0.5)) == {0, 3}


def test_chance_limit_without_true_inflation_is_the_f_distribution() -> None:
    n, p = 30, 6
    limit = largest_vif_by_chance(n, p, 1.0, 0.01)
    assert limit == pytest.approx(1 + (p - 1) / (n - p) * scipy.stats.f(p - 1, n - p).isf(0.01))


@pytest.mark.parametrize(("n", "p"), [(15, 4), (30, 10), (100, 3)])
def test_chance_limit_holds_for_columns_of_true_vif_ten(n: int, p: int) -> None:
    """By simulation: normal columns whose first has VIF 10 show more than the limit in about 5 % of tables."""
    rng = np.random.default_rng(0)
    limit = largest_vif_by_chance(n, p, 10.0, 0.05)
    over = 0
    for _ in range(2_000):
        x = rng.normal(size=(n, p))
        x[:, 0] += 3 * x[:, 1]
        over += variance_inflation(factor(x))[0] >= limit
    assert 0.03 < over / 2_000 < 0.07


def test_a_group_is_named_though_no_pair_is_alike() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 8))
    x[:, 6] = x[:, :5].sum(axis=1) + 0.05 * x[:, 6]
    first = grouped(factor(x), 10.0)[0]
    assert set(first.members) == {0, 1, 2, 3, 4, 6}
    assert first.pair < 0.6
    assert len(first.to_drop) == 1


def test_a_column_explained_by_many_does_not_tie_groups_together() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 400))
    noise = rng.normal(size=(400, 6))
    x = np.column_stack([a, a + 0.1 * noise[:, 0], b, b + 0.1 * noise[:, 1], noise[:, 2]])
    assert [set(g.members) for g in grouped(factor(x), 10.0)[:2]] in ([{0, 1}, {2, 3}], [{2, 3}, {0, 1}])


def test_dropping_is_exact() -> None:
    """The Schur step gives the inflation that a fresh inversion of the remaining columns gives."""
    x = np.random.default_rng(3).normal(size=(200, 5))
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    x[:, 2] = x[:, 0] + 0.1 * x[:, 2]
    inverse = inverse_of(factor(x))
    out = to_drop(inverse @ inverse.T, range(5), 10.0)
    left = [j for j in range(5) if j not in out]
    assert len(out) == 2
    assert variance_inflation(factor(x[:, left])).max() < 10


def test_partners_cannot_be_spared() -> None:
    x = np.random.default_rng(4).normal(size=(300, 6))
    x[:, 5] = x[:, 1] - x[:, 3] + 0.05 * x[:, 5]
    correlation = np.corrcoef(x, rowvar=False)
    assert sorted(partners(correlation, 5, 0.9, 5)) == [1, 3]


def test_one_far_row_explains_nothing_without_itself() -> None:
    x = np.random.default_rng(5).normal(size=(50, 2))
    x[3] = 100
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    assert (z[:, 0] @ z[:, 1] / 50) ** 2 > 0.9
    assert (explained_without_extremes(z) or 0) < 0.2
    assert explained_without_extremes(np.ones((5, 2))) is None


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="drop exact combinations first"):
        variance_inflation(np.zeros((2, 2)))
    with pytest.raises(InputError, match="square"):
        inverse_of(np.ones((2, 3)))
    with pytest.raises(InputError, match="true, chance, columns"):
        largest_vif_by_chance(10, 2, 0.5, 0.01)
