"""This run clears its gradients between the backward call and the step.

## What it measures
The looked-at steps before which backward was called and its gradient went through layers of the optimiser's parameters,
while none of these parameters had a gradient left when the step was made.

## Why it matters
The step finds nothing to follow and changes nothing; the loss never falls, and nothing warns.

## The mathematics
Exact: with δ = ∂L/∂z the gradient at a layer's output z = Wx + b, the layer's gradients are δxᵀ and δ. Where δ was
measured and not 0 and the parameters have none, something cleared them in between.

## When it is wrong
An optimiser that makes its steps inside backward needs no gradients afterwards: its parameters move, and the step is
not counted.

## What to do
The order is `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`. Clear before backward or after the step,
not between them.

## References
PyTorch documentation, *torch.optim.Optimizer.zero_grad*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import MARK, connected
from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Step, Values

MEND = Mend.contract

GONE = Limit(
    of="share",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="One step whose gradient is gone is lost for certain; from half of the steps on, what the run learns "
    "it does not learn from most of its gradients.",
)

HEADLINE = "gradients are cleared between backward and step: gone at {times} of {steps} looked-at steps"
EVIDENCE = (
    "no gradient left at {times} steps after a backward call, first at step {first}; zero_grad called {cleared} times"
)
WHY = "the step finds no gradient to follow, so no weight learns from this loss"
DO = (
    "move `optimizer.zero_grad()` before the backward call or after `optimizer.step()`; nothing between the two may "
    "clear `p.grad`"
)


def measure(run: Run) -> Iterator[Measured]:
    after = [step for step in run.looked_at() if step.backwards and not step.skipped]
    graphs = {values.step: (graph, values) for graph, values in run.seen()}
    seen = {breach.step for breach in run.breaches("gradient-erased")}
    gone = [s for s in after if s.step in seen or (s.step in graphs and _erased(run, s, *graphs[s.step]))]
    yield Measured(
        (),
        {
            "share": Number(len(gone) / len(after) if after else 0.0, "share", "of the steps after a backward call"),
            "times": Number(len(gone), "steps", "steps whose gradient was gone"),
            "steps": Number(len(after), "steps", "looked-at steps after a backward call"),
            "first": Number(gone[0].step if gone else 0, "1", "the first such step"),
            "cleared": Number(run.counts.zero_grads, "calls", "calls of zero_grad in the whole run"),
        },
    )


def _erased(run: Run, step: Step, graph: Graph, values: Values) -> bool:
    """No parameter of the step has a gradient, though one went back through their layers."""
    mine = {name for name in step.parameters if name not in run.parameters or run.parameters[name].learns}
    norms = {n: g for n, g in zip(step.parameters, step.gradient, strict=False) if n in mine}
    inside = any(norms[n] is None and size != 0 for n, size in step.by_name("update").items() if n in mine)
    if not norms or any(norms.values()) or inside:
        return False
    reached = connected(graph) & mine
    by_op = dict(zip((op.op for op in graph.ops), values.grad, strict=False))
    went = [by_op.get(op.op) for op in graph.ops if op.used and op.learns and _takes(op.inputs, reached)]
    if any(went):
        return True
    return bool(reached) and not any(g is not None for g in went) and all(g is None for g in norms.values())


def _takes(inputs: tuple[int | str, ...], names: frozenset[str] | set[str]) -> bool:
    return any(isinstance(one, str) and one.removeprefix(MARK) in names for one in inputs)


@healthy
def kept_until_the_step(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def loss_without_gradient(rng: np.random.Generator) -> Example:
    """A derivative that is 0 clears nothing."""
    entries = healthy_run(rng)
    for step in of_kind(entries, "step"):
        step["gradient"] = [0.0] * 6
    for values in of_kind(entries, "values"):
        values["grad"] = [0.0] * 5 + [1.0]
    return as_example(entries)


@sick
def cleared_after_backward(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step"):
        step.update(gradient=[None] * 6, update=[0.0] * 6, slope=0.0)
    return as_example(entries)


@sick
def cleared_to_zeros(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step"):
        step.update(gradient=[0.0] * 6, update=[0.0] * 6, slope=0.0)
    return as_example(entries)


@fooled("silent", "gradients of less than half of the steps are cleared: the others still teach the model")
def cleared_now_and_then(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step")[::3]:
        step.update(gradient=[None] * 6, update=[0.0] * 6, slope=0.0)
    return as_example(entries)
