"""``InputCheck``: a step of scikit-learn that checks what is fitted on, watches what comes later, changes nothing."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import tearless
from tearless.core import InputError
from tearless.doctor.new_rows import CERTAIN, NewRows, past_of, table_of
from tearless.integrations.sklearn import DriftWarning, FindingsWarning, InputCheck

FEW = ("constant-column",)
"""One quick check, where what is found in the fit is not the question."""


def people(n: int, seed: int, older: float = 0.0, library: Any = pd) -> Any:
    rng = np.random.default_rng(seed)
    columns = {
        "age": rng.normal(40 + older, 12, n),
        "fare": np.exp(rng.normal(3, 1, n)),
        "deck": rng.choice(np.array(["a", "b", "c"]), n).tolist(),
    }
    return library.DataFrame(columns)


def late(table: pd.DataFrame) -> pd.Series:
    return pd.Series(np.asarray(table["age"]) + np.random.default_rng(0).normal(0, 9, len(table)) > 40, name="late")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the step warns of is an error here, unless a test expects it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_it_obeys_the_conventions() -> None:
    """The checks that scikit-learn has for estimators; one wants an array back where none was given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reports = check_estimator(InputCheck(select=FEW), on_fail=None, on_skip=None)
    failed = {one["check_name"] for one in reports if one["status"] == "failed"}
    assert failed <= {"check_transformer_data_not_an_array"}
    assert len(reports) > 40


def test_findings_of_the_fit_are_one_warning_or_an_error() -> None:
    table = people(300, 0).assign(unit="kg")
    with pytest.warns(FindingsWarning, match="`unit` holds one value") as told:
        step = InputCheck().fit(table, late(table))
    assert len(told) == 1
    assert step.report_.target == "late"
    assert step.report_.source == "a pandas DataFrame"
    assert "constant-column" in {f.name for f in step.report_.findings}
    with pytest.raises(tearless.FoundProblems, match="do: drop `unit`"):
        InputCheck(on_findings="raise").fit(table)
    InputCheck(on_findings="ignore").fit(table)
    InputCheck(ignore=["constant-column"]).fit(table)
    InputCheck(at_least="error").fit(table)


def test_a_column_that_gives_the_answer_away_is_found() -> None:
    """y is the target of the checks, under a name that no column has."""
    table = people(300, 0).rename(columns={"fare": "late"})
    answers = late(table)
    with pytest.warns(FindingsWarning, match="`refund` gives `late_` away"):
        step = InputCheck().fit(table.assign(refund=answers * 3.0), answers)
    assert step.report_.target == "late_"
    for several in (np.c_[answers, ~answers], None):
        assert InputCheck().fit(table, several).report_.target is None


@pytest.mark.parametrize("library", [pd, pl])
def test_rows_that_moved_are_told_when_there_are_enough(library: Any) -> None:
    step = InputCheck(select=FEW).fit(people(2_000, 0, library=library))
    like = people(600, 1, library=library)
    assert step.transform(like) is like
    assert step.drift_ == ()
    older = people(600, 2, older=6.0, library=library)
    with pytest.warns(DriftWarning, match=r"600 new rows are not like the 2,000 of the fit:\n  `age` moved up: median"):
        assert step.transform(older) is older
    assert [change.column for change in step.drift_ or ()] == ["age"]


def test_single_rows_are_held_until_there_are_enough() -> None:
    step = InputCheck(select=FEW, min_rows=200).fit(people(2_000, 0))
    new = people(200, 1, older=20.0)
    for row in range(199):
        step.transform(new.iloc[row : row + 1])
    assert step.drift_ is None
    with pytest.warns(DriftWarning, match="200 new rows"):
        step.transform(new.iloc[199:])


def test_rows_are_held_as_they_came() -> None:
    """An array that its owner changes afterwards is compared as it was given."""
    rng = np.random.default_rng(0)
    step = InputCheck(select=FEW, min_rows=100).fit(rng.normal(size=(1_000, 2)))
    given = rng.normal(size=(60, 2))
    step.transform(given)
    given += 100
    step.transform(rng.normal(size=(60, 2)))
    assert step.drift_ == ()


def test_columns_are_told_at_once() -> None:
    step = InputCheck(select=FEW).fit(people(300, 0))
    one = people(1, 1)
    for table, said in (
        (one.drop(columns="deck"), "`deck` is gone"),
        (one.assign(cabin="C85", ticket=7), "`cabin` and `ticket` are new"),
        (one.assign(age="40"), "`age` holds text, where it held numbers"),
    ):
        with pytest.warns(DriftWarning, match=said):
            assert step.transform(table) is table
        with pytest.raises(tearless.FoundProblems, match=said):
            clone(step).set_params(on_drift="raise").fit(people(300, 0)).transform(table)
    for table in (one.assign(age=40), one.assign(age=None), one[["deck", "fare", "age"]]):
        assert step.transform(table) is table, "whole numbers, holes and another order are no other columns"


def test_arrays_of_another_width_are_refused() -> None:
    step = InputCheck(select=FEW).fit(people(300, 0)[["age", "fare"]].to_numpy())
    for reaction in ("warn", "ignore"):
        with pytest.raises(InputError, match="X has 3 features, but InputCheck is expecting 2 features as input"):
            step.set_params(on_drift=reaction).transform(np.ones((5, 3)))


def test_rows_of_an_array_are_compared_in_the_order_of_the_named_columns() -> None:
    table = people(1_000, 0)[["age", "fare"]]
    step = InputCheck(select=FEW).fit(table)
    step.transform(people(600, 1)[["age", "fare"]].to_numpy())
    assert step.drift_ == ()
    with pytest.warns(DriftWarning, match="`age` moved"):
        step.transform(people(600, 1)[["fare", "age"]].to_numpy())


