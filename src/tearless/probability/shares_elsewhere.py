"""The share of each class in other rows: counted where their truth is known, else estimated from the probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tearless.core import InputError
from tearless.probability.calibration.forecasts import Floats, Interval
from tearless.probability.calibration.prevalence import new_prevalence, new_shares
from tearless.probability.predictions import Classes, Predictions

SURE = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Shares (k,) of the classes in ``rows`` other rows, and their standard errors (k,): infinite if nothing is known.

    What ``shares_elsewhere`` returns. ``counted``: the truth was known there.
    """

    shares: Floats
    errors: Floats
    rows: int
    counted: bool


def shares_elsewhere(here: Classes, other: Predictions) -> Elsewhere:
    """The shares of the classes of ``here`` in other rows.

    Without truth they are those of greatest likelihood if the probabilities are honest where the classes have the
    shares seen ``here`` (``prevalence.new_prevalence``). Raises ``NotApplicable`` where the other rows have no
    probabilities.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> first, second = (
    ...     Predictions.of(Batch(pl.DataFrame(columns)))
    ...     for columns in ({"truth": [0, 1], "probability": [0.0, 1.0]}, {"probability": [0.0, 1.0, 1.0, 1.0]})
    ... )
    >>> shares_elsewhere(first.classes, second).shares.round(6).tolist()
    [0.25, 0.75]
    """
    old = np.bincount(here.y, minlength=len(here.names)) / len(here.y)
    if other.has_truth and set(other.classes.names) == set(here.names):
        codes = other.classes.y
        seen = np.bincount(codes, minlength=len(old)) / len(codes)
        seen = seen[[other.classes.names.index(name) for name in here.names]]
        return Elsewhere(seen, np.sqrt(seen * (1 - seen) / len(codes)), len(codes), counted=True)
    said = other.said
    alike, unnamed = set(said.names) == set(here.names), len(said.names) == len(old) == 2
    nothing = Elsewhere(old, np.full(len(old), math.inf), len(said.p), counted=False)
    if not (alike or unnamed) or old.min() <= 0:
        return nothing
    p = said.p[:, [said.names.index(name) for name in here.names]] if alike else said.p
    try:
        found = _estimated(p, old)
    except InputError:
        return nothing
    errors = np.array([(f.high - f.low) / (2 * SURE) for f in found])
    return Elsewhere(np.array([f.value for f in found]), errors, len(p), counted=False)


def _estimated(p: Floats, old: Floats) -> list[Interval]:
    if len(old) > 2:
        return list(new_shares(p, old))
    second = new_prevalence(p[:, 1], float(old[1]))
    return [Interval(1 - second.value, 1 - second.high, 1 - second.low, second.level), second]
