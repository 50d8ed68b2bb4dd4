"""The inputs of a run, drawn: the mean and the spread of each column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tearless.core import Measured
from tearless.core.picture import Axis, Mark, Picture, Points, Role, values

MOST_COLUMNS = 12
WIDE = 30.0


def of_inputs(measured: Measured, means: NDArray[np.float64], stds: NDArray[np.float64]) -> Picture:
    """The spread of each column and the size of its mean, from the widest column to the narrowest.

    ``means`` and ``stds``: shape (p,).

    >>> from tearless.core import Number
    >>> numbers = {"least": 1, "most": 50, "mean": 7}
    >>> found = Measured((), {name: Number(x, "1", "") for name, x in numbers.items()})
    >>> of_inputs(found, np.array([0.0, 7.0]), np.array([1.0, 50.0])).y.names
    ('column 1', 'column 0')
    """
    order = np.argsort(-stds, kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, min(MOST_COLUMNS, len(order))).astype(np.intp))]
    spread, mean = stds[order], np.abs(means[order])
    both = np.concatenate([spread, mean])
    some = both[(both > 0) & np.isfinite(both)]
    log = bool(len(some)) and float(some.max() / some.min()) > WIDE
    marks: list[Mark] = []
    kinds: tuple[tuple[NDArray[np.float64], str, Role], ...] = (
        (spread, "spread", "main"),
        (mean, "size of the mean", "second"),
    )
    for x, label, role in kinds:
        at = np.flatnonzero(np.isfinite(x) & ((x > 0) | (not log)))
        marks += [Points(values(x[at]), values(at), label, role, hollow=role == "second")] if len(at) else []
    numbers = measured.numbers
    return Picture(
        "The spread and the mean of each input column",
        f"Spreads go from {numbers['least']} to {numbers['most']}; the largest mean is {numbers['mean']}.",
        tuple(marks),
        Axis("in the units of the input", log=log, low=None if log else 0.0),
        Axis(names=tuple(f"column {j}" for j in order)),
    )
