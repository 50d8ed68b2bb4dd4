"""What a score is made of: how wrong the probabilities are, how well they tell rows apart, how hard the rows are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from tearless.core import InputError
from tearless.probability.calibration.forecasts import LEAST, Floats, Indices, outcomes
from tearless.probability.calibration.reliability import By, bin_edges, in_bins
from tearless.probability.calibration.rising_fit import recalibrated, rising_curve

Score = Literal["brier", "log"]
"""Mean squared error of the probabilities, or mean −ln of the probability given to what came (nats)."""


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """``score`` = ``reliability`` − ``resolution`` + ``uncertainty`` + ``within``, to the last digits.

    Made by ``binned_parts``, ``distinct_parts`` and ``rising_parts``; ``kind`` names the score. ``reliability``
    (miscalibration): how far shares that came true lie from what was said; 0 is best. ``resolution`` (discrimination):
    how far the bins' shares lie from the overall one; the more the better. ``uncertainty``: what the overall share
    scores as a forecast. ``within``: what forecasts that differ inside one bin add; 0 where none do.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    kind: Score
    bins: int

    @property
    def skill(self) -> float:
        """The share of the uncertainty that the forecasts took away; 0 where there is none to take away."""
        return 1 - self.score / self.uncertainty if self.uncertainty > 0 else 0.0

    @property
    def rest(self) -> float:
        """The score less its parts: rounding, and nothing else."""
        return math.fsum([self.score, -self.reliability, self.resolution, -self.uncertainty, -self.within])


def binned_parts(y: Any, p: Any, *, score: Score = "brier", bins: int = 15, by: By = "mass") -> ScoreParts:
    """The parts of the Brier or log score of probabilities ``p`` (n,) in bins, with what lies within the bins.

    Brier: reliability Σ nᵦ/n (p̄ᵦ − ȳᵦ)², resolution Σ nᵦ/n (ȳᵦ − ȳ)², uncertainty ȳ(1 − ȳ), and within the bins
    Σ(p − p̄ᵦ)²/n − 2Σ(p − p̄ᵦ)(y − ȳᵦ)/n, which most programs leave out (D. B. Stephenson, C. A. S. Coelho and I. T.
    Jolliffe, *Two extra components in the Brier score decomposition*, Weather and Forecasting 23, 2008, 752-757). Log:
    Σ nᵦ/n KL(ȳᵦ‖p̄ᵦ), Σ nᵦ/n KL(ȳᵦ‖ȳ), the entropy of ȳ, and the score of p less that of p̄ᵦ; probabilities count as at
    least 2.2e-16. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> parts = binned_parts([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)  # shares 1/2 and 1
    >>> parts.score, parts.reliability, parts.resolution, parts.uncertainty, parts.within
    (0.1875, 0.0625, 0.0625, 0.1875, 0.0)
    """
    came, said = outcomes(y, p)
    at, _ = in_bins(said, bin_edges(said, bins, by))
    return _parts(came, said, at, score)


def distinct_parts(y: Any, p: Any, *, score: Score = "brier") -> ScoreParts:
    """The parts with one bin for each distinct forecast, where nothing lies within.

    A. H. Murphy, *A new vector partition of the probability score*, J. Appl. Meteorology 12, 1973, 595-600. With as
    many forecasts as rows, the reliability is all of the score: use ``rising_parts``. Errors as ``binned_parts``.

    >>> parts = distinct_parts([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75])
    >>> parts.within, parts.bins
    (0.0, 2)
    """
    came, said = outcomes(y, p)
    return _parts(came, said, np.unique(said, return_inverse=True)[1].reshape(-1), score)


def rising_parts(y: Any, p: Any, *, score: Score = "brier") -> ScoreParts:
    """The parts by the best rising recalibration: no bins to choose, and neither part can be negative.

    Reliability is the score of p less that of its isotonic recalibration, resolution the score of the overall share
    less that of the recalibration (CORP: T. Dimitriadis, T. Gneiting and A. I. Jordan, PNAS 118, 2021, equation 4).
    Errors as ``binned_parts``.

    >>> parts = rising_parts([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])  # recalibrated to 0, 1/2, 1/2, 1
    >>> round(parts.score, 6), round(parts.reliability, 6), parts.resolution, parts.uncertainty
    (0.275, 0.15, 0.125, 0.25)
    """
    came, said = outcomes(y, p)
    curve = rising_curve(came, said)
    mended, overall = recalibrated(curve, said), np.full(len(came), came.mean())
    of = _score(score)
    given, best, plain = (float(of(came, x).mean()) for x in (said, mended, overall))
    return ScoreParts(given, max(0.0, given - best), max(0.0, plain - best), plain, 0.0, score, len(curve.value))


def squared_losses(y: Floats, p: Floats) -> Floats:
    """(p − y)² of each row, (n,).

    >>> squared_losses(np.array([1.0]), np.array([0.75])).tolist()
    [0.0625]
    """
    return np.asarray((p - y) ** 2)


def log_losses(y: Floats, p: Floats) -> Floats:
    """−ln of the probability given to what came, of each row, (n,), in nats; 0 counts as 2.2e-16.

    >>> log_losses(np.array([1.0, 0.0]), np.array([0.5, 1.0])).round(3).tolist()
    [0.693, 36.044]
    """
    kept = np.clip(p, LEAST, 1 - LEAST)
    return np.asarray(-np.where(y == 1, np.log(np.where(p == 1, 1.0, kept)), np.log1p(-np.where(p == 0, 0.0, kept))))


def _score(score: Score) -> Any:
    if score not in get_args(Score):
        raise InputError(f"score: expected brier or log, got {score!r}; choose one of the two")
    return squared_losses if score == "brier" else log_losses


def _parts(y: Floats, p: Floats, at: Indices, score: Score) -> ScoreParts:
    of, count = _score(score), np.bincount(at)
    some = count > 0
    place = (np.cumsum(some) - 1)[at]
    n = count[some].astype(np.float64)
    weight, share, said = n / n.sum(), np.bincount(place, y) / n, np.bincount(place, p) / n
    overall = float(y.mean())
    given = float(of(y, p).mean())
    if score == "brier":
        off, over = p - said[place], y - share[place]
        within = float((off * (off - 2 * over)).mean())
        reliability, resolution = float(weight @ (said - share) ** 2), float(weight @ (share - overall) ** 2)
        return ScoreParts(given, reliability, resolution, overall * (1 - overall), within, score, len(n))
    within = float((of(y, p) - of(y, said[place])).mean())
    uncertainty = float(special.entr(overall) + special.entr(1 - overall))
    reliability = float(weight @ _divergence(share, np.clip(said, LEAST, 1 - LEAST)))
    resolution = float(weight @ _divergence(share, np.full(len(share), overall)))
    return ScoreParts(given, reliability, resolution, uncertainty, within, score, len(n))


def _divergence(share: Floats, said: Floats) -> Floats:
    """KL(share‖said) of two yes-or-no distributions, in nats: each term at least 0."""
    return np.asarray(special.kl_div(share, said) + special.kl_div(1 - share, 1 - said))
