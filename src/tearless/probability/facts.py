"""What is known of logits and of predictions, measured once and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tearless.core.fact import About
from tearless.readers.source import Batch


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
