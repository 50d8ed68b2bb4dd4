"""Everything that is measured of binary forecasts: of two classes, of a confidence, or of the likeliest of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tearless.core import InputError, Number
from tearless.probability.calibration.calibration_error import CalibrationError, calibration_error
from tearless.probability.calibration.calibration_tests import CalibrationTest, InTheLarge, in_the_large, spiegelhalter
from tearless.probability.calibration.cox_line import CoxLine, cox_line
from tearless.probability.calibration.cumulative_gap import CumulativeGap, cumulative_gap
from tearless.probability.calibration.forecasts import Floats, Indices
from tearless.probability.calibration.reliability import Reliability, reliability
from tearless.probability.calibration.score_parts import ScoreParts, binned_parts, log_losses
from tearless.probability.calibration.sharpness import Sharpness, sharpness
from tearless.probability.calibration.smooth_error import SmoothError, smooth_error

from .wishes import Wishes, of_interval

MOST_ROWS = 200_000
"""Rows, drawn by the seed, on which lines are fitted: a slope is then known to about half a percent."""
MASS_BINS = 15
SURE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Outcomes ``y`` and forecasts ``p``, both (n,), and what they show together."""

    y: Floats
    p: Floats
    curve: Reliability
    width: CalibrationError
    mass: CalibrationError
    smooth: SmoothError
    brier: ScoreParts
    log_loss: float
    spiegelhalter: CalibrationTest | None
    gap: CumulativeGap
    large: InTheLarge
    line: CoxLine | None
    sharp: Sharpness | None

    @property
    def chances(self) -> dict[str, float]:
        """The chance of each kind of evidence if every probability is right."""
        slope = {} if self.sharp is None else {"slope": self.sharp.test.p}
        return {
            **slope,
            "total": self.large.test.p,
            "walk": self.gap.largest.p,
            "range": self.gap.range.p,
            "bins": self.mass.p,
        }

    @property
    def wrong(self) -> bool:
        """Whether the evidence speaks against these probabilities: the smallest chance, times how many there are."""
        return min(self.chances.values()) * len(self.chances) <= SURE

    def surely(self, kind: str) -> bool:
        """Whether this kind of evidence does so by itself."""
        return self.chances.get(kind, 1.0) * len(self.chances) <= SURE


def judged(y: Floats, p: Floats, wishes: Wishes) -> Judged:
    """Measure everything. Raises ``InputError`` for what are no outcomes and probabilities."""
    some = drawn(len(y), MOST_ROWS, wishes.seed)
    kept = np.clip(p[some], 1 / (2 * len(some) + 2), 1 - 1 / (2 * len(some) + 2))
    try:
        line: CoxLine | None = cox_line(y[some], kept, level=wishes.level)
        sharp: Sharpness | None = sharpness(y[some], p[some], level=wishes.level)
    except InputError:
        line = sharp = None
    return Judged(
        y,
        p,
        reliability(y, p, bins=wishes.bins, by=wishes.by, level=wishes.level),
        calibration_error(y, p, bins=wishes.bins, by="width", level=wishes.level),
        calibration_error(y, p, bins=MASS_BINS, by="mass", level=wishes.level),
        smooth_error(y, p),
        binned_parts(y, p, bins=MASS_BINS, by="mass"),
        float(log_losses(y, p).mean()),
        spiegelhalter(y, p) if (np.abs(p - 0.5) > 1e-12).any() else None,
        cumulative_gap(y, p),
        in_the_large(y, p, level=wishes.level),
        line,
        sharp,
    )


def drawn(rows: int, most: int, seed: int) -> Indices:
    """All rows, or so many of them drawn by ``seed``, in order.

    >>> drawn(3, 10, 0).tolist()
    [0, 1, 2]
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def numbers(j: Judged) -> dict[str, Number]:
    """All of it by name."""
    found = {
        "rows": Number(float(len(j.y)), "rows", "rows with truth and probability"),
        **_errors("ece", j.mass, f"{j.mass.bins} bins of equal mass"),
        **_errors("ece_width", j.width, f"{j.width.bins} bins of equal width"),
        "smooth_ece": Number(j.smooth.value, "1", "smooth calibration error, which has no bins"),
        "brier": Number(j.brier.score, "1", "Brier score: mean squared error of the probabilities"),
        "brier_reliability": Number(j.brier.reliability, "1", "part of the Brier score: bins off the diagonal"),
        "brier_resolution": Number(j.brier.resolution, "1", "part taken off the Brier score: telling rows apart"),
        "brier_uncertainty": Number(j.brier.uncertainty, "1", "part of the Brier score: how mixed the outcomes are"),
        "brier_within": Number(j.brier.within, "1", "part of the Brier score: forecasts that differ within a bin"),
        "log_loss": Number(j.log_loss, "nats", "mean −ln of the probability of what came"),
        "ks": Number(j.gap.largest.statistic, "share", "largest running gap (Kolmogorov-Smirnov)"),
        "ks_p": Number(j.gap.largest.p, "chance", f"by {j.gap.largest.method}"),
        "kuiper": Number(j.gap.range.statistic, "share", "range of the running gap (Kuiper)"),
        "kuiper_p": Number(j.gap.range.p, "chance", f"by {j.gap.range.method}"),
        "excess": of_interval(j.large.excess, "share", "share that came less the mean probability"),
        "excess_p": Number(j.large.test.p, "chance", f"by {j.large.test.method}"),
    }
    if j.spiegelhalter is not None:
        found["spiegelhalter_z"] = Number(j.spiegelhalter.statistic, "1", "above 0: worse than promised")
        found["spiegelhalter_p"] = Number(j.spiegelhalter.p, "chance", f"by {j.spiegelhalter.method}, two-sided")
    if j.line is not None and j.sharp is not None:
        found["slope"] = of_interval(j.line.slope, "1", "Cox slope of the log-odds: below 1 over-confident")
        found["slope_p"] = Number(j.sharp.test.p, "chance", f"by {j.sharp.test.method}")
        means = "Cox intercept: log-odds that come where even are said"
        at_even = j.line.intercept
        found["intercept"] = Number(None, "1", means) if at_even is None else of_interval(at_even, "1", means)
    return found


def _errors(name: str, e: CalibrationError, bins: str) -> dict[str, Number]:
    return {
        name: Number(e.value, "1", f"expected calibration error in {bins}"),
        f"{name}_if_calibrated": Number(e.if_calibrated, "1", "the same, on average, of honest probabilities"),
        f"{name}_usual_to": Number(e.usual_to, "1", "the same, which honest probabilities rarely exceed"),
        f"{name}_p": Number(e.p, "chance", "chance of so large an error if calibrated"),
        f"{name}_debiased": Number(e.debiased, "1", "the same, the sampling noise of the bins taken off"),
    }
