"""Probabilities drawn: what was said against what came, with the band that honest probabilities stay in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tearless.core import InputError, Measured, quoted
from tearless.core.number import shown
from tearless.core.picture import Axis, Band, Line, Picture, Points, Ranges, Rule, values
from tearless.probability.predictions import OF_CLASS, Predictions

from .forecasts import Floats, exact_share
from .reliability import Reliability, reliability

BINS = 10
MOST_ROWS = 20_000
"""Rows that a curve is drawn of: the interval of a tenth of them is as narrow as a dot."""
LEVEL = 0.95
RARE, ROOM = 0.3, 1.1
"""Where no probability and no share is higher, the axes end a little above the highest."""


def reliability_curve(curve: Reliability, title: str) -> Picture:
    """The reliability curve: said against came, with intervals and the band of honest probabilities.

    >>> said = np.array([0.2] * 50 + [0.8] * 50)
    >>> drawn = reliability_curve(reliability(said > 0.5, said, bins=2), "All rows")
    >>> drawn.title, drawn.square
    ('All rows', True)
    """
    said, came = values(curve.forecast), values(curve.came)
    end = max((*said, *values(curve.high), *values(curve.band_high)), default=1.0)
    end = min(1.0, ROOM * end) if end < RARE else 1.0
    marks = (
        Band(said, values(curve.band_low), values(curve.band_high), "if honest"),
        Line((0.0, end), (0.0, end), "said = came", "soft", dashed=True),
        Ranges(said, values(curve.low), values(curve.high), role="main", along="y"),
        Points(said, came, f"came, {shown(curve.level, 'share')}"),
    )
    outside = int(curve.outside.sum())
    says = f"Of {len(said)} groups of rows by the probability said, {outside} lie outside the band of honest ones."
    return Picture(title, says, marks, Axis("said", low=0.0, high=end), Axis("came", low=0.0, high=end), square=True)


def sureness(measured: Measured, predictions: Predictions) -> Picture:
    """Of two classes the probability of the second against how often it came; of more, that of the likeliest.

    >>> import polars as pl
    >>> from tearless.probability.facts import Confidence
    >>> from tearless.readers.source import Batch
    >>> found = Predictions.of(Batch(pl.DataFrame({"truth": [0, 1, 1, 0], "probability": [0.2, 0.9, 0.6, 0.7]})))
    >>> sureness(Confidence.derive(found).measured(over=True), found).title
    'The probability of `1`, and how often it came'
    """
    found = predictions.classes
    rows = _some(len(found.y))
    y, p = found.y[rows], found.p[rows]
    if p.shape[1] == 2:
        drawn = _curve(y == 1, p[:, 1], f"The probability of {quoted(found.names[1])}, and how often it came")
    else:
        best = p.argmax(axis=1)
        title = "The probability of the likeliest class, and how often it came"
        drawn = _curve(best == y, p[np.arange(len(y)), best], title)
    off = measured.words["points"]
    return replace(drawn, says=f"{drawn.says} On average the probabilities are off by {off}.")


def of_class(measured: Measured, predictions: Predictions) -> Picture:
    """The probability of one class against how often it came.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> found = Predictions.of(Batch(pl.DataFrame({"truth": [0, 1, 1, 0], "probability": [0.2, 0.9, 0.6, 0.7]})))
    >>> of_class(Measured(("probability of 1",), {}), found).title
    'The probability of `1`, and how often it came'
    """
    found = predictions.classes
    name = measured.subject[0].removeprefix(OF_CLASS)
    i, rows = found.names.index(name), _some(len(found.y))
    return _curve(found.y[rows] == i, found.p[rows, i], f"The probability of {quoted(name)}, and how often it came")


def _curve(came: Floats, said: Floats, title: str) -> Picture:
    return reliability_curve(reliability(came, said, bins=BINS, by="mass", level=LEVEL), title)


def _some(n: int) -> slice:
    return slice(None, None, max(1, -(-n // MOST_ROWS)))


def share_of_class(measured: Measured) -> Picture:
    """How often a class came, with its interval, beside how often the model counts on it.

    >>> from tearless.core import Number
    >>> values = {"share": 0.2, "expected": 0.3, "rows": 50}
    >>> numbers = {name: Number(x, "1", "") for name, x in values.items()}
    >>> share_of_class(Measured(("probability of yes",), numbers)).says
    'It comes in 20 % of the rows (95 %: 10 % to 33.7 %); the model counts on 30 %.'
    """
    name = measured.subject[0].removeprefix(OF_CLASS)
    share, expected, rows = (measured.numbers[of].value or 0.0 for of in ("share", "expected", "rows"))
    try:
        low, high = (float(end[0]) for end in exact_share(np.array([round(share * rows)]), np.array([rows]), LEVEL))
    except InputError:
        low = high = share
    came, counted = shown(share, "share"), shown(expected, "share")
    return Picture(
        f"How often {quoted(name)} comes, and how often the model counts on it",
        f"It comes in {came} of the rows ({shown(LEVEL, 'share')}: {shown(low, 'share')} to {shown(high, 'share')}); "
        f"the model counts on {counted}.",
        (Ranges((0.0,), (low,), (high,), (share,)), Rule(expected, f"counted on {counted}")),
        Axis("share of rows", low=0.0, high=1.0),
        Axis(names=("came",)),
    )
