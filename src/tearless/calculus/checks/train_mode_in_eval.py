"""This run evaluates its model in training mode.

## What it measures
The stretches without gradients in which a model in training mode answered with dropout or batch norm layers in training
mode, and its answers were compared with labels; and whether their samples were also seen in training.

## Why it matters
Dropout makes the score of a worse, random model; batch norm makes it depend on which samples share a batch, and lets
the validation samples into the running means that the model keeps. The score is not that of the model that will be
used.

## The mathematics
In training mode batch norm takes μ, σ of the batch: the answer to one sample is a function of all of them. Dropout
multiplies each number by 0 with probability p. Exact: the modes are read at the call.

## When it is wrong
Dropout kept on purpose to see how sure a model is (Monte Carlo dropout) looks the same where the whole model is put
into training mode.

## What to do
Call `model.eval()` before each evaluation, and `model.train()` after it.

## References
S. Ioffe and C. Szegedy, *Batch normalization*, ICML (2015), section 3.1. Y. Gal and Z. Ghahramani, *Dropout as a
Bayesian approximation*, ICML (2016).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.modes_of_a_run import is_off
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
)
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Evaluation

MEND = Mend.contract

HELD_OUT = Limit(
    of="times",
    at=1,
    unit="evaluations",
    kind="derived",
    severity=Severity.warning,
    because="A score is the model's own or it is not: one evaluation in training mode gives a number that the model in "
    "use will not reach, or will surpass.",
)
ANY = Limit(
    of="any",
    at=1,
    unit="evaluations",
    kind="derived",
    severity=Severity.note,
    because="The same on samples that the model is trained on, as when a training score is printed: only that score is "
    "off, and batch norm counts the batch twice.",
)

HEADLINE = "{model} is evaluated in training mode: {modules} act as in training"
EVIDENCE = "{any} of {evaluations} evaluations in training mode, {times} of them on samples not seen in training"
WHY = "the answers depend on chance or on the samples beside them, so the score is not that of the model in use"
DO = "call `model.eval()` before the evaluation{line}, and `model.train()` after it"


def measure(run: Run) -> Iterator[Measured]:
    scored = [e for e in run.evaluations if _scored(run, e)]
    if not scored:
        raise CannotTell("no evaluation was watched whose answers were compared with labels")
    acting = {e.training_modes: _acting(run, e) for e in scored}
    wrong = [e for e in scored if e.training and acting[e.training_modes]]
    learnt = {row for call in run.given for row in call.rows}
    new = [e for e in wrong if not e.rows or not any(row in learnt for row in e.rows)]
    first = (new or wrong or scored)[0]
    modules = acting[first.training_modes]
    line = f" at {first.line}" if first.line else ""
    yield Measured(
        (),
        {
            "times": Number(len(new), "evaluations", "in training mode, on samples not seen in training"),
            "any": Number(len(wrong), "evaluations", "in training mode"),
            "evaluations": Number(len(scored), "evaluations", "whose answers were compared with labels"),
            "layers": Number(len(modules), "1", "dropout and batch norm layers in training mode"),
        },
        words={"model": quoted(first.model), "modules": listed(modules, 3), "line": line},
    )


def _scored(run: Run, evaluation: Evaluation) -> bool:
    """Whether answers were compared with labels: else it may gather statistics, make samples or play."""
    return evaluation.loss is not None or evaluation.right is not None


def _acting(run: Run, evaluation: Evaluation) -> list[str]:
    """Its layers in training mode, without those that act alike in both modes."""
    kinds = {path: kind for model in run.models for path, kind in model.moody.items()}
    return [path for path in evaluation.training_modes if not is_off(run, path, kinds.get(path, ""))]


def _evaluated(rng: np.random.Generator, training: bool, modules: list[str]) -> Entries:
    entries = healthy_run(rng)
    for one in of_kind(entries, "evaluation"):
        one.update(training=training, training_modes=modules, line="train.py:30")
    return entries


@healthy
def in_evaluation_mode(rng: np.random.Generator) -> Example:
    return as_example(_evaluated(rng, training=False, modules=[]))


@healthy
def only_dropout_kept_on(rng: np.random.Generator) -> Example:
    """Monte Carlo dropout as it is usually written: the model evaluates, its dropout is put into training mode."""
    return as_example(_evaluated(rng, training=False, modules=["net.drop"]))


@healthy
def gathering_means(rng: np.random.Generator) -> Example:
    """Batch norm's means taken anew after averaging weights: training mode, no labels."""
    entries = _evaluated(rng, training=True, modules=["net.norm"])
    for one in of_kind(entries, "evaluation")[1:]:
        one.update(loss=None, right=None)
    of_kind(entries, "evaluation")[0].update(training=False, training_modes=[])
    return as_example(entries)


@healthy
def dropout_of_probability_nought(rng: np.random.Generator) -> Example:
    entries = _evaluated(rng, training=True, modules=["net.drop"])
    of_kind(entries, "model")[0]["moody"] = {"net.drop": "Dropout"}
    off = {"i": 0, "function": "dropout", "module": "net.drop", "options": {"p": 0.0}}
    return as_example([*entries, {"kind": "graph", "graph": 99, "step": 1, "ops": [off]}])


@sick
def mode_forgotten(rng: np.random.Generator) -> Example:
    return as_example(_evaluated(rng, training=True, modules=["net.norm", "net.drop"]))


@sick
def training_score_printed(rng: np.random.Generator) -> Example:
    entries = _evaluated(rng, training=True, modules=["net.drop"])
    for one in of_kind(entries, "evaluation"):
        one["rows"] = of_kind(entries, "given")[0]["rows"][:20]
    return as_example(entries)


@fooled("fires", "dropout kept on purpose by putting the whole model into training mode looks like a forgotten mode")
def monte_carlo(rng: np.random.Generator) -> Example:
    return as_example(_evaluated(rng, training=True, modules=["net.drop"]))
