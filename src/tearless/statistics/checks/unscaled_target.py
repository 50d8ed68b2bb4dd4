"""This run's target lies far from where the model's outputs start, and most of the run goes into getting there.

## What it measures
How far the target's mean and spread are from those of the first outputs, and for how much of the run the mean alone
would have been a better guess than the model.

## Why it matters
A layer as PyTorch makes it gives outputs near 0, about as large as 1. Where the target is a price in hundreds of
thousands, the model has to learn the mean and the unit first. Adam moves a weight by at most about the rate a step;
gradient descent gets gradients in proportion to the error, which throw the weights off.

## The mathematics
With outputs near 0 the first squared error is m² + s², that of the mean alone is s², so the model is worse than a
constant until it has moved by m. An output of a bias and H weights on units of size a moves by at most rate · (1 + H a)
a step under Adam: m takes at least m / (rate · (1 + H a)) steps. Standardised targets have m = 0, s = 1, and the model
is better than the constant from the start on.

## When it is wrong
A target that cannot be predicted leaves the model no better than its mean as well; then the distance at the start is
small, unless its unit is large too.

## What to do
Learn `(y - y_train.mean()) / y_train.std()` and put mean and spread back on the predictions; or start the last bias at
the mean: `model[-1].bias.data.fill_(y_train.mean())`. For targets over several powers of ten, learn the logarithm.

## References
C. M. Bishop, *Neural Networks for Pattern Recognition* (1995), section 8.2. D. P. Kingma, J. Ba, *Adam*, ICLR (2015),
section 2.1 (the bound on a step).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
    sick,
)
from tearless.readers.training.learnt import against_constant
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

MEND = Mend.data
SYMPTOM_OF = ("no-update", "no-gradient", "broadcast-loss", "gradient-ascent", "missing-zero-grad", "detached-graph")

FAR_APART = Limit(
    of="apart",
    at=10,
    unit="times",
    kind="convention",
    because="A power of ten. Below it the error at the start is at most a hundred times the variance of the target, "
    "which a model loses in its first steps. No theorem singles out the number.",
)
NOT_AT_HAND = Limit(
    of="size",
    at=3,
    unit="times",
    kind="convention",
    because="Outputs of a fresh network lie around 1: a target whose mean or spread is within a factor of 3 of that is "
    "at hand, and where the outputs are far from it the weights are at fault. No theorem singles out the number.",
)
SOME_OF_THE_RUN = Limit(
    of="lost",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A tenth of the steps went into what two numbers, known beforehand, would have given. No theorem "
    "singles out the number.",
)
HALF_THE_RUN = Limit(
    of="lost",
    at=0.5,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Half of the steps went into what two numbers, known beforehand, would have given. No theorem "
    "singles out the number.",
)

HEADLINE = (
    "the target is not scaled: its mean is {mean} and its spread {spread}, the first outputs have {output} and {width}"
)
EVIDENCE = (
    "for {lost} of the run the mean alone was a better guess than the model; at the end the loss was {gained} below it"
)
WHY = "the steps go into learning the mean and the unit of the target, which are known beforehand"
DO = "learn `(y - {mean}) / {spread}`, the training set's mean and spread, and put them back on the predictions"


def measure(run: Run) -> Iterator[Measured]:
    found = against_constant(run)
    if found.kind not in ("squares", "distances"):
        raise NotApplicable("the loss compares classes, not quantities")
    first = min(found.calls, key=lambda call: call.step)
    apart = _apart(first)
    if apart is None:
        raise CannotTell("the mean and spread of the first outputs and targets are needed")
    yield Measured(
        (),
        {
            "apart": Number(apart, "times", "the largest of: means apart in spreads of the target, spreads apart"),
            "size": Number(_size(first), "times", "the largest of: the mean's size, the spread, 1 by the spread"),
            "lost": Number(found.above(1.0), "share", "of the run, from its start, in which the mean was better"),
            "gained": Number(found.gained, "share", "share of the loss of the mean alone that was removed at the end"),
            "mean": Number(first.target.mean, "1", "mean of the first targets"),
            "spread": Number(first.target.std, "1", "their spread"),
            "output": Number(first.input.mean, "1", "mean of the first outputs"),
            "width": Number(first.input.std, "1", "their spread"),
        },
    )


def _size(call: Loss) -> float:
    """How far the target is from what has mean 0 and spread 1."""
    mean, spread = abs(call.target.mean or 0.0), call.target.std or 0.0
    return max(mean, spread, 1 / spread if spread > 0 else 0.0)


def _apart(call: Loss) -> float | None:
    """How far targets and outputs start from one another; outputs of a layer set to 0 count as of spread 1."""
    m, s, a, b = call.target.mean, call.target.std, call.input.mean, call.input.std
    if m is None or s is None or a is None or b is None or s <= 0:
        return None
    return max(abs(m - a) / s, s / max(b, 1.0), b / s)


@healthy
def standardised(rng: np.random.Generator) -> Example:
    return as_example(_regression(healthy_run(rng), 0.0, 1.0, 0.3))


@healthy
def far_but_soon_there(rng: np.random.Generator) -> Example:
    return as_example(_regression(healthy_run(rng), 150.0, 77.0, 3000.0))


@healthy
def near_but_nothing_to_learn(rng: np.random.Generator) -> Example:
    return as_example(_regression(healthy_run(rng), 0.0, 1.0, 1.05))


@sick
def prices(rng: np.random.Generator) -> Example:
    return as_example(_regression(healthy_run(rng), 2e5, 1e5, 5e10))


@sick
def learned_at_last(rng: np.random.Generator) -> Example:
    entries = _regression(healthy_run(rng), 150.0, 10.0, 30.0)
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [*[20000.0] * 30, *losses["values"][30:]]
    for entry in of_kind(entries, "loss"):
        entry["value"] = losses["values"][entry["step"] - 1]
    return as_example(entries)


@fooled("fires", "a large target that cannot be predicted is blamed for its unit")
def large_and_random(rng: np.random.Generator) -> Example:
    return as_example(_regression(healthy_run(rng), 0.0, 5000.0, 2.6e7))


def _regression(entries: list[dict[str, object]], mean: float, std: float, loss: float) -> list[dict[str, object]]:
    target = {"shape": [SAMPLES], "dtype": "float32", "mean": mean, "std": std, "low": mean - std, "high": mean + std}
    given = {"shape": [SAMPLES], "dtype": "float32", "mean": 0.01, "std": 0.3, "low": -1.0, "high": 1.0}
    for entry in of_kind(entries, "loss"):
        entry |= {
            "function": "mse_loss",
            "target": target,
            "input": given,
            "value": loss,
            "predicted": {},
            "right": None,
        }
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [loss] * len(losses["values"])
    return entries
