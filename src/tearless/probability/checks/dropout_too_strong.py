"""This model drops so many of its units that it cannot show in training what it has learnt.

## What it measures
The largest probability p of a dropout, and what it withholds: by how much the training loss late in the run lies above
the loss in evaluation, over what evaluation is below the loss of a constant. Where no evaluation tells a loss, shares
of right answers stand in. From p = 0.8 on, and where no evaluation is told, half of what was not learnt counts too.

## Why it matters
The gradient is that of the noise more than of the task: training is slow and ends early, at a loss that says little of
the model.

## The mathematics
Dropout keeps x with probability 1 − p and divides by it: the mean stays, and the variance it adds is x²·p/(1 − p). At
p = 1/2 noise and signal are equal, at 0.8 the noise has four times the signal's power, at 0.95 nineteen times. Only
width averages it out: (1 − p)·n of n units are left.

## When it is wrong
Very wide layers, and inputs whose neighbours say the same, bear more. Held-out rows that are easier than the training
rows make the same gap.

## What to do
PyTorch's p is the part that is dropped, not kept. Take 0.1 to 0.5, and less before narrow layers.

## References
N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, *Dropout*, JMLR 15 (2014), 1929-1958.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    quoted,
    sick,
    visible,
)
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.learnt import Learnt, learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.capacity
SYMPTOM_OF = ("train-mode-in-eval", "learning-rate-too-high", "bad-init")
DROPOUTS = (
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "alpha_dropout",
    "feature_alpha_dropout",
    "feature_dropout",
)

STRONG = 0.8
"""From here on, where the noise has four times the signal's power, a model that learnt little is one sign enough."""

NOISY = Limit(
    of="noise",
    at=2.0,
    unit="1",
    kind="derived",
    because="p/(1 − p) is the power of the noise over that of the signal: 1 at p = 1/2, the strongest in common use. "
    "From 2 (p = 2/3) on noise clearly outweighs what the units say.",
)
WITHHELD = Limit(
    of="withheld",
    at=0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A quarter of what the model has learnt is then not to be had in training. Dropout at 1/2 withholds some "
    "percent. No theorem singles out the number.",
)

HEADLINE = "dropout at p = {p} leaves {left} of {units} units at {where}: the noise is {noise} times the signal"
EVIDENCE = "training loss {train_loss} late{against}; {withheld} of what was learnt is withheld"
WHY = "most of the gradient is the noise of which units were dropped: training is slow and ends early"
DO = "take a smaller p, `torch.nn.Dropout(0.3)`{at}: PyTorch's p is the part that is dropped, not the part that is kept"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = [op for graph in run.graphs.values() for op in graph.ops if op.used and plain(op) in DROPOUTS and _p(op)]
    if not found:
        raise NotApplicable("no dropout was seen in training")
    op = max(found, key=_p)
    p = _p(op)
    units = op.shape[1] if plain(op) in DROPOUTS[1:4] and len(op.shape) > 2 else op.shape[-1] if op.shape else 1
    told = learnt(run)
    share, against = _withheld(run, p)
    yield Measured(
        (),
        {
            "p": Number(p, "1", "largest probability of a dropout"),
            "noise": Number(p / (1 - p) if p < 1 else 1e9, "1", "power of the noise over that of the signal"),
            "units": Number(units, "units", "units of that layer"),
            "left": Number((1 - p) * units, "units", "units that stay, on average"),
            "withheld": Number(share, "share", "training loss above that in evaluation, over what was learnt"),
            "train_loss": Number(told.late if told else None, "1", "training loss late in the run"),
        },
        words={
            "where": quoted(op.module or plain(op)),
            "against": against,
            "at": f" in {visible(op.line, 60)}" if op.line else "",
        },
    )


def _p(op: Op) -> float:
    p = op.options.get("p", 0.5)
    return float(p) if isinstance(p, (int, float)) and op.options.get("training", True) else 0.0


def _withheld(run: Run, p: float) -> tuple[float | None, str]:
    """The part of what was learnt that training does not show, and what it was seen against."""
    told = learnt(run)
    progress = None if told is None else told.progress
    unlearnt = None if progress is None else (1 - progress) / 2
    gap, against = _gap(run, told)
    if gap is None or (p >= STRONG and unlearnt is not None and unlearnt > gap):
        return unlearnt, against
    return gap, against


def _gap(run: Run, told: Learnt | None) -> tuple[float | None, str]:
    half = len(run.losses) / 2
    ends = [one for one in run.evaluations if one.step > half and not one.training_modes]
    losses = [one.loss for one in ends if one.loss is not None and math.isfinite(one.loss)]
    if told is not None and losses and math.isfinite(told.late):
        level = told.constant if told.constant is not None else told.start
        held = float(np.median(losses[-3:]))
        if level > held:
            return min(1.0, (told.late - held) / (level - held)), f", {held:.3g} in evaluation"
    right = [one.right for one in ends if one.right is not None]
    calls = [call for call in run.loss_calls if not call.evaluating and call.step > half]
    seen = [call.right for call in calls if call.right is not None]
    if right and seen and right[-1] > 0:
        return (right[-1] - float(np.mean(seen))) / right[-1], f", {100 * right[-1]:.3g} % right in evaluation"
    return None, ""


def _dropping(rng: np.random.Generator, p: float, train: float, held: float | None) -> Entries:
    """A run with a dropout after its first layer, its losses late in training and in evaluation."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[3].update(function="dropout", module="net.drop", kind="Dropout", options={"p": p, "training": True})
    curve = 1.0986 - (1.0986 - train) * np.minimum(1, np.arange(100) / 50) + rng.normal(0, 0.02, 100)
    of_kind(entries, "losses")[0]["values"] = curve.tolist()
    for call in of_kind(entries, "loss"):
        call["value"] = float(curve[call["step"] - 1])
        call["right"] = float(np.exp(-call["value"]))
    for one in of_kind(entries, "evaluation"):
        one.update(loss=held, right=None if held is None else float(np.exp(-held)))
    return entries


@healthy
def half_is_dropped(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.5, 0.5, 0.15))


@healthy
def much_is_dropped_and_borne(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.75, 0.2, 0.1))


@sick
def one_in_twenty_stays(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.95, 0.95, 0.4))


@sick
def meant_as_the_part_kept(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.9, 0.9, None))


@fooled("fires", "the held-out rows are easier than the training rows, and would show the gap without any dropout")
def easy_rows_held_out(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.7, 0.5, 0.1))


@sick
def kept_from_learning(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.9, 1.0, 0.98))


@fooled("silent", "the noise at 0.7 keeps the model from learning, in training as in evaluation: no gap shows it")
def kept_from_learning_at_less(rng: np.random.Generator) -> Example:
    return as_example(_dropping(rng, 0.7, 1.0, 0.98))
