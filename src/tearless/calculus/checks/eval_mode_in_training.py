"""This run trains its model in evaluation mode.

## What it measures
At the looked-at steps, whether a model was called with gradients while it and all of its dropout and batch norm layers
stood in evaluation mode, and optimised layers stand beside them.

## Why it matters
Dropout does nothing then, and batch norm uses its running means, which no longer follow the data: what was meant to
keep the model from overfitting, or to keep its layers in range, is switched off. Usually `model.eval()` was called for
a validation and `model.train()` not again.

## The mathematics
Batch norm gives (x − μ)/σ with μ, σ of the batch in training and running means in evaluation; those start at 0 and 1
and move only in training mode. Dropout multiplies by a mask/(1−p) in training, and by 1 in evaluation. Exact: the modes
are read at the call.

## When it is wrong
Some fine-tune a whole model with dropout switched off on purpose.

## What to do
Call `model.train()` at the start of each epoch, and `model.eval()` before each validation.

## References
S. Ioffe and C. Szegedy, *Batch normalization*, ICML (2015), section 3.1. PyTorch documentation,
*torch.nn.Module.eval*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import held, moved
from tearless.calculus.modes_of_a_run import is_off
from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    listed,
    quoted,
    sick,
)
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Given, Model

MEND = Mend.contract

ANY = Limit(
    of="times",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.warning,
    because="A step either has its dropout and batch norm at work or has not: one is enough to know that the mode was "
    "not set before it.",
)

HEADLINE = "{model} is trained in evaluation mode: {modules} do not act as in training"
EVIDENCE = "in evaluation mode at {times} of {steps} looked-at steps, first at step {first}"
WHY = "dropout drops nothing there, and batch norm keeps using means that no longer follow the data"
DO = "call `model.train()` at the start of each epoch, after every `model.eval()`"


def measure(run: Run) -> Iterator[Measured]:
    calls = [g for g in run.given if g.gradients and g.used]
    if not calls:
        raise CannotTell("no call of a model was watched: run the script under `tearless watch`")
    modes = {m.model: _at_work(run, m) for m in run.models}
    if not any(modes.values()):
        raise NotApplicable("no optimised model has dropout or batch norm among its learning layers")
    still = {(g.model, g.step): _evaluating(g, modes.get(g.model, frozenset())) for g in calls}
    for one in calls:
        if not _evaluating(one, modes.get(one.model, frozenset())):
            still[one.model, one.step] = frozenset()
    by_model = {m: sorted(step for (model, step), found in still.items() if model == m and found) for m in modes}
    worst = max(sorted(by_model), key=lambda m: len(by_model[m]))
    steps, times = {step for model, step in still if model == worst}, by_model[worst]
    modules = still[worst, times[0]] if times else frozenset[str]()
    yield Measured(
        (),
        {
            "times": Number(len(times), "steps", "looked-at steps at which the model stood in evaluation mode"),
            "steps": Number(len(steps), "steps", "looked-at steps at which it was called"),
            "first": Number(times[0] if times else 0, "1", "the first of them"),
            "modules": Number(len(modules), "1", "its dropout and batch norm layers among learning layers"),
        },
        words={"model": quoted(worst), "modules": listed(sorted(modules), 3)},
    )


def _at_work(run: Run, model: Model) -> frozenset[str]:
    """The dropout and batch norm layers among layers that an optimiser moves; those of a frozen trunk are left out.

    A layer with parameters of its own counts by them, another by the parameters of the module that holds it.
    """
    mine = held(run) | moved(run)
    learning = {p.name.rpartition(": ")[2]: p.learns and p.name in mine for p in model.parameters}
    found = set()
    for path, kind in model.moody.items():
        own = [learns for name, learns in learning.items() if name.rpartition(".")[0] == path]
        around = path.rpartition(".")[0]
        near = own or [learns for name, learns in learning.items() if not around or name.startswith(f"{around}.")]
        # batch norm without parameters of its own, and dropout, belong to the module that holds them
        if any(near) and not is_off(run, path, kind):
            found.add(path)
    return frozenset(found)


def _evaluating(call: Given, at_work: frozenset[str]) -> frozenset[str]:
    """The layers that should be at work and are not, where the whole model stood in evaluation mode; else none.

    A model in training mode with some layers in evaluation mode was set so one by one, on purpose.
    """
    found = at_work & set(call.evaluating)
    return frozenset() if call.training or at_work & set(call.training_modes) else frozenset(found)


def _with_dropout(rng: np.random.Generator, evaluating: int = 0) -> Entries:
    """A healthy run with dropout after the first layer; the last ``evaluating`` looked-at steps in evaluation mode."""
    entries = healthy_run(rng)
    of_kind(entries, "model")[0]["moody"] = {"net.drop": "Dropout"}
    given = of_kind(entries, "given")
    for i, call in enumerate(given):
        off = i >= len(given) - evaluating
        call.update(training=not off, training_modes=[] if off else ["net.drop"])
        call["evaluating"] = ["net.drop"] if off else []
    return entries


@healthy
def in_training_mode(rng: np.random.Generator) -> Example:
    return as_example(_with_dropout(rng))


@healthy
def frozen_trunk(rng: np.random.Generator) -> Example:
    """The layers in evaluation mode belong to a part that does not learn."""
    entries = _with_dropout(rng, 16)
    model = of_kind(entries, "model")[0]
    model["moody"] = {"net.0.norm": "BatchNorm1d"}
    model["parameters"].append({"name": "net.0.norm.weight", "shape": [64], "learns": False})
    for call in of_kind(entries, "given"):
        call["evaluating"] = ["net.0.norm"]
    return as_example(entries)


@healthy
def some_on_purpose(rng: np.random.Generator) -> Example:
    entries = _with_dropout(rng, 16)
    for call in of_kind(entries, "given"):
        call["training"] = True
    return as_example(entries)


@sick
def never_in_training_mode(rng: np.random.Generator) -> Example:
    return as_example(_with_dropout(rng, 16))


@sick
def after_the_first_validation(rng: np.random.Generator) -> Example:
    return as_example(_with_dropout(rng, 5))


@fooled("fires", "a model fine-tuned with its dropout switched off on purpose looks as if the mode had been forgotten")
def without_dropout_on_purpose(rng: np.random.Generator) -> Example:
    return as_example(_with_dropout(rng, 16))
