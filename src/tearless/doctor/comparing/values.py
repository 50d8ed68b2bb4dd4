"""Which columns of each table are compared, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tearless.core import InputError, listed, quoted
from tearless.doctor.roles import plain, refuse_percent
from tearless.probability.predictions import names_of, texts
from tearless.statistics.comparison.judged import known_as
from tearless.statistics.comparison.metrics import METRICS
from tearless.statistics.comparison.plan import Holds

from .entrants import Entrant

SCORES = [
    *("correct", "iscorrect", "right", "exactmatch", "acc", "accuracy", "passed", "pass", "success", "em", "match"),
    *("resolved", "f1", "score", "reward", "loss", "error", "rating", "win"),
]
"""Names of a column that is a row's score, the most telling first."""
OF_PROBABILITIES = {"log-loss", "logloss", "nll", "brier", "roc-auc", "average-precision", "auc", "ap"}
PER_ROW = {"log-loss", "logloss", "nll", "brier"}
MOST_CLASSES = 1_000


@dataclass(frozen=True)
class Values:
    """A model's column: its name there, what it holds, its numbers or labels, and the truth beside it."""

    model: str
    column: str
    holds: Holds
    series: pl.Series
    truth: pl.Series | None = None


def values(table: Entrant, score: str | None, metric: str | None, truth: pl.Series | None) -> Values:
    """What one model's table says, row by row. Raises ``InputError`` where it is not clear which column says it."""
    frame, own = table.frame, table.roles
    truth = frame[own.truth] if own.truth is not None and truth is None else truth
    if score is not None:
        return _named(table, score, truth, metric)
    metric = (metric or "").replace("_", "-").lower()
    wants_probabilities = metric in OF_PROBABILITIES
    if truth is not None and len(own.probabilities) > 1 and (wants_probabilities or own.predicted is None):
        return _of_classes(table, truth, metric)
    if truth is not None and own.probabilities and (wants_probabilities or own.predicted is None):
        return Values(table.name, own.probabilities[0], "probabilities", frame[own.probabilities[0]], truth)
    if truth is not None and own.predicted is not None:
        said = frame[own.predicted]
        return Values(table.name, own.predicted, predicted_kind(said, truth, metric), said, truth)
    column = _score_column(table)
    if truth is not None and plain(column) not in SCORES:
        return _named(table, column, truth, metric)
    return Values(table.name, column, "scores", frame[column])


def predicted_kind(column: pl.Series, truth: pl.Series, metric: str | None = None) -> Holds:
    """Whether predictions are classes, probabilities of one class of two, or numbers: by the metric where it says so,
    else by their values and the truth."""
    if not column.dtype.is_numeric():
        return "classes"
    labels = truth.drop_nulls().unique()
    shares = column.cast(pl.Float64).fill_nan(None).drop_nulls()
    asked = METRICS.get(known_as(metric or ""))
    if asked is not None and asked.needs == "scores":
        return "probabilities"
    if asked is not None and asked.needs == "probabilities" and len(labels) <= 2 and shares.is_between(0, 1).all():
        return "probabilities"
    if asked is not None and asked.needs == "numbers" and truth.dtype.is_numeric():
        return "numbers"
    if asked is not None and asked.needs == "classes" and (shares % 1 == 0).all():
        return "classes"
    if len(labels) <= 2 and len(shares) and shares.is_between(0, 1).all() and not (shares % 1 == 0).all():
        return "probabilities"
    if not truth.dtype.is_numeric():
        return "classes"
    whole = not truth.dtype.is_float() or bool((truth.drop_nulls() % 1 == 0).all())
    few = whole and len(labels) <= MOST_CLASSES and len(labels) < max(3, len(truth) / 2)
    return "classes" if few and (shares % 1 == 0).all() else "numbers"


def _named(table: Entrant, score: str, truth: pl.Series | None, metric: str | None) -> Values:
    series = table.frame[score]
    if truth is None or truth.dtype.is_numeric():
        refuse_percent(table.frame, [score], table.label)
    if truth is None or plain(score) in SCORES:
        return Values(table.name, score, "scores", series)
    return Values(table.name, score, predicted_kind(series, truth, metric), series, truth)


def _score_column(table: Entrant) -> str:
    """The one column that can be the score."""
    left = table.roles.scores
    free = [name for name in table.frame.columns if name not in table.roles.parts]
    refuse_percent(table.frame, [name for name in free if not left or plain(name) in SCORES], table.label)
    if not left:
        raise InputError(
            f"{table.shown}: expected a column of scores, or of predictions beside the truth, got none in "
            f"{table.label}, which has {listed(table.frame.columns)}; name it with --score or --truth"
        )
    known = sorted((SCORES.index(plain(name)), name) for name in left if plain(name) in SCORES)
    if len(left) == 1 or known:
        return left[0] if len(left) == 1 else known[0][1]
    raise InputError(
        f"{table.shown}: expected one column of scores, got {len(left)} in {table.label}: {listed(left)}; "
        "name the one to compare with --score"
    )


def _of_classes(table: Entrant, truth: pl.Series, metric: str) -> Values:
    """Probabilities of several classes: the loss of each row where the metric is one, else the likeliest class; of two,
    that of the last in order. Rows with a hole stay holes."""
    columns, labels = table.roles.probabilities, table.roles.classes
    if set(labels) == set(names := names_of(truth)) and len(names) == 2:
        column = columns[labels.index(names[-1])]
        return Values(table.name, column, "probabilities", table.frame[column], truth)
    p = table.frame.select(columns).to_numpy().astype(np.float64)
    p = p / p.sum(axis=1, keepdims=True)
    hole = np.isnan(p).any(axis=1) | truth.is_null().to_numpy()
    codes = _codes(truth, labels, table, every=metric in PER_ROW)
    if metric not in PER_ROW:
        likeliest = np.argmax(p, axis=1)
        best = pl.Series([None if no else labels[i] for i, no in zip(likeliest, hole.tolist(), strict=True)])
        return Values(table.name, f"likeliest of {len(labels)}", "classes", best, texts(truth))
    rows = np.arange(len(p))
    if metric != "brier":
        loss = -np.log(np.clip(p[rows, codes], np.finfo(np.float64).eps, 1.0))
    else:
        came = np.zeros_like(p)
        came[rows, codes] = 1.0
        loss = ((p - came) ** 2).sum(axis=1)
    loss[hole] = np.nan
    return Values(table.name, metric, "scores", pl.Series(loss))


def _codes(
    truth: pl.Series, labels: Sequence[str], table: Entrant, every: bool
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Each row's class as its place among the labels, −1 for one that has no column. Raises ``InputError`` for such
    classes: for any where ``every`` is asked for, else where all are such."""
    at = {label: i for i, label in enumerate(labels)}
    names = texts(truth)
    seen = names.drop_nulls().unique().sort().to_list()
    strange = [name for name in seen if name not in at]
    if strange and (every or len(strange) == len(seen)):
        raise InputError(
            f"{table.shown}: expected a column of probabilities for each class, got none for {listed(strange)}; "
            f"there are {listed(labels)}; name them after the classes, such as {quoted('prob_' + strange[0])}"
        )
    return np.array([at.get(name, -1) for name in names.to_list()], dtype=np.int64)
