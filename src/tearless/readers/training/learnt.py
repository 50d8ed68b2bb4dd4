"""What a training run learnt of its targets: its loss at the start and late, against that of the best constant guess.

The best constant guess needs no input. What a model learnt of its inputs is what its loss lies below that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, NotApplicable

from .compared import Kind, kind_of, per_sample, rows, training_calls
from .guess import Guess, guess
from .run import Run
from .told import Loss

LATE = 0.2
"""The share of the steps, at the end, that is late."""
APART = 0.05
"""Parts by which a step's loss and the value of its loss function may differ from their usual proportion."""
SPIKE = 10
"""Standard deviations above the median, by the median distance from it, at which a loss is a spike. The squares of
normal errors lie beyond it once in a hundred batches of a single sample."""
LARGEST = 1e100
"""Losses beyond it count as it, so that no sum of them overflows."""
UNKNOWN = Guess()
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Learnt:
    """The losses of a run per sample, and what knowing nothing would cost. Made by ``learnt``.

    ``calls``: those of its main loss function in training, which compares ``kind``; ``values``: finite losses per
    sample at ``steps``, of every step where nothing but this function went into backward, else of the steps that were
    looked at. ``scale``: a step's loss over the function's value per sample (1/4 where four backward calls share it);
    ``None`` where the two do not go together. ``broke``: the run ended with a loss that is nan or infinite.

    >>> steps, losses = np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 2.0, 1.0, 0.0])
    >>> found = Learnt(steps, losses, length=4, guess=Guess(constant=4.0, blank=5.0, least=0.0))
    >>> found.start, found.late, found.share, found.above(0.5)
    (4.0, 1.0, 0.75, 0.25)
    """

    steps: Floats
    values: Floats
    length: int
    guess: Guess = UNKNOWN
    kind: Kind | None = None
    calls: tuple[Loss, ...] = ()
    scale: float | None = None
    broke: bool = False

    @property
    def start(self) -> float:
        """The first loss; nan where none was finite."""
        return float(self.values[0]) if len(self.values) else float("nan")

    @property
    def late(self) -> float:
        """The mean loss over the last fifth of the run, spikes left out; nan where it broke."""
        late = self.between(1 - LATE, 1)
        late = late if len(late) >= 3 else self.values[-3:]
        if self.broke or not len(late):
            return float("nan")
        middle = np.median(late)
        return float(np.mean(late[late <= middle + SPIKE * 1.4826 * np.median(np.abs(late - middle))]))

    @property
    def constant(self) -> float | None:
        """What the best constant guess costs per sample; ``None`` where that is not known."""
        return self.guess.constant

    @property
    def blank(self) -> float | None:
        """What a blank guess costs per sample; ``None`` where that is not known."""
        return self.guess.blank

    @property
    def share(self) -> float | None:
        """What was learnt: 0 at the level of a constant, 1 for right answers, -1 at worst or where it broke."""
        if not np.isfinite(self.late):
            return -1.0
        gained = self._below(self.late)
        return None if gained is None else max(-1.0, gained)

    @property
    def gained(self) -> float:
        """``share``, however far below 0 it lies. Raises ``CannotTell`` where it is not known."""
        return -1.0 if not np.isfinite(self.late) else self.removed(self.late)

    @property
    def fell(self) -> float | None:
        """By what part the loss fell since the first step; -1 where the run broke."""
        if not np.isfinite(self.late):
            return -1.0
        return max(-1.0, 1 - self.late / self.start) if self.start > 0 else None

    @property
    def progress(self) -> float | None:
        """What was learnt where the level of a constant is known, else by what part the loss fell."""
        return self.fell if self.share is None else self.share

    @property
    def samples(self) -> float:
        """Samples a call, at the median."""
        return float(np.median([rows(call) for call in self.calls])) if self.calls else 0.0

    def of_a_step(self, cost: float | None) -> float | None:
        """A cost of knowing nothing as a step's loss shows it; ``None`` where it is not known exactly."""
        return cost * self.scale if cost is not None and self.scale is not None and self.guess.exact else None

    def removed(self, loss: float) -> float:
        """What a loss has removed of the constant guess's, of what can be removed. Raises ``CannotTell``."""
        gained = self._below(loss)
        if gained is None:
            raise CannotTell("what a constant guess costs under this loss is not known")
        return gained

    def between(self, first: float, last: float) -> Floats:
        """The losses after the share ``first`` of the run, up to the share ``last`` of it."""
        return self.values[(self.steps > first * self.length) & (self.steps <= last * self.length)]

    def above(self, share: float) -> float:
        """The share of the run, from its start, after which the loss is below ``share`` of the constant guess's for
        good: 1 where it never is. It is averaged over a twentieth of the known steps. Raises ``CannotTell``."""
        if self.constant is None or not len(self.values):
            raise CannotTell("what a constant guess costs under this loss is not known")
        width = max(1, len(self.values) // 20)
        sums = np.concatenate([[0.0], np.cumsum(self.values)])
        ends = np.minimum(np.arange(len(self.values)) + width, len(self.values))
        starts = np.maximum(ends - width, 0)
        high = np.flatnonzero((sums[ends] - sums[starts]) / (ends - starts) > share * self.constant)
        if not len(high):
            return 0.0
        after = int(high[-1]) + 1
        return 1.0 if after >= len(self.steps) else float(self.steps[after] - 1) / self.length

    def _below(self, loss: float) -> float | None:
        least = self.guess.least or 0.0
        if self.constant is None or self.constant <= least:
            return None
        return (self.constant - loss) / (self.constant - least)


def learnt(run: Run) -> Learnt | None:
    """What the losses of this run say; ``None`` where none is known.

    Its main loss function is the one whose value went into backward; of several, or where none did, the one that fell
    furthest. Where no call of it was seen, the losses of the steps stand for themselves.

    >>> found = learnt(Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 1.5, 1.0]}]))
    >>> found.late, found.fell, found.share is None
    (1.5, 0.25, True)
    """
    at, losses = _known(run)
    groups = [calls for calls in training_calls(run) if any(call.value is not None for call in calls)]
    ends = {(op.op, op.function) for graph in run.graphs.values() for op in graph.ops if op.op == graph.loss}
    main = [calls for calls in groups if any((call.op, call.function) in ends for call in calls)]
    found = [_of_calls(run, calls, at, losses) for calls in main or groups]
    if found:
        return max(found, key=_how_far)
    return Learnt(*_finite(at, losses), length_of(run), broke=_ends_badly(losses)) if len(losses) else None


def against_constant(run: Run) -> Learnt:
    """``learnt``, of a run that tells what the best constant guess costs.

    Raises ``NotApplicable`` where its loss function is of no known kind, and ``CannotTell`` where too few of its calls
    were seen.

    >>> from tearless.readers.training.made import healthy_run
    >>> found = against_constant(Run.from_entries(healthy_run(np.random.default_rng(0))))
    >>> found.kind, round(found.constant, 1), 0.5 < found.gained < 1
    ('classes', 1.1, True)
    """
    found = learnt(run)
    if found is None or found.kind is None:
        raise NotApplicable("no loss function was seen whose best constant guess is known (cross-entropy, squares ...)")
    if found.share is None or found.constant is None or len(found.calls) < 2 or not len(found.values):
        raise CannotTell("the loss or its targets were not seen often enough to know what a constant guess costs")
    return found


def length_of(run: Run) -> int:
    """The steps of a run, as far as they are known.

    >>> length_of(Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 1.5]}]))
    2
    """
    return max(len(run.losses), run.counts.steps, *(call.step for call in run.loss_calls), 0)


def _how_far(found: Learnt) -> tuple[bool, float]:
    """By which the main one of several loss functions is chosen."""
    return found.constant is not None, found.progress if found.progress is not None else -1.0


def _of_calls(run: Run, calls: tuple[Loss, ...], at: Floats, losses: Floats) -> Learnt:
    by_step: dict[int, list[float]] = defaultdict(list)
    for call in calls:
        if call.value is not None:
            by_step[call.step].append(call.value * per_sample(call))
    steps = np.array(sorted(by_step), dtype=np.float64)
    values = np.array([np.mean(np.clip(by_step[int(step)], -LARGEST, LARGEST)) for step in steps])
    scale = _scale(steps, values, at, losses)
    broke = _ends_badly(losses if len(losses) else values)
    if scale is not None and np.isfinite(losses).sum() >= len(steps):
        steps, values = at, np.clip(losses, -LARGEST, LARGEST) / scale
    kind = kind_of(run, calls[0])
    return Learnt(*_finite(steps, values), length_of(run), guess(run, calls), kind, calls, scale, broke)


def _known(run: Run) -> tuple[Floats, Floats]:
    """The steps whose loss was seen, and their losses; one seen to be nan stays so."""
    return np.flatnonzero(run.kept).astype(np.float64) + 1, run.losses[run.kept]


def _finite(steps: Floats, values: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(values)
    return steps[known], np.clip(values[known], -LARGEST, LARGEST)


def _ends_badly(values: Sequence[float] | Floats) -> bool:
    return bool(len(values)) and not np.isfinite(values[-1])


def _scale(steps: Floats, values: Floats, at: Floats, losses: Floats) -> float | None:
    """What a step's loss is of the value of the loss function per sample, where it stays so to the end."""
    _, i, j = np.intersect1d(steps, at, return_indices=True)
    mine, theirs = values[i], losses[j]
    known = np.isfinite(mine) & (np.abs(theirs) <= LARGEST) & (np.abs(mine) >= 1 / LARGEST)
    ratios = theirs[known] / mine[known]
    if not len(ratios):
        return None
    middle = float(np.median(ratios))
    apart = float(np.median(np.abs(ratios - middle))), abs(float(np.median(ratios[-3:])) - middle)
    return middle if middle > 0 and max(apart) <= APART * middle else None