def test_in_pipelines_searches_and_column_transformers() -> None:
    table = people(500, 0)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(InputCheck(select=FEW), StandardScaler()), ["age", "fare"]),
            ("classes", OneHotEncoder(), ["deck"]),
        ]
    )
    pipeline = make_pipeline(InputCheck(select=FEW), columns, LogisticRegression())
    search = GridSearchCV(pipeline, {"inputcheck__min_rows": [100], "logisticregression__C": [0.1, 1.0]}, cv=2)
    search.fit(table, late(table))
    best = search.best_estimator_
    assert best[0].min_rows == 100
    assert best[:2].get_feature_names_out().tolist()[:2] == ["numbers__age", "numbers__fare"]
    with pytest.warns(DriftWarning, match="`age` moved up"):
        best.predict(people(600, 1, older=12.0))


def test_a_fit_is_not_compared_with_itself() -> None:
    table = people(600, 0)
    step = InputCheck(select=FEW)
    assert step.fit_transform(table) is table
    assert step.drift_ is None


def test_output_names_and_containers() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    step = InputCheck(select=FEW).fit(X)
    assert step.get_feature_names_out().tolist() == ["x0", "x1"]
    with config_context(transform_output="pandas"):
        assert isinstance(step.transform(X), pd.DataFrame)
    assert isinstance(clone(step).set_output(transform="polars").fit_transform(X), pl.DataFrame)
    named = InputCheck(select=FEW).fit(people(50, 0))
    assert named.feature_names_in_.tolist() == ["age", "fare", "deck"]
    assert not hasattr(named.fit(X), "feature_names_in_")


def test_a_fitted_step_is_pickled_without_rows() -> None:
    step = InputCheck(min_rows=100, select=FEW).fit(people(1_000, 0))
    step.transform(people(150, 1))
    step.transform(people(90, 2).assign(deck="a secret"))
    stored = pickle.dumps(step)
    assert b"a secret" not in stored
    again = pickle.loads(stored)  # noqa: S301
    assert again._rows.looks == 1
    assert again.report_.to_json() == step.report_.to_json()
    again.transform(people(90, 2))
    assert again.drift_ == ()
    today = tearless.check(people(600, 3, older=9.0), against=again.baseline_)
    assert any(f.subject == ("age",) and f.severity >= tearless.Severity.warning for f in today.findings)


def test_of_many_rows_some_are_drawn_from_all_of_them() -> None:
    rng = np.random.default_rng(0)
    step = InputCheck(select=FEW).fit(rng.normal(size=(2_000, 2)))
    many = rng.normal(size=(60_000, 2))
    many[40_000:, 1] += 2
    for given in (many, pd.DataFrame(many), pl.DataFrame(many)):
        with pytest.warns(DriftWarning, match="16,384 rows drawn from 60,000 new ones are not like the 2,000") as told:
            step.transform(given)
        assert "`x1` moved up" in str(told[0].message)
        assert "`x0`" not in str(told[0].message)
    assert step.inverse_transform(many) is many


def test_threads_share_one_count_of_rows() -> None:
    rng = np.random.default_rng(0)
    step = InputCheck(select=FEW, min_rows=100).fit(rng.normal(size=(500, 2)))
    rows = [rng.normal(size=(1, 2)) for _ in range(1_000)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(step.transform, rows))
    assert step._rows.looks == 10


def test_looks_together_alarm_falsely_with_the_stated_chance() -> None:
    """The j-th look is charged j(j + 1) times, so the sum over all looks is CERTAIN; a quiet stream stays quiet."""
    assert sum(CERTAIN / (j * (j + 1)) for j in range(1, 100_000)) < CERTAIN
    rng = np.random.default_rng(1)
    for _ in range(4):
        rows = NewRows(past_of(table_of(rng.standard_t(3, size=(800, 5)))), enough=100)
        assert not any(rows.add(rng.standard_t(3, size=(100, 5))) for _ in range(25))
        assert rows.looks == 25


def test_a_later_look_needs_more() -> None:
    rng = np.random.default_rng(2)
    past, new = past_of(table_of(rng.normal(size=(2_000, 1)))), rng.normal(0.45, 1, size=(200, 1))
    assert NewRows(past, enough=100).add(new)
    assert not NewRows(past, enough=100, looks=10_000).add(new)


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (sparse.csr_matrix(np.eye(4)), "Sparse data was passed for X, but dense data is required"),
        (np.ones(4), "Reshape your data"),
        (np.ones((0, 2)), "minimum of 1 is required"),
        (pl.LazyFrame({"a": [1.0]}), "X: expected rows in memory, got `LazyFrame`"),
        (pd.DataFrame({"a": []}), "X: expected rows to fit on, got none"),
    ],
)
def test_what_is_no_table_is_refused_in_words(X: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        InputCheck().fit(X)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"on_drift": "warm"}, "on_drift: expected one of warn, raise, ignore, got `'warm'`"),
        ({"min_rows": 0}, "min_rows: expected a whole number of at least 1, got `0`"),
        ({"at_least": "fatal"}, "severity: expected one of"),
        ({"select": ["no-such-check"]}, "select: expected the name of a check"),
    ],
)
def test_arguments_are_refused_in_words(argument: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        InputCheck(**argument).fit(people(50, 0))


def test_it_must_be_fitted_first() -> None:
    with pytest.raises(NotFittedError):
        InputCheck().transform(people(5, 0))
    with pytest.raises(NotFittedError):
        _ = InputCheck().drift_
