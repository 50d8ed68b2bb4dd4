"""This run has parameters that the loss depends on and that get no gradient.

## What it measures
The parameters that the optimiser holds and that had no gradient (or one of exactly 0) at any looked-at step: all of
them, or those whose layers the loss depends on but which were computed with gradients switched off.

## Why it matters
The optimiser leaves out a parameter without a gradient. It stays at its first, random value: the rest of the model
learns on top of noise, or nothing learns.

## The mathematics
Exact: ∂L/∂w is not computed, or is 0 in every number, at every step looked at. Steps whose loss is exactly 0 are left
out, for there 0 is the right gradient.

## When it is wrong
A part that was trained before may run without gradients on purpose, though the optimiser holds it. Where its weights do
not stand as at a fresh start, or were loaded, this is a note.

## What to do
Call `loss.backward()` before each step. Compute the parts that should learn outside of `torch.no_grad()`; freeze on
purpose with `p.requires_grad_(False)`, and do not give what is frozen to the optimiser.

## References
PyTorch documentation, *Autograd mechanics*, locally disabling gradient computation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import connected, gradients, untrained, used, without_gradient
from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, listed, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = (
    "frozen-parameters",
    "gradient-erased",
    "detached-graph",
    "softmax-over-batch",
    "precision-underflow",
    "dead-units",
    "saturated-units",
    "vanishing-gradient",
)

ANY = Limit(
    of="surely",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.error,
    because="A parameter that the loss depends on, that the optimiser holds and that no step gives a gradient stays "
    "where it began: one of them is enough.",
)
PERHAPS = Limit(
    of="without",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.note,
    because="The same of parameters that were trained before: running them without gradients may be the purpose, and "
    "then they need not be given to the optimiser.",
)

HEADLINE = "{which} of {parameters} parameters get no gradient, at any of {steps} looked-at steps: {names}"
EVIDENCE = "{without} parameters without a gradient; backward was called {backwards} times"
WHY = "the optimiser passes over what has no gradient: it stays as it began, and the rest learns on top of that{line}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    steps = run.looked_at()
    listed_ones = {name for name in gradients(run) if name not in run.parameters or run.parameters[name].learns}
    bare = sorted(without_gradient(run))
    everything = bool(bare) and len(bare) == len(listed_ones)
    reached = frozenset(n for graph in run.graphs.values() for n in connected(graph))
    needed = frozenset(n for graph in run.graphs.values() for n in used(graph))
    off = bare if everything else [n for n in bare if n in needed and n not in reached]
    new = untrained(run, off)
    sure = off if everything or new is None or new >= 0.5 else []
    line = next((op.line for g in run.graphs.values() for op in g.ops if _of(op.inputs, off) and op.line), "")
    none = run.counts.backwards == 0 and not any(s.backwards for s in steps)
    yield Measured(
        (),
        {
            "surely": Number(len(sure), "parameters", "of them, those that nothing trained before, or all there are"),
            "without": Number(len(off), "parameters", "parameters that the loss depends on, without a gradient"),
            "parameters": Number(len(listed_ones), "parameters", "parameters that learn, at the looked-at steps"),
            "steps": Number(len(steps), "steps", "looked-at steps"),
            "backwards": Number(run.counts.backwards, "calls", "calls of backward in the whole run"),
        },
        words={
            "names": listed(off, 3),
            "which": "all" if everything else f"{len(off):,}",
            "line": f" (computed at {line})" if line and not everything else "",
            "do": _do(none, everything, f" at {line}" if line else ""),
        },
    )


def _of(inputs: tuple[int | str, ...], names: list[str]) -> bool:
    return any(f"parameter {name}" in inputs for name in names)


def _do(none: bool, everything: bool, at: str) -> str:
    if none:
        return "call `loss.backward()` before `optimizer.step()`"
    if everything:
        return "follow the loss back to the parameters: `print(loss.grad_fn)` must not be None, nor the derivative 0"
    return f"take these layers out of `torch.no_grad()`{at}, or freeze them with `requires_grad_(False)` on purpose"


def _unrecorded(rng: np.random.Generator, std: float) -> Entries:
    """The first layer computed without gradients; ``std`` is the spread of its weights (fresh: 1/√60)."""
    entries = healthy_run(rng)
    for graph in of_kind(entries, "graph"):
        graph["ops"][0]["learns"] = graph["ops"][1]["learns"] = False
    for step in of_kind(entries, "step"):
        step["gradient"][:2], step["update"][:2] = [None, None], [0.0, 0.0]
    of_kind(entries, "model")[0]["parameters"][0]["std"] = std
    return entries


@healthy
def all_get_one(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def margin_kept(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step")[3:]:
        step["gradient"], step["loss"] = [0.0] * len(step["gradient"]), 0.0
    return as_example(entries)


@sick
def backward_forgotten(rng: np.random.Generator) -> Example:
    entries = [e for e in healthy_run(rng) if e["kind"] not in ("values", "graph", "counts", "probe")]
    for step in of_kind(entries, "step"):
        step.update(gradient=[None] * 6, update=[0.0] * 6, backwards=0, slope=0.0)
    return as_example([*entries, {"kind": "counts", "steps": 100, "zero_grads": 100, "optimizers": 1}])


@sick
def layer_under_no_grad(rng: np.random.Generator) -> Example:
    return as_example(_unrecorded(rng, 1 / np.sqrt(60)))


@fooled("fires", "a trained part computed without gradients on purpose, yet held by the optimiser: a note")
def trained_before(rng: np.random.Generator) -> Example:
    return as_example(_unrecorded(rng, 0.5))
