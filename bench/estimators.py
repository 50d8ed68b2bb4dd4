"""Fit and predict times of the estimators beside scikit-learn's, both in one process and in turn: ratios of medians.

``OMP_NUM_THREADS=1 python bench/estimators.py [--runs 5] [--only NAME ...]`` prints a table of CPU seconds, which other
programs disturb less than those of the clock. The ratio is ours over theirs: below 1 is faster. Estimators that are not
there yet are passed over. Logistic regression is timed on a weak and on a strong signal, since scikit-learn's default
stops at a gradient of 1e-4, which a weak signal meets after a few steps; the lines marked "same digits" give it a
tolerance of 1e-10, which is nearer to what ours reaches.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MODULES = {
    "LinearRegression": ("linear_regression", "sklearn.linear_model"),
    "Ridge": ("ridge", "sklearn.linear_model"),
    "Lasso": ("lasso", "sklearn.linear_model"),
    "LogisticRegression": ("logistic_regression", "sklearn.linear_model"),
    "KNeighborsClassifier": ("nearest_neighbours", "sklearn.neighbors"),
    "PCA": ("pca", "sklearn.decomposition"),
    "GaussianNB": ("gaussian_naive_bayes", "sklearn.naive_bayes"),
    "MultinomialNB": ("multinomial_naive_bayes", "sklearn.naive_bayes"),
    "DecisionTreeClassifier": ("decision_tree", "sklearn.tree"),
    "DecisionTreeRegressor": ("decision_tree", "sklearn.tree"),
    "RandomForestClassifier": ("random_forest", "sklearn.ensemble"),
    "RandomForestRegressor": ("random_forest", "sklearn.ensemble"),
    "GradientBoostingClassifier": ("gradient_boosting", "sklearn.ensemble"),
    "GradientBoostingRegressor": ("gradient_boosting", "sklearn.ensemble"),
}


def tables() -> dict[str, tuple[Floats, Any]]:
    """The data, by name."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100_000, 50))
    number = X @ rng.normal(size=50) + rng.normal(size=100_000)
    noise = 8 * rng.normal(size=100_000)
    small = slice(0, 10_000), slice(0, 20)
    return {
        "number": (X, number),
        "weak": (X, (number + noise > 0).astype(int)),
        "strong": (X, (number > 0).astype(int)),
        "three classes": (X, np.digitize(number, [-4.0, 4.0])),
        "counts": (rng.poisson(2.0, size=X.shape).astype(float), (number > 0).astype(int)),
        "10,000 x 20, number": (X[small], number[:10_000]),
        "10,000 x 20, weak": (X[small], (number + noise > 0).astype(int)[:10_000]),
        "10,000 x 20, whole": (np.round(3 * X[small]), number[:10_000]),
    }


