"""What is known of logits and of the confidence of predictions, measured once and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, InputError, Measured, Number
from tearless.core.fact import About
from tearless.probability.calibration.sharpness import Sharpness, sharpness
from tearless.probability.predictions import Predictions
from tearless.readers.source import Batch

MOST_ROWS = 200_000
"""Rows, drawn, on which sharpness is judged: the factor is then known to half a percent; of many classes fewer."""


@dataclass(frozen=True, eq=False)
class Logits:
    """The logits of one position: ``tokens``, the names of the choices, and ``values``, shape (C,), in their order.

    Made of a table with the columns ``token`` and ``logit``; a column of numbers alone is named by its rows.

    >>> import polars as pl
    >>> Logits.of(Batch(pl.DataFrame({"token": ["a", "b"], "logit": [2.0, 1.0]}))).values.tolist()
    [2.0, 1.0]
    """

    about: ClassVar[About] = "logits"
    tokens: tuple[str, ...]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The logits of some rows."""
        values = batch.frame["logit"].cast(float, strict=False).fill_null(float("nan")).to_numpy()
        names = (
            batch.frame["token"] if "token" in batch.frame.columns else range(batch.start, batch.start + len(values))
        )
        return cls(tuple(map(str, names)), np.array(values, np.float64))

    def merge(self, later: Self) -> Self:
        """These choices, then the later ones."""
        return type(self)(self.tokens + later.tokens, np.concatenate([self.values, later.values]))


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the predictions are beside how often they are right: what ``derive`` makes of the predictions.

    ``said`` is the mean probability of the likeliest class, ``right`` the share of ``rows`` in which it came;
    ``sharpness`` is by what the log-odds must be multiplied; ``beyond`` says that some chances lay nearer to 0 or 1
    than so many rows can tell.

    >>> import polars as pl
    >>> table = pl.DataFrame({"truth": [1, 1, 0, 0] * 5, "probability": [0.9, 0.7, 0.4, 0.6] * 5})
    >>> Confidence.derive(Predictions.of(Batch(table))).right
    0.75
    """

    about: ClassVar[About] = "predictions"
    said: float
    right: float
    rows: int
    sharpness: Sharpness
    beyond: bool = False

    @classmethod
    def derive(cls, predictions: Predictions) -> Self:
        """Measure it. Raises ``NotApplicable`` without probabilities, ``CannotTell`` where one class came alone."""
        found = predictions.classes
        y, p = found.y, found.p
        most = MOST_ROWS if p.shape[1] == 2 else max(2_000, MOST_ROWS * 2 // p.shape[1])
        if len(y) > most:
            some = np.sort(np.random.default_rng(0).choice(len(y), most, replace=False))
            y, p = y[some], p[some]
        best = p.argmax(axis=1)
        try:
            told = sharpness(y, p)
        except InputError as why:
            raise CannotTell(str(why).partition("; ")[0]) from None
        beyond = bool(p.min() < 1 / (2 * len(y) + 2))
        return cls(float(p[np.arange(len(y)), best].mean()), float((best == y).mean()), len(found.y), told, beyond)

    def measured(self, over: bool) -> Measured:
        """The evidence, with the error above 0 where the model is over-confident, or, unless ``over``, under-confident.

        >>> import polars as pl
        >>> table = pl.DataFrame({"truth": [0, 1, 1, 0], "probability": [0.2, 0.9, 0.6, 0.7]})
        >>> Confidence.derive(Predictions.of(Batch(table))).measured(over=True).numbers["rows"].value
        4.0
        """
        factor = self.sharpness.factor
        ends = (factor.low, factor.high) if np.isfinite([factor.low, factor.high]).all() else None
        error = self.sharpness.error if (factor.value < 1) == over else -self.sharpness.error
        other = "under-confident" if over else "over-confident"
        return Measured(
            (),
            {
                "error": Number(error, "share", f"mean change of the probabilities once mended; below 0: {other}"),
                "factor": Number(factor.value, "1", "what the log-odds must be multiplied by", ends, factor.level),
                "temperature": Number(1 / max(factor.value, 1e-9), "1", "what the log-odds must be divided by"),
                "said": Number(self.said, "share", "mean probability of the likeliest class"),
                "right": Number(self.right, "share", "rows in which the likeliest class came"),
                "rows": Number(float(self.rows), "rows", "rows with truth and probability"),
            },
            p=self.sharpness.test.p,
            words={
                "points": f"{100 * abs(error):.3g} points",
                "kept": f" (chances beyond 1 in {2 * self.rows + 2:,} counting as that)" if self.beyond else "",
            },
        )
