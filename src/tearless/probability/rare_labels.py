"""The rare labels of a run: how often they come, how the loss weighs them, and how often they are predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import special

from tearless.core import NotApplicable
from tearless.readers.training.compared import calls_by_place, label_counts, pooled
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss


@dataclass(frozen=True)
class Rare:
    """The commonest ``label``, which comes ``common`` times of ``total``, beside the ``rarest``: of the rare ones that
    whose few predictions are the least likely chance. It comes ``rare`` times; late ``came`` times, and is then
    predicted ``said`` times. ``favour``: the weight of the commonest label over its; ``heaviest``: the most that any
    rare one has against it; ``weighted``: whether the weights of the labels are known. ``classes``: how many there are,
    by the labels that came or by the loss's input; ``chance``: of so few predictions; ``entropy``: nats a sample that
    the best constant guess costs. Made by ``rarest``.
    """

    label: str
    rarest: str
    common: int
    rare: int
    total: int
    classes: int
    came: int
    said: int
    chance: float
    favour: float
    heaviest: float
    weighted: bool
    entropy: float


def labelled_calls(run: Run) -> tuple[Loss, ...]:
    """The training calls of the loss that most often takes one label a sample. Raises ``NotApplicable``.

    >>> from numpy.random import default_rng
    >>> from tearless.readers.training.made import healthy_run
    >>> len(labelled_calls(Run.from_entries(healthy_run(default_rng(0)))))
    16
    """
    groups = [calls for kind, calls in calls_by_place(run) if kind in ("classes", "yes or no")]
    groups = [calls for calls in groups if any(_single(c.target.shape) for c in calls)]
    if not groups:
        raise NotApplicable("no loss with one class a sample was seen")
    return max(groups, key=len)


def _single(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def rarest(calls: Sequence[Loss], after: float, uneven: float) -> Rare | None:
    """The label that the imbalance harms most, over the calls of one loss function; ``None`` where fewer than two came.

    Rare is what comes, weighed by the loss, once for ``uneven`` times of the commonest, else the rarest; its
    predictions count ``after`` that step. ``chance``: of so few where half of the samples are found, times the number
    of rare labels.

    >>> from tearless.readers.training.told import Tensor
    >>> seen = Loss(step=9, target=Tensor(counts={"0": 90, "1": 10}), predicted={"0": 100})
    >>> found = rarest([seen], after=5, uneven=4)
    >>> found.label, found.rarest, found.came, found.said, found.chance < 0.001
    ('0', '1', 10, 0, True)
    """
    counts = {name: n for name, n in pooled(label_counts(c.target, c.options) for c in calls).items() if n}
    if len(counts) < 2:
        return None
    label = max(counts, key=lambda name: counts[name])
    weights = _weights(calls[0], counts)
    favour = {name: weights.get(label, 1.0) / (weights.get(name) or 1.0) for name in counts if name != label}
    rare = [name for name in favour if counts[label] * favour[name] >= uneven * counts[name]]
    rare = rare or [min(favour, key=lambda name: counts[name])]
    late = [c for c in calls if c.step > after and c.predicted]
    came, said = pooled(label_counts(c.target, c.options) for c in late), pooled(c.predicted for c in late)
    chances = {name: _chance(said.get(name, 0), came.get(name, 0)) * len(rare) for name in rare}
    one = min(rare, key=lambda name: (chances[name], counts[name]))
    total = sum(counts.values())
    shape = calls[0].input.shape
    return Rare(
        label, one, counts[label], counts[one], total, max(len(counts), shape[1] if len(shape) > 1 else 0),
        came.get(one, 0), said.get(one, 0), chances[one], favour[one], max(favour[name] for name in rare),
        bool(weights), -sum(n / total * math.log(n / total) for n in counts.values()),
    )  # fmt: skip


def _chance(said: int, came: int) -> float:
    return float(special.bdtr(said, came, 0.5)) if said < came else 1.0


def _weights(call: Loss, counts: Mapping[str, int]) -> dict[str, float]:
    """The weights of the labels that came, as the loss was given them; empty where it was given none."""
    one, each = call.options.get("pos_weight"), call.options.get("weight")
    if isinstance(one, (list, tuple)) and len(one) == 1:
        return {"0": 1.0, "1": float(one[0])} if one[0] > 0 else {}
    if not isinstance(each, (list, tuple)) or call.function.startswith("binary"):
        return {}
    known = {name: float(each[int(name)]) for name in counts if 0 <= int(name) < len(each)}
    return known if len(known) == len(counts) and min(known.values()) > 0 else {}
