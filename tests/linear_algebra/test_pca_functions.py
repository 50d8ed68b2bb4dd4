"""Principal components: equal to scikit-learn's, conventions kept, and noise kept at the rate stated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from tearless.core import InputError
from tearless.linear_algebra import components_to_keep as keep
from tearless.linear_algebra.pca import pca

TABLES = [load_iris, load_wine, load_breast_cancer]


@pytest.mark.parametrize("load", TABLES)
@pytest.mark.parametrize("standardise", [False, True])
def test_components_variances_and_scores_equal_scikit_learn(load, standardise):
    X = load().data
    ours = pca(X, ddof=0 if standardise else 1, standardise=standardise)
    given = StandardScaler().fit_transform(X) if standardise else X
    ref = PCA().fit(given)
    factor = (len(X) - 1) / len(X) if standardise else 1
    np.testing.assert_allclose(ours.explained_variance, ref.explained_variance_ * factor, rtol=1e-8)
    np.testing.assert_allclose(ours.share, ref.explained_variance_ratio_, rtol=1e-8)
    np.testing.assert_allclose(ours.components, ref.components_, atol=1e-8)
    np.testing.assert_allclose(ours.scores(X), ref.transform(given), atol=1e-7 * np.abs(given).max())
    if standardise:
        assert float(ours.total_variance) == pytest.approx(X.shape[1])


def test_scores_are_uncorrelated_whitened_ones_of_variance_one_and_all_go_back():
    X = load_wine().data
    fit = pca(X)
    S, W = fit.scores(X), fit.whitened(X)
    np.testing.assert_allclose(np.cov(S.T), np.diag(fit.explained_variance), atol=1e-9 * fit.explained_variance[0])
    np.testing.assert_allclose(np.cov(W.T), np.eye(X.shape[1]), atol=1e-6)
    np.testing.assert_allclose(fit.reconstructed(S), X, rtol=1e-10, atol=1e-9)
    two = pca(X, k=2, standardise=True)
    lost = ((two.reconstructed(two.scores(X)) - X) / two.scale) ** 2
    assert lost.sum() / (len(X) - 1) == pytest.approx(float(two.total_variance - two.explained_variance.sum()))


def test_svd_keeps_components_that_the_covariance_matrix_loses():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    Z = np.linalg.qr(rng.normal(size=(200, 3)) - 0)[0]
    Z = np.linalg.qr(Z - Z.mean(axis=0))[0]
    X = Z * [1.0, 1e-4, 1e-10] @ Q.T
    exact = np.array([1.0, 1e-8, 1e-20]) / 199
    np.testing.assert_allclose(pca(X).explained_variance, exact, rtol=1e-4)
    textbook = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    assert abs(textbook[2] - exact[2]) > 100 * exact[2]


def test_more_columns_than_rows_and_large_offsets():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 20))
    np.testing.assert_allclose(pca(X, k=5).explained_variance, PCA(5).fit(X).explained_variance_, rtol=1e-10)
    with pytest.raises(InputError, match="keep fewer"):
        pca(X).whitened(X)
    Y = np.round(rng.normal(size=(30, 3)), 3)
    np.testing.assert_allclose(pca(Y + 2.0**30).explained_variance, pca(Y).explained_variance, rtol=1e-6)


def test_columns_in_small_units_own_the_first_component_unless_standardised():
    X = np.random.default_rng(0).normal(size=(100, 3)) * [1, 1, 1000]
    assert abs(pca(X).components[0, 2]) > 0.999
    assert pca(X, standardise=True).share[0] < 0.5


def test_what_has_no_components_is_refused_by_name():
    X = np.random.default_rng(0).normal(size=(5, 3))
    for kwargs, said in (({"k": 4}, "k: expected"), ({"k": 0}, "k: expected"), ({"ddof": 5}, "more than 5 rows")):
        with pytest.raises(InputError, match=said):
            pca(X, **kwargs)
    with pytest.raises(InputError, match="got all alike"):
        pca(np.full((4, 2), 0.1))
    with pytest.raises(InputError, match="constant one at position 1"):
        pca(np.column_stack([X[:, 0], np.ones(5)]), standardise=True)
    with pytest.raises(InputError, match="finite"):
        pca([[np.nan], [1.0]])
    with pytest.raises(InputError, match="expected 3 columns as fitted"):
        pca(X).scores(X[:, :2])
    with pytest.raises(InputError, match="expected 3 columns"):
        pca(X).reconstructed(X[:, :2])


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 1.0])
def test_the_number_for_a_share_is_that_of_scikit_learn(share):
    v = pca(load_digits().data).explained_variance
    got = keep.for_share(v, share)
    if share < 1:
        assert got == PCA(share, svd_solver="full").fit(load_digits().data).n_components_
    else:
        assert v[:got].sum() == pytest.approx(v.sum())


def test_the_edge_and_median_are_those_of_simulated_noise():
    rng = np.random.default_rng(0)
    for n, p in ((2000, 200), (1000, 1000), (300, 900)):
        v = pca(rng.normal(size=(n + 1, p)) * 3).explained_variance
        assert v[0] == pytest.approx(keep.marchenko_pastur_edge(n + 1, p, 9.0), rel=0.03)
        assert np.median(v[: min(n, p)]) == pytest.approx(9 * keep.marchenko_pastur_median(p / n), rel=0.02)
        assert keep.noise_variance(v, n + 1, p) == pytest.approx(9, rel=0.02)


def test_the_median_is_that_of_gavish_and_donoho():
    assert 4 / math.sqrt(3) / math.sqrt(keep.marchenko_pastur_median(1.0)) == pytest.approx(2.858, abs=5e-4)


@pytest.mark.parametrize(("n", "p"), [(12, 10), (100, 20), (60, 200)])
def test_noise_exceeds_its_limit_as_often_as_stated(n, p):
    rng = np.random.default_rng(n)
    first = np.array([pca(rng.normal(size=(n, p)), k=1).explained_variance[0] for _ in range(600)])
    for level in (0.90, 0.95):
        above = (first > keep.noise_limit(n, p, level=level)).mean()
        assert abs(above - (1 - level)) < 0.015 + 3 * math.sqrt(level * (1 - level) / 600)


def planted(rng: np.random.Generator, n: int, p: int, r: int) -> np.ndarray:
    return 2.5 * rng.normal(size=(n, r)) @ np.linalg.qr(rng.normal(size=(p, r)))[0].T * math.sqrt(2) + rng.normal(
        size=(n, p)
    )


def test_planted_components_are_counted_by_both():
    rng = np.random.default_rng(0)
    for r in (1, 3):
        X = planted(rng, 200, 15, r)
        v = pca(X).explained_variance
        assert (v > keep.noise_limit(200, 15, keep.noise_variance(v, 200, 15))).sum() == r
        assert keep.parallel_analysis(X).keep == r


def test_unrelated_columns_are_kept_as_rarely_as_stated_whatever_their_law():
    rng = np.random.default_rng(1)
    kept = [keep.parallel_analysis(rng.lognormal(size=(40, 5)), draws=19, seed=i).keep > 0 for i in range(300)]
    assert np.mean(kept) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    assert np.mean(kept) > 0.01


def test_parallel_analysis_follows_its_seed_and_sums_to_the_number_of_columns():
    X = load_iris().data
    a, b = keep.parallel_analysis(X, seed=3), keep.parallel_analysis(X, seed=3)
    assert (a.limits == b.limits).all()
    assert a.variances.sum() == pytest.approx(4)
    assert a.keep == 1


def test_what_cannot_be_counted_is_refused_by_name():
    with pytest.raises(InputError, match="descending"):
        keep.for_share([1.0, 2.0], 0.5)
    with pytest.raises(InputError, match="share: expected"):
        keep.for_share([2.0, 1.0], 1.5)
    with pytest.raises(InputError, match="descending"):
        keep.for_share([0.0, 0.0], 0.5)
    with pytest.raises(InputError, match="draw more"):
        keep.parallel_analysis(np.eye(4), draws=18)
    with pytest.raises(InputError, match="constant one at position 1"):
        keep.parallel_analysis(np.column_stack([np.arange(4.0), np.ones(4)]))
    with pytest.raises(InputError, match="at least 3 rows"):
        keep.parallel_analysis(np.eye(2))
    with pytest.raises(InputError, match="level: expected one of"):
        keep.noise_limit(10, 5, level=0.8)
    with pytest.raises(InputError, match="expected all 5 variances"):
        keep.noise_variance([2.0, 1.0], 10, 5)
