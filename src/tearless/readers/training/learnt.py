"""How far a run came: its loss at the start, late, and where a constant prediction would stand.

The best constant prediction needs no input: its cross entropy is the entropy of the labels, its squared error their
variance. What a model learnt of its input is what its loss lies below that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .run import Run
from .told import Loss, Tensor

LATE = 0.2
"""The last fifth of the steps is late."""
APART = 0.05
"""Parts by which a step's loss and the value of its loss function may differ from their usual proportion."""


@dataclass(frozen=True)
class Learnt:
    """``start``: the loss of the first step; ``late``: its median over the last fifth of the steps, nan where it ended
    so; ``constant``: the same loss of the best constant prediction, ``None`` where that is not known."""

    start: float
    late: float
    constant: float | None
    function: str = ""

    @property
    def share(self) -> float | None:
        """What was learnt: 0 at the level of a constant, 1 at no loss; -1 where the loss ended as nan or infinite."""
        if not np.isfinite(self.late):
            return -1.0
        if self.constant is None or self.constant <= 0:
            return None
        return max(-1.0, 1 - self.late / self.constant)

    @property
    def fell(self) -> float | None:
        """By what part the loss fell since the first step; -1 where it ended as nan or infinite."""
        if not np.isfinite(self.late):
            return -1.0
        return max(-1.0, 1 - self.late / self.start) if np.isfinite(self.start) and self.start > 0 else None

    @property
    def progress(self) -> float | None:
        """What was learnt where the level of a constant is known, else by what part the loss fell."""
        return self.fell if self.share is None else self.share


def learnt(run: Run) -> Learnt | None:
    """What the losses of this run say; ``None`` where none is known."""
    steps, values = _known(run)
    calls = _main_calls(run)
    if not len(values):
        own = [(call.step, call.value) for call in calls if call.value is not None]
        steps, values = np.array([step for step, _ in own]), np.array([value for _, value in own], dtype=float)
    if not len(values):
        return None
    last = values[steps > (1 - LATE) * steps[-1]]
    last = last if len(last) >= 3 else values[-3:]
    broke = not np.isfinite(values[-1]) or not np.isfinite(last).any()
    late = float("nan") if broke else float(np.median(last[np.isfinite(last)]))
    level, scale = constant_level(calls), _scale(calls, steps, values)
    constant = None if level is None or scale is None else level * scale
    return Learnt(float(values[0]), late, constant, calls[0].function if calls else "")


def _known(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The steps whose loss was seen, and their losses; one seen to be nan stays so."""
    found: dict[int, float] = {}
    for entry in run.entries("losses"):
        for i, value in enumerate(entry.get("values") or ()):
            if value is not None:
                found[int(entry["first"]) + i] = float(value)
    steps = sorted(found)
    return np.array(steps, dtype=float), np.array([found[step] for step in steps])


def _scale(calls: Sequence[Loss], steps: NDArray[np.float64], values: NDArray[np.float64]) -> float | None:
    """What a step's loss is of the mean value of the loss function (1/4 where four backward calls share it).

    ``None`` where the two do not go together: something else is in the loss.
    """
    by_step: dict[int, list[float]] = defaultdict(list)
    for call in calls:
        if call.value is not None and np.isfinite(call.value) and call.value != 0:
            by_step[call.step].append(call.value)
    losses = dict(zip(steps.tolist(), values.tolist(), strict=True))
    ratios = np.array([losses[step] / np.mean(own) for step, own in by_step.items() if step in losses])
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return None
    middle = float(np.median(ratios))
    return middle if middle > 0 and float(np.median(np.abs(ratios - middle))) <= APART * middle else None


def constant_level(calls: Sequence[Loss]) -> float | None:
    """The loss of the best constant prediction for the targets of some calls of one loss function."""
    if (
        not calls
        or calls[0].reduction != "mean"
        or calls[0].options.get("weight")
        or calls[0].options.get("pos_weight")
    ):
        return None
    function = calls[0].function
    if function in ("cross_entropy", "nll_loss"):
        return _entropy(calls)
    if function in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        return _binary(calls)
    if function == "mse_loss":
        spread = [_variance(call.target) for call in calls]
        found = [value for value in spread if value is not None]
        return float(np.mean(found)) if found else None
    return None


def _main_calls(run: Run) -> list[Loss]:
    """The calls in training of the loss function whose value went into backward, else of the first one."""
    ends = {graph.loss for graph in run.graphs.values() if graph.loss is not None}
    groups: dict[tuple[str, str], list[Loss]] = defaultdict(list)
    for call in run.loss_calls:
        if not call.evaluating:
            groups[call.function, call.line].append(call)
    at_end = [calls for calls in groups.values() if any(call.op in ends for call in calls)]
    return next(iter(at_end or groups.values()), [])


def _entropy(calls: Sequence[Loss]) -> float | None:
    """The entropy of the labels, smoothed as the loss smooths them."""
    counts: Counter[str] = Counter()
    ignored = str(calls[0].options.get("ignore_index", -100))
    for call in calls:
        counts.update({label: n for label, n in call.target.counts.items() if label != ignored})
    if not counts:
        return None
    shares = np.array(list(counts.values()), dtype=float) / sum(counts.values())
    shape = calls[0].input.shape
    classes = shape[1] if len(shape) > 1 else len(shares)
    smooth = float(calls[0].options.get("label_smoothing") or 0.0)
    shares = np.concatenate([shares, np.zeros(max(0, classes - len(shares)))]) * (1 - smooth) + smooth / classes
    return float(-np.sum(shares[shares > 0] * np.log(shares[shares > 0])))


def _binary(calls: Sequence[Loss]) -> float | None:
    """The entropy of yes and no, of each column its own where columns are told."""
    columns = [call.target.means for call in calls if call.target.means]
    if columns and all(len(one) == len(columns[0]) for one in columns):
        shares = np.mean([[0.5 if m is None else m for m in one] for one in columns], axis=0)
    else:
        means = [call.target.mean for call in calls if call.target.mean is not None]
        if not means:
            return None
        shares = np.array([np.mean(means)])
    p = np.clip(np.asarray(shares, dtype=float), 1e-12, 1 - 1e-12)
    return float(np.mean(-p * np.log(p) - (1 - p) * np.log1p(-p)))


def _variance(target: Tensor) -> float | None:
    known = [s for s in target.stds if s is not None]
    if known:
        return float(np.mean(np.square(known)))
    return None if target.std is None else target.std**2
