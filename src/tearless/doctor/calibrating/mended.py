"""The mendings tried, each judged on rows that it was not fitted to, and the best of those that surely help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError, Number
from tearless.core.number import shown
from tearless.probability.calibration.calibration_error import top_label
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats, Interval
from tearless.probability.calibration.mending import CrossFitted, Method, cross_fit, fit_calibrator
from tearless.probability.calibration.platt import Platt
from tearless.probability.calibration.reliability import bin_edges, in_bins
from tearless.probability.calibration.temperature_scaling import Temperature
from tearless.report.answer import Cell, Table

from .judged import MASS_BINS, drawn
from .wishes import Wishes, of_interval

MOST_ROWS = 60_000
MOST_CELLS = 250_000
"""Rows, or rows times classes, on which mendings are judged; drawn by the seed."""
FEW_CLASSES = 20
"""Up to so many classes each is also mended against the rest."""
LEAST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Mended:
    """One mending: its gain in log loss, with its interval, and its scores after."""

    method: Method
    fitted: CrossFitted
    gain: Interval
    surely: bool
    ece: float

    @property
    def words(self) -> str:
        """The method with its main number.

        >>> setting(Temperature(2, 0.5))
        'temperature 2'
        """
        return setting(self.fitted.calibrator)


@dataclass(frozen=True, eq=False)
class Mendings:
    """All that were tried, in order, on ``rows`` rows of ``all_rows``; the scores of the probabilities as they are."""

    tried: tuple[Mended, ...]
    rows: int
    all_rows: int
    log_loss: float
    brier: float
    ece: float
    refused: str = ""

    @property
    def best(self) -> Mended | None:
        """The one that gains most of those that surely gain."""
        return max((m for m in self.tried if m.surely), key=lambda m: m.gain.value, default=None)


def mendings(y: Any, p: Floats, wishes: Wishes) -> Mendings:
    """Try the methods that fit: ``y`` (n,) with ``p`` (n,) of two classes or (n, k) of more.

    A gain is sure where its interval, at a confidence corrected for the number of methods, lies above 0.
    """
    many = p.ndim == 2
    most = min(MOST_ROWS, MOST_CELLS // p.shape[1]) if many else MOST_ROWS
    some = drawn(len(y), max(most, 1_000), wishes.seed)
    y, p, rows = y[some], p[some], len(y)
    tried: list[tuple[Method, CrossFitted]] = []
    refused = ""
    if len(y) < LEAST_ROWS:
        refused = f"{len(y)} rows are too few to judge a mending on: it takes {LEAST_ROWS} and more"
    for method in () if refused else methods(p):
        try:
            tried.append((method, cross_fit(y, p, method, seed=wishes.seed)))
        except InputError as why:
            refused = refused or str(why)
    strict = 1 - (1 - wishes.level) / max(1, len(tried))
    made = tuple(
        Mended(m, f, f.log_gain(wishes.level), f.log_gain(strict).low > 0, _ece(y, f.mended)) for m, f in tried
    )
    first = tried[0][1] if tried else None
    before = (float(first.log_before.mean()), float(first.brier_before.mean())) if first else (0.0, 0.0)
    return Mendings(made, len(y), rows, *before, _ece(y, p), refused)


def methods(p: Floats) -> Sequence[Method]:
    """The methods that fit probabilities of this shape.

    >>> methods(np.zeros(3))
    ('temperature', 'platt', 'isotonic', 'beta')
    """
    if p.ndim == 1:
        return ("temperature", "platt", "isotonic", "beta")
    if p.shape[1] <= FEW_CLASSES:
        return ("temperature", "vector", "platt", "isotonic", "beta")
    return ("temperature",)


def setting(of: Calibrator) -> str:
    """A calibrator in few words."""
    if isinstance(of, Temperature):
        return f"temperature {shown(of.temperature)}" if of.sharpness > 0 else "temperature without end"
    if isinstance(of, Platt):
        return f"Platt {shown(of.slope)}z{of.intercept:+.2g}"
    names = {"one-against-rest": "one against rest", "vector": "vector scaling"}
    return names.get(of.name, of.name)


def fit_chosen(y: Any, p: Floats, found: Mendings, wishes: Wishes) -> tuple[Calibrator, str]:
    """The calibrator to keep, fitted to all rows: the method named, else the best. Raises ``InputError`` for none."""
    if wishes.method is not None:
        return fit_calibrator(y, p, wishes.method), wishes.method
    if found.best is None:
        raise InputError(
            "--save: expected a mending that surely helps, got none on these rows; keep the probabilities as they are, "
            "or name one with --method"
        )
    return fit_calibrator(y, p, found.best.method), found.best.method


def table(found: Mendings) -> Table:
    """Scores before and after."""
    heads = ("mending", "log loss", "Brier", "ECE", "log loss falls by")
    rows: list[tuple[Cell, ...]] = [
        (
            "none",
            Number(found.log_loss, "1", "log loss"),
            Number(found.brier, "1", "Brier"),
            Number(found.ece, "1", "ECE"),
            "",
        )
    ]
    rows += [
        (
            label(m),
            Number(float(m.fitted.log_after.mean()), "1", "log loss"),
            Number(float(m.fitted.brier_after.mean()), "1", "Brier"),
            Number(m.ece, "1", "ECE"),
            of_interval(m.gain, "1", "fall of the log loss, nats"),
        )
        for m in found.tried
    ]
    return Table("Mendings, each judged on rows that it was not fitted to", heads, tuple(rows))


def label(m: Mended) -> str:
    """The method's name, with its main number where it has one."""
    words = m.words
    return m.method if words == "one against rest" else words


def _ece(y: Any, p: Floats) -> float:
    """The expected calibration error in bins of equal mass, of the likeliest class where there are many."""
    came, said = (y.astype(np.float64), p) if p.ndim == 1 else top_label(y, p)
    at, count = in_bins(said, bin_edges(said, MASS_BINS, "mass"))
    return float(np.abs(np.bincount(at, came - said, minlength=len(count))).sum() / len(said))
