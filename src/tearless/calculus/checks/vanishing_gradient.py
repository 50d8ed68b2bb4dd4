"""This run's gradient fades on its way back, so that the first layers hardly learn.

## What it measures
The length of the loss's gradient by each layer's output, from the last layer to the first, at the looked-at steps of
the second half: the part that reaches the first layer, by a line fitted to the logarithms over the depth. Then its
effect: by which part all steps of the run together can have changed the first layer's output at most, and how much of
what a constant prediction leaves was learnt.

## Why it matters
The first layers stay at their random start. What they lose of the input no later layer can bring back.

## The mathematics
Backward the gradient passes each layer as Wᵀ·diag(φ′): its length changes by about a factor q a layer, by q^L over L.
For a sigmoid φ′ ≤ 1/4, so that with weights of variance 1/(3n) q is below 0.15. A small gradient alone is no fault
(adaptive optimisers rescale it); its effect is. The output of a layer y = Wx moves by |ΔW x| ≤ ‖ΔW‖·|x|, and ‖ΔW‖ is at
most the sum of the lengths of the steps; what weight decay alone moved is left out. The bound is over |y|.

## When it is wrong
First layers may do well as they are (random features), or be held on purpose by a rate of their own; the latter leaves
the gradient whole, and is not reported. Inside PyTorch's recurrent layers the gradient is not seen: over time it is
estimated from ‖W‖/√n of the recurrent matrix and the mean derivative, for plain ones only.

## What to do
Take ReLU, GELU or SiLU for sigmoid or tanh between the layers, start the weights for it, and add normalisation or
residual connections.

## References
S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, diploma thesis, TU München (1991). X. Glorot,
Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.calculus.deep_run import deep_run
from tearless.calculus.fading import Fading, OverTime, fading, over_time
from tearless.calculus.run_pictures import fading_back
from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.core.text import visible
from tearless.linear_algebra.layers_of_a_run import layers, plain
from tearless.readers.training.learnt import Learnt, learnt
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
picture = fading_back
SYMPTOM_OF = ("nan-in-input", "symmetric-init", "bad-init", "saturated-units", "dead-units", "weight-decay-too-strong")

FADES = Limit(
    of="kept",
    at=1e-3,
    unit="share",
    kind="convention",
    crossed="below",
    because="Networks whose layers keep the gradient's length lose a few tens at most; a thousandth says that the "
    "first layers see the loss a thousand times fainter than the last. A convention: the effect decides.",
)
HELD = Limit(
    of="changed",
    at=0.01,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    crossed="below",
    because="All steps together, had they pointed the same way, change the first layer's output by a hundredth at "
    "most: it is what it was at the start. The bound is a theorem; the hundredth is a convention.",
)
NOTHING_LEARNT = Limit(
    of="learnt",
    at=lambda error: min(0.15, 0.05 + 2 * error),
    unit="share",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="A model whose loss is within a twentieth of that of a constant has learnt next to nothing of its input. "
    "Both are means over batches: two standard errors are allowed beside it, and no more than 15 % in all.",
)

HEADLINE = "the gradient fades to {kept_said} on its way back through {depth} {over}: {who}"
EVIDENCE = "{effect}{and_learnt}"
WHY = "what comes first stays as it started at random, and what it loses of the input nothing later brings back"
DO = "{remedy}"

SQUASHING = ("sigmoid", "tanh", "hardsigmoid", "hardtanh", "softsign")


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found, time = fading(run), over_time(run)
    if found is None and time is None:
        raise NotApplicable("no chain of three layers with gradients, and no plain recurrent layer, was seen")
    told = learnt(run)
    share, error = (None, 0.0) if told is None else (told.share, _error(told))
    if found is None or (time is not None and time.kept < found.kept):
        assert time is not None  # noqa: S101 - one of the two is there
        yield _measured(time.kept, time.gain, time.steps, None, (share, error), _of_time(time))
    else:
        yield _measured(found.kept, found.gain, found.depth, found.changed, (share, error), _of_layers(run, found))


def _error(told: Learnt) -> float:
    """The standard error of what was learnt: the late losses are one mean, the constant's loss of the calls another."""
    late = told.between(0.8, 1.0)
    if told.constant is None or told.constant <= 0 or len(late) < 3 or not told.calls:
        return 0.0
    return float(np.std(late, ddof=1)) * math.sqrt(1 / len(late) + 1 / len(told.calls)) / told.constant


