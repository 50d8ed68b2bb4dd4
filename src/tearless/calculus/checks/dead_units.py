"""This model has units that are silent on every sample: their ReLU never opens, and they no longer learn.

## What it measures
For each hidden ReLU the share of its units that are 0 on all samples of a looked-at batch, at the looked-at steps of
the second half, corrected for units that are only rarely active; the least of these shares.

## Why it matters
Where a ReLU is closed its derivative is 0. A unit that is closed on every sample gets no gradient, so that it never
opens again by itself. A layer whose units are all silent cuts off everything before it.

## The mathematics
A unit active on a part p of the samples is silent on all N of a batch with the chance (1 − p)^N. With 0.01 for the
rarest part that still serves, q = 0.99^N is the most that living units show; a share s of silent units then holds at
least (s − q)/(1 − q) dead ones. To be sure of each of U units at the level α takes N ≥ ln(U/α)/0.01 samples. Zeros on
30 to 60 % of the samples of each unit are what a ReLU is for, and are not counted.

## When it is wrong
Units that answer to something rarer than one sample in a hundred look dead. Large sparse models keep many silent units
and do well. Leaky ReLU, GELU and SiLU are not looked at: their derivative is 0 nowhere for long.

## What to do
Start the biases at 0, standardise the inputs, step less far; or take LeakyReLU or GELU.

## References
L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, *Dying ReLU and initialization*, arXiv:1903.06733 (2019).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.run_pictures import of_units
from tearless.calculus.units import Hidden, at, hidden, samples_a_unit
from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.core.picture import Picture
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Values

MEND = Mend.capacity
SYMPTOM_OF = (
    "constant-input", "unscaled-input", "bad-init", "learning-rate-too-high", "momentum-too-high", "exploding-gradient",
)  # fmt: skip
RELUS = ("relu", "relu6", "threshold")
RAREST = 0.01
"""A unit that is active on a smaller part of the samples is taken for dead."""

MANY = Limit(
    of="dead",
    at=0.5,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Training leaves a few units silent, and more in wide layers. From half of a layer on it is worth knowing.",
)
NEARLY_ALL = Limit(
    of="dead",
    at=0.8,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="With four of five units silent the layer is a fifth as wide as it was meant, and a fifth learns. No "
    "theorem singles out the number.",
)
ALL = Limit(
    of="dead",
    at=0.99,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="Through a layer whose units are all silent no value passes, and by the chain rule no gradient: whatever "
    "stands before it cannot learn, and the output no longer depends on the input.",
)

HEADLINE = "{dead} of the units of {where} are silent on every sample"
EVIDENCE = "{units} units, {samples} values of each looked at a step; {first} silent at the first step"
WHY = "a ReLU that never opens has derivative 0: these units get no gradient and stay silent"
DO = "{remedy}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = hidden(run, RELUS, _dead)
    if not found:
        raise NotApplicable("no hidden ReLU was seen")
    worst = max(found, key=lambda one: (one.least, one.first))
    told = learnt(run)
    yield Measured(
        (),
        {
            "dead": Number(worst.least, "share", "units that are silent on every sample, at least, late in the run"),
            "first": Number(worst.first, "share", "the same at the first step"),
            "units": Number(_units(worst.op), "units", "units of that layer"),
            "samples": Number(samples_a_unit(worst.op), "1", "values of each unit in a looked-at batch"),
            "layers": Number(
                len({one.place for one in found if one.least >= 0.5}), "layers", "layers with half of their units dead"
            ),
            "learnt": Number(told.progress if told else None, "share", "part of a constant's loss learnt away"),
        },
        words={"where": worst.place, "remedy": _remedy(worst)},
    )


def picture(measured: Measured, run: Run) -> Picture:
    says = f"In {measured.words['where']} {measured.numbers['dead']} of the units are silent late."
    title = "The silent units of each ReLU, from input to output"
    return of_units(title, says, hidden(run, RELUS, _dead), "share of units", least=True)


def _dead(op: Op, values: Values, place: int) -> float | None:
    """Units dead at least: silent ones less those that are only rarely active."""
    still, zeros = at(values.still, place), at(values.zeros, place)
    if still is None:
        return None
    silent = still if zeros is None else min(still, zeros)
    rare = (1 - RAREST) ** samples_a_unit(op)
    return max(0.0, (silent - rare) / (1 - rare))


def _units(op: Op) -> int:
    return op.shape[1] if len(op.shape) >= 4 else op.shape[-1] if op.shape else 1


def _remedy(worst: Hidden) -> str:
    if worst.first >= 0.5:
        return (
            "they are silent from the first step: set the biases of the layer before it to 0 "
            "(`torch.nn.init.zeros_(layer.bias)`), leave its weights as PyTorch makes them, and standardise the inputs"
        )
    return (
        "they died in training: step less far (a tenth of the rate, or a warm-up), or take `torch.nn.LeakyReLU(0.1)` "
        "for the ReLU"
    )


def _silent(rng: np.random.Generator, shares: tuple[float, float], from_step: int = 1) -> Entries:
    """A run in which these shares of the units of its two ReLUs are silent from a step on."""
    entries = healthy_run(rng)
    for values in of_kind(entries, "values"):
        if values["step"] >= from_step:
            values["still"] = [0.0, shares[0], 0.0, shares[1], 0.0, None]
            values["zeros"] = [0.0, (1 + shares[0]) / 2, 0.0, (1 + shares[1]) / 2, 0.0, 0.0]
    return entries


@healthy
def half_of_the_values_are_zero(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def rarely_active_in_small_batches(rng: np.random.Generator) -> Example:
    entries = _silent(rng, (0.7, 0.75))
    for op in of_kind(entries, "graph")[0]["ops"][:5]:
        op["shape"] = [16, op["shape"][1]]
    return as_example(entries)


@healthy
def a_few_died(rng: np.random.Generator) -> Example:
    return as_example(_silent(rng, (0.2, 0.45), from_step=6))


@sick
def silent_from_the_start(rng: np.random.Generator) -> Example:
    return as_example(_silent(rng, (1.0, 0.1)))


@sick
def most_died(rng: np.random.Generator) -> Example:
    return as_example(_silent(rng, (0.3, 0.9), from_step=8))


@fooled("fires", "units that answer to one sample in five hundred are silent in most batches, and serve all the same")
def answer_to_what_is_rare(rng: np.random.Generator) -> Example:
    return as_example(_silent(rng, (0.85, 0.1)))


@fooled(
    "silent", "in every batch another half of the units is silent on all samples but a few: each still learns a little"
)
def four_in_ten_dead(rng: np.random.Generator) -> Example:
    return as_example(_silent(rng, (0.4, 0.4)))
