"""This run clips its gradients to so little that its steps lead nowhere.

## What it measures
How often the gradient's norm was above what clipping allows and by how much, what that does to a step of this
optimiser, and what all steps together then promise, as a share of the first loss.

## Why it matters
Clipping is there for the rare gradient that would throw the model. Where it cuts every one to a
thousandth it is a rate divided by a thousand: the loss hardly moves and nothing looks wrong.

## The mathematics
Clipping multiplies a gradient of norm n by c = most/n. A step of plain descent shrinks by c. One
of Adam divides by the size of the gradient, so c cancels, until the clipped numbers come near its ε: with a typical
size s the step shrinks by (c·s/(c·s + ε)) / (s/(s + ε)). So clipping at every step is harmless in Transformers
trained by Adam, and the effect is what is judged: the promises −g·d of all steps, added up, bound what the run can
win.

## When it is wrong
A model that starts from trained weights has little to win. Norms are those of the looked-at steps.

## What to do
Allow about the norm that gradients usually have, or raise the rate by as much as the steps were shortened.

## References
Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013, section 3.2.
Zhang, He, Sra and Jadbabaie, *Why gradient clipping accelerates training*, ICLR 2020.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tearless.calculus.loss_curve import levels
from tearless.calculus.optimiser_bounds import known_optimizer, normal_cut, number_of, scales_gradients
from tearless.calculus.reduction import promises
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
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
SYMPTOM_OF = ("missing-zero-grad", "unscaled-input", "unscaled-target", "wrong-accumulation", "exploding-gradient")

FAR = 100.0
"""A gradient so many times as long as clipping allows is not the rare one that clipping is for."""

SHORTENED = Limit(
    of="shortened",
    at=5.0,
    unit="times",
    kind="convention",
    because="Half of the steps are made a fifth or less: what a search over rates by factors of 3 cannot miss.",
)
PROMISED = Limit(
    of="promised",
    at=lambda shortened, left: 0.5 if shortened < FAR else 1.0 if left < 0.95 else 10.0,
    crossed="below",
    unit="share",
    kind="derived",
    because="Promises that add up to under half of the first loss cannot halve it, were every one of them kept. Where "
    "steps are cut to a hundredth, no rate was chosen for that: then promises of less than the first loss, which "
    "cannot bring it to 0, are enough; where nothing was learnt, ten times as much, for few looks tell a sum roughly.",
)
LEFT = Limit(
    of="left",
    at=lambda shortened: 0.6 if shortened < FAR else 0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Six tenths of the first loss or of a constant guess's left, where steps were cut to a fifth or less: the "
    "same steps uncut could have won it all. A quarter is enough where they were cut to a hundredth.",
)

HEADLINE = "clipping cuts gradients to {most}, {cut_times} times below their usual size: {left} of the loss is left"
EVIDENCE = "clipped at {clipped} of the looked-at steps; steps {shortened} times shorter"
WHY = "all steps of the run together promise {promised} of the first loss: it cannot fall further"
DO = "in the call that clips, allow {remedy} in place of {most}"


def measure(run: Run) -> Iterator[Measured]:
    optimizer = known_optimizer(run)
    run.looked_at()
    cuts = _cuts(run)
    if not cuts:
        raise NotApplicable("no gradient clipping was seen")
    curve, found = levels(run.losses), promises(run)
    total = found.total(curve.steps)
    eps = max(number_of(group, "eps", 1e-8) for group in optimizer.groups)
    size = math.sqrt(max(1, sum(p.values for p in run.parameters.values() if p.learns)))
    scaling = scales_gradients(optimizer.name)
    shorter = [_shortened(norm, most, size, eps) if scaling else max(1.0, norm / most) for norm, most in cuts]
    usual, most = float(np.median([norm for norm, _ in cuts])), float(np.median([most for _, most in cuts]))
    yield Measured(
        (),
        {
            "shortened": Number(float(np.median(shorter)), "times", "by what clipping shortens a step, median"),
            "clipped": Number(float(np.mean([norm > most for norm, most in cuts])), "share", "of the looked-at steps"),
            "promised": Number(
                total / curve.scale if total is not None and curve.scale > 0 else None,
                "share",
                "falls promised by all steps together, over the first loss (over the noise, if below 0)",
            ),
            "left": Number(
                min(1e9, max(curve.left, _of_knowing_nothing(run))),
                "share",
                "of the first loss at the end, or of what a constant guess pays, where that is less",
            ),
        },
        words={
            "most": shown(_most(run)),
            "cut_times": shown(usual / most),
            "remedy": shown(_most(run) * float(f"{usual / most:.1g}")),
        },
    )


def _of_knowing_nothing(run: Run) -> float:
    """The share of a constant guess's loss that is left at the end; 0 where it is not told."""
    found = learnt(run)
    return 0.0 if found is None or found.share is None else 1 - found.share


