"""This run has parameters that the loss depends on and that no optimiser moves.

## What it measures
The parameters of models that were called which require a gradient, from which a way leads to the loss, which no
optimiser of the run holds and which no step moved. Three kinds are told apart: hidden (kept in a plain list, dict or
attribute, where `model.parameters()` does not find them), replaced (made after the optimiser, which still holds
the old ones), and left out.

## Why it matters
Their gradient is computed at every step and used by nobody: they stay random, and the rest learns on top of noise.

## The mathematics
Exact: sets of tensors by identity. For those left out their purpose is asked: a usual start has a known spread (1/√(3a)
for PyTorch's layers of fan-in a, and so on), and the spread of n draws has the relative standard error of at most
1/√(2n). Weights that stand there are untrained, and an untrained part that nobody trains is no purpose.

## When it is wrong
Random features that are kept fixed on purpose, but without `requires_grad_(False)`, look the same.

## What to do
Make the optimiser after the model is complete, from `model.parameters()`; keep layers in `nn.ModuleList` or
`nn.ModuleDict`, tensors in `nn.Parameter`. Freeze on purpose with `requires_grad_(False)`.

## References
PyTorch documentation, *torch.optim*, constructing it; *torch.nn.ModuleList*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import (
    after,
    connected,
    held,
    moved,
    place,
    stale_shapes,
    trained_before,
    untrained,
)
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, listed, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract

SURELY = Limit(
    of="surely",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.error,
    because="A parameter that the loss needs, that nobody trained and that no optimiser holds stays random: one is "
    "enough.",
)
AFTER_TRAINED = Limit(
    of="behind",
    at=1,
    unit="parameters",
    kind="convention",
    severity=Severity.warning,
    because="Who keeps trained layers as they are keeps the first ones: what stands after layers that learn, was not "
    "loaded and never trained, was hardly left out on purpose. No theorem singles out the number.",
)
LEFT_OUT = Limit(
    of="left_out",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.note,
    because="Parameters that were trained before may be left out on purpose; then `requires_grad_(False)` spares the "
    "time of their gradients.",
)

HEADLINE = "{left_out} of {parameters} parameters stay as they are, since {why_not}: {names}"
EVIDENCE = "left out {left_out}, of which {hidden} hidden from the model and {replaced} made after the optimiser"
WHY = "the loss depends on them, but no optimiser moves them: they keep their first values"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    if not run.steps and not _all_frozen(run):
        raise CannotTell("this needs steps that were watched: run the script under `tearless watch`")
    whole = run.parameters
    reached = {name for graph in run.graphs.values() for name in connected(graph)}
    mine = held(run) | moved(run)
    places, gone = {place(name) for name in reached}, stale_shapes(run)

    def needed(name: str) -> bool:
        # graphs are kept once for models alike, under the first one's names: its successor is known by place and shape
        return name in reached or (place(name) in places and str(whole[name].shape) in gone)

    left = sorted(n for n, p in whole.items() if p.learns and needed(n) and n not in mine)
    hidden = [n for n in left if not whole[n].registered]
    stale = sum(o.stale for o in run.optimizers)
    replaced = [n for n in left if whole[n].registered] if stale else []
    others = [n for n in left if n not in hidden and n not in replaced]
    new = untrained(run, others)
    frozen = sorted(whole) if _all_frozen(run) else []
    once = trained_before(run)
    late = {n for graph in run.graphs.values() for n in after(graph, [n for n in others if n not in once], mine)}
    sure = [*hidden, *replaced, *frozen, *(others if new is not None and new >= 0.5 else [])]
    what, do = _words(bool(frozen), hidden, replaced, run.optimizers[0].name if run.optimizers else "")
    yield Measured(
        (),
        {
            "surely": Number(len(sure), "parameters", "of them, those that this cannot be meant for"),
            "behind": Number(len(late), "parameters", "of them, new ones behind layers that learn"),
            "left_out": Number(len(left) + len(frozen), "parameters", "needed by the loss and moved by no optimiser"),
            "hidden": Number(len(hidden), "parameters", "of them, in a plain list, dict or attribute"),
            "replaced": Number(len(replaced), "parameters", "of them, in place of ones that the optimiser still holds"),
            "parameters": Number(len(whole), "parameters", "parameters of the models that were called"),
        },
        words={"names": listed(left or frozen, 3), "why_not": what, "do": do},
    )


def _all_frozen(run: Run) -> bool:
    """Every parameter has ``requires_grad=False``, and the backward call failed of it."""
    none_learns = bool(run.parameters) and not any(p.learns for p in run.parameters.values())
    return none_learns and "does not require grad" in run.end.error


def _words(frozen: bool, hidden: list[str], replaced: list[str], optimizer: str) -> tuple[str, str]:
    made = f"torch.optim.{optimizer}" if optimizer.isidentifier() else "the optimiser"
    if frozen:
        return "all have requires_grad=False", "unfreeze what should learn: `p.requires_grad_(True)`"
    if hidden:
        return (
            "a plain list or attribute hides them from `model.parameters()`",
            "keep layers in `nn.ModuleList` or `nn.ModuleDict` and tensors in `nn.Parameter`, then make the optimiser",
        )
    if replaced:
        return "they were made after the optimiser, which still holds the old ones", (
            f"make the optimiser ({made}) after the last change of the model's layers"
        )
    return "no optimiser holds them", (
        f"give them to the optimiser (`{made}(model.parameters(), ...)`), or freeze them with `requires_grad_(False)`"
    )


def _left_out(rng: np.random.Generator, std: float = 1 / 60**0.5) -> Entries:
    """The first layer is in no optimiser; ``std`` is the spread of its weights (fresh: 1/√60)."""
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0]["parameters"] = [[p["name"] for p in _parameters(entries)[2:]]]
    for p in _parameters(entries)[:2]:
        p["optimized"] = False
    _parameters(entries)[0]["std"] = std
    for step in of_kind(entries, "step"):
        for name in ("parameters", "gradient", "weight", "update", "same", "bad"):
            step[name] = step[name][2:]
    return entries


def _parameters(entries: Entries) -> Entries:
    found: Entries = of_kind(entries, "model")[0]["parameters"]
    return found


@healthy
def all_held(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def frozen_on_purpose(rng: np.random.Generator) -> Example:
    entries = _left_out(rng)
    for p in _parameters(entries)[:2]:
        p["learns"] = False
    return as_example(entries)


@sick
def forgotten(rng: np.random.Generator) -> Example:
    return as_example(_left_out(rng))


@sick
def head_forgotten(rng: np.random.Generator) -> Example:
    """The last layer, of another first spread than usual, is in no optimiser."""
    entries = healthy_run(rng)
    last = _parameters(entries)[-2:]
    of_kind(entries, "optimizer")[0]["parameters"] = [[p["name"] for p in _parameters(entries)[:-2]]]
    for p in last:
        p.update(optimized=False, std=0.01)
    for step in of_kind(entries, "step"):
        for name in ("parameters", "gradient", "weight", "update", "same", "bad"):
            step[name] = step[name][:-2]
    return as_example(entries)


@sick
def in_a_list(rng: np.random.Generator) -> Example:
    entries = _left_out(rng, 0.5)
    for p in _parameters(entries)[:2]:
        p["registered"] = False
    return as_example(entries)


@sick
def replaced_later(rng: np.random.Generator) -> Example:
    entries = _left_out(rng, 0.5)
    of_kind(entries, "optimizer")[0]["stale"] = 2
    return as_example(entries)


@fooled("fires", "a trained part left out on purpose, but not frozen: a note, for its gradients are still computed")
def a_trained_part(rng: np.random.Generator) -> Example:
    return as_example(_left_out(rng, 0.5))
