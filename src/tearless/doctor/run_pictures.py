"""A run drawn: its loss, and how large the gradient of each layer was at the steps that were looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Role, Rule, values
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

WIDE = 30.0
"""Ratio of largest to smallest from which a scale of powers of ten is drawn."""
LAYERS_OVER_TIME = 3
MOST_LAYERS = 16
ROLES: tuple[Role, ...] = ("main", "second", "third")


def pictures(run: Run) -> tuple[Picture, ...]:
    """What of a run can be drawn: its loss, and its gradient over the steps and over the layers."""
    return tuple(picture for picture in (_loss(run), _over_steps(run), _over_layers(run)) if picture)


def _loss(run: Run) -> Picture | None:
    losses = run.losses
    known = np.flatnonzero(np.isfinite(losses))
    if len(known) < 2:
        return None
    marks: list[Mark] = [Line(values(known + 1), values(losses[known]), "training")]
    held_out = [(e.step, e.loss) for e in run.evaluations if e.loss is not None and math.isfinite(e.loss)]
    if held_out:
        steps, seen = zip(*held_out, strict=True)
        marks.append(Points(values(steps), values(seen), "evaluation", "second"))
    broken = run.kept & ~np.isfinite(losses) if len(run.kept) == len(losses) else ~np.isfinite(losses)
    first = int(np.argmax(broken)) + 1 if broken.any() else None
    if first:
        marks.append(Rule(float(first), f"not finite at step {first:,}"))
    low, high = float(losses[known].min()), float(losses[known].max())
    says = f"The loss of {len(known):,} steps, from {losses[known[0]]:.3g} to {losses[known[-1]]:.3g}."
    return Picture("The loss", says, tuple(marks), Axis("step"), Axis("loss", log=_wide(low, high)))


def _over_steps(run: Run) -> Picture | None:
    """The norm of the gradient over the steps that were looked at: of all of it, of the first layer and of the last."""
    looked = [step for step in run.steps if step.by_name("gradient")]
    if len(looked) < 3:
        return None
    names = _weights(looked[-1])
    some = [name for name in dict.fromkeys((names[0], names[-1])) if len(names) > 1]
    marks = [Line(*_finite((step.step, _total(step)) for step in looked), "whole gradient")]
    for role, name in zip(ROLES[1:], some, strict=False):
        found = ((step.step, step.by_name("gradient").get(name, math.nan)) for step in looked)
        marks.append(Line(*_finite(found), name, role, dashed=True))
    marks = [mark for mark in marks if mark.y]
    if not marks:
        return None
    drawn = [v for mark in marks for v in mark.y]
    says = f"The norm of the gradient at {len(looked):,} steps, from {marks[0].y[0]:.3g} to {marks[0].y[-1]:.3g}."
    axis = Axis("norm", log=_wide(min(drawn), max(drawn)))
    return Picture("The gradient over the steps", says, tuple(marks), Axis("step"), axis)


def _over_layers(run: Run) -> Picture | None:
    """The norm of each layer's gradient at the last step that was looked at, from the input to the output."""
    looked = [step for step in run.steps if step.by_name("gradient")]
    if not looked or len(_weights(looked[-1])) < 2:
        return None
    step = looked[-1]
    gradient = step.by_name("gradient")
    names = [name for name in _weights(step) if math.isfinite(gradient.get(name, math.nan))]
    shown = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, MOST_LAYERS).astype(int))] if names else []
    lengths = [gradient[name] for name in shown]
    above = [v for v in lengths if v > 0]
    if len(above) < 2:
        return None
    log = _wide(min(above), max(above))
    marks = (Bars(values(range(len(shown))), values(lengths), along="x", base=min(above) / 10 if log else 0.0),)
    says = f"From {shown[0]} with {lengths[0]:.3g} to {shown[-1]} with {lengths[-1]:.3g}, at step {step.step:,}."
    return Picture(
        f"The gradient over the layers, step {step.step:,}",
        says,
        marks,
        Axis("norm", log=log),
        Axis(names=tuple(shown)),
    )


def _weights(step: Step) -> list[str]:
    """The parameters with a gradient, biases left out where there are others."""
    named = list(step.by_name("gradient"))
    return [name for name in named if name.rpartition(".")[2] != "bias"] or named


def _total(step: Step) -> float:
    return math.sqrt(math.fsum(v * v for v in step.by_name("gradient").values() if math.isfinite(v)))


def _finite(pairs: Iterator[tuple[int, float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    found: Sequence[tuple[int, float]] = [(x, y) for x, y in pairs if math.isfinite(y) and y > 0]
    return values(x for x, _ in found), values(y for _, y in found)


def _wide(low: float, high: float) -> bool:
    return low > 0 and high / low > WIDE
