"""The findings on how a run learns, drawn: its loss, and how its gradient and its units fare from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tearless.core import Measured, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Line, Mark, Picture, Points, Rule, values
from tearless.linear_algebra.layers_of_a_run import by_op, late, plain
from tearless.linear_algebra.run_pictures import Series, by_layer, loss, name_of, once, weights
from tearless.readers.training.run import Run

from .held_out_curve import held_out_losses
from .loss_curve import known, stretches
from .units import Hidden

MOST_POINTS = 60
LEVELS = 30


def too_long(measured: Measured, run: Run) -> Picture:
    """The loss over the steps, beside the one that it began with.

    >>> from tearless.calculus.checks.learning_rate_too_high import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> too_long(next(measure(run)), run).says
    'It begins at 1.1, reaches 1.1 and ends at 0.189; 0 of 16 judged steps raised it.'
    """
    y = known(run.losses)
    first, most, last = (shown(float(one)) for one in (y[0], y.max(), y[-1]))
    rises, judged = measured.numbers["overshoots"], measured.numbers["judged"]
    raised = f"; {rises} of {judged} judged steps raised it" if judged.value else ""
    says = f"It begins at {first}, reaches {most} and ends at {last}{raised}."
    return loss(run, says, Rule(float(y[0]), "first loss", of="y", role="soft"))


def swinging(measured: Measured, run: Run) -> Picture:
    """The loss over the steps, with its level.

    >>> from tearless.calculus.checks.oscillation import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> swinging(next(measure(run)), run).says
    'Its level climbs back 0 times in 100 steps, between 0.191 and 1.05.'
    """
    at = np.flatnonzero(np.isfinite(run.losses)) + 1
    level = stretches(known(run.losses), LEVELS)
    middle = [float(np.median(part)) for part in np.array_split(at, len(level))]
    swings, low, high = measured.numbers["swings"], shown(float(level.min())), shown(float(level.max()))
    says = f"Its level climbs back {swings} times in {len(run.losses):,} steps, between {low} and {high}."
    return loss(run, says, Line(values(middle), values(level), "level", "second"))


def jumping(measured: Measured, run: Run) -> Picture:
    """The loss over the steps, with the largest jump marked.

    >>> from tearless.calculus.checks.loss_spike import measure
    >>> from tearless.readers.training.made import healthy_run, of_kind
    >>> entries = healthy_run(np.random.default_rng(0))
    >>> of_kind(entries, "losses")[0]["values"][59] = 9.0
    >>> run = Run.from_entries(entries)
    >>> jumping(next(measure(run)), run).says
    'It jumps to 9 at step 60, where 1.06 is usual; losses so high in all: 1.'
    """
    step = measured.numbers["step"]
    jumps, worst, usual = measured.numbers["jumps"], measured.words["worst"], measured.words["usual"]
    says = f"It jumps to {worst} at step {step}, where {usual} is usual; losses so high in all: {jumps}."
    return loss(run, says, Rule(step.value or 0.0, f"step {step}"))


def standing(measured: Measured, run: Run) -> Picture:
    """The loss over the steps, beside what a model pays that knows nothing.

    >>> from tearless.calculus.checks.plateau import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> standing(next(measure(run)), run).says
    'It begins at 1.1; over the second half it stays near 0.255.'
    """
    y = known(run.losses)
    end, over = float(np.median(y[len(y) // 2 :])), measured.numbers["over"].value
    marks = [Rule(end / over, "knowing nothing", of="y", role="second")] if over else []
    says = f"It begins at {shown(float(y[0]))}; over the second half it stays near {shown(end)}."
    return loss(run, says, *marks, low=0.0)


def turned(measured: Measured, run: Run) -> Picture:
    """The loss of training and that on held-out rows, with the lowest of these.

    >>> from tearless.calculus.checks.overfitting import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> turned(next(measure(run)), run).says
    'On held-out rows 0.219 is the lowest and 0.219 the end, in training 0.224.'
    """
    steps, held = held_out_losses(run)
    some = np.unique(np.linspace(0, len(steps) - 1, min(MOST_POINTS, len(steps))).astype(np.intp))
    best = measured.numbers["best_step"]
    x, y = values(steps[some]), values(held[some])
    marks: list[Mark] = [Line(x, y, role="second"), Points(x, y, "held-out rows", "second")]
    if best.value:
        marks.append(Rule(best.value, "lowest", role="soft"))
    ends = measured.numbers["best"], measured.numbers["late"]
    says = f"On held-out rows {ends[0]} is the lowest and {ends[1]} the end, in training {measured.numbers['train']}."
    return loss(run, says, *marks, title="The loss in training and on held-out rows")


def steepness(measured: Measured, run: Run) -> Picture:
    """The length of each parameter's gradient at the step that was judged.

    >>> from tearless.calculus.checks.exploding_gradient import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> picture = steepness(next(measure(run)), run)
    >>> picture.title, picture.y.names
    ('The gradient of each layer at step 1, from input to output', ('net.0.weight', 'net.2.weight', 'net.4.weight'))
    """
    at = measured.numbers["step"]
    step = next(one for one in run.steps if one.step == at.value)
    gradient = step.by_name("gradient")
    names = weights(step)
    where, length = measured.words["where"], measured.words["gradient"]
    return by_layer(
        f"The gradient of each layer at step {at}, from input to output",
        f"That of {where} is {length} long; changing it by one part in a hundred changes the loss by "
        f"{measured.words['per_cent']}.",
        names,
        [Series("", [gradient[name] for name in names])],
        "length of the gradient",
    )


def fading_back(measured: Measured, run: Run) -> Picture:
    """How much of the gradient is left, layer by layer, or time step by time step on its way back.

    >>> from tearless.calculus.checks.vanishing_gradient import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> picture = fading_back(next(measure(run)), run)
    >>> picture.title, picture.y.names
    ("The gradient at each layer's output, step 100, from input to output", ('net.0', 'net.2', 'net.4'))
    """
    kept, gain = measured.numbers["kept"], measured.numbers["gain"]
    says = f"{kept} of its length is left; each {'time step' if _of_time(measured) else 'layer'} keeps {gain} of it."
    if _of_time(measured):
        depth = int(measured.numbers["depth"].value or 1)
        back = np.unique(np.linspace(0, depth, min(depth + 1, MOST_POINTS)).astype(np.intp))
        left = np.maximum(1e-100, (gain.value or 0.0) ** back.astype(np.float64))
        title = "What is left of the gradient, so many time steps back"
        return Picture(
            title, says, (Line(values(back), values(left)),), Axis("time steps back"), Axis("left", log=True)
        )
    last = late([v for v in run.values if len(once(run, v.graph)) > 1], run.steps[-1].step)[-1]
    grads = by_op(run.graphs[last.graph], last.grad)
    chain = [layer for layer in once(run, last.graph) if layer.op.op in grads]
    lengths = [grads[layer.op.op] * math.sqrt(max(1, math.prod(layer.op.shape))) for layer in chain]
    return by_layer(
        f"The gradient at each layer's output, step {last.step:,}, from input to output",
        says,
        [name_of(layer.op, layer.parameter) for layer in chain],
        [Series("", lengths)],
        "length of the gradient",
    )


def _of_time(measured: Measured) -> bool:
    return measured.words["over"] == "time steps"


def of_units(title: str, says: str, found: Sequence[Hidden], axis: str, least: bool) -> Picture:
    """A share of each hidden activation, at the first look and late: its least there, or its most.

    >>> from tearless.readers.training.told import Op
    >>> half = Hidden(Op(module="net.1", kind="ReLU"), first=0.1, least=0.4, most=0.5)
    >>> picture = of_units("Silent units", "Most of them late.", [half], "share of units", least=True)
    >>> [mark.x for mark in picture.marks]
    [(0.1,), (0.1,), (0.4,), (0.4,)]
    """
    places: dict[str, Hidden] = {}
    for one in found:
        places.setdefault(name_of(one.op, f"{plain(one.op)} {visible(one.op.line, 20)}".strip()), one)
    kept = list(places.values())
    ends = [one.least if least else one.most for one in kept]
    series = [Series("first step", [one.first for one in kept]), Series("late", ends)]
    return by_layer(title, says, list(places), series, axis, shares=True)
