"""This run asks its last layer for values that its activation cannot give.

## What it measures
The range of the function that made the input of the loss (sigmoid 0 to 1, tanh −1 to 1, ReLU from 0), against the range
of the targets, or against the scores from −∞ to ∞ that a softmax or sigmoid inside the loss expects. For errors it
estimates the share of the targets' variance that lies out of reach.

## Why it matters
Part of each such target can never be met: the loss stops at a floor, and the activation is driven to its flat end,
where gradients vanish. A ReLU before a softmax cuts off all scores below 0, and a class cut off for a sample learns
nothing from it.

## The mathematics
With outputs in [a, b] the squared error is at least E[d²], d the distance of the target from [a, b]. For normal
targets of mean m and deviation s, with t = (b − m)/s, the part above is s²[(1 + t²) Q(t) − t φ(t)], the part below
alike; it is never more than the farthest target's d². As a share of s² it is the variance that stays unexplained. In
the loss: scores in [−1, 1] leave cross entropy ln(1 + (C − 1)/e²), 0.797 for 10 classes, and the logistic loss 0.3133;
scores from 0 on leave each 0 a logistic loss of ln 2. Targets outside [0, 1] leave the logistic loss no minimum: its
slope σ(z) − y is never 0, and it falls without end.

## When it is wrong
Targets with rare far outliers may be cut off on purpose. The estimate takes targets as roughly normal.

## What to do
Scale the targets into the range, or leave the last activation out.

## References
I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press 2016, section 6.2.2. N. L. Johnson, S. Kotz,
N. Balakrishnan, *Continuous Univariate Distributions 1*, 2nd ed., Wiley 1994, section 13.10 (truncated normal moments).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import LossCall, loss_calls
from tearless.probability.ranges_of_a_run import LOGISTIC, range_of, share_lost
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("loss-mismatch",)

OUT_OF_REACH = Limit(
    of="lost",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="A twentieth of the variance that no weights can explain is more than most changes to a model gain; R² "
    "then ends below 0.95 at best. A loss without a minimum counts as 1.",
)
SOME = Limit(
    of="lost",
    at=0.01,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="From a hundredth of the variance on the flat end of the activation is used by more than single outliers. "
    "Scores cut at 0 before a softmax count as much: they leave no floor, and silence whole classes.",
)

HEADLINE = "{what}"
EVIDENCE = "targets from {low} to {high}, output from {least} to {most} at best; {lost} of the variance out of reach"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    calls = [call for call in loss_calls(run) if call.loss.made_by]
    if not calls:
        raise CannotTell("this needs the input of the loss: run the script under `tearless watch`")
    places: dict[tuple[str, str], list[LossCall]] = defaultdict(list)
    for call in calls:
        places[call.loss.function, call.loss.line].append(call)
    judged = {place: [share_lost(call) for call in some] for place, some in places.items()}
    place = max(judged, key=lambda one: float(np.median(judged[one])))
    lost = float(np.median(judged[place]))
    call = places[place][int(np.argmax(judged[place]))]
    a, b = range_of(call)
    low, high = call.loss.target.low, call.loss.target.high
    what, why, do = _words(call, lost)
    yield Measured(
        (),
        {
            "lost": Number(lost, "share", "share of the loss's range that the last activation puts out of reach"),
            "low": Number(low, "1", "lowest target of a batch"),
            "high": Number(high, "1", "highest target of a batch"),
            "least": Number(a if math.isfinite(a) else None, "1", "lowest value that the output can take"),
            "most": Number(b if math.isfinite(b) else None, "1", "highest value that the output can take"),
        },
        words={"what": what, "why": why, "do": do, "least": f"{a:.3g}", "most": f"{b:.3g}".replace("inf", "∞")},
    )


def _words(call: LossCall, lost: float) -> tuple[str, str, str]:
    function, target, (a, b) = call.loss.function, call.loss.target, range_of(call)
    loss = f"`{function}`{call.place}" if function != "expression" else f"the loss{call.place}"
    if function in LOGISTIC and lost >= 1:
        what = f"{loss} expects targets from 0 to 1 and gets {target.low:.4g} to {target.high:.4g}"
        why = "its slope σ(z) − y is 0 nowhere for such a target: scores and loss run away without end"
        return what, why, f"scale the targets of {loss} into 0 to 1, or use `mse_loss`"
    if function in ("cross_entropy", LOGISTIC[0]):
        what = f"{loss} expects scores of any size and gets the output of `{call.last}`, {a:.3g} to {b:.3g}"
        why = "what the activation cuts off is lost: the chances that the loss can reach are bounded"
        return what.replace("inf", "∞"), why, f"leave `{call.last}` out after the last layer"
    low, high = (f"{one:.4g}" if one is not None else "?" for one in (target.low, target.high))
    what = f"the output of `{call.last}` stays in {a:.3g} to {b:.3g}, and the targets of {loss} go from {low} to {high}"
    why = "what lies outside can never be met: the loss has a floor, and the activation is driven to its flat end"
    scaled = "(target − target.min()) / (target.max() − target.min())" if b == 1 and a == 0 else "targets to this range"
    return what.replace("inf", "∞"), why, f"leave `{call.last}` out after the last layer, or scale: {scaled}"


def _regression(rng: np.random.Generator, last: str, low: float, high: float, function: str = "mse_loss") -> Entries:
    entries = healthy_run(rng)
    for loss in of_kind(entries, "loss"):
        loss |= {"made_by": [last, "linear", "relu"], "function": function, "op": None}
        mean, std = (low + high) / 2, (high - low) / 5
        loss["target"] = {"shape": [128, 3], "low": low, "high": high, "mean": mean, "std": std}
    return entries


@healthy
def pixels_and_sigmoid(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, "sigmoid", 0.0, 1.0))


@healthy
def scores_of_any_size(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def standardised_and_sigmoid(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, "sigmoid", -2.5, 2.5))


@sick
def standardised_and_relu(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, "relu", -2.5, 2.5))


@sick
def relu_before_softmax(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for loss in of_kind(entries, "loss"):
        loss["made_by"] = ["relu", "linear"]
    return as_example(entries)


@fooled("fires", "targets with far outliers that are cut off on purpose look as targets that were not scaled")
def cut_off_on_purpose(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, "tanh", -2.0, 2.0))
