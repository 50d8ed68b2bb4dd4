"""This run's loss is cut off from parameters that should learn from it.

## What it measures
The parameters that the optimiser holds, that had no gradient at any looked-at step, and on whose values the loss
depends only through an operation that ends the gradient: `detach`, `item`, `tolist`, `argmax`, `round`, a new tensor
made of the old one's numbers. Or those that a cut leaves with a penalty alone: a term of the loss that no data enter.
Or the error that PyTorch raises where the whole loss is cut off.

## Why it matters
The forward pass is right and the loss looks right; yet the layers before the cut never learn.

## The mathematics
Reverse mode multiplies ∂L/∂y by ∂y/∂x along every way from the loss to a parameter. `detach` leaves the factor out;
`round` and its like have the factor 0. Where every way of a parameter holds such a factor, its gradient is none or
exactly 0. A stop on one of several ways (straight-through estimators, targets, a critic's input) leaves the others: the
parameter has a gradient, and nothing is said.

## When it is wrong
Features of a trained part may be detached on purpose although the optimiser holds that part: where its weights do not
stand as at a fresh start, this is a note.

## What to do
Keep the loss a tensor from the parameters to `backward()`: no `.item()`, `.detach()`, `.data`, `.numpy()` or
`torch.tensor(...)` on the way. For choices (`argmax`, `round`) use a smooth form or a straight-through estimator.

## References
PyTorch documentation, *Autograd mechanics*. Y. Bengio, N. Léonard and A. Courville, *Estimating or propagating
gradients through stochastic neurons*, arXiv:1308.3432 (2013).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import behind, connected, cuts, untrained, without_gradient
from tearless.calculus.penalty_alone import penalty_alone
from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    Severity,
    fooled,
    healthy,
    listed,
    quoted,
    sick,
    visible,
)
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.contract
SYMPTOM_OF = ("frozen-parameters",)

CUT = Limit(
    of="surely",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.error,
    because="A parameter that the optimiser holds and that no gradient can reach stays where it began: one is enough.",
)
PERHAPS = Limit(
    of="cut_off",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.note,
    because="The same of parameters that were trained before: cutting them off may be the purpose, and then the "
    "optimiser need not hold them.",
)

HEADLINE = "the gradient ends at {op}: {which}"
EVIDENCE = "{cut_off} parameters {how} at {steps} looked-at steps; backward was called {backwards} times"
WHY = "what the loss says of the data is computed from these parameters, but its gradient cannot reach them{names}"
DO = "{do}"

NEEDS = "does not require grad"
"""What PyTorch says of a loss that no gradient can leave."""


def measure(run: Run) -> Iterator[Measured]:
    crashed = NEEDS in run.end.error
    if not run.steps and not crashed:
        raise CannotTell("this needs steps that were watched: run the script under `tearless watch`")
    op, names = _whole(run) if crashed or _loose(run) else _part(run)
    penalty = not names and not crashed
    if penalty:
        op, names = penalty_alone(run)
    new = untrained(run, names)
    count = max(len(names), int(crashed))
    line = (op.line if op else "") or (run.end.line if crashed else "")
    at = f" at {visible(line)}" if line else ""
    yield Measured(
        (),
        {
            "surely": Number(
                count if crashed or new is None or new >= 0.5 else 0, "parameters", "of them, those not trained before"
            ),
            "cut_off": Number(count, "parameters", "parameters that only a cut way joins to the loss"),
            "steps": Number(len(run.steps), "steps", "looked-at steps"),
            "backwards": Number(run.counts.backwards, "calls", "calls of backward"),
        },
        words={
            "op": (f"{quoted(op.function)}{at}" if op else f"the loss itself{at}"),
            "which": "no parameter learns"
            if crashed or not names
            else f"{len(names):,} parameters {'learn from a penalty alone' if penalty else 'never learn'}",
            "how": "with the gradient of a penalty alone" if names and penalty else "without any gradient",
            "names": f": {listed(sorted(names), 3)}" if names else "",
            "do": _do(op, at),
        },
    )


def _loose(run: Run) -> bool:
    """Backward ran at every looked-at step from a loss that no op joins to a parameter, and left no gradient."""
    called = [s for s in run.steps if s.backwards]
    bare = without_gradient(run)
    own = {n for s in called for n in s.parameters if n in run.parameters and run.parameters[n].learns}
    joined = any(connected(graph) for graph in run.graphs.values())
    return bool(called and run.graphs and own) and own <= bare and not joined


def _whole(run: Run) -> tuple[Op | None, frozenset[str]]:
    """The last op that ended the gradient of the whole loss, and every parameter that stood in a step."""
    found = [op for graph in run.graphs.values() for op in cuts(graph)]
    return (found[-1] if found else None), without_gradient(run)


def _part(run: Run) -> tuple[Op | None, frozenset[str]]:
    """The last op that cuts off the most parameters, and all that are cut off."""
    bare = without_gradient(run)
    reached = frozenset(name for graph in run.graphs.values() for name in connected(graph))
    lost = [(op, (behind(graph, op) & bare) - reached) for graph in run.graphs.values() for op in cuts(graph)]
    most = max((len(names) for _, names in lost), default=0)
    if not most:
        return None, frozenset()
    return next(op for op, names in lost[::-1] if len(names) == most), frozenset().union(*(names for _, names in lost))


def _do(op: Op | None, at: str) -> str:
    if op is None:
        return "compute the loss from the model's output with PyTorch functions only, and print `loss.grad_fn`"
    if op.function.startswith(("detach", "data")):
        return f"take out the `.detach()` or `.data`{at}, or give the layers before it a loss of their own"
    if op.function in ("item", "tolist", "numpy"):
        return f"keep the tensor{at}: use it itself in place of a new one made from `.{op.function}()`"
    return f"replace {quoted(op.function)}{at} by a smooth form (softmax, a probability), or pass it straight through"


def _cut(rng: np.random.Generator, function: str = "detach", std: float = 1 / 60**0.5) -> Entries:
    """An op between the first layer and the second that ends the gradient."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[1].update(function=function, learns=False, line="train.py:10")
    for step in of_kind(entries, "step"):
        step["gradient"][:2], step["update"][:2] = [None, None], [0.0, 0.0]
    of_kind(entries, "model")[0]["parameters"][0]["std"] = std
    return entries


