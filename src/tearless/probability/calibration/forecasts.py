"""Forecasts and what came: the border of every function of calibration, and the interval of a share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, to_numpy

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
LEAST = float(np.finfo(np.float64).eps)
"""Where a logarithm is taken, a probability of 0 counts as this: an impossible row that happens costs 36 nats."""
SURE_SUM = 1e-5
"""Rows of class probabilities add up to 1 within this: float32 over a thousand classes is off by less."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the interval of what it estimates, at this confidence.

    >>> print(Interval(0.9, 0.8, 0.96, 0.95))
    0.9 (0.8 to 0.96)
    """

    value: float
    low: float
    high: float
    level: float

    def holds(self, x: float) -> bool:
        """Whether x lies in the interval."""
        return self.low <= x <= self.high

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def outcomes(y: Any, p: Any) -> tuple[Floats, Floats]:
    """What came, each 0 or 1, and the probability given for 1: both (n,), float64.

    Raises ``InputError`` for other values, lengths or shapes, and for none.

    >>> outcomes([True, False], [1, 0.25])[0].tolist()
    [1.0, 0.0]
    """
    came, said = vector(y, "y"), vector(p, "p")
    one_length(y=came, p=said)
    odd = (came != 0) & (came != 1)
    if odd.any():
        raise InputError(f"y: expected 0 and 1, got {came[odd][0]:g}; code the class that p speaks of as 1")
    probabilities(said)
    return came, said


def class_outcomes(y: Any, p: Any) -> tuple[Indices, Floats]:
    """The number of the class that came, (n,), and the probability of each class, (n, k), rows adding up to 1.

    Raises ``InputError`` for numbers outside 0 … k−1, other values, lengths or shapes, and for none.

    >>> class_outcomes([1, 0], [[0.25, 0.75], [1, 0]])[0].tolist()
    [1, 0]
    """
    said = np.asarray(to_numpy(array(p, "p", ndim=2)[1]), dtype=np.float64)
    came = vector(y, "y")
    one_length(y=came, p=said)
    probabilities(said)
    if said.shape[1] < 2:
        raise InputError(f"p: expected two or more classes, got shape {said.shape}; give one column a class")
    off = float(np.abs(said.sum(axis=1) - 1).max())
    if off > SURE_SUM:
        raise InputError(f"p: expected rows that add up to 1, got one off by {off:.3g}; apply a softmax to logits")
    if (came != np.floor(came)).any() or came.min() < 0 or came.max() >= said.shape[1]:
        raise InputError(
            f"y: expected class numbers from 0 to {said.shape[1] - 1}, one a column of p, got {came.min():g} to "
            f"{came.max():g}; number the classes as the columns are"
        )
    return came.astype(np.intp), said


def vector(x: Any, name: str) -> Floats:
    """Finite numbers, (n,), float64. Raises ``InputError`` for anything else.

    >>> vector([1, 2], "x").tolist()
    [1.0, 2.0]
    """
    values: Floats = np.asarray(to_numpy(array(x, name, ndim=1)[1]), dtype=np.float64)
    holes = int((~np.isfinite(values)).sum())
    if holes:
        raise InputError(f"{name}: expected finite numbers, got {holes} that are nan or infinite; drop those rows")
    return values


def one_length(**named: Floats) -> None:
    """Raise ``InputError`` unless all, each of shape (n,) or (n, k), have one length.

    >>> one_length(y=np.zeros(2), p=np.zeros(3))
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: y, p: expected one length, got 2 in y and 3 in p; align the rows
    """
    lengths = {name: len(x) for name, x in named.items()}
    if len(set(lengths.values())) > 1:
        said = " and ".join(f"{n} in {name}" for name, n in lengths.items())
        raise InputError(f"{', '.join(named)}: expected one length, got {said}; align the rows")


def probabilities(p: Floats, name: str = "p") -> None:
    """Raise ``InputError`` unless every number lies from 0 to 1. Any shape but an empty one.

    >>> probabilities(np.array([0.0, 0.5, 1.0]))
    """
    if not (p.min() >= 0 and p.max() <= 1):
        raise InputError(
            f"{name}: expected probabilities from 0 to 1, got {p.min():g} to {p.max():g}; turn logits into "
            "probabilities, percent into shares"
        )


def confidence(level: float) -> float:
    """The two tails' share 1 − level. Raises ``InputError`` unless 0 < level < 1.

    >>> confidence(0.75)
    0.25
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected a confidence between 0 and 1, got {level!r}; 0.95 is usual")
    return 1 - level


def logit(p: Floats) -> Floats:
    """ln p − ln(1 − p), with p kept 2.2e-16 away from 0 and from 1: from −36 to 36. Any shape.

    >>> logit(np.array([0.5, 0.0])).round(3).tolist()
    [0.0, -36.044]
    """
    kept = np.clip(p, LEAST, 1 - LEAST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def open_chance(p: Floats) -> float:
    """The least chance worth stating: what n probabilities of 0 or 1, each off by 2.2e-16, leave open; above 0.

    ``p`` has any shape.

    >>> open_chance(np.array([0.5, 1.0])) == LEAST, open_chance(np.array([0.5])) > 0
    (True, True)
    """
    return min(1.0, max(int(((p < LEAST) | (p > 1 - LEAST)).sum()) * LEAST, float(np.finfo(np.float64).tiny)))


def exact_share(successes: Any, trials: Any, level: float = 0.95) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval for each share: it covers at least ``level``, whatever the truth.

    Shapes that broadcast; trials above 0. It covers too where the trials have different chances, for their sum then
    varies less (W. Hoeffding, Ann. Math. Statist. 27, 1956). C. J. Clopper, E. S. Pearson, Biometrika 26, 1934.

    >>> low, high = exact_share(0, 10)
    >>> float(low), round(float(high), 4)  # 1 - 0.025^(1/10)
    (0.0, 0.3085)
    """
    tail = confidence(level) / 2
    k, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    low = np.where(k <= 0, 0.0, special.betaincinv(np.maximum(k, 1), n - k + 1, tail))
    high = np.where(k >= n, 1.0, special.betainccinv(k + 1, np.maximum(n - k, 1), tail))
    return low, high
