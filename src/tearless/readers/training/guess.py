"""What it costs under a run's loss to know nothing of the inputs: the best constant guess, and the blank one.

The best constant guess is the same answer for every sample, of each column its own. Its cross-entropy is the entropy of
the labels, its squared error their variance. A blank guess gives equal scores to all classes, or 0 for every number.
All costs are per sample: under a loss that is a sum, those of all its targets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .compared import Kind, kind_of, label_counts, op_of, pooled, soft, summed, users, weighted, width
from .run import Run
from .told import Loss

NORMAL = np.linspace(-8.0, 8.0, 4001)
DENSITY = np.exp(-(NORMAL**2) / 2) / np.exp(-(NORMAL**2) / 2).sum()
"""Normal numbers and how often they come: what a distance costs is known for normal targets."""


@dataclass(frozen=True)
class Guess:
    """What a model pays per sample that knows nothing of its inputs. Made by ``guess``.

    ``constant``: for the best constant guess; ``blank``: for equal scores for all classes, or 0 for every number;
    ``least``: for the right answers, above 0 where labels are smoothed. Each is ``None`` where it is not known.
    ``exact``: unless it is the cost for normal targets of the same mean and spread.
    """

    constant: float | None = None
    blank: float | None = None
    least: float | None = None
    exact: bool = True


def guess(run: Run, calls: Sequence[Loss]) -> Guess:
    """What knowing nothing costs under a loss function, from the targets of some calls on one line.

    Classes: label smoothing counts, labels that the loss ignores do not; class weights leave ``blank`` alone, for they
    are not known. Yes or no, and quantities: of each column its own, with what lies between the batches. Soft targets
    tell neither ``constant`` nor ``least``, for how much of them can be known is not known.

    >>> run = Run.from_entries([])
    >>> from tearless.readers.training.told import Tensor
    >>> seen = Loss(function="cross_entropy", input=Tensor(shape=(8, 4)), target=Tensor(counts={"0": 4, "1": 4}))
    >>> found = guess(run, [seen])  # 2 of 4 classes come
    >>> round(math.exp(found.constant), 9), round(math.exp(found.blank), 9)
    (2.0, 4.0)
    >>> halves = [Tensor(shape=(4,), mean=m, std=1.0) for m in (-2.0, 4.0)]
    >>> guess(run, [Loss(function="mse_loss", target=half) for half in halves])
    Guess(constant=10.0, blank=11.0, least=0.0, exact=True)
    """
    if not calls or calls[0].reduction not in ("mean", "sum") or not _averaged(run, calls[0]):
        return Guess()
    kind, weighs = kind_of(run, calls[0]), weighted(run, calls[0])
    if kind is None or (weighs and kind != "classes"):
        return Guess()
    if kind == "classes":
        found = _classes(calls, weighs)
    else:
        found = _yes_or_no(calls) if kind == "yes or no" else _quantities(calls, kind)
    times = float(np.mean([summed(call) for call in calls]))
    constant, blank, least = (c if c is None else c * times for c in (found.constant, found.blank, found.least))
    return Guess(constant, blank, least, found.exact)


def _averaged(run: Run, call: Loss) -> bool:
    """Whether the value is a plain mean or sum: of an expression, whether its squares go straight into a mean."""
    op = op_of(run, call) if call.function == "expression" else None
    return op is None or all(after.function == "mean" for user in users(run, op) for after in users(run, user))


def _classes(calls: Sequence[Loss], weighs: bool) -> Guess:
    widths = {n for call in calls if (n := width(call))}
    classes = widths.pop() if len(widths) == 1 else 0
    smooth = float(calls[0].options.get("label_smoothing") or 0.0)
    shares = soft(calls[0])
    blank = _above_0(math.log(classes)) if classes else None
    if weighs:
        return Guess(blank=None if smooth or shares or calls[0].reduction == "sum" else blank, least=0.0)
    p = _shares(calls)
    if shares and not len(p):
        return Guess(blank=blank)
    if not len(p) or (smooth and not classes):
        return Guess(blank=blank, least=None if smooth else 0.0)
    p = np.concatenate([p, np.zeros(max(0, classes - len(p)))])
    right = np.eye(1, len(p))[0]
    constant, least = (float(_entropy((1 - smooth) * q + smooth / len(p)).sum()) for q in (p, right))
    return Guess(_above_0(constant), blank, least)


def _shares(calls: Sequence[Loss]) -> NDArray[np.float64]:
    """How often each class comes; empty where that is not known."""
    counts = pooled(label_counts(c.target, c.options) for c in calls)
    if not soft(calls[0]):
        return np.array(list(counts.values()), dtype=float) / max(1, sum(counts.values()))
    told = all(label_counts(call.target) for call in calls) and len(calls[0].target.shape) == 2
    moments = _moments(calls) if told else None
    known = moments is not None and len(moments[0]) == width(calls[0])
    return moments[0] if moments is not None and known else np.array([])


def _yes_or_no(calls: Sequence[Loss]) -> Guess:
    blank, moments = math.log(2), _moments(calls)
    sharp = all(label_counts(c.target) or c.target.zeros is None for c in calls)
    if moments is None or not sharp or any((c.target.distinct or 0) > 2 for c in calls):
        return Guess(blank=blank)
    p = np.clip(moments[0], 0.0, 1.0)
    return Guess(_above_0(float(np.mean(_entropy(p) + _entropy(1 - p)))), blank, 0.0)


def _quantities(calls: Sequence[Loss], kind: Kind) -> Guess:
    moments = _moments(calls)
    if moments is None:
        return Guess()
    mean, variance = moments
    if kind == "squares":
        return Guess(_above_0(float(variance.mean())), _above_0(float((variance + mean**2).mean())), 0.0)
    spread = np.sqrt(variance)[:, None] * NORMAL
    constant, blank = (float((_distance(calls[0], e) @ DENSITY).mean()) for e in (spread, mean[:, None] + spread))
    return Guess(_above_0(constant), _above_0(blank), 0.0, exact=False)


def _distance(call: Loss, e: NDArray[np.float64]) -> NDArray[np.float64]:
    name = {"huber_loss": "delta", "smooth_l1_loss": "beta"}.get(call.function, "")
    told = call.options.get(name)
    edge = 0.0 if not name else 1.0 if told is None else float(told)
    e = np.abs(e)
    if edge <= 0:
        return e
    return np.where(e < edge, e**2 / 2, edge * (e - edge / 2)) / (edge if name == "beta" else 1.0)


def _moments(calls: Sequence[Loss]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Mean and variance of each column of the targets, of all numbers as one where not every column is told.

    The variance is the mean of those within the batches, and the variance between their means.
    """
    targets = [c.target for c in calls]
    rows = [(t.means, t.stds) for t in targets if t.means and len(t.means) == len(t.stds) == _columns(t.shape)]
    if len(rows) < len(targets) or len({len(means) for means, _ in rows}) != 1:
        rows = [((t.mean,), (t.std,)) for t in targets]
    known = np.array(rows, dtype=np.float64)
    good = np.isfinite(known).all(axis=(1, 2))
    if not good.any():
        return None
    sizes = np.array([max(1, math.prod(t.shape)) for t in targets], dtype=np.float64)[good]
    means, stds = known[good, 0], known[good, 1]
    middle = np.average(means, axis=0, weights=sizes)
    return middle, np.average(stds**2 + (means - middle) ** 2, axis=0, weights=sizes)


def _columns(shape: Sequence[int]) -> int:
    return shape[1] if len(shape) >= 4 else shape[-1] if len(shape) > 1 else 0


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """−p ln p, 0 where p is 0."""
    return -p * np.log(np.where(p > 0, p, 1.0))


def _above_0(cost: float) -> float | None:
    return cost if math.isfinite(cost) and cost > 0 else None
