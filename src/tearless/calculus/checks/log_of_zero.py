"""This run takes the logarithm of 0, or of what is below: the first number on its way to the loss that is not finite.

## What it measures
The ops between parameters and loss in order, at the step at which loss or gradient first was nan or infinite: the first
one whose output is not finite though everything it took was. Reported here where it is a logarithm, with its line and
the lowest number it took.

## Why it matters
One such number spoils the loss, the loss every gradient, and one step with that gradient every weight: the run is
lost from there on, and nothing after it can be believed.

## The mathematics
ln x → −∞ as x → 0, with slope 1/x. Chances reach 0 by rounding and not by being 0: in float32 a sigmoid is exactly 0
below z = −104 and exactly 1 above z = 16.7, a softmax gives 0 to a class that lies 104 below the best. Then 0 · ln 0 is
nan. The logarithm of a softmax, z_k − ln Σ exp z_j, needs no number that small: `log_softmax`, `logsigmoid` and the
losses that take raw scores compute it in that form, with no loss of digits. Adding ε keeps the logarithm finite, but
where p = 0 its gradient, 1/ε times p(1 − p), is then 0: what is surely wrong is not mended.

## When it is wrong
A run whose weights had grown a hundredfold before takes every function out of its range; that is a warning here.

## What to do
Take the logarithm inside: `log_softmax(z)`, `logsigmoid(z)`, `binary_cross_entropy_with_logits(z, y)`. Where what is
logged is no softmax, clamp it: `torch.log(x.clamp_min(1e-8))`.

## References
N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., SIAM 2002, section 1.17. P. Blanchard, D. J.
Higham, N. J. Higham, *Accurately computing the log-sum-exp and softmax functions*, IMA J. Numer. Anal. 41 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.linear_algebra.break_of_a_run import ORDERS, Broken, first_broken, first_op, grown, line_of
from tearless.linear_algebra.flow_of_a_run import at_line
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = ("precision-underflow",)

LOGGED = Limit(
    of="logs",
    at=1,
    unit="ops",
    kind="derived",
    severity=Severity.warning,
    because="The logarithm is the first op with finite numbers before it and others after it, at the very step at "
    "which the run broke: what follows has it from there.",
)
ITS_OWN = Limit(
    of="grown",
    at=ORDERS,
    unit="times",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="Below a hundredfold growth of loss, weights and updates the run had not diverged before: the logarithm "
    "is the cause and not the victim. Losses of batches of one run lie within one order of magnitude, mostly.",
)
FIRST = Limit(
    of="logs",
    at=1,
    unit="ops",
    kind="derived",
    severity=Severity.error,
    because="One op that turns finite numbers into others is enough: the loss and all gradients take them over.",
)

HEADLINE = (
    "`{function}`{place} is taken of {low} at step {step}, and the run breaks there: {nan} nan and {inf} infinite"
)
EVIDENCE = "all that it takes is finite, from {low} to {high}; run and weights had grown {grown} times by then"
WHY = "the logarithm of 0 is −∞ and its slope 1/0: the loss, and then every weight, becomes nan"
DO = "take the logarithm inside (`log_softmax(z)`, `logsigmoid(z)`, a loss on raw scores), or clamp: {cure}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = first_op(run)
    logged = found if found is not None and found.kind == "logarithm" else None
    told = run.breaches("log-of-zero")
    breach = told[0] if told and logged is None else None
    step = breach.step if breach else first_broken(run) or 0
    low = breach.numbers.get("low") if breach else logged.low if logged else None
    name = breach.words.get("function", "log") if breach else logged.name if logged else ""
    line = (breach.line or line_of(run, name)) if breach else logged.op.line if logged else ""
    yield Measured(
        (),
        {
            "logs": Number(int(breach is not None or logged is not None), "ops", "logarithms at which the run broke"),
            "step": Number(step, "1", "the first step whose loss or gradient is not finite"),
            "low": Number(low if low is not None else 0.0, "1", "lowest number that it took"),
            "high": Number(_high(logged, low), "1", "highest number that it took"),
            "nan": Number(_count(logged, "nan"), "numbers", "of its output that are nan"),
            "inf": Number(_count(logged, "inf"), "numbers", "of its output that are infinite"),
            "grown": Number(grown(run, step or None), "times", "largest growth of loss, weights or updates before"),
        },
        words={
            "function": visible(name, 40),
            "place": at_line(line),
            "cure": f"`torch.{visible(name, 40)}(x.clamp_min(1e-8))`{at_line(line)}",
        },
    )


def _high(found: Broken | None, low: float | None) -> float:
    return found.high if found is not None and found.high is not None else low or 0.0


def _count(found: Broken | None, of: str) -> int:
    return int(getattr(found, of)) if found is not None else 0


def _with_log(rng: np.random.Generator, function: str = "log", at: int = 20) -> Entries:
    """The run with `log(x)` before its loss, which becomes nan at one step and stays so."""
    entries = healthy_run(rng)
    (graph,) = of_kind(entries, "graph")
    op = {"op": 5, "function": function, "inputs": [4], "given": [[128, 3]], "shape": [128, 3], "line": "train.py:20"}
    graph["ops"] = [*graph["ops"][:5], op, graph["ops"][5] | {"op": 6, "inputs": [5, "data"]}]
    graph["loss"] = 6
    for values in of_kind(entries, "values"):
        for name in ("low", "high", "nan", "inf", "grad_bad", "zeros"):
            values[name] = [*values[name][:5], 0.0, values[name][5]]
        if values["step"] >= at:
            values["low"][4] = 0.0
            values["inf"][5:], values["nan"][6] = [3, 0], 1
    (losses,) = of_kind(entries, "losses")
    losses["values"] = [v if i + 1 < at else float("nan") for i, v in enumerate(losses["values"])]
    return entries


@healthy
def finite_throughout(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def another_function(rng: np.random.Generator) -> Example:
    return as_example(_with_log(rng, "div"))


@sick
def chance_of_zero(rng: np.random.Generator) -> Example:
    return as_example(_with_log(rng))


@sick
def seen_as_it_happened(rng: np.random.Generator) -> Example:
    breach = {"kind": "breach", "breach": "log-of-zero", "step": 37, "line": "train.py:20", "numbers": {"low": 0.0}}
    return as_example([*healthy_run(rng), {**breach, "words": {"function": "log"}}])


@sick
def after_the_run_had_diverged(rng: np.random.Generator) -> Example:
    entries = _with_log(rng)
    (losses,) = of_kind(entries, "losses")
    losses["values"][10:19] = [10.0**k for k in range(9)]
    return as_example(entries)


@fooled("silent", "a run that breaks between two looked-at steps leaves no op to name, unless the watch saw it happen")
def between_looks(rng: np.random.Generator) -> Example:
    return as_example(_with_log(rng, at=21))
