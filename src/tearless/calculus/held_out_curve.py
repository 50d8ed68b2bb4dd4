"""The loss on held-out rows along a run: its lowest, where it ended, and what noise alone makes of such a series."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.readers.training.learnt import Learnt, learnt
from tearless.readers.training.run import Run
from tearless.readers.training.told import Evaluation

SHARED = 0.05
"""With more of its rows among those trained on, an evaluation is no held-out one."""
ENOUGH = 4


@dataclass(frozen=True)
class HeldOut:
    """``best``: the lowest held-out loss, at ``best_step`` (of fewer than four evaluations the loss of knowing nothing,
    at 0; ``level`` is then twice that, so that what is gone is counted in it); ``late``: the least of the last quarter
    of the steps; ``noise``: by how much the lowest of so many equal values lies below them by chance. ``level``: the
    loss of knowing nothing. ``train``: training loss late, ``train_then``: at the best step; ``right_gap``: share of
    right answers in training less that on held-out rows. Made by ``held_out``."""

    evaluations: int
    best: float
    best_step: int
    late: float
    noise: float
    level: float
    train: float
    train_then: float
    right_gap: float | None

    @property
    def gone(self) -> float:
        """What is surely gone of what was learnt of held-out rows: the rise beyond noise over the fall before it."""
        rise = self.late - self.best - self.noise
        return max(0.0, rise) / max(self.level - self.best, 0.05 * abs(self.level), 1e-12)


def held_out(run: Run) -> HeldOut | None:
    """The longest series of evaluations with a loss; ``None`` where there is none, or no training loss.

    >>> looks = [{"kind": "evaluation", "step": i + 1, "loss": loss} for i, loss in enumerate([3.0, 1.0, 2.0, 2.0])]
    >>> found = held_out(Run.from_entries([{"kind": "losses", "first": 1, "values": [4.0, 2.0, 1.0, 0.5]}, *looks]))
    >>> found.best, found.best_step, found.late
    (1.0, 2, 2.0)
    """
    told = learnt(run)
    steps, values, right = _series(run)
    if told is None or not len(values):
        return None
    level = told.constant if told.constant is not None else told.start
    if len(values) < ENOUGH:
        if steps[-1] < 0.8 * len(run.losses):
            return None
        single = HeldOut(len(values), level, 0, float(values[-1]), 0.0, 2 * level, told.late, told.start, None)
        return _with_answers(run, single, right)
    at = int(np.argmin(values))
    last = values[steps > 0.75 * steps[-1]]
    late = float((last if len(last) >= 2 else values[-2:]).min())
    noise = _spread(values) * math.sqrt(2 * math.log(len(values)))
    then = _around(run, told, int(steps[at]))
    found = HeldOut(len(values), float(values[at]), int(steps[at]), late, noise, level, told.late, then, None)
    return _with_answers(run, found, right)


def held_out_losses(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps and losses of the series of evaluations that ``held_out`` judges; both (n,), empty where there is none.

    >>> looks = [{"kind": "evaluation", "step": 5, "loss": 3.0}]
    >>> [found.tolist() for found in held_out_losses(Run.from_entries(looks))]
    [[5.0], [3.0]]
    """
    steps, losses, _ = _series(run)
    return steps, losses


def _spread(values: NDArray[np.float64]) -> float:
    """The noise of a series by the median size of its differences of second order, which no slope moves.

    Those of n independent values with variance σ² have the variance 6 σ². Of a few values: by their differences.
    """
    order = 2 if len(values) >= 2 * ENOUGH else 1
    return 1.4826 * float(np.median(np.abs(np.diff(values, order)))) / math.sqrt(6 if order == 2 else 2)


def _with_answers(run: Run, found: HeldOut, right: float | None) -> HeldOut:
    late = 0.75 * max(len(run.losses), max((call.step for call in run.loss_calls), default=0))
    seen = [c.right for c in run.loss_calls if c.right is not None and not c.evaluating and c.step > late]
    gap = float(np.mean(seen)) - right if seen and right is not None else None
    return HeldOut(**{**found.__dict__, "right_gap": gap})


def _around(run: Run, told: Learnt, step: int) -> float:
    """The median training loss around a step: a twentieth of the run to either side."""
    width = max(3, len(run.losses) // 20)
    near = told.values[(told.steps > step - width) & (told.steps <= step + width)]
    return float(np.median(near)) if len(near) else told.start


def _series(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Steps and losses of the longest series of evaluations on held-out rows, and the last share of right answers."""
    groups: dict[tuple[str, str], list[Evaluation]] = defaultdict(list)
    trained = {row for given in run.given if given.used and given.training for row in given.rows}
    for one in run.evaluations:
        shared = len(trained.intersection(one.rows)) / len(one.rows) if one.rows else 0.0
        if one.loss is not None and math.isfinite(one.loss) and shared <= SHARED and not one.training_modes:
            groups[one.model, one.line].append(one)
    if groups:
        own = max(groups.values(), key=len)
        at, values = np.array([float(e.step) for e in own]), np.array([e.loss for e in own], dtype=float)
        return at, values, own[-1].right
    at, values = run.metric("val_loss")
    known = np.isfinite(values)
    return at[known], values[known], None