def races() -> list[tuple[str, str, str, dict[str, Any], dict[str, Any]]]:
    """``(class, table, what is timed, our arguments, their arguments)``."""
    small, smaller, whole = "10,000 x 20, weak", "10,000 x 20, number", "10,000 x 20, whole"
    few, many = {"max_features": "sqrt", "n_estimators": 10}, {"max_features": "sqrt", "n_estimators": 100}
    return [
        ("LinearRegression", "number", "fit", {}, {}),
        ("Ridge", "number", "fit", {}, {}),
        ("Lasso", "number", "fit", {"alpha": 0.1}, {"alpha": 0.1}),
        ("LogisticRegression", "weak", "fit", {}, {}),
        ("LogisticRegression", "weak", "fit, same digits", {}, {"tol": 1e-10}),
        ("LogisticRegression", "strong", "fit", {}, {}),
        ("LogisticRegression", "strong", "fit, same digits", {}, {"tol": 1e-10}),
        ("LogisticRegression", "three classes", "fit", {}, {}),
        ("LogisticRegression", "three classes", "fit, same digits", {}, {"tol": 1e-10}),
        ("PCA", "number", "fit", {}, {"svd_solver": "full"}),
        ("PCA", "number", "fit, their default", {}, {}),
        ("GaussianNB", "weak", "fit", {}, {}),
        ("MultinomialNB", "counts", "fit", {}, {}),
        ("KNeighborsClassifier", small, "predict", {}, {}),
        ("DecisionTreeClassifier", "weak", "fit", {}, {}),
        ("DecisionTreeClassifier", "weak", "fit, depth 6", {"max_depth": 6}, {"max_depth": 6}),
        ("DecisionTreeClassifier", "weak", "fit, entropy", {"criterion": "entropy"}, {"criterion": "entropy"}),
        ("DecisionTreeClassifier", "weak", "predict", {"max_depth": 12}, {"max_depth": 12}),
        ("DecisionTreeRegressor", "number", "fit", {}, {}),
        ("DecisionTreeRegressor", "number", "fit, depth 6", {"max_depth": 6}, {"max_depth": 6}),
        ("RandomForestClassifier", "weak", "fit, 3 trees", {"n_estimators": 3}, {"n_estimators": 3}),
        ("RandomForestRegressor", smaller, "fit, 10 trees", {"n_estimators": 10}, {"n_estimators": 10}),
        ("RandomForestRegressor", smaller, "fit, 10 trees, sqrt", few, few),
        ("RandomForestRegressor", smaller, "fit, 100 trees, sqrt", many, many),
        ("RandomForestRegressor", whole, "fit, 10 trees", {"n_estimators": 10}, {"n_estimators": 10}),
        ("RandomForestRegressor", whole, "fit, 10 trees, sqrt", few, few),
        ("RandomForestRegressor", whole, "fit, 100 trees, sqrt", many, many),
        ("RandomForestClassifier", small, "fit, 10 trees", {"n_estimators": 10}, {"n_estimators": 10}),
        ("RandomForestClassifier", small, "fit, 100 trees", {}, {}),
        ("DecisionTreeRegressor", whole, "fit, sqrt", {"max_features": "sqrt"}, {"max_features": "sqrt"}),
        ("DecisionTreeClassifier", small, "fit, sqrt", {"max_features": "sqrt"}, {"max_features": "sqrt"}),
        ("GradientBoostingClassifier", "weak", "fit, 10 stages", {"n_estimators": 10}, {"n_estimators": 10}),
        ("GradientBoostingClassifier", "three classes", "fit, 3 stages", {"n_estimators": 3}, {"n_estimators": 3}),
        ("GradientBoostingRegressor", "number", "fit, 10 stages", {"n_estimators": 10}, {"n_estimators": 10}),
    ]


def timed(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def race(ours: Any, theirs: Any, X: Floats, y: Any, what: str, runs: int) -> tuple[float, float]:
    """Median seconds of both, taken in turn."""
    some = X[:2000] if what == "predict" else X
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for model, taken in zip((ours, theirs), seconds, strict=True):
            if what == "predict":
                model.fit(X, y)
            taken.append(timed(lambda m=model: m.predict(some) if what == "predict" else m.fit(X, y)))
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    data = tables()
    print(f"{'estimator':<28}{'table':<22}{'timed':<22}{'ours s':>9}{'theirs s':>10}{'ratio':>8}")
    for name, table, what, our, their in races():
        ours_in, theirs_in = MODULES[name]
        if given.only and name not in given.only:
            continue
        try:
            ours = getattr(importlib.import_module(f"tearless.algorithms.{ours_in}"), name)(**our)
        except (ModuleNotFoundError, AttributeError):
            print(f"{name:<28}not there")
            continue
        theirs = getattr(importlib.import_module(theirs_in), name)(**their)
        a, b = race(ours, theirs, *data[table], what, given.runs)
        print(f"{name:<28}{table:<22}{what:<22}{a:>9.3f}{b:>10.3f}{a / b:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
