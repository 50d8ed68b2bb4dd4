"""Real data sets that come with scikit-learn and statsmodels, for comparing two routes on."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn import datasets

Floats = NDArray[np.float64]

LOADERS = {
    "diabetes": datasets.load_diabetes,
    "breast cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "iris": datasets.load_iris,
    "digits": datasets.load_digits,
}
NAMES = (*LOADERS, "longley")


def table(name: str) -> tuple[Floats, Floats]:
    """``(X, y)`` in the columns' own units."""
    if name == "longley":
        data = sm.datasets.longley.load_pandas()
        return data.exog.to_numpy(), data.endog.to_numpy()
    X, y = LOADERS[name](return_X_y=True)
    return X, y.astype(np.float64)


def classes(name: str) -> tuple[Floats, NDArray[np.intp]]:
    """``(X, classes)``; diabetes and longley are cut at the median."""
    X, y = table(name)
    return X, (y > np.median(y)).astype(np.intp) if name in ("diabetes", "longley") else y.astype(np.intp)


def standardised(X: Floats) -> Floats:
    """Columns of mean 0 and standard deviation 1; constant ones 0."""
    spread = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def off(a: Floats, b: Floats) -> float:
    """The largest difference as a share of the largest entry of ``b``."""
    return float(np.max(np.abs(np.asarray(a) - b)) / np.max(np.abs(b)))