def _measured(
    kept: float, gain: float, depth: int, changed: float | None, told: tuple[float | None, float], words: dict[str, str]
) -> Measured:
    share, error = told
    learned = "" if share is None else f"; {max(0.0, 100 * share):.2g} % of a constant's loss was learnt away"
    return Measured(
        (),
        {
            "kept": Number(kept, "share", "part of the gradient's length at the last layer that reaches the first"),
            "gain": Number(gain, "1", "factor of its length a layer, or a time step, on average"),
            "depth": Number(depth, "layers", "layers, or time steps, on the way"),
            "changed": Number(changed, "share", "by which part the run can have changed the first layer's output"),
            "learnt": Number(share, "share", "part of a constant prediction's loss that was learnt away"),
            "error": Number(error, "share", "standard error of that part, by the spread of late losses"),
        },
        words={**words, "kept_said": f"{kept:.1g} of its length", "and_learnt": learned},
    )


def _of_layers(run: Run, found: Fading) -> dict[str, str]:
    changed = "an amount not known" if found.changed is None else f"{100 * found.changed:.2g} %"
    return {
        "over": "layers",
        "who": f"{found.first.place} hardly learns",
        "effect": f"a factor of {found.gain:.2g} a layer; the steps change the first layer by {changed} at most",
        "remedy": _remedy(run),
    }


def _of_time(found: OverTime) -> dict[str, str]:
    return {
        "over": "time steps",
        "who": f"{found.place} cannot learn what lies far back",
        "effect": f"a factor of about {found.gain:.2g} a time step, by the size of its recurrent matrix and outputs",
        "remedy": "take `torch.nn.LSTM` or `torch.nn.GRU` for `torch.nn.RNN`, start the recurrent matrix with "
        "`torch.nn.init.orthogonal_(rnn.weight_hh_l0)`, or give it shorter sequences",
    }


def _remedy(run: Run) -> str:
    """What to change: the squashing activations by name and line where there are any."""
    for graph in run.graphs.values():
        inner = {layer.source for layer in layers(graph)}
        found = [op for op in graph.ops if plain(op) in SQUASHING and op.op in inner]
        if found:
            kind = visible(found[0].kind if found[0].module else plain(found[0]), 30)
            at = f" (the first in {visible(found[0].line, 60)})" if found[0].line else ""
            return (
                f"put `torch.nn.ReLU()` in place of the {len(found)} {kind} between the layers{at} and start their "
                'weights with `torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")`'
            )
    return (
        "start the weights with `torch.nn.init.kaiming_normal_(layer.weight)`, and put a normalisation "
        "(`torch.nn.LayerNorm(width)`) or a residual connection (`x = x + layer(x)`) at each layer"
    )


@healthy
def three_layers(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def faint_but_rescaled(rng: np.random.Generator) -> Example:
    entries = deep_run(rng, 0.3, 8, 0.2, 0.1)
    for step in of_kind(entries, "step"):
        step["update"] = [0.04] * 8
    return as_example(entries)


@sick
def ten_sigmoids(rng: np.random.Generator) -> Example:
    return as_example(deep_run(rng, 0.14, 10, 1.099, 0.1))


@sick
def only_the_last_layers_learn(rng: np.random.Generator) -> Example:
    return as_example(deep_run(rng, 0.14, 6, 0.7, 0.1))


@sick
def rescaled_and_yet_stuck(rng: np.random.Generator) -> Example:
    entries = deep_run(rng, 0.14, 10, 1.099, 0.1)
    for step in of_kind(entries, "step"):
        step["update"] = [0.04] * 10
    return as_example(entries)


@sick
def sixty_time_steps(rng: np.random.Generator) -> Example:
    entries = deep_run(rng, 0.9, 2, 1.09, 0.1)
    rnn = {"op": 0, "function": "rnn_tanh", "module": "rnn", "kind": "RNN", "shape": [50, 60, 40]}
    inputs = ["input", "data", "parameter rnn.weight_ih_l0", "parameter rnn.weight_hh_l0"]
    of_kind(entries, "graph")[0]["ops"][0] = {**rnn, "inputs": inputs, "given": [[50, 60, 2], [1, 50, 40]]}
    for step in of_kind(entries, "step"):
        step.update(parameters=["rnn.weight_hh_l0"], gradient=[0.01], weight=[3.6], update=[0.001])
    return as_example(entries)


@fooled("fires", "random first layers may serve: what they pass on here is enough for nearly all of it")
def random_features_serve(rng: np.random.Generator) -> Example:
    return as_example(deep_run(rng, 0.14, 8, 0.1, 0.1))