@healthy
def whole(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def straight_through(rng: np.random.Generator) -> Example:
    """A detach on one way of two: the parameters before it have a gradient."""
    entries = healthy_run(rng)
    of_kind(entries, "graph")[0]["ops"][1].update(function="detach", learns=False)
    return as_example(entries)


@sick
def detached_layer(rng: np.random.Generator) -> Example:
    return as_example(_cut(rng))


@sick
def rounded(rng: np.random.Generator) -> Example:
    entries = _cut(rng, "round")
    of_kind(entries, "graph")[0]["ops"][1]["learns"] = True
    for step in of_kind(entries, "step"):
        step["gradient"][:2] = [0.0, 0.0]
    return as_example(entries)


@sick
def loss_of_numbers(rng: np.random.Generator) -> Example:
    """The backward call fails: the loss has no way back at all."""
    entries = [e for e in healthy_run(rng) if e["kind"] in ("start", "losses")]
    error = "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn"
    return as_example([*entries, {"kind": "end", "how": "exception", "error": error, "line": "train.py:22"}])


@sick
def learns_from_a_penalty_alone(rng: np.random.Generator) -> Example:
    """The first layer's output goes on detached, and its own size is added to the loss."""
    graph = of_kind(entries := healthy_run(rng), "graph")[0]
    ops = graph["ops"]
    ops[1].update(function="detach", learns=False, line="train.py:10")
    small = {"op": len(ops), "function": "square", "inputs": [0], "shape": ops[0]["shape"], "line": "train.py:21"}
    mean = {**small, "op": len(ops) + 1, "function": "mean", "inputs": [len(ops)], "shape": []}
    both = {**mean, "op": len(ops) + 2, "function": "add", "inputs": [len(ops) - 1, len(ops) + 1]}
    graph.update(ops=[*ops, small, mean, both], loss=len(ops) + 2)
    of_kind(entries, "model")[0]["parameters"][0]["std"] = 1 / 60**0.5
    return as_example(entries)


@fooled("fires", "a trained part that is detached on purpose while the optimiser holds it: a note")
def trained_part(rng: np.random.Generator) -> Example:
    return as_example(_cut(rng, std=0.5))
