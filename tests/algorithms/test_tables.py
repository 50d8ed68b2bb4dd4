"""Tables as people have them: named columns, missing cells, text, names of classes; tables out; models on disk."""

from __future__ import annotations

import io
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn import datasets
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from tearless.algorithms.decision_tree import DecisionTreeRegressor
from tearless.algorithms.estimator import Estimator
from tearless.algorithms.gaussian_naive_bayes import GaussianNB
from tearless.algorithms.gradient_boosting import GradientBoostingRegressor
from tearless.algorithms.pca import PCA
from tearless.algorithms.random_forest import RandomForestClassifier, RandomForestRegressor
from tearless.core import InputError

from .test_estimator import KINDS

IRIS = datasets.load_iris(as_frame=True)
NAMES = pd.Series(np.array(IRIS.target_names)[IRIS.target])


def fitted(kind: Estimator, X: Any = IRIS.data) -> Any:
    model: Any = clone(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, NAMES if is_classifier(model) else 2.0 * IRIS.target + 1)


def answers(model: Any, X: Any = IRIS.data) -> np.ndarray:
    return np.asarray(model.predict(X) if hasattr(model, "predict") else model.transform(X))


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_model_on_disk_answers_and_explains_as_before(kind: Estimator) -> None:
    model, disk = fitted(kind), io.BytesIO()
    joblib.dump(model, disk)
    disk.seek(0)
    again = joblib.load(disk)
    assert np.array_equal(answers(again), answers(model))
    assert str(again.explain()) == str(model.explain())


@pytest.mark.parametrize("kind", [k for k in KINDS if is_classifier(k)], ids=repr)
@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_classes_may_be_text_of_any_kind(kind: Estimator, dtype: str) -> None:
    model: Any = clone(kind)
    if hasattr(model, "random_state"):
        model.set_params(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        said = model.fit(IRIS.data, NAMES.astype(dtype)).predict(IRIS.data)
    assert set(said) <= set(IRIS.target_names)
    assert model.classes_.tolist() == sorted(IRIS.target_names)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_columns_of_any_number_type_give_one_model(kind: Estimator) -> None:
    model = clone(kind)
    if hasattr(model, "random_state"):
        model.set_params(random_state=0)
    plain = answers(fitted(model))
    for table in (IRIS.data.astype("Float64"), IRIS.data.astype(object), IRIS.data.astype(np.longdouble)):
        other = answers(fitted(model, table))
        assert np.array_equal(other, plain) if is_classifier(model) else np.allclose(other, plain, rtol=1e-9, atol=1e-9)


def test_missing_cells_and_text_are_named_with_their_place() -> None:
    table = IRIS.data.rename(columns={"petal length (cm)": "petal"})
    missing = table.astype("Float64").copy()
    missing.iloc[7, 2] = pd.NA
    with pytest.raises(InputError, match=r"got 1 NaN, the first at row 7, column `petal` \(counted from 0\)"):
        GaussianNB().fit(missing, NAMES)
    with pytest.raises(InputError, match=r"got a cell that is none: `5,1` at row 0, column `petal`"):
        GaussianNB().fit(table.assign(petal="5,1"), NAMES)
    with pytest.raises(InputError, match=r"a dict, argument must be a string or a number at row 1, column 0"):
        GaussianNB().fit([[1.0], [{}]], [0, 1])
    hostile = table.assign(petal="\x1b[31m")
    with pytest.raises(InputError) as caught:
        GaussianNB().fit(hostile, NAMES)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_transformers_give_tables_where_asked(library: str) -> None:
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[library]
    model = PCA(2).set_output(transform=library)
    out: Any = clone(model).fit_transform(IRIS.data.iloc[10:])
    assert isinstance(out, frame)
    assert list(out.columns) == ["pca0", "pca1"]
    if library == "pandas":
        assert out.index.tolist() == list(range(10, 150))
    pipe = make_pipeline(MinMaxScaler(), PCA(2)).set_output(transform=library)
    assert isinstance(pipe.fit_transform(IRIS.data), frame)
    assert isinstance(model.set_output(transform="default").fit(IRIS.data).transform(IRIS.data), np.ndarray)
    with sklearn.config_context(transform_output=library):
        assert isinstance(PCA(2).fit_transform(IRIS.data), frame)
    with pytest.raises(InputError, match="transform: expected one of 'default', 'pandas', 'polars', got 'arrow'"):
        model.set_output(transform="arrow")


def test_a_search_over_a_forest_in_a_pipeline() -> None:
    pipe = make_pipeline(MinMaxScaler(), RandomForestClassifier(10, random_state=0))
    search = GridSearchCV(pipe, {"randomforestclassifier__max_depth": [1, None]}, cv=3).fit(IRIS.data, NAMES)
    assert search.best_score_ > 0.9
    assert search.best_params_ == {"randomforestclassifier__max_depth": None}


@pytest.mark.parametrize("exponent", [-1000, -530, 530, 1000])
@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(max_depth=3),
        RandomForestRegressor(5, random_state=0),
        GradientBoostingRegressor(5),
    ],
    ids=repr,
)
def test_the_unit_of_what_is_learned_changes_no_tree(model: Any, exponent: int) -> None:
    """A power of 2 rounds nothing, but squares of such numbers leave floating point."""
    X, y = datasets.load_diabetes(return_X_y=True)
    plain, scaled = clone(model).fit(X, y), clone(model).fit(X, np.ldexp(y, exponent))
    np.testing.assert_array_equal(np.ldexp(scaled.predict(X), -exponent), plain.predict(X))


def test_numbers_too_large_to_square_are_refused_by_what_squares_them() -> None:
    X = np.array([[1e200], [2e200], [3e200], [4e200]])
    with pytest.raises(InputError, match=r"squares stay finite, got up to 4e\+200"):
        GaussianNB().fit(X, [0, 0, 1, 1])
