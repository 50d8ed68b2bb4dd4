"""How often a run is right late in training, and on held-out samples, and how sure it is of its surest ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tearless.core import CannotTell, NotApplicable
from tearless.readers.training.compared import calls_by_place, numbers_rows
from tearless.readers.training.learnt import length_of
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss
from tearless.statistics.new_samples import harder_in_training

LATE = 1 / 2
FEWEST = 50
FEWEST_HELD = 4
"""Late evaluations from which on they tell whether answers still get better."""


@dataclass(frozen=True)
class LateAnswers:
    """``right``: share of the training samples; ``rising``: how much more in the second half of what is late, of
    training, or of the evaluations where these rose less; ``top``: the probability given to the label of the surest
    sample of a batch; ``held``: the best share of held-out samples, ``None`` without any; ``error``: the standard error
    of the difference of the shares; ``calls``: all loss calls. Made by ``late_answers``."""

    right: float
    rising: float
    top: float
    held: float | None
    error: float
    calls: tuple[Loss, ...]


def calls_with_labels(run: Run) -> tuple[Loss, ...]:
    """The most often called loss with one class a sample; ``NotApplicable`` where there is none.

    >>> call = {"kind": "loss", "step": 1, "function": "cross_entropy", "value": 0.7, "right": 0.5}
    >>> len(calls_with_labels(Run.from_entries([call, call | {"step": 2}])))
    2
    """
    groups = [c for _, c in calls_by_place(run) if c[0].right is not None and not all(map(numbers_rows, c))]
    if not groups:
        raise NotApplicable("no loss with one class a sample was seen")
    if other := harder_in_training(run):
        raise NotApplicable(other)
    return max(groups, key=len)


def late_answers(run: Run, calls: Sequence[Loss]) -> LateAnswers:
    """What the calls and the evaluations of the second half of a run say.

    Raises ``CannotTell`` for fewer than two late batches with predictions, or fewer than 50 samples in them.

    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> 0.5 < late_answers(run, calls_with_labels(run)).right <= 1
    True
    """
    after = LATE * length_of(run)
    late = [c for c in calls if c.step > after and c.right is not None]
    samples = sum(math.prod(c.target.shape) for c in late)
    if len(late) < 2 or samples < FEWEST:
        raise CannotTell("the predictions of at least two batches late in the run are needed")
    rights = np.array([c.right for c in late], dtype=np.float64)
    right, half = float(rights.mean()), len(rights) // 2
    held = [e for e in run.evaluations if e.right is not None and e.samples >= FEWEST and e.step > after]
    best = max((float(e.right or 0) for e in held), default=None)
    size = max((e.samples for e in held), default=1)
    q = best if best is not None else right
    error = math.sqrt(max(right * (1 - right), 0.25 / samples) / samples + max(q * (1 - q), 0.25 / size) / size)
    top = math.exp(-float(np.median([c.ends[0] for c in late if c.ends] or [0.0])))
    rising = float(rights[half:].mean() - rights[:half].mean())
    if len(held) >= FEWEST_HELD:  # they see more samples than a few batches do
        known = np.array([e.right for e in held], dtype=np.float64)
        rising = min(rising, float(known[len(known) // 2 :].mean() - known[: len(known) // 2].mean()))
    return LateAnswers(right, rising, top, best, error, tuple(calls))
