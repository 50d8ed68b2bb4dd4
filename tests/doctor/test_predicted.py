"""Which columns of a table are taken for what, and which tables are taken for predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tearless.core import InputError
from tearless.doctor.calibrating.probabilities import Told
from tearless.doctor.calibrating.recognising import are_predictions
from tearless.doctor.predicted import predicted
from tearless.probability.predictions import Predictions, rounding_of_sums
from tearless.readers import open_table

Y = [0, 1, 1, 0]
P = [0.1, 0.8, 0.7, 0.4]
Q = [0.9, 0.2, 0.3, 0.6]
TWO = ("truth", "probability of 0", "probability of 1")


@pytest.mark.parametrize(
    ("table", "told", "columns"),
    [
        ({"y_true": Y, "y_prob": P}, {}, TWO),
        ({"label": Y, "p_0": Q, "p_1": P}, {}, TWO),
        ({"label": Y, "0": Q, "1": P}, {}, TWO),
        ({"target": Y, "proba(0)": Q, "proba(1)": P}, {}, TWO),
        ({"target": Y, "proba[1]": P}, {}, TWO),
        ({"a": Y, "b": P}, {"truth": "a", "probability": ("b",)}, TWO),
        ({"gold": list("xyyx"), "x": Q, "y": P}, {}, ("truth", "probability of x", "probability of y")),
        ({"gold": list("xyyx"), "prob": Q}, {"positive": "x"}, ("truth", "probability of y", "probability of x")),
        ({"gold": list("xyyx"), "prob_x": Q}, {}, ("truth", "probability of y", "probability of x")),
        ({"correct": Y, "confidence": P}, {}, TWO),
        ({"gold": list("abca"), "pred": list("abcb"), "confidence": P}, {}, ("truth", "predicted", "confidence")),
        ({"y": [1.5, 2.5, 3.5, 0.5], "mean": P, "std": P}, {}, ("truth", "mean", "spread")),
        ({"y": [1.5, 2.5, 3.5, 0.5], "y_pred": P, "sigma": P}, {}, ("truth", "mean", "spread")),
        ({"y": [1.5, 2.5, 3.5, 0.5], "q0.05": P, "q50": P, "q0.95": P}, {}, ("truth", "lower", "upper")),
        ({"y": [1.5, 2.5, 3.5, 0.5], "lower_90": P, "upper_90": P}, {}, ("truth", "lower", "upper")),
    ],
    ids=lambda x: ",".join(x) if isinstance(x, dict) else "",
)
def test_columns_are_found(table: dict[str, Any], told: dict[str, Any], columns: tuple[str, ...]) -> None:
    assert tuple(predicted(table, Told(**told)).source.schema.names()) == columns


def test_names_of_ends_say_what_they_promise() -> None:
    y = [1.5, 2.5, 3.5, 0.5]
    promised = [
        predicted({"y": y, low: P, high: P}).promised
        for low, high in (("q05", "q95"), ("q10", "q90"), ("lower_95", "upper_95"), ("lower", "upper"))
    ]
    assert promised == [0.9, 0.8, 0.95, None]


def test_holes_are_counted() -> None:
    notes = predicted({"truth": [0, 1, None, 1], "prob": [0.1, float("nan"), 0.3, 0.4]}).source.notes
    assert notes == ("2 of 4 rows left out: no truth, or no probability",)


def test_an_unusual_positive_class_is_said() -> None:
    assert (
        "`spam`; --positive names another class"
        in predicted({"truth": ["ham", "spam"], "p": [0.1, 0.9]}).source.notes[-1]
    )
    assert not predicted({"truth": ["no", "yes"], "p": [0.1, 0.9]}).source.notes


@pytest.mark.parametrize(
    ("table", "is_one"),
    [
        ({"y_true": Y, "y_prob": P}, True),
        ({"label": list("abca") * 2, "prediction": list("abcb") * 2}, True),
        ({"label": Y, "prob_0": Q, "prob_1": P}, True),
        ({"y": Y, "p": P}, False),
        ({"y": Y, "age": P}, False),
        ({"y": [1.5, 2.5, 3.5, 0.25], "prediction": P}, False),
        ({"label": list("abca"), "predicted": list("wxyz")}, False),
        ({"a": Y, "y_prob": P}, False),
    ],
    ids=lambda x: ",".join(x) if isinstance(x, dict) else "",
)
def test_which_tables_are_predictions(table: dict[str, Any], is_one: bool) -> None:
    assert are_predictions(open_table(table)) == is_one


def test_a_stream_is_left_unread() -> None:
    import pyarrow as pa

    table = pa.table({"y_true": Y, "y_prob": P})
    source = open_table(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()))
    assert not are_predictions(source)
    assert sum(batch.frame.height for batch in source.batches()) == 4


def test_the_rows_are_those_given() -> None:
    got = predicted({"truth": np.array(Y), "prob": np.array(P)})
    (batch,) = got.source.batches()
    np.testing.assert_allclose(batch.frame["probability of 1"].to_numpy(), P)
    np.testing.assert_allclose(batch.frame["probability of 0"].to_numpy(), 1 - np.array(P))


@pytest.mark.parametrize(("decimals", "classes"), [(2, 3), (3, 3), (3, 40), (4, 5)])
def test_probabilities_written_with_few_decimals_are_taken_and_it_is_said(decimals: int, classes: int) -> None:
    """k numbers of d decimals are off by k/2 units of the last digit at most; more is no rounding."""
    p = np.random.default_rng(0).dirichlet(np.ones(classes), 4_000).round(decimals)
    names = [f"c{i:02d}" for i in range(classes)]
    table = {"truth": names * 50, **{f"prob_{name}": p[: 50 * classes, i] for i, name in enumerate(names)}}
    found = predicted(table)
    off = float(np.abs(p[: 50 * classes].sum(axis=1) - 1).max())
    assert off <= rounding_of_sums(p) <= 0.1
    assert any("few decimals" in note for note in found.source.notes) == (off > 1e-3 * (1 - 1e-9))
    said = Predictions.of(*found.source.batches()).classes.p
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-12)
    table["prob_c00"] = table["prob_c00"] + 0.11
    with pytest.raises(InputError, match="add up to 1"):
        predicted({**table, "prob_c00": np.minimum(table["prob_c00"], 1)})
