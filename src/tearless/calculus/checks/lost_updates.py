"""This run's weights are too coarse for its steps: most updates are rounded away.

## What it measures
At each looked-at step of the first, full rate, the share of the numbers with a gradient other than 0 that the step left
the same to the bit; over the steps the median.

## Why it matters
A lost update is not made up later: the same small step is lost again and again. Only the few large ones arrive, which
is another direction than the gradient's, and the loss stops falling long before it could.

## The mathematics
The nearest number to w + d is w itself where |d| < ½ulp(w). Relative to w half an ulp is 2⁻⁹ to 2⁻⁸ in bfloat16 (0.2
to 0.4 %), 2⁻¹² to 2⁻¹¹ in float16 and 2⁻²⁵ to 2⁻²⁴ in float32, while a usual step changes a weight by a thousandth:
lost in bfloat16, kept in float32. Exact, counted bit by bit.

## When it is wrong
With rounding at random (stochastic rounding) a weight that stays is no loss: the others make up for it on average.

## What to do
Keep the weights in float32 and compute in half precision (`torch.autocast`), or round at random.

## References
P. Zamirai, J. Zhang, C. R. Aberger and C. De Sa, *Revisiting BFloat16 training*, arXiv:2010.06192 (2020). P.
Micikevicius et al., *Mixed precision training*, ICLR (2018), section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

MEND = Mend.numerics
SYMPTOM_OF = ("learning-rate-collapsed", "no-gradient", "vanishing-gradient", "learning-rate-too-low")

MOST = Limit(
    of="coarse",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="With more than half of the updates lost, the weights that stand still outnumber those that learn, at the "
    "full rate and over the whole run.",
)
NEARLY_ALL = Limit(
    of="coarse",
    at=0.99,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Of a hundred updates one arrives. No theorem singles out the hundredth: the run is as good as standing "
    "still.",
)

FINE = Limit(
    of="lost",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.note,
    because="In float32 and float64 a step is lost only below a ten-millionth of its weight: the steps are too small, "
    "or the run has converged, and the type is not to blame.",
)

HEADLINE = (
    "{lost} of the updates are rounded away: steps are smaller than half the distance of neighbouring {dtype} numbers"
)
EVIDENCE = "at the full rate of {rate} a median of {lost} of the numbers with a gradient stayed the same to the bit"
WHY = "a step below half an ulp leaves the weight as it is, and the next one is lost again"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    steps = [s for s in run.looked_at() if not s.skipped and s.by_name("same")]
    if not steps:
        raise CannotTell("no looked-at step tells which numbers stayed the same")
    top = max((max(s.rates) for s in steps if s.rates), default=0.0)
    full = [s for s in steps if not s.rates or max(s.rates) >= top / 2]
    sizes = {name: p.values for name, p in run.parameters.items()}
    half = {name: p.values for name, p in run.parameters.items() if p.dtype in HALF}
    coarse = [share for s in full if (share := _lost(s, half)) is not None]
    went = [s for s in full if any(s.by_name("update").values())]  # a converged search makes no step that could be lost
    lost = [share for s in went if (share := _lost(s, sizes)) is not None]
    types = {run.parameters[name].dtype for name in half}
    dtype = sorted(types)[0] if types else "float32"
    yield Measured(
        (),
        {
            "coarse": Number(
                float(np.median(coarse)) if coarse else 0.0, "share", "of numbers of 16 bits, left the same"
            ),
            "lost": Number(
                float(np.median(lost)) if lost else 0.0, "share", "of all numbers, left the same: the median"
            ),
            "steps": Number(len(full), "steps", "looked-at steps at half the highest rate or more"),
            "rate": Number(top, "1", "the highest rate at a looked-at step"),
        },
        words={"dtype": dtype, "do": _do(dtype)},
    )


HALF = ("bfloat16", "float16")


def _lost(step: Step, sizes: dict[str, int]) -> float | None:
    """The share over these parameters, each weighted by how many numbers it has."""
    same = {name: share for name, share in step.by_name("same").items() if name in sizes}
    weights = np.array([float(sizes[name]) for name in same])
    return float(np.average(list(same.values()), weights=weights)) if same else None


def _do(dtype: str) -> str:
    if dtype in HALF:
        return f"keep the weights in float32 (drop `.to(torch.{dtype})`) and compute under `torch.autocast`"
    return "raise the learning rate, or find out why the gradient is so small: float32 holds steps of a ten-millionth"


def _losing(rng: np.random.Generator, share: float, dtype: str = "bfloat16") -> Entries:
    entries = healthy_run(rng)
    for p in of_kind(entries, "model")[0]["parameters"]:
        p["dtype"] = dtype
    for step in of_kind(entries, "step"):
        step["same"] = rng.uniform(share - 0.005, min(share + 0.005, 1), len(step["same"])).tolist()
    return entries


@healthy
def float32(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def some_are_lost(rng: np.random.Generator) -> Example:
    return as_example(_losing(rng, 0.2))


@healthy
def end_of_a_schedule(rng: np.random.Generator) -> Example:
    """A rate that has fallen to nothing moves no weight, as it should."""
    entries = _losing(rng, 0.05, "float32")
    for step in of_kind(entries, "step")[4:]:
        step.update(same=[1.0] * len(step["same"]), rates=[1e-9])
    return as_example(entries)


@sick
def pure_bfloat16(rng: np.random.Generator) -> Example:
    return as_example(_losing(rng, 0.8))


@sick
def standing_still(rng: np.random.Generator) -> Example:
    return as_example(_losing(rng, 0.998))


@sick
def float32_standing_still(rng: np.random.Generator) -> Example:
    """A note: the steps are too small for any type."""
    return as_example(_losing(rng, 0.9, "float32"))


@fooled("fires", "with stochastic rounding a weight that stays is no loss, which the bits alone do not tell")
def rounded_at_random(rng: np.random.Generator) -> Example:
    return as_example(_losing(rng, 0.8))
