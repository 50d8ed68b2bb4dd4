"""Probabilities of classes beside what came, few enough to draw: the problem that several lessons share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable
from tearless.core.fact import About

from .predictions import Codes, Floats, Predictions

MOST_ROWS = 2_000
FEWEST_ROWS = 3
MOST_CLASSES = 1_000


@dataclass(frozen=True)
class ClassForecasts:
    """What was said of each class, and which one came. Derived.

    ``y`` (n,) is the number of the class that came, ``p`` (n, k) the probabilities, ``names`` (k,) the classes. At most
    2,000 rows, evenly taken of all; ``said`` tells which rows these are.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"truth": [0, 1, 1], "probability": [0.25, 0.75, 0.5]})
    >>> few = ClassForecasts.derive(Predictions.of(Batch(table)))
    >>> few.y.tolist(), few.p[:, 1].tolist(), few.names, few.said
    ([0, 1, 1], [0.25, 0.75, 0.5], ('0', '1'), 'all 3 rows')
    """

    about: ClassVar[About] = "predictions"
    y: Codes
    p: Floats
    names: tuple[str, ...]
    said: str

    @classmethod
    def derive(cls, predictions: Predictions) -> Self:
        """Raises ``NotApplicable`` without probabilities of classes, for fewer than 3 rows, and over 1,000 classes."""
        found = predictions.classes
        n, k = found.p.shape
        if n < FEWEST_ROWS:
            raise NotApplicable(f"this needs at least {FEWEST_ROWS} rows with truth and probability; there are {n}")
        if k > MOST_CLASSES:
            raise NotApplicable(f"this draws at most {MOST_CLASSES:,} classes and there are {k:,}; keep the commonest")
        if n <= MOST_ROWS:
            return cls(found.y, found.p, found.names, f"all {n:,} rows")
        some = np.unique(np.linspace(0, n - 1, MOST_ROWS).astype(int))
        return cls(found.y[some], found.p[some], found.names, f"{len(some):,} of {n:,} rows, evenly taken")

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def rarest(self) -> int:
        """Of two classes the last, the positive one; of more the one that came in the fewest rows, but came.

        Raises ``NotApplicable`` where one class came alone.
        """
        came = np.bincount(self.y, minlength=len(self.names))
        if (came > 0).sum() < 2:
            raise NotApplicable("one class came alone; this needs rows in which it came and rows in which it did not")
        return 1 if len(came) == 2 else int(np.argmin(np.where(came > 0, came, self.n + 1)))

    def one(self, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Whether class k came, 0 or 1, and the probability it was given: both (n,)."""
        return (self.y == k).astype(np.float64), self.p[:, k]
