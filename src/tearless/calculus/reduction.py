"""What a step promised its own batch and what it kept: the loss before and after it, and the slope between.

With d the step, g the gradient and H the curvature, f(w + d) − f(w) = g·d + ½ dᵀHd + ... The promise is −g·d; what is
kept of it is r = (f(w + d) − f(w)) / (g·d) = 1 + ½ dᵀHd / (g·d) on a quadratic: 1 where the loss is straight along the
step, ½ where the step ends at the lowest point along it, 0 where it ends as high as it began, below 0 beyond that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.readers.training.run import Run

ROUNDING = 64 * float(np.finfo(np.float32).eps)
"""Changes below this share of the loss are not told from the rounding of a sum in single precision."""
MOST = 1e12
"""Rises beyond so many times the largest promise are not told apart."""
STILL = 0.01
"""A fall that chance would show in one run of a hundred counts as a fall: the run is on its way."""
FAR_UP = 10.0
"""Times the first loss, that of a model that knows nothing, from which on a loss has to be won back."""
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Promises:
    """Looked-at steps with the loss of their own batch ``before`` and ``after`` and the promised fall −g·d.

    Arrays of shape (k,); ``after`` is nan where no second look was taken, inf where it was no finite number.

    >>> of_rows([(1, 2.0, 1.5, 1.0), (2, 1.0, 1.25, 1.0)]).overshoots
    1
    """

    steps: Vector
    before: Vector
    after: Vector
    fall: Vector

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Steps that promised a fall large enough to be measured, and whose batch was looked at again."""
        sized = self.fall > ROUNDING * np.abs(self.before)
        return sized & np.isfinite(self.before) & np.isfinite(self.fall) & ~np.isnan(self.after)

    @property
    def overshoots(self) -> int:
        """Judged steps after which their own batch's loss was higher than before."""
        return int((self.after > self.before)[self.judged].sum())

    @property
    def kept(self) -> float | None:
        """The share of all promised falls that the steps kept: Σ(before − after) / Σ fall over the judged steps.

        A step that ended at no finite number counts as one that rose by what it promised. 1 where every step was too
        short to be measured: there the loss is straight as far as it can be told. ``None`` where nothing was looked at.

        >>> v = np.array
        >>> Promises(v([1.0, 2.0]), v([1.0, 1.0]), v([0.5, 1.5]), v([1.0, 1.0])).kept
        0.0
        """
        at = self.judged
        if not at.any():
            seen = np.isfinite(self.before) & np.isfinite(self.after) & (self.fall > 0)
            return 1.0 if seen.any() else None
        top = float(self.fall[at].max())
        before, after, fall = self.before[at] / top, self.after[at] / top, self.fall[at] / top
        with np.errstate(over="ignore"):
            won = np.where(np.isfinite(self.after[at]), before - after, -fall)
        return float(np.clip(won, -MOST, MOST).sum() / fall.sum())

    @property
    def climbing(self) -> float:
        """The share of looked-at steps that follow their own gradient upwards, as ascent does; 0 where unknown."""
        known = np.isfinite(self.fall)
        return float((self.fall[known] < 0).mean()) if known.any() else 0.0

    def total(self, steps: int) -> float | None:
        """The falls that all of the run's ``steps`` promised together, straight lines between those looked at.

        ``None`` where no step's slope is known. A climbing step promises nothing.

        >>> v = np.array
        >>> Promises(v([1.0, 3.0]), v([1.0, 1.0]), v([0.9, 0.9]), v([0.25, 0.75])).total(4)
        2.25
        """
        known = np.isfinite(self.fall) & (np.abs(self.fall) < 1e100)
        if not known.any() or steps < 1:
            return None
        every = np.interp(np.arange(1, steps + 1), self.steps[known], np.maximum(self.fall[known], 0.0))
        return float(every.sum())


def enough(kept: float, falling: float, growth: float) -> float:
    """The share of the first loss, left at the end, that is enough to call steps past their lowest point too long.

    ``falling`` is the chance of the fall of late, were there none; ``growth`` the largest loss over the first.

    >>> enough(0.1, 0.5, 1.0), enough(0.1, 0.001, 1.0), enough(-0.1, 0.001, 12.0)
    (0.1, 0.9, 0.4)
    """
    if falling < STILL and kept <= 1 / 3:
        return 0.4 if kept < 0 and growth >= FAR_UP else 0.9
    return 0.9 if kept > 1 / 3 else 0.4 if kept > 0.15 else 0.1


def shorter(kept: float) -> float:
    """By what to multiply the rate so that steps that keep this share would end at their lowest point: 1/(2(1 − r)).

    From r = 1 − η/(2η*): the lowest point along the step lies at η* = η/(2(1 − r)). Exact for a quadratic. ``inf``
    where the loss is straight.

    >>> shorter(0.0), shorter(-1.5)
    (0.5, 0.2)
    """
    return math.inf if kept >= 1 else 1.0 / (2.0 * (1.0 - kept))


def sign_chance(rises: int, steps: int) -> float:
    """The chance of at least so many rises among so many steps, were a rise and a fall equally likely. Exact.

    Raises ``InputError`` for more rises than steps, or fewer than none.

    >>> sign_chance(3, 3)
    0.125
    """
    if not 0 <= rises <= steps:
        raise InputError(f"rises: expected from 0 to {steps}, got {rises!r}; count them among the steps")
    return math.fsum(math.comb(steps, k) for k in range(rises, steps + 1)) / 2.0**steps


def promises(run: Run) -> Promises:
    """The promises of a run: its ``reduction`` probes, and the slopes of looked-at steps that have no probe.

    Slopes are told with the gradient as the optimiser got it; where it was clipped to a norm, the loss's own is as many
    times steeper as that norm was exceeded.

    >>> promises(Run.from_entries([{"kind": "step", "step": 1, "loss": 2.0, "slope": -0.5}])).fall.tolist()
    [0.5]
    """
    steeper = {
        int(clip["step"]): max(1.0, _number(clip.get("norm")) / float(clip["most"]))
        for clip in run.clips
        if clip.get("by") == "norm" and clip.get("most") and math.isfinite(_number(clip.get("norm")))
    }
    rows: dict[int, tuple[float, float, float]] = {}
    for step in run.steps:
        if step.slope is not None and not step.skipped:
            rows[step.step] = (_number(step.loss), math.nan, -_number(step.slope) * steeper.get(step.step, 1.0))
    for probe in run.probes("reduction"):
        said = probe.numbers
        after = said.get("after")
        seen = math.nan if "after" not in said else _number(after)
        rows[probe.step] = (
            _number(said.get("before")),
            seen if math.isfinite(seen) else (math.inf if "after" in said else math.nan),
            -_number(said.get("predicted")) * steeper.get(probe.step, 1.0),
        )
    return of_rows([(step, *row) for step, row in sorted(rows.items())])


def of_rows(rows: Sequence[tuple[float, float, float, float]]) -> Promises:
    """Promises of rows (step, before, after, fall).

    >>> of_rows([(1, 2.0, 1.5, 1.0)]).kept
    0.5
    """
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Promises(*(table[:, i] for i in range(4)))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
