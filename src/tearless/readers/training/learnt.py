"""How far a run came: its loss at the start, late, and where a constant prediction would stand.

The best constant prediction needs no input: its cross entropy is the entropy of the labels, its squared error their
variance. What a model learnt of its input is what its loss lies below that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .run import Run
from .told import Loss, Tensor

LATE = 0.2
"""The last fifth of the steps is late."""


@dataclass(frozen=True)
class Learnt:
    """``start``: the loss of the first step; ``late``: its median over the last fifth of the steps, nan where it ended
    so; ``constant``: the loss of the best constant prediction, ``None`` where the kind of loss does not tell it."""

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
    """What the loss of this run says; ``None`` where no loss is known."""
    calls = _main_calls(run)
    values = _losses(run, calls)
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    last = values[-max(3, round(LATE * len(values))) :]
    ended = np.isfinite(last[-1:]).all() or np.isfinite(last).mean() > 0.5
    late = float(np.median(last[np.isfinite(last)])) if ended and np.isfinite(last).any() else float("nan")
    return Learnt(float(known[0]), late, constant_level(calls), calls[0].function if calls else "")


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


def _losses(run: Run, calls: Sequence[Loss]) -> np.ndarray:
    """Each step's loss where it is the value of the function; else the values of the looked-at calls."""
    steps = run.losses
    own = [(call.step, call.value) for call in calls if call.value is not None]
    same = [
        abs(steps[step - 1] - value) <= 1e-3 * abs(value)
        for step, value in own
        if 1 <= step <= len(steps) and np.isfinite(steps[step - 1]) and np.isfinite(value)
    ]
    if not own or not same or np.mean(same) > 0.5:
        return steps if len(steps) else np.array([value for _, value in own])
    return np.array([value for _, value in own])


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
