"""Predictions row by row as classes or as numbers, for what compares them with the truth and with a plain guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import CannotTell
from tearless.probability.predictions import MEAN, PREDICTED, TRUTH, Predictions
from tearless.statistics.estimate import Floats

FEW_CLASSES = 20
"""Different whole numbers up to which, whatever the rows, they are taken for classes."""


@dataclass(frozen=True, slots=True)
class PredictedRows:
    """The ``truth`` and what was ``predicted``, (n,): names of classes, or numbers, as ``kind`` says. From
    ``predicted_rows``."""

    kind: Literal["classes", "numbers"]
    truth: NDArray[Any]
    predicted: NDArray[Any]

    @property
    def scores(self) -> Floats:
        """A score a row, (n,): 1 for a right class and 0 for a wrong one; or the squared error."""
        if self.kind == "classes":
            return np.asarray(self.truth == self.predicted, dtype=np.float64)
        error = self.truth - self.predicted
        return np.asarray(error**2, dtype=np.float64)


def predicted_rows(found: Predictions) -> PredictedRows:
    """The rows of a table of predictions that have both, as what they are.

    Numbers where both columns are and either has decimals, or the truth more different values than classes have
    (above 20, and above a row in twenty); else classes, the likeliest where only probabilities are given. Raises
    ``NotApplicable`` where nothing was predicted, ``CannotTell`` for fewer than two rows or squares beyond a double.

    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"truth": [1.0, 2.5], "predicted": [1.0, 2.0]})
    >>> predicted_rows(Predictions.of(Batch(table))).scores.tolist()
    [0.0, 0.25]
    """
    columns = found.frame.columns
    name = next((name for name in (MEAN, PREDICTED) if name in columns), None)
    if name is not None and TRUTH in columns and _are_numbers(found.frame[TRUTH], found.frame[name]):
        pair = found.frame.select(pl.col(TRUTH, name).cast(pl.Float64)).fill_nan(None).drop_nulls()
        truth, predicted = pair[TRUTH].to_numpy(), pair[name].to_numpy()
        if len(truth) and max(np.abs(truth).max(), np.abs(predicted).max()) > 1e150:
            raise CannotTell("there are numbers whose squares are too large for a double")
        return _enough(PredictedRows("numbers", truth, predicted))
    labels = found.labels
    names = np.array(labels.names, dtype=object)
    return _enough(PredictedRows("classes", names[labels.y], names[labels.predicted]))


def alike(train: PredictedRows, test: PredictedRows) -> None:
    """Raises ``CannotTell`` where the rows of two tables are not of one kind.

    >>> one = PredictedRows("numbers", np.zeros(2), np.zeros(2))
    >>> alike(one, one)
    """
    if train.kind != test.kind:
        raise CannotTell(f"the first table predicts {train.kind}, the test table {test.kind}")


def _enough(rows: PredictedRows) -> PredictedRows:
    if len(rows.truth) < 2:
        raise CannotTell("fewer than two rows have both a prediction and the truth")
    return rows


def _are_numbers(truth: pl.Series, predicted: pl.Series) -> bool:
    if not (truth.dtype.is_numeric() and predicted.dtype.is_numeric()):
        return False
    if predicted.name == MEAN or _broken(truth) or _broken(predicted):
        return True
    return truth.n_unique() > max(FEW_CLASSES, len(truth) // 20)


def _broken(column: pl.Series) -> bool:
    """Whether there are decimals."""
    return column.dtype.is_float() and bool((column.drop_nulls().drop_nans() % 1 != 0).any())
