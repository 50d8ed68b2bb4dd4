"""How much nights differ beyond sampling: one number a column, judged over all columns, as far as the days tell.

A day's mean of a score of its rows is m + b + e: e by sampling, of known variance v/n, and b by what the night was like
(a weekday, a campaign), of variance θv. θ is estimated for each column from its days, and moderated over the columns
(empirical Bayes, as G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004, does with variances): a share of the columns is
quiet (θ = 0), the others have log θ normal about one centre. All are taken for quiet until the days speak against it by
100 to 1; so few days cost no power, and many tell honest nights from a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EFFECTS: Floats = np.concatenate([[0.0], np.geomspace(1e-6, 10.0, 36)])
"""θ, the variance between nights in variances of a row: standard deviations from 0.001 to 3."""
ODDS = 100.0
"""How much likelier the days must be under nights that differ before they are taken to."""
QUIET: Floats = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99])
WIDTHS = (1.0, 2.0)
MOST_SERIES = 2_000
"""Series that the prior is fitted on: more would not move it."""


@dataclass(frozen=True, slots=True)
class Series:
    """The mean of one score on each day, the rows that it is of (0: none that day), and the variance of one row.

    ``means`` and ``rows`` have shape ``(K,)``.

    >>> Series(np.array([0.5, 0.6]), np.array([100.0, 100.0]), 0.25).variance
    0.25
    """

    means: Floats
    rows: Floats
    variance: float


def log_likelihoods(series: Sequence[Series]) -> Floats:
    """The restricted log likelihood of each effect in ``EFFECTS``, less that of none: shape ``(G, T)``.

    >>> quiet = Series(np.array([0.5, 0.5, 0.5]), np.full(3, 100.0), 0.25)
    >>> bool(log_likelihoods([quiet])[0].argmax() == 0)
    True
    """
    if not series:
        return np.zeros((0, len(EFFECTS)))
    rows = np.array([s.rows for s in series])
    means = np.where(rows > 0, np.array([s.means for s in series]), 0.0)
    variance = np.array([s.variance for s in series])
    known = (variance > 0) & ((rows > 0).sum(axis=1) > 1)
    v, found = np.where(known, variance, 1.0), np.empty((len(series), len(EFFECTS)))
    for t, effect in enumerate(EFFECTS):
        weights = rows / (1.0 + rows * effect)
        total = np.maximum(weights.sum(axis=1), 1e-300)
        middle = (weights * means).sum(axis=1) / total
        squares = (weights * (means - middle[:, None]) ** 2).sum(axis=1) / v
        logs = np.log(np.where(weights > 0, weights, 1.0)).sum(axis=1)
        found[:, t] = 0.5 * (logs - np.log(total) - squares)
    return np.where(known[:, None], found - found[:, :1], 0.0)


def posterior(series: Sequence[Series]) -> Floats:
    """How likely each effect is for each series, after all of them: shape ``(G, T)``, rows sum to 1.

    >>> rng = np.random.default_rng(0)
    >>> def days(effect):
    ...     return Series(rng.normal(0, np.sqrt(1 / 5000 + effect), 7), np.full(7, 5000.0), 1.0)
    >>> float(posterior([days(0.0) for _ in range(50)])[:, 0].min())
    1.0
    >>> found = posterior([days(0.01 if i < 40 else 0.0) for i in range(50)])
    >>> bool((found[:40] @ EFFECTS > 0.002).all())
    True
    """
    logs = log_likelihoods(series)
    quiet = np.zeros_like(logs)
    quiet[:, 0] = 1.0
    prior = _prior(logs[:MOST_SERIES])
    if prior is None:
        return quiet
    likely = np.exp(logs - logs.max(axis=1, keepdims=True)) * prior
    return np.asarray(likely / likely.sum(axis=1, keepdims=True), dtype=np.float64)


def _prior(logs: Floats) -> Floats | None:
    """The share of each effect among the columns, of the greatest likelihood; ``None`` where all may be quiet."""
    if not len(logs):
        return None
    highest = logs.max(axis=1, keepdims=True)
    likely = np.exp(logs - highest)
    steps = np.log(EFFECTS[1:])
    family = np.concatenate([np.exp(-0.5 * ((steps[None, :] - steps[:, None]) / s) ** 2) for s in WIDTHS])
    family /= family.sum(axis=1, keepdims=True)
    noisy = likely[:, 1:] @ family.T
    score = np.array([np.log(q * likely[:, :1] + (1 - q) * noisy + 1e-300).sum(axis=0) for q in QUIET])
    best = np.unravel_index(int(score.argmax()), score.shape)
    if score[best] - float(-highest.sum()) < np.log(ODDS):
        return None
    share = QUIET[best[0]]
    return np.concatenate([[share], (1 - share) * family[best[1]]])


def apart(weights: Floats) -> float:
    """By how many standard deviations of a row nights differ beyond sampling: the root of the mean effect.

    Shape ``(T,)``.

    >>> quiet = np.zeros(len(EFFECTS)); quiet[0] = 1.0
    >>> apart(quiet)
    0.0
    """
    return float(np.sqrt(weights @ EFFECTS))