def _most(run: Run) -> float:
    return float(np.median([float(clip["most"]) for clip in run.clips if clip.get("most")]))


def _cuts(run: Run) -> Sequence[tuple[float, float]]:
    """(norm before, norm allowed) of each clip whose norm is known; where single values were clipped, the norm after
    clipping, and before it as for normal numbers."""
    after = {step.step: math.hypot(*step.by_name("gradient").values()) for step in run.steps}
    numbers = sum(p.values for p in run.parameters.values() if p.learns)
    found: list[tuple[float, float]] = []
    for clip in run.clips:
        norm, most, known = clip.get("norm"), clip.get("most"), after.get(clip["step"], math.nan)
        if not most or most <= 0:
            continue
        if norm is not None and math.isfinite(norm):
            found.append((float(norm), known if clip.get("by") == "value" and known > 0 else float(most)))
        elif clip.get("by") == "value" and math.isfinite(known) and known > 0 and numbers:
            cut = normal_cut(known / (float(most) * math.sqrt(numbers)))
            found.append((known * cut, known if cut > 1.001 else known * 2))
    if not found and run.clips:
        raise CannotTell("this needs the norm of the gradient before it was clipped")
    return found


def _shortened(norm: float, most: float, size: float, eps: float) -> float:
    """By what clipping shortens a step that divides by the gradient's typical size norm/size, and ε."""
    before = norm / size
    after = before * min(1.0, most / norm) if norm > 0 else before
    return (before / (before + eps)) / (after / (after + eps)) if after > 0 else 1.0


def _clipped(rng: np.random.Generator, norm: float, most: float, promised: float, left: float) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0].update(name="SGD", groups=[{"lr": 0.1}])
    losses = (1.1 * (1 - (1 - left) * np.arange(100) / 99) + rng.normal(0, 0.01, 100)).tolist()
    of_kind(entries, "losses")[0]["values"] = losses
    for probe in of_kind(entries, "probe"):
        before, fall = losses[probe["step"] - 1], promised * 1.1 / 100
        predicted = -fall * min(1.0, most / norm)
        probe["numbers"] = {"before": before, "after": before - fall, "predicted": predicted}
        entries.append({"kind": "clip", "step": probe["step"], "norm": norm, "most": most, "by": "norm"})
    return as_example(entries)


@healthy
def now_and_then(rng: np.random.Generator) -> Example:
    return _clipped(rng, 0.8, 1.0, 1.2, 0.2)


@healthy
def always_and_it_learns(rng: np.random.Generator) -> Example:
    return _clipped(rng, 8.0, 1.0, 0.8, 0.65)


@healthy
def not_by_clipping(rng: np.random.Generator) -> Example:
    """The loss hardly moves, but gradients are rarely clipped."""
    return _clipped(rng, 0.8, 1.0, 0.1, 0.95)


@healthy
def enough_all_the_same(rng: np.random.Generator) -> Example:
    return _clipped(rng, 8.0, 1.0, 0.48, 0.52)


@sick
def cut_to_a_thousandth(rng: np.random.Generator) -> Example:
    return _clipped(rng, 2.0, 0.002, 0.02, 0.98)


@sick
def cut_to_a_hundredth_and_slow(rng: np.random.Generator) -> Example:
    return _clipped(rng, 1.0, 0.002, 0.8, 0.35)


@fooled("fires", "a model that starts from trained weights has little to win, and clipping is blamed for it")
def trained_before(rng: np.random.Generator) -> Example:
    return _clipped(rng, 6.0, 1.0, 0.2, 0.85)
