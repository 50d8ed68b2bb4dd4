"""This vector of logits cannot be drawn from, or is no vector of logits.

## What it measures
Numbers that are nan or +inf; how many choices are left (finite logits); the probability of the likeliest choice; how
many choices share the largest logit; and whether the numbers are probabilities already: none below 0, adding up to 1.

## Why it matters
One nan makes every probability nan. Two softmaxes in a row (probabilities taken for logits) make any model choose
almost at random: of 32,000 tokens even one with probability 1 gets e/(e + 31,999), less than 0.01 %. And ties at the
top, which half precision makes of close logits, are broken by position and not by the model.

## The mathematics
softmax(z)ᵢ = exp(zᵢ − m) / Σ exp(zⱼ − m) with m the largest finite logit. Of C numbers from 0 to 1, softmax gives the
largest at most e/(e + C − 1). Log-probabilities are as good as logits: a constant added to all changes nothing.

## When it is wrong
A vector of few equal logits is honest ignorance, and a masked vector has −inf in its place. Real logits that happen to
lie between 0 and 1 and to add up to 1 are taken for probabilities.

## What to do
For nan and +inf find the layer that made them (overflow in half precision, a row masked whole, 0/0). For probabilities
take their logarithm, or leave the softmax to the sampler. For ties compute the last layer in single precision.

## References
J. S. Bridle, *Probabilistic interpretation of feedforward classification network outputs*, in Neurocomputing, NATO ASI
Series F 68 (1990), 227-236.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, rows_shuffled, sick
from tearless.probability.facts import Logits

MEND = Mend.values
SAME_UNDER = (rows_shuffled,)
SUM_OFF = 1e-3

IMPOSSIBLE = Limit(
    of="broken",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.error,
    because="One nan or +inf makes the sum that softmax divides by nan or infinite, and with it every probability.",
)
ALREADY = Limit(
    of="likeness",
    at=1,
    unit="1",
    kind="derived",
    severity=Severity.warning,
    because="Numbers from 0 to 1 that add up to 1 within a thousandth are a distribution: three-decimal rounding of "
    "shares keeps them there, and logits come so by chance in no practical case.",
)
TIED = Limit(
    of="tied",
    at=2,
    unit="choices",
    kind="derived",
    severity=Severity.note,
    because="Where two choices share the largest logit the model does not say which is likelier, so a greedy choice is "
    "made by position.",
)

HEADLINE = "{what}"
EVIDENCE = "{broken} of {choices} are nan or +inf; {finite} are finite"
WHY = "{why}"
DO = "{do}"


def measure(logits: Logits) -> Iterator[Measured]:
    z = logits.values
    finite = z[np.isfinite(z)]
    broken = int((np.isnan(z) | np.isposinf(z)).sum())
    broken += int(broken == 0 and finite.size == 0)
    total = float(finite.sum()) if finite.size else 0.0
    inside = finite.size > 1 and float(finite.min()) >= 0 and float(finite.max()) <= 1
    likeness = float(inside and abs(total - 1) <= SUM_OFF and finite.size == z.size)
    tied = int((finite == finite.max()).sum()) if finite.size else 0
    yield Measured(
        (),
        {
            "broken": Number(broken, "numbers", "nan or +inf, or 1 where nothing is finite"),
            "finite": Number(finite.size, "choices", "finite logits"),
            "choices": Number(z.size, "choices", "numbers in the vector"),
            "likeness": Number(likeness, "1", "1 where the numbers are a distribution already, else 0"),
            "total": Number(total, "1", "sum of the finite numbers"),
            "tied": Number(0 if broken or likeness else tied, "choices", "choices that share the largest logit"),
        },
        words=_words(broken, finite.size, likeness, tied, z.size),
    )


def _words(broken: int, finite: int, likeness: float, tied: int, size: int) -> dict[str, str]:
    if broken:
        what = (
            f"{broken:,} of {size:,} logits are nan or +inf" if finite else "no logit is finite: nothing can be drawn"
        )
        return {
            "what": what,
            "why": "softmax divides by a sum that these numbers make nan, so that every probability is nan",
            "do": "find the layer where they arise first: overflow in half precision, a row masked whole, or 0/0",
        }
    if likeness:
        top = math.e / (math.e + size - 1)
        return {
            "what": f"the {size:,} numbers are probabilities already: none below 0, and they add up to 1",
            "why": f"a softmax on top gives no token more than {top:.2g} of the probability, whatever the model says",
            "do": "give the logits, or the logarithms of these numbers",
        }
    return {
        "what": f"{tied:,} choices share the largest logit",
        "why": "which of them a greedy sampler takes is decided by its position, not by the model",
        "do": "compute the last layer in single precision, or break the tie on purpose",
    }


def _vocabulary(z: NDArray[np.float64]) -> Example:
    return Example({"token": np.array([f"t{i}" for i in range(len(z))]), "logit": z})


@healthy
def a_small_vocabulary(rng: np.random.Generator) -> Example:
    return _vocabulary(rng.normal(size=200) * 3)


@healthy
def log_probabilities_of_a_masked_one(rng: np.random.Generator) -> Example:
    z = rng.normal(size=100)
    z[60:] = -np.inf
    return _vocabulary(z - np.log(np.exp(z[:60]).sum()))


@sick
def one_nan(rng: np.random.Generator) -> Example:
    z = rng.normal(size=50)
    z[7] = np.nan
    return _vocabulary(z)


@sick
def softmax_twice(rng: np.random.Generator) -> Example:
    p = np.exp(rng.normal(size=1000))
    return _vocabulary(p / p.sum())


@sick
def ties_in_half_precision(rng: np.random.Generator) -> Example:
    z = rng.normal(size=500)
    z[:2] = 900.1, 900.2
    return _vocabulary(z.astype(np.float16).astype(np.float64))


@fooled("fires", "two logits that lie between 0 and 1 and add up to 1 look like probabilities")
def two_small_logits(rng: np.random.Generator) -> Example:
    return _vocabulary(np.array([0.3, 0.7]))
