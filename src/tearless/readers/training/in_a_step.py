"""Stretches without gradients that belong to a training step: a teacher's answers, targets, guessed labels, acting.

They are recorded as evaluations are, for a model answers without gradients, but nothing is held out: they make what the
step compares with. Only stretches without a score count; a loss or a share of right answers is an evaluation's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tearless.readers.training.told import Evaluation, Given

MOST = 0.5
"""Share of the stretches of one model at one line from which on they are what the others are."""
SERIES = 8
"""Stretches from which on their steps tell how often they are made."""


def outside_steps(evaluations: Sequence[Evaluation], given: Sequence[Given], steps: int) -> tuple[Evaluation, ...]:
    """The evaluations that belong to no training step of a run of ``steps``; what comes after the last one stays.

    >>> batch = Given(step=4, rows=("a", "b"))
    >>> teacher = Evaluation(step=3, samples=2, rows=("a", "b"), line="train.py:9")
    >>> test = Evaluation(step=4, samples=2, rows=("c", "d"), line="train.py:20")
    >>> [one.line for one in outside_steps([teacher, test], [batch], 4)]
    ['train.py:20']
    """
    batches: dict[int, list[Given]] = defaultdict(list)
    for one in given:
        if one.gradients and one.used and one.rows:
            batches[one.step].append(one)
    largest = max((len(g.rows) for own in batches.values() for g in own), default=0)
    groups: dict[tuple[int, str], list[Evaluation]] = defaultdict(list)
    for stretch in evaluations:
        if stretch.loss is None and stretch.right is None and stretch.rows:
            groups[stretch.instance, stretch.line].append(stretch)
    within = {
        id(one)
        for own in groups.values()
        if _of_steps(own, batches) or _each_step(own, largest)
        for one in own
        if one.step < steps
    }
    return tuple(one for one in evaluations if id(one) not in within)


def _of_steps(own: Sequence[Evaluation], batches: dict[int, list[Given]]) -> bool:
    """Whether most were made of the samples of the step that they led to, as far as that step was looked at."""
    told = [one for one in own if one.step + 1 in batches]
    return bool(told) and sum(_same(one, batches[one.step + 1]) for one in told) >= MOST * len(told)


def _same(one: Evaluation, batches: Sequence[Given]) -> bool:
    rows = set(one.rows)
    return any(rows <= set(g.rows) or rows >= set(g.rows) for g in batches)


def _each_step(own: Sequence[Evaluation], largest: int) -> bool:
    """Whether there is one for every step, on no more samples than the largest batch."""
    if len(own) < SERIES or max(one.samples for one in own) > largest:
        return False
    steps = [one.step for one in own]
    return sum(b - a <= 1 for a, b in pairwise(steps)) >= MOST * (len(steps) - 1)
