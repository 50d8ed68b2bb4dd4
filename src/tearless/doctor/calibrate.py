"""``tearless.calibration``: do the probabilities hold, and if not, what mends them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tearless.core import Asked, InputError, OfTest, quoted
from tearless.core.catalogue import catalogue
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats
from tearless.probability.calibration.mending import Method
from tearless.probability.calibration.reliability import By
from tearless.probability.predictions import Classes, Predictions
from tearless.readers.source import Source
from tearless.report.answer import Answer
from tearless.report.report import Report

from .calibrating.answer import answer
from .calibrating.arrays import from_arrays
from .calibrating.keeping import applied, kept, write_kept
from .calibrating.mended import Mendings
from .calibrating.probabilities import Told
from .calibrating.wishes import Wishes
from .examine import Answering, examine
from .predicted import Predicted, predicted


def calibration(
    data: Any,
    probabilities: Any = None,
    *,
    truth: str | None = None,
    probability: str | Sequence[str] | None = None,
    predicted: str | None = None,
    lower: str | None = None,
    upper: str | None = None,
    mean: str | None = None,
    spread: str | None = None,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
    logits: bool = False,
    new: Any = None,
    among: int | None = None,
    at: float | None = None,
    prevalence: float | None = None,
    cut_off: float = 0.5,
    coverage: float | None = None,
    bins: int = 10,
    by: By = "width",
    method: Method | None = None,
    save: str | None = None,
    level: float = 0.95,
    null: Sequence[str] = (),
    seed: int = 0,
) -> Report:
    """Judge probabilities beside what came, and find what mends them.

    ``calibration(y, p)``: what came, (n,), and probabilities, (n,) of the positive class or (n, k) with a column for
    each of the ``classes``. Or ``calibration(table)``: a path or a table in memory with a column of the truth and one
    of the probability, or one for each class; or of a predicted quantity ``lower`` and ``upper`` ends (of which
    ``coverage`` is promised), or ``mean`` and ``spread``. Columns are found by their names and values; the options
    name them. ``logits``: the sigmoid or softmax is applied first.

    ``among`` cases, ``at`` a confidence: the mistakes to expect. ``prevalence``: what a flag (p ≥ ``cut_off``) means
    there. ``new``: other rows, no truth needed, whose base rate is estimated. ``coverage``: conformal sets. ``save``
    keeps the best calibrator that surely helps, or that of ``method``, for ``apply_calibration``. The report's numbers
    include ``ece``, ``ece_if_calibrated``, ``ece_p``, ``brier``, ``log_loss``, ``slope`` and ``temperature``.

    Raises ``InputError`` for what holds no predictions, for numbers that are no probabilities, and for options out of
    range.

    >>> report = calibration([1, 1, 1, 0] * 50, [0.95] * 200)  # said 95 %, came 75 %
    >>> round(report["excess"].value, 9), round(report["ece"].value, 9), report["ece_p"].value < 1e-6
    (-0.2, 0.2, True)
    """
    wishes = Wishes(level, bins, by, among, at, cut_off, prevalence, coverage, None, method, seed)
    told = Told(
        truth, _names(probability), predicted, lower, upper, mean, spread, _name(positive), _names(classes), logits
    )
    found = _found(data, probabilities, told, classes, null)
    other = None if new is None else _beside(new, told, found, null)
    wishes = replace(wishes, promised=found.promised)
    asked = Asked(has_test=other is not None, seed=seed)
    checks = [check for entry in catalogue() if (check := entry.load()).about == "predictions"]
    return examine(found.source, checks, asked, other, answer=_answering(wishes, save))


def apply_calibration(
    calibrator: Any,
    probabilities: Any,
    *,
    probability: str | Sequence[str] | None = None,
    predicted: str | None = None,
    positive: Any = None,
    logits: bool = False,
    null: Sequence[str] = (),
) -> Floats:
    """Probabilities mended by a calibrator that ``calibration(..., save=...)`` kept.

    ``calibrator`` is its file, its JSON text or itself; ``probabilities`` an array, (n,) or (n, k), or a table as
    ``calibration`` takes it, truth not needed. The answer has the shape of the array; of a table it is (n,) for two
    classes and (n, k) for more, in the order of the kept classes, nan in rows with a hole. Raises ``InputError`` for
    other classes than it was fitted to, and for what are no probabilities.

    >>> from tearless.probability.calibration.temperature_scaling import Temperature
    >>> apply_calibration(Temperature(2, 0.5), [0.9]).round(6).tolist()  # odds of 9 become odds of 3
    [0.75]
    """
    own = kept(calibrator)
    if not _is_table(probabilities):
        return own.calibrator.apply(probabilities)
    told = Told(None, _names(probability), predicted, positive=_name(positive), logits=logits)
    names, p = mended_table(own, probabilities, told, null)[1:]
    return p[:, 1] if len(names) == 2 else p


def mended_table(
    calibrator: Any, data: Any, told: Told, null: Sequence[str] = ()
) -> tuple[pl.DataFrame, tuple[str, ...], Floats]:
    """The table as given, the classes, and their mended probabilities, (n, k). Raises as ``apply_calibration``."""
    own = kept(calibrator)
    found = predicted(data, told, needs_truth=False, null=null, names=own.names)
    if not found.names and len(found.columns) != 1:
        raise InputError("--apply: expected probabilities of classes, got a predicted quantity; name a column of them")
    names, p = applied(own, pl.concat([batch.frame for batch in found.source.batches()]))
    return found.frame, names, p


def mended_csv(calibrator: Any, data: Any, told: Told, null: Sequence[str] = ()) -> tuple[str, int]:
    """The table with a column for each mended probability (of two classes the positive one's), as CSV; its rows."""
    frame, names, p = mended_table(calibrator, data, told, null)
    first = len(names) == 2
    columns = []
    for i, name in list(enumerate(names))[first:]:
        new = f"calibrated probability of {name}"
        while new in frame.columns:
            new += "'"
        columns.append(pl.Series(new, p[:, i]).fill_nan(None))
    return frame.with_columns(columns).write_csv(), frame.height


def _found(data: Any, probabilities: Any, told: Told, classes: Sequence[Any] | None, null: Sequence[str]) -> Predicted:
    if probabilities is None:
        if not _is_table(data):
            raise InputError(
                "probabilities: expected them beside the truth, got one array alone; give calibration(y, p), or a table"
            )
        return predicted(data, told, null=null)
    table, of_arrays = from_arrays(data, probabilities, None if classes is None else list(classes))
    own = Told(
        of_arrays.truth, of_arrays.probability, positive=told.positive, classes=of_arrays.classes, logits=told.logits
    )
    return predicted(table, own)


def _beside(new: Any, told: Told, found: Predicted, null: Sequence[str]) -> Source:
    """Other rows as a source; an array stands for probabilities alone."""
    own = told
    if not _is_table(new):
        given = np.asarray(new)
        columns = [given] if given.ndim == 1 else list(given.T)
        names = ["probability"] if len(columns) == 1 else [f"probability {i}" for i in range(len(columns))]
        new = dict(zip(names, columns, strict=True))
        own = Told(probability=tuple(new), positive=told.positive, classes=found.names, logits=told.logits)
    return predicted(new, own, "new", needs_truth=False, null=null, names=found.names).source


def _answering(wishes: Wishes, save: str | None) -> Answering:
    """What makes the answer of the predictions, once they are read."""
    words: list[str] = []

    def keep(calibrator: Calibrator, method: str, found: Classes, mended: Mendings) -> None:
        words.append(write_kept(str(save), calibrator, method, found.names, mended))

    def answering(found: Predictions, other: OfTest[Predictions] | None) -> Answer:
        given = answer(found, other, wishes, keep if save is not None else None)
        said = (*given.said, *(("kept", line) for line in words))
        return replace(given, said=said)

    return answering


def _is_table(data: Any) -> bool:
    """Whether these are rows with named columns, or a path; else they are an array."""
    if isinstance(data, (list, tuple)):
        return bool(data) and all(isinstance(row, dict) for row in data)
    return not hasattr(data, "ndim") or hasattr(data, "columns") or hasattr(data, "column_names")


def _names(given: str | Sequence[Any] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(str(_name(name)) for name in given)


def _name(given: Any) -> str | None:
    """A class as its text: 1 and 1.0 and "1" are one."""
    if given is None:
        return None
    if isinstance(given, (bool, np.bool_)):
        return "true" if given else "false"
    if isinstance(given, (float, np.floating)) and float(given).is_integer():
        return str(int(given))
    if isinstance(given, (str, int, float, np.integer, np.floating)):
        return str(given)
    raise InputError(f"positive: expected one of the classes, got {quoted(repr(given))}; name it as the truth does")
