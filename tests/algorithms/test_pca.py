"""PCA against scikit-learn, sign and all; shares, whitening and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import decomposition

from tearless.algorithms.pca import PCA
from tearless.core import InputError

from .real_data import NAMES, off, table


@pytest.mark.parametrize("name", NAMES)
def test_equal_to_scikit_learn_on_real_data(name: str) -> None:
    X, _ = table(name)
    ours, theirs = PCA().fit(X), decomposition.PCA(svd_solver="full").fit(X)
    seen = theirs.explained_variance_ > 1e-20 * theirs.explained_variance_[0]  # the rest has no direction
    assert off(ours.components_[seen], theirs.components_[seen]) < 1e-8
    for what in ("explained_variance_", "explained_variance_ratio_", "singular_values_"):
        assert np.allclose(getattr(ours, what)[seen], getattr(theirs, what)[seen], rtol=1e-8)
    assert np.allclose(ours.mean_, theirs.mean_, rtol=1e-12, atol=1e-15)
    assert off(ours.transform(X)[:, seen], theirs.transform(X)[:, seen]) < 1e-8
    assert off(ours.inverse_transform(ours.transform(X)), X) < 1e-12


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wanted", [1, 3, 0.5, 0.9, 0.999])
def test_as_many_components_as_scikit_learn_takes(name: str, wanted: float) -> None:
    X, _ = table(name)
    ours, theirs = PCA(wanted).fit(X), decomposition.PCA(wanted, svd_solver="full").fit(X)
    assert ours.n_components_ == theirs.n_components_
    assert ours.noise_variance_ == pytest.approx(theirs.noise_variance_, rel=1e-6, abs=1e-12)


def test_whitened_coordinates_are_uncorrelated_with_variance_one() -> None:
    X, _ = table("breast cancer")
    ours = PCA(6, whiten=True)
    scores = ours.fit_transform(X)
    assert np.allclose(np.cov(scores.T), np.eye(6), atol=1e-8)
    theirs = decomposition.PCA(6, whiten=True, svd_solver="full").fit(X)
    assert off(scores, theirs.transform(X)) < 1e-8
    assert off(ours.inverse_transform(scores), theirs.inverse_transform(scores)) < 1e-10


def test_whitening_leaves_out_what_does_not_vary() -> None:
    X, _ = table("digits")  # three of its columns never change
    assert PCA(whiten=True).fit(X).n_components_ == 61
    with pytest.raises(InputError, match="n_components: expected at most 61"):
        PCA(64, whiten=True).fit(X)


def test_float32_in_float32_out() -> None:
    X, _ = table("iris")
    single = PCA(2).fit_transform(X.astype(np.float32))
    assert single.dtype == np.float32
    assert off(single, PCA(2).fit_transform(X)) < 1e-5
    assert PCA(2).fit_transform(X.tolist()).dtype == np.float64


def test_the_loss_is_the_variance_left_out() -> None:
    X, _ = table("wine")
    ours = PCA(2).fit(X)
    lost = np.sum((X - ours.inverse_transform(ours.transform(X))) ** 2)
    assert lost == pytest.approx((len(X) - 1) * PCA().fit(X).explained_variance_[2:].sum(), rel=1e-9)


def test_what_has_no_direction_is_refused() -> None:
    with pytest.raises(InputError, match="1 sample"):
        PCA().fit([[1.0, 2.0]])
    with pytest.raises(InputError, match="rows that differ"):
        PCA().fit([[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(InputError, match="expected 1 coordinates a row"):
        PCA(1).fit([[1.0, 2.0], [3.0, 5.0]]).inverse_transform([[1.0, 2.0]])
