"""The loss of a model that knows nothing of its inputs: what a run must get below before it has learned anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

CLASSES = ("cross_entropy", "nll_loss")
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
SQUARED = ("mse_loss",)
SAME = 0.02
"""A loss call within this share of the step's loss is the whole loss: penalties beside it do not matter then."""


@dataclass(frozen=True)
class Ignorance:
    """What a model pays that knows nothing of its inputs. Made by ``ignorance``.

    ``blank``: for equal scores for all classes (for 0, of numbers); ``constant``: for the best answer that is the same
    for every sample: the labels' entropy in nats, the targets' variance. ``classes``: whether the loss is one of
    classes.
    """

    blank: float
    constant: float
    classes: bool = True


def ignorance(run: Run) -> Ignorance | None:
    """What ignorance costs under the run's loss; ``None`` where its loss is no mean of a kind for which that is known.

    The losses of a batch's own labels: the average over the looked-at batches. Class weights leave ``blank`` as it is
    and ``constant`` below it.

    >>> seen = {"input": {"shape": [8, 4]}, "target": {"counts": {"0": 4, "1": 4}}}  # 2 of 4 classes come
    >>> call = {"kind": "loss", "step": 1, "function": "cross_entropy", "value": 1.5, **seen}
    >>> found = ignorance(Run.from_entries([call, {"kind": "losses", "first": 1, "values": [1.5]}]))
    >>> round(math.exp(found.blank), 9), round(math.exp(found.constant), 9)
    (4.0, 2.0)
    """
    calls = [call for call in run.loss_calls if not call.evaluating and call.reduction == "mean" and _whole(run, call)]
    names = {call.function for call in calls}
    if len(names) != 1:
        return None
    name = names.pop()
    for among, level in KINDS:
        if name in among:
            return level(calls)
    return None


def _whole(run: Run, call: Loss) -> bool:
    known = float(run.losses[call.step - 1]) if 0 < call.step <= run.losses.size else None
    if known is None or call.value is None:
        return False
    return math.isnan(known) or abs(call.value - known) <= SAME * abs(known)


def _classes(calls: Sequence[Loss]) -> Ignorance | None:
    widths = {call.input.shape[1] for call in calls if len(call.input.shape) > 1}
    if len(widths) != 1 or (width := widths.pop()) < 2:
        return None
    labels: Counter[str] = Counter()
    for call in calls:
        labels.update({label: int(n) for label, n in call.target.counts.items() if label != "-100"})
    blank = math.log(width)
    return Ignorance(blank, min(blank, entropy(labels)) if labels else blank)


def _binary(calls: Sequence[Loss]) -> Ignorance | None:
    shares = [call.target.mean for call in calls if call.target.mean is not None]
    plain = all(call.target.distinct is None or call.target.distinct <= 2 for call in calls)
    if not shares or not plain or "pos_weight" in calls[0].options:
        return None
    share = sum(shares) / len(shares)
    return Ignorance(math.log(2), entropy({"0": 1 - share, "1": share}))


def _squared(calls: Sequence[Loss]) -> Ignorance | None:
    known = [(c.target.mean, c.target.std) for c in calls if c.target.mean is not None and c.target.std is not None]
    if not known:
        return None
    within = sum(std**2 for _, std in known) / len(known)
    middle = sum(mean for mean, _ in known) / len(known)
    between = sum((mean - middle) ** 2 for mean, _ in known) / len(known)
    return Ignorance(within + between + middle**2, within + between, classes=False)


KINDS: Sequence[tuple[tuple[str, ...], Callable[[Sequence[Loss]], Ignorance | None]]] = (
    (CLASSES, _classes),
    (BINARY, _binary),
    (SQUARED, _squared),
)


def entropy(counts: Mapping[str, float]) -> float:
    """−Σ p ln p of counts or shares, in nats; 0 where there is none.

    >>> round(entropy({"a": 1, "b": 1}), 9)
    0.693147181
    """
    total = math.fsum(counts.values())
    shares = [n / total for n in counts.values() if n > 0] if total > 0 else []
    return max(0.0, -math.fsum(p * math.log(p) for p in shares))
