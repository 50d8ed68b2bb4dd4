"""This run takes a softmax along the wrong axis: samples compete, and not classes or keys.

## What it measures
The axis of each `softmax` and `log_softmax` on the way to the loss, against what is done with it: the axis of the
classes where a loss takes it, the axis that a matrix product sums where it weighs values, and the axis of the samples,
which no softmax may touch. And whether a prediction is a softmax over one unit, which is 1 whatever the score.

## Why it matters
Along the batch the chances of one sample depend on the others in its batch: the loss asks which sample of the batch has
this class. The numbers look like chances, the loss falls a little, and the model learns the wrong thing. Over one unit
nothing is learnt at all.

## The mathematics
softmax(z)_ik = exp(z_ik)/Σ_j exp(z_jk) sums to 1 over samples i, for each class k; the rows are no distribution. A
model that is sure and right for N samples spread evenly over C classes gives each of the N/C samples of a class C/N,
so its loss −ln p is at least ln(N/C), and 0 only for one sample a class. Over one unit exp(z)/exp(z) = 1: the slope is
0 for all z. Sizes decide: an axis as long as the batch, where target and input agree on its length, is the batch; an
axis that is not as long as there are classes is not theirs.

## When it is wrong
Routing in which experts choose tokens takes a softmax over tokens on purpose. Square scores (as many samples as
classes) are judged only where the loss takes them as they are and labels are no permutation.

## What to do
Name the axis of the classes: `dim=1` for scores of shape (samples, classes), `dim=-1` for keys of attention.

## References
C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.3.4. A. Vaswani et al., *Attention Is
All You Need*, NeurIPS 2017, section 3.2.1. PyTorch documentation, *torch.nn.functional.softmax*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import at_line, flows, loss_calls
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.probability.softmaxes_of_a_run import WrongAxis, given_shape, is_softmax, samples_of, wrong_axis
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract

WRONG = Limit(
    of="wrong",
    at=1,
    unit="softmaxes",
    kind="derived",
    severity=Severity.error,
    because="Sizes and the use of the output say which axis holds the classes or keys; a softmax along another one is "
    "no distribution over them, from its first call on.",
)

HEADLINE = "`{function}`{place} is taken along axis {axis}, {what}"
EVIDENCE = "its input has shape {shape}, axis {axis} is {length} long; {wrong} of {softmaxes} softmaxes are so"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    if not run.graphs:
        raise CannotTell("this needs the calls on the way to the loss: run the script under `tearless watch`")
    every = [(flow, op) for flow in flows(run).values() for op in flow.graph.ops if op.used and is_softmax(op)]
    samples = samples_of(run)
    calls = list(loss_calls(run))
    found = [one for flow, op in every if (one := wrong_axis(flow, op, samples, calls)) is not None]
    first = found[0] if found else None
    shape = given_shape(first.op) if first else ()
    yield Measured(
        (),
        {
            "wrong": Number(len({(one.op.line, one.op.module) for one in found}), "softmaxes", "along the wrong axis"),
            "softmaxes": Number(len({(op.line, op.module) for _, op in every}), "softmaxes", "on the way to the loss"),
            "axis": Number(first.axis if first else None, "axis", "axis of the first that is wrong, counted from 0"),
            "length": Number(shape[first.axis] if first else None, "numbers", "length of that axis"),
            "samples": Number(samples, "samples", "samples of a batch, where input and target agree on them"),
        },
        words=_words(first),
    )


def _words(first: WrongAxis | None) -> dict[str, str]:
    if first is None:
        return dict.fromkeys(("function", "place", "what", "why", "do", "shape"), "")
    name = plain(first.op)
    return {
        "function": name,
        "place": at_line(first.op.line),
        "what": first.what,
        "why": first.why,
        "shape": str(given_shape(first.op)).replace(",)", ")"),
        "do": f"write `{name}(..., dim={first.right})`{at_line(first.op.line)}"
        if first.right >= 0
        else "give the model one output a class, or a sigmoid with `binary_cross_entropy` for one output",
    }


def _with_softmax(rng: np.random.Generator, dim: int, units: int = 3) -> Entries:
    entries = healthy_run(rng)
    (graph,) = of_kind(entries, "graph")
    loss = graph["ops"][5]
    soft = {"op": 5, "function": "log_softmax", "kind": "LogSoftmax", "inputs": [4], "options": {"dim": dim}}
    soft |= {"given": [[128, units]], "shape": [128, units], "line": "train.py:11", "module": "net.5"}
    graph["ops"][5:] = [soft, loss | {"op": 6, "function": "nll_loss", "inputs": [5, "data"]}]
    graph["loss"] = 6
    for entry in of_kind(entries, "loss"):
        entry |= {"function": "nll_loss", "op": 6, "made_by": ["log_softmax", "linear"]}
        entry["input"] |= {"shape": [128, units], "high": 0.0}
    return entries


@healthy
def raw_scores(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def along_the_classes(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 1))


@sick
def along_the_batch(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 0))


@sick
def over_one_unit(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 1, units=1))


@fooled("silent", "a softmax that is written with exp and a sum names no axis that could be looked at")
def by_hand(rng: np.random.Generator) -> Example:
    entries = _with_softmax(rng, 0)
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "div", "options": {}}
    return as_example(entries)
