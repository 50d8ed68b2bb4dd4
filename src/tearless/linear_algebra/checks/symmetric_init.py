"""This run starts from weights that are the same for all units of a layer, and its steps keep them the same.

## What it measures
For each matrix how many different rows it had at the first step, one row a unit, and how many different rows its
gradient had at the first looked-at steps. Matrices that are multiplied from the right (`x @ w`, one column a unit)
count where they and the next one hold one number only.

## Why it matters
Units that start alike and get like gradients stay alike for ever: a layer of 64 units computes one number. The loss
falls a little, as for a network of width 1, and stops.

## The mathematics
Let the rows w_i of a layer be equal and the columns of the next layer be equal. Then all units give the same output,
and δ_i = φ'(z) Σ_k v_ki δ_k is the same for each i, so ∂L/∂w_i = δ_i x is too. Every optimiser that treats numbers
alike by themselves (SGD, momentum, Adam) adds the same to each row: by induction they are equal at every step. Both
equalities are seen, rows and gradient rows, so nothing is assumed of what lies between. Where only one layer starts
from zeros (a last layer, the second factor of a low-rank update, the end of a residual branch), its gradient rows
differ at once, and it is not meant. Gates of a recurrent layer are units of different kinds: an LSTM whose numbers
are all equal has 4 different rows of its gradient, a GRU 3.

## When it is wrong
An optimiser that adds noise of its own, or dropout in the layer, breaks the likeness later than the first steps.

## What to do
Draw the weights at random: leave the layers as PyTorch makes them, or `torch.nn.init.kaiming_uniform_`. Zeros are good
for biases, and for a last layer.

## References
I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press 2016, section 8.4. K. He et al., *Delving Deep into
Rectifiers*, ICCV 2015, section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, listed, sick
from tearless.linear_algebra.flow_of_a_run import Flow, flows
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Parameter

MEND = Mend.contract

ALIKE = Limit(
    of="alike",
    at=1,
    unit="matrices",
    kind="derived",
    severity=Severity.error,
    because="Equal rows with equal gradients are equal after the step: one matrix for which both are seen has a single "
    "unit, however many rows it has.",
)
GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3, "MultiheadAttention": 3}
KEEPS = {"tanh", "relu", "sigmoid", "gelu", "silu", "elu", "leaky_relu", "add", "softplus", "view", "reshape", "selu"}
RIGHT = ("matmul", "mm", "addmm", "rmatmul")

HEADLINE = "all {units} units of {matrices} are the same, and get the same gradients: they stay one unit"
EVIDENCE = "{alike} of {looked} matrices have one row {units} times, and one row in their gradient up to step {step}"
WHY = "units that start alike and are moved alike never part: the layer is as good as one unit wide"
DO = "draw the weights at random: leave out what sets {matrices}, or `torch.nn.init.kaiming_uniform_(weight)`"


def measure(run: Run) -> Iterator[Measured]:
    known = [p for p in run.parameters.values() if p.learns and p.distinct_rows is not None]
    steps = [step for step in run.looked_at() if step.distinct_rows]
    known += _zeros(run)
    if not steps or not known:
        raise CannotTell("this needs the weights and gradients of the first steps: run under `tearless watch`")
    modules = {path: kind for model in run.models for path, kind in model.modules.items()}
    most = _most_rows(run)
    alike = [p for p in known if _is_alike(p, most.get(p.name), _gates(p.name, modules))]
    alike += [p for p in _from_the_right(run) if p not in alike]
    units = max((p.shape[0] for p in alike), default=0)
    yield Measured(
        (),
        {
            "alike": Number(len(alike), "matrices", "matrices whose rows are equal and have equal gradients"),
            "looked": Number(len(known), "matrices", "matrices with at least two rows that learn"),
            "units": Number(units, "units", "rows of the largest such matrix"),
            "step": Number(steps[-1].step, "1", "last step at which the rows of gradients were compared"),
        },
        words={"matrices": listed([p.name for p in alike], most=3)},
    )


def _zeros(run: Run) -> list[Parameter]:
    """Matrices that no model holds and that were 0 throughout at every first step: their rows are equal."""
    first = [step for step in run.steps if step.distinct_rows]
    loose = {name for step in first for name in step.parameters} - set(run.parameters)
    given = {
        one.removeprefix("parameter "): shape
        for graph in run.graphs.values()
        for op in graph.ops
        for one, shape in zip(op.inputs, op.given, strict=False)
        if isinstance(one, str) and len(shape) > 1
    }
    sizes = {name: [step.by_name("weight").get(name) for step in first] for name in loose & set(given)}
    return [Parameter(n, given[n], distinct_rows=1) for n, size in sorted(sizes.items()) if set(size) == {0.0}]


def _most_rows(run: Run) -> dict[str, int]:
    """For each matrix the most different rows that its gradient had at one of the first steps."""
    found: dict[str, int] = {}
    for step in run.steps:
        for name, rows in zip(step.parameters, step.distinct_rows, strict=False):
            if rows is not None:
                found[name] = max(found.get(name, 0), rows)
    return found


def _is_alike(p: Parameter, gradient: int | None, gates: int) -> bool:
    rows = p.shape[0] if p.shape else 1
    like = p.distinct_rows is not None and p.distinct_rows <= gates
    return like and gradient is not None and gradient <= gates < rows


def _gates(name: str, modules: dict[str, str]) -> int:
    return GATES.get(modules.get(name.rpartition(".")[0], ""), 1)


def _from_the_right(run: Run) -> list[Parameter]:
    """Matrices multiplied from the right that hold one number, as the next one does: their units are columns."""
    return [p for flow in flows(run).values() for p in _constant_pairs(run, flow)]


def _constant_pairs(run: Run, flow: Flow) -> Iterator[Parameter]:
    for op in flow.graph.ops:
        here = _constant(run, flow, op.op)
        if here is None or here.shape[-1] < 2:
            continue
        following = [_constant(run, flow, number) for number in _next_products(flow, op.op)]
        if following and all(one is not None for one in following):
            yield here


def _constant(run: Run, flow: Flow, number: int) -> Parameter | None:
    """The parameter that a product takes on its right, where it is a matrix of one and the same number."""
    op = flow.ops[number]
    names = [
        one.removeprefix("parameter ") for one in op.inputs if isinstance(one, str) and one.startswith("parameter")
    ]
    if plain(op) not in RIGHT or not names or not isinstance(op.inputs[-1], str):
        return None
    p = run.parameters.get(names[-1])
    return p if p is not None and p.std == 0 and len(p.shape) == 2 and p.learns else None


def _next_products(flow: Flow, number: int) -> list[int]:
    """The next products that an output goes into, through functions that treat all units alike."""
    found, todo, seen = [], [number], set()
    while todo:
        for taker in flow.takers.get(todo.pop(), ()):
            if taker.op in seen:
                continue
            seen.add(taker.op)
            if plain(taker) in RIGHT:
                found.append(taker.op)
            elif plain(taker) in KEEPS:
                todo.append(taker.op)
    return found


def _constant_start(rng: np.random.Generator, names: tuple[str, ...], gradient: int | None = 1) -> Entries:
    entries = healthy_run(rng)
    for p in of_kind(entries, "model")[0]["parameters"]:
        if p["name"] in names:
            p |= {"distinct_rows": 1, "std": 0.0}
    for step in of_kind(entries, "step"):
        rows = zip(step["parameters"], step["distinct_rows"], strict=False)
        step["distinct_rows"] = [gradient if gradient and name in names else one for name, one in rows]
    return entries


@healthy
def drawn_at_random(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def last_layer_of_zeros(rng: np.random.Generator) -> Example:
    return as_example(_constant_start(rng, ("net.4.weight",), gradient=None))


@sick
def all_the_same(rng: np.random.Generator) -> Example:
    return as_example(_constant_start(rng, ("net.0.weight", "net.2.weight")))


@fooled("silent", "two groups of units, each alike within itself, have two different rows and not one")
def two_groups_of_units(rng: np.random.Generator) -> Example:
    entries = _constant_start(rng, ("net.0.weight",), gradient=2)
    for p in of_kind(entries, "model")[0]["parameters"]:
        p["distinct_rows"] = 2 if p["name"] == "net.0.weight" else p["distinct_rows"]
    return as_example(entries)
