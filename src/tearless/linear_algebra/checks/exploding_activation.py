"""This run's activations grow from layer to layer, or from step to step, a thousandfold.

## What it measures
The root mean square of each layer's output over that of the first layer: at the first step over all layers, late in the
run over the hidden ones; and each hidden layer's late size over its first one (over 1 where that was smaller).

## Why it matters
The gradient grows as the activations do, the loss starts from huge values, and every step is wrong in size for most of
the layers. In float16 and in squares the numbers overflow: from there on all is nan.

## The mathematics
A layer of weights with variance σ² and fan-in n multiplies the size of what it is given by about √(nσ²E[φ²]/E[x²]);
over L layers that is a power of L. He's and Glorot's starts make the factor 1. In residual networks x + f(x) the
squares add: where f is as large as x, they double at each block.

## When it is wrong
Outputs that must reach targets of another size grow rightly; late in the run the last layer is therefore left out.
A layer of a large factor right before a normalisation does no harm, and is measured before it.

## What to do
Start the weights at variance 2/fan-in, put a normalisation into each block, or make the residual branch start small.

## References
K. He, X. Zhang, S. Ren, J. Sun, *Delving deep into rectifiers*, ICCV 2015. H. Zhang, Y. Dauphin, T. Ma, *Fixup
initialization*, ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.layers_of_a_run import Layer, by_op, late, layers
from tearless.linear_algebra.run_pictures import outputs
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Values

MEND = Mend.numerics
picture = outputs
SYMPTOM_OF = ("inf-in-input", "unscaled-input", "unscaled-target", "learning-rate-too-high", "momentum-too-high")

GROWS_AT_ONCE = Limit(
    of="at_start",
    at=1e3,
    unit="times",
    kind="convention",
    severity=Severity.warning,
    because="The usual starts keep the size of what layers hand on to a small factor at any depth. A thousandfold "
    "growth leaves the loss and the gradient of the first step thousands of times too large.",
)
GROWN = Limit(
    of="late",
    at=1e3,
    unit="times",
    kind="convention",
    severity=Severity.error,
    because="Hidden layers of a run that learns change their size by tens; a thousandfold growth is out of bounds.",
)
NOTHING_LEARNT = Limit(
    of="learnt",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="A model whose loss is within a twentieth of that of a constant, or nan, has learnt next to nothing.",
)

HEADLINE = "activations grow {grown}-fold {over}, to a size of {size} at {where}"
EVIDENCE = "{at_start} times over the layers at the first step; {late} times late among the hidden ones"
WHY = "gradients grow with them: every step is far too large for some layers, and the numbers end in overflow"
DO = (
    'start the weights with `torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")`, and put '
    "`torch.nn.LayerNorm(width)` (`torch.nn.BatchNorm2d(channels)` for images) into each block{near}"
)

Found = tuple[float, Layer | None, float]


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    chains = {number: _once(layers(graph)) for number, graph in run.graphs.items()}
    if not run.values or max(map(len, chains.values()), default=0) < 2:
        raise NotApplicable("no two layers were seen, one after the other")
    first = run.values[0]
    start = _over_layers(run, first, chains.get(first.graph, ()))
    ends = late(run.values, run.steps[-1].step)
    hidden = {number: [layer for layer in chain if layer.height > 0] for number, chain in chains.items()}
    later = max(
        (_over_layers(run, values, hidden.get(values.graph, ())) for values in ends), key=_by_factor, default=_NONE
    )
    steps = max((_over_steps(run, values, hidden.get(values.graph, ())) for values in ends), key=_by_factor)
    ended = max(later, steps, key=_by_factor)
    told = learnt(run)
    progress = None if told is None else told.progress
    worst = max(start, ended, key=_by_factor)
    over = "over the steps" if worst is steps and steps[0] > later[0] else "from the first layer on"
    place = worst[1].place if worst[1] else "no layer"
    yield Measured(
        (),
        {
            "at_start": Number(start[0], "times", "largest output of a layer over the first's, at the first step"),
            "late": Number(ended[0], "times", "the same of hidden layers late in the run, or over their first size"),
            "grown": Number(worst[0], "times", "the larger of the two"),
            "size": Number(worst[2], "1", "root mean square of the layer that grew most"),
            "learnt": Number(
                progress, "share", "part of the loss of a constant, or of the first, that was learnt away"
            ),
        },
        words={"where": place, "over": over, "near": f"; {place} stands out" if worst[1] else ""},
    )


def _once(chain: Sequence[Layer]) -> list[Layer]:
    """Each matrix at its first call: what grows from one time step to the next is not from layer to layer."""
    first: dict[str, Layer] = {}
    for layer in chain:
        first.setdefault(layer.parameter, layer)
    return list(first.values())


_NONE: Found = (0.0, None, 0.0)


def _by_factor(found: Found) -> float:
    return found[0]


def _over_layers(run: Run, values: Values, chain: Sequence[Layer]) -> Found:
    """The largest size of a layer's output over that of the layer called first."""
    sizes = by_op(run.graphs[values.graph], values.rms) if values.graph in run.graphs else {}
    known = [(sizes[layer.op.op], layer) for layer in chain if sizes.get(layer.op.op, 0.0) > 0]
    if len(known) < 2:
        return _NONE
    size, layer = max(known, key=lambda one: one[0])
    return size / known[0][0], layer, size


def _over_steps(run: Run, values: Values, chain: Sequence[Layer]) -> Found:
    """The largest size of a layer's output over what it was at the first look, or over 1."""
    before = next((one for one in run.values if one.graph == values.graph), values)
    old, new = (
        by_op(run.graphs[values.graph], one.rms) if values.graph in run.graphs else {} for one in (before, values)
    )
    found = [(new[n] / max(1.0, old[n]), layer, new[n]) for layer in chain if (n := layer.op.op) in new and n in old]
    return max(found, key=lambda one: one[0], default=_NONE)


def _growing(rng: np.random.Generator, sizes: list[float], from_step: int = 1) -> Entries:
    entries = healthy_run(rng)
    for values in of_kind(entries, "values"):
        if values["step"] >= from_step:
            values["rms"] = [*sizes, 1.0]
    return entries


def _stuck(entries: Entries) -> Entries:
    of_kind(entries, "losses")[0]["values"] = [1.2] * 100
    for call in of_kind(entries, "loss"):
        call["value"] = 1.2
    return entries


@healthy
def of_one_size(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def outputs_reach_large_targets(rng: np.random.Generator) -> Example:
    return as_example(_growing(rng, [1.0, 0.7, 2.0, 1.5, 4000.0], from_step=5))


@healthy
def grows_and_learns(rng: np.random.Generator) -> Example:
    return as_example(_growing(rng, [1.0, 0.7, 1500.0, 1100.0, 9.0], from_step=20))


@sick
def ten_times_a_layer(rng: np.random.Generator) -> Example:
    return as_example(_growing(rng, [40.0, 30.0, 2000.0, 1400.0, 90_000.0]))


@sick
def out_of_bounds_later(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_growing(rng, [3e4, 2e4, 5e6, 4e6, 1e8], from_step=4)))


@fooled("fires", "the layer that grew is followed by a normalisation, which takes the size away again")
def normalised_after(rng: np.random.Generator) -> Example:
    return as_example(_growing(rng, [1.0, 0.7, 2000.0, 1400.0, 0.6]))


@fooled("silent", "all layers are equally large from the first on: the growth is in the data, or in the first layer")
def large_from_the_first(rng: np.random.Generator) -> Example:
    return as_example(_growing(rng, [2e4, 1.5e4, 2e4, 1.4e4, 1e4]))
