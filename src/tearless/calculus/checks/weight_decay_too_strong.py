"""This run's weight decay shrinks the weights faster than the gradient can build them.

## What it measures
How many times the decay alone would shrink the weights by e over the run (rate times decay,
summed over its steps), what is left of the norms of the weight matrices it acts on, and what is left of the first
loss.

## Why it matters
Weights that are pulled to 0 as fast as they grow can express nothing: the outputs of the model become equal, and the
loss stays near that of a constant, however long the run.

## The mathematics
Decay multiplies the weights by 1 − ηλ at each step: by e^(−Σηλ) over the run, unless the gradient
holds against it. Under AdamW the weights come to rest at a root mean square of about √(η/2λ) after 1/(ηλ) steps.
Where decay is a part of the gradient, they rest where λ‖w‖ is the loss's gradient; with a momentum β the rate counts
1/(1 − β) times. Through a network of L layers shrunk by s each, the output shrinks by s^L. High decay alone is no
fault: in front of a normalisation the size of weights has no meaning, and the loss then falls. Both must be seen.

## When it is wrong
Weights may be small because the answer is: a regression on inputs that say little shrinks them rightly, and its loss
ends high.

## What to do
Divide the decay until one e-folding takes several passes over the data: 1/(ηλ) steps well above those of an epoch.

## References
Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019. Kosson, Messmer and Jaggi, *Rotational
equilibrium*, ICML 2024 (arXiv:2305.17212). Wang and Aitchison, *How to set AdamW's weight decay*, arXiv:2405.13698.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set

import numpy as np

from tearless.calculus.loss_curve import levels
from tearless.calculus.optimiser_bounds import decouples_decay, known_optimizer, momentum, number_of, scales_gradients
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
from tearless.core.number import shown
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

MEND = Mend.optimiser
SYMPTOM_OF = ("no-gradient", "gradient-erased", "detached-graph", "constant-input", "bad-init")

FOLDS = Limit(
    of="folds",
    at=1.0,
    unit="foldings",
    kind="derived",
    because="Below one e-folding the decay alone leaves more than a third of the weights over the whole run: too slow "
    "to undo what the gradient builds.",
)
SHRUNK = Limit(
    of="kept",
    at=lambda held: 2 / 3 if held < 0.5 else math.inf,
    crossed="below",
    unit="share",
    kind="convention",
    because="The weights of a network that learns grow or keep their size; a third of the norm gone in the typical "
    "matrix says that decay prevails. So does a decay that alone would move the weights half as far as the steps do.",
)
LEFT = Limit(
    of="left",
    at=lambda held: 0.6 if held < 0.5 else 0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Weights that shrink do no harm where the loss falls; six tenths of the first loss left say that it "
    "did not. A quarter is enough where the gradient does no more than hold against the decay.",
)

HEADLINE = "weight decay {decay} holds the weights at {kept} of their size, and {left} of the first loss is left"
EVIDENCE = (
    "decay alone would shrink them by e in {folding} steps, {folds} times in all; late it moves them {held} "
    "times as far as the steps do"
)
WHY = "weights that are pulled to 0 as fast as they grow can express nothing"
DO = "set `weight_decay={remedy}` or less: then one such shrinking takes ten runs"


def measure(run: Run) -> Iterator[Measured]:
    optimizer = known_optimizer(run)
    group = max(optimizer.groups, key=lambda g: number_of(g, "weight_decay"))
    decay = number_of(group, "weight_decay")
    if decay <= 0:
        raise NotApplicable("the optimiser decays no weights")
    looked = run.looked_at(2)
    curve = levels(run.losses)
    rates = run.rates[np.isfinite(run.rates)]
    if not rates.size:
        raise CannotTell("this needs the learning rate of the steps")
    pull = _pull(optimizer.name, decouples_decay(optimizer), momentum(group))
    folds = float(rates.mean() * run.losses.size * decay * pull)
    first, last = looked[0].by_name("weight"), looked[-1].by_name("weight")
    matrices = {p.name for p in run.parameters.values() if len(p.shape) > 1}
    kept = [
        last[n] / first[n] for n in first if n in matrices and first[n] > 0 and math.isfinite(last.get(n, math.nan))
    ]
    yield Measured(
        (),
        {
            "folds": Number(folds, "foldings", "times that decay alone would shrink the weights by e over the run"),
            "kept": Number(float(np.median(kept)) if kept else None, "share", "of a matrix's norm at the end, median"),
            "held": Number(
                _held(looked, matrices, decay * pull), "times", "what decay alone moves over what a step moves, late"
            ),
            "left": Number(min(1e9, curve.left), "share", "of the first loss at the end"),
        },
        words={
            "decay": shown(decay),
            "folding": shown(run.losses.size / folds) if folds > 0 else "no number of",
            "remedy": f"{decay * min(0.1, 0.1 / folds):.1g}" if folds > 0 else "0",
        },
    )


def _held(looked: Sequence[Step], matrices: Set[str], decay: float) -> float:
    """The move of the matrices by decay alone over that of the steps of the second half, median; 0 where unknown."""
    found = []
    for step in looked[len(looked) // 2 :]:
        weight, update = step.by_name("weight"), step.by_name("update")
        size, moved = (math.hypot(*(one[n] for n in matrices if n in one)) for one in (weight, update))
        if step.rates and moved > 0 and math.isfinite(moved) and math.isfinite(size):
            found.append(step.rates[0] * decay * size / moved)
    return float(np.median(found)) if found else 0.0


def _pull(name: str, decoupled: bool, beta: float) -> float:
    """How often the rate counts for the decay: with the momentum that it passes through. Adam's scaling of a decay that
    is part of the gradient has no fixed factor; 1 is less than it is wherever gradients are below 1."""
    return 1.0 if decoupled or scales_gradients(name) else 1.0 / (1.0 - beta)


def _decayed(rng: np.random.Generator, decay: float, kept: float, left: float) -> Example:
    return as_example(_decay(rng, decay, kept, left))


def _decay(rng: np.random.Generator, decay: float, kept: float, left: float, rate: float = 1e-3) -> Entries:
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0].update(name="AdamW", groups=[{"lr": rate, "weight_decay": decay}])
    series = of_kind(entries, "losses")[0]
    series["rates"] = [rate] * 100
    series["values"] = (1.1 * (left + (1 - left) * np.exp(-np.arange(100) / 15)) + rng.normal(0, 0.01, 100)).tolist()
    for step in of_kind(entries, "step"):
        step["weight"] = [w * (kept + (1 - kept) * math.exp(-step["step"] / 10)) for w in step["weight"]]
    return entries


@healthy
def high_and_fine(rng: np.random.Generator) -> Example:
    """Before a normalisation: the weights come to rest at a smaller size, and the loss falls."""
    return _decayed(rng, 30.0, 0.3, 0.2)


@healthy
def usual_decay_and_little_learned(rng: np.random.Generator) -> Example:
    return _decayed(rng, 0.1, 0.4, 0.9)


@healthy
def weights_hold_against_it(rng: np.random.Generator) -> Example:
    entries = _decay(rng, 20.0, 1.1, 0.8)
    for step in of_kind(entries, "step"):
        step |= {"rates": [1e-3], "update": [0.3 * w for w in step["weight"]]}
    return as_example(entries)


@sick
def balanced_by_the_gradient(rng: np.random.Generator) -> Example:
    """The weights keep their size: all that the gradient does is to hold against the decay."""
    entries = _decay(rng, 20.0, 0.95, 0.4)
    for step in of_kind(entries, "step"):
        step |= {"rates": [1e-3], "update": [0.01 * w for w in step["weight"]]}
    return as_example(entries)


@sick
def pulled_to_nothing(rng: np.random.Generator) -> Example:
    return _decayed(rng, 60.0, 0.02, 0.97)


@fooled("fires", "where the inputs say little the best weights are small and the loss ends high at any decay")
def little_to_say(rng: np.random.Generator) -> Example:
    return _decayed(rng, 15.0, 0.3, 0.8)
