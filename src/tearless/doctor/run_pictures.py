"""A run drawn: its loss, and how large the gradient of each layer was at the steps that were looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core.picture import Axis, Line, Mark, Picture, Points, Role, Rule, Values, values
from tearless.linear_algebra.run_pictures import Series, by_layer, loss, weights, wide
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

ROLES: tuple[Role, ...] = ("second", "third")
"""How the first and the last layer are drawn beside the whole gradient."""
FEWEST = 3


def pictures(run: Run) -> tuple[Picture, ...]:
    """What of a run can be drawn: its loss, and its gradient over the steps and over the layers.

    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> [picture.title for picture in pictures(run)]
    ['The loss over the steps', 'The gradient over the steps', 'The gradient over the layers, step 100']
    """
    looked = [step for step in run.steps if step.by_name("gradient")]
    found = (_loss(run), _over_steps(looked), _over_layers(looked[-1]) if looked else None)
    return tuple(picture for picture in found if picture)


def _loss(run: Run) -> Picture | None:
    """The loss with those of evaluations, and the first step whose loss was seen to be no number."""
    known = np.flatnonzero(np.isfinite(run.losses))
    if len(known) < 2:
        return None
    more: list[Mark] = []
    held_out = [(e.step, e.loss) for e in run.evaluations if e.loss is not None and math.isfinite(e.loss)]
    if held_out:
        steps, seen = zip(*held_out, strict=True)
        more.append(Points(values(steps), values(seen), "evaluation", "second"))
    broken = np.flatnonzero(run.kept & ~np.isfinite(run.losses))
    if len(broken):
        more.append(Rule(float(broken[0] + 1), f"not finite at step {broken[0] + 1:,}"))
    says = f"The loss of {len(known):,} steps, from {run.losses[known[0]]:.3g} to {run.losses[known[-1]]:.3g}."
    return loss(run, says, *more)


def _over_steps(looked: list[Step]) -> Picture | None:
    """The norm of the gradient over the steps that were looked at: of all of it, of the first layer and of the last."""
    if len(looked) < FEWEST:
        return None
    names = weights(looked[-1])
    marks = [Line(*_above_zero((step.step, _total(step)) for step in looked), "whole gradient")]
    for role, name in zip(ROLES, dict.fromkeys((names[0], names[-1])) if len(names) > 1 else (), strict=False):
        found = ((step.step, step.by_name("gradient").get(name, math.nan)) for step in looked)
        marks.append(Line(*_above_zero(found), name, role, dashed=True))
    marks = [mark for mark in marks if mark.y]
    if not marks:
        return None
    drawn = [v for mark in marks for v in mark.y]
    says = f"The norm of the gradient at {len(looked):,} steps, from {marks[0].y[0]:.3g} to {marks[0].y[-1]:.3g}."
    axis = Axis("norm", log=wide(min(drawn), max(drawn)))
    return Picture("The gradient over the steps", says, tuple(marks), Axis("step"), axis)


def _over_layers(step: Step) -> Picture | None:
    """The norm of each layer's gradient at one step, from the input to the output."""
    gradient = step.by_name("gradient")
    names = [name for name in weights(step) if math.isfinite(gradient[name])]
    if len(names) < 2:
        return None
    lengths = [gradient[name] for name in names]
    says = f"From {names[0]} with {lengths[0]:.3g} to {names[-1]} with {lengths[-1]:.3g}, at step {step.step:,}."
    return by_layer(f"The gradient over the layers, step {step.step:,}", says, names, [Series("", lengths)], "norm")


def _total(step: Step) -> float:
    return math.sqrt(math.fsum(v * v for v in step.by_name("gradient").values() if math.isfinite(v)))


def _above_zero(pairs: Iterator[tuple[int, float]]) -> tuple[Values, Values]:
    found = [(x, y) for x, y in pairs if math.isfinite(y) and y > 0]
    return values(x for x, _ in found), values(y for _, y in found)
