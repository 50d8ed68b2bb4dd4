"""How much a training run has learned of its targets: its loss against that of the best constant guess."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, NotApplicable
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss, Op, Tensor

from .entropy import entropy

Kind = Literal["classes", "yes or no", "squares", "distances"]
KINDS: Mapping[str, Kind] = {
    "cross_entropy": "classes",
    "nll_loss": "classes",
    "binary_cross_entropy": "yes or no",
    "binary_cross_entropy_with_logits": "yes or no",
    "mse_loss": "squares",
    "l1_loss": "distances",
    "smooth_l1_loss": "distances",
    "huber_loss": "distances",
}
"""Loss functions whose best constant guess is known, and what they compare."""
LATE = 0.2
"""The share of the steps, at the end, over which a loss is averaged."""
AGREES = 0.01
"""Relative distance up to which the loss of a step is taken for the value of a loss function."""
MEAN_DISTANCE = math.sqrt(2 / math.pi)
"""The mean distance of a normal number from its mean, in standard deviations."""


@dataclass(frozen=True)
class Learned:
    """The calls of one loss function in training, and how far the loss came below the best constant guess.

    ``constant`` is the mean loss per sample of that guess: the entropy of the labels in nats, the variance of a
    quantity, or its mean distance from the mean. ``values`` are losses per sample at ``steps``, of every step where the
    loss function alone went into backward, else of the steps that were looked at. ``samples``: targets a call.

    >>> steps, losses = np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 2.0, 1.0, 0.0])
    >>> found = Learned("squares", (), constant=4.0, steps=steps, values=losses, length=4, samples=32.0)
    >>> found.late, found.gained, found.above(0.5)
    (1.0, 0.75, 0.25)
    """

    kind: Kind
    calls: tuple[Loss, ...]
    constant: float
    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    length: int
    samples: float

    @property
    def late(self) -> float:
        """The mean loss over the last fifth of the run."""
        return float(np.mean(self._late()))

    @property
    def late_error(self) -> float:
        """The standard error of ``late``."""
        late = self._late()
        return float(np.std(late, ddof=1) / math.sqrt(len(late))) if len(late) > 1 else 0.0

    @property
    def gained(self) -> float:
        """The share of the constant guess's loss that the model has removed by the end: 0 is nothing, 1 is all."""
        return 1 - self.late / self.constant

    def above(self, share: float) -> float:
        """The share of the run, from its start, after which the loss is below ``share`` of the constant guess's for
        good: 1 where it never is. It is averaged over a twentieth of the known steps."""
        width = max(1, len(self.values) // 20)
        sums = np.concatenate([[0.0], np.cumsum(self.values)])
        ends = np.minimum(np.arange(len(self.values)) + width, len(self.values))
        starts = np.maximum(ends - width, 0)
        high = np.flatnonzero((sums[ends] - sums[starts]) / (ends - starts) > share * self.constant)
        if not len(high):
            return 0.0
        after = int(high[-1]) + 1
        return 1.0 if after >= len(self.steps) else float(self.steps[after] - 1) / self.length

    def _late(self) -> NDArray[np.float64]:
        late = self.values[self.steps > (1 - LATE) * self.length]
        return late if len(late) >= 3 else self.values[-3:]


def learned(run: Run) -> Learned:
    """The loss of a run's training set against the best constant guess, of the loss function that fell furthest.

    Raises ``NotApplicable`` where the run calls no loss function whose constant guess is known, and ``CannotTell``
    where too few of its calls were seen.

    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> found = learned(run)
    >>> found.kind, round(found.constant, 1), 0.5 < found.gained < 1
    ('classes', 1.1, True)
    """
    groups = list(calls_by_place(run))
    if not groups:
        raise NotApplicable("no loss function was seen whose best constant guess is known (cross-entropy, squares ...)")
    found = [one for kind, calls in groups if (one := _learned(run, kind, calls)) is not None]
    if not found:
        raise CannotTell("the loss or its targets were not seen often enough to know what a constant guess costs")
    return max(found, key=lambda one: one.gained)


def length_of(run: Run) -> int:
    """The steps of a run, as far as they are known.

    >>> length_of(Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 1.5]}]))
    2
    """
    return max(len(run.losses), run.counts.steps, *(call.step for call in run.loss_calls), 0)


def calls_by_place(run: Run) -> Iterator[tuple[Kind, tuple[Loss, ...]]]:
    """The training calls of each loss function of a known kind, by the line that calls it.

    >>> from tearless.readers.training.made import healthy_run
    >>> [kind for kind, _ in calls_by_place(Run.from_entries(healthy_run(np.random.default_rng(0))))]
    ['classes']
    """
    groups: dict[tuple[Kind, str, str], list[Loss]] = defaultdict(list)
    for call in run.loss_calls:
        kind = kind_of(run, call)
        if kind is not None and not call.evaluating and call.value is not None and math.isfinite(call.value):
            groups[kind, call.function, call.line].append(call)
    for (kind, *_), calls in groups.items():
        yield kind, tuple(calls)


def kind_of(run: Run, call: Loss) -> Kind | None:
    """What a loss compares; an expression that squares differences is known for what it is.

    >>> kind_of(Run.from_entries([]), Loss(function="mse_loss"))
    'squares'
    """
    if call.function != "expression":
        return KINDS.get(call.function)
    op = op_of(run, call)
    if op is None or op.function not in ("sub", "subtract"):
        return None
    graph = next(g for g in run.graphs.values() if op in g.ops)
    users = [o for o in graph.ops if op.op in o.inputs and o.used]
    return "squares" if users and all(o.function in ("pow", "square", "pow_") for o in users) else None


def op_of(run: Run, call: Loss) -> Op | None:
    """The op of a loss call in its graph; ``None`` where it was not recorded.

    >>> op_of(Run.from_entries([]), Loss(op=3)) is None
    True
    """
    wanted = {call.function} if call.function != "expression" else {"sub", "subtract"}
    ops = (o for g in run.graphs.values() for o in g.ops if o.op == call.op and o.function in wanted)
    return next(ops, None)


def label_counts(target: Tensor, options: Mapping[str, object] | None = None) -> dict[str, int]:
    """How often each label came, those that the loss leaves out left out; of numbers that are all 0 or 1 as well.

    >>> label_counts(Tensor(shape=(4, 1), low=0.0, high=1.0, mean=0.25, zeros=0.75))
    {'0': 3, '1': 1}
    """
    ignored = str((options or {}).get("ignore_index", -100))
    if target.counts:
        return {label: int(n) for label, n in target.counts.items() if label != ignored}
    n = math.prod(target.shape)
    if target.mean is None or target.zeros is None or target.low is None or target.high is None or not n:
        return {}
    if target.low < 0 or target.high > 1 or abs(target.mean + target.zeros - 1) > 1e-5:
        return {}
    ones = round(n * target.mean)
    return {"0": n - ones, "1": ones}


def pooled(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts added up.

    >>> pooled([{"a": 1}, {"a": 2, "b": 1}])
    {'a': 3, 'b': 1}
    """
    out: dict[str, int] = defaultdict(int)
    for one in counts:
        for label, n in one.items():
            out[label] += n
    return dict(out)


def _learned(run: Run, kind: Kind, calls: tuple[Loss, ...]) -> Learned | None:
    constant = _constant(run, kind, calls)
    per = [_per_sample(call) for call in calls]
    if constant is None or constant <= 0 or len(calls) < 2:
        return None
    by_step: dict[int, list[float]] = defaultdict(list)
    for call, share in zip(calls, per, strict=True):
        by_step[call.step].append((call.value or 0.0) * share)
    steps: NDArray[np.float64] = np.array(sorted(by_step), dtype=np.float64)
    values: NDArray[np.float64] = np.array([np.mean(by_step[int(s)]) for s in steps])
    length = length_of(run)
    if _is_the_loss(run, calls) and np.isfinite(run.losses).sum() >= len(steps):
        known = np.flatnonzero(np.isfinite(run.losses))
        steps = np.asarray(known + 1, dtype=np.float64)
        values = np.asarray(run.losses[known] * float(np.median(per)), dtype=np.float64)
    samples = float(np.median([math.prod(c.target.shape) for c in calls]))
    return Learned(kind, calls, constant, steps, values, length, samples)


def _is_the_loss(run: Run, calls: tuple[Loss, ...]) -> bool:
    """Whether the loss of a step is this call's value: nothing was added to it, nothing is accumulated."""
    losses = run.losses
    pairs = [(c.value or 0.0, losses[c.step - 1]) for c in calls if 1 <= c.step <= len(losses)]
    same = [abs(a - b) <= AGREES * max(abs(a), abs(b)) for a, b in pairs if np.isfinite(b)]
    return bool(same) and all(same)


def _per_sample(call: Loss) -> float:
    """What a value is multiplied by for the mean over samples."""
    return 1 / max(1, math.prod(call.target.shape)) if call.reduction == "sum" else 1.0


def _constant(run: Run, kind: Kind, calls: tuple[Loss, ...]) -> float | None:
    op = op_of(run, calls[0])
    if op is not None and calls[0].function != "expression" and len(op.given) > 2:
        return None  # weighted: the weights are not known
    if kind == "classes":
        return _label_entropy(calls)
    means = np.array([c.target.mean for c in calls if c.target.mean is not None], dtype=np.float64)
    stds = np.array([c.target.std for c in calls if c.target.std is not None], dtype=np.float64)
    if not len(means) or len(means) != len(stds) or not np.isfinite(means).all():
        return None
    if kind == "yes or no":
        p = float(means.mean())
        return float(entropy([p, 1 - p])) if 0 < p < 1 else None
    variance = float((stds**2).mean() + means.var())
    if kind == "squares":
        return variance
    if calls[0].function == "l1_loss":
        return math.sqrt(variance) * MEAN_DISTANCE
    edge = calls[0].options.get("delta") or calls[0].options.get("beta") or 1.0
    return _rounded_distance(math.sqrt(variance), float(edge), calls[0].function)


def _label_entropy(calls: tuple[Loss, ...]) -> float | None:
    counts = pooled(label_counts(c.target, c.options) for c in calls)
    n = sum(counts.values())
    if n == 0 or len(counts) < 2:
        return None
    p = np.array(list(counts.values())) / n
    smoothing = float(calls[0].options.get("label_smoothing", 0) or 0)
    classes = calls[0].input.shape[1] if len(calls[0].input.shape) > 1 else len(p)
    p = np.concatenate([p, np.zeros(max(0, classes - len(p)))])
    return float(entropy((1 - smoothing) * p + smoothing / len(p)))


def _rounded_distance(std: float, delta: float, function: str) -> float:
    """The mean Huber loss of normal numbers about their mean: E[e²/2] within ``delta``, δ(|e| − δ/2) beyond."""
    z = delta / std
    below = math.erf(z / math.sqrt(2))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    inner = std**2 / 2 * (below - 2 * z * density)
    outer = delta * (2 * std * density - delta / 2 * (1 - below))
    return (inner + outer) / (delta if function == "smooth_l1_loss" else 1.0)
