"""Softmax and temperature: from scores to a draw

## The idea
A model gives each of {choices} choices a score, the logit. Softmax turns scores into shares that add up to one: only
the differences count, and each unit of difference is a factor of e. Temperature divides all differences. Below one the
likeliest gets more, above one less; at {temperature}, as here, the model is as unsure as among {effective_uncut} equal
choices, where it was as unsure as among {effective_model}.

A draw from all of them ends, now and then, in the long tail: each rare choice is nearly impossible, all together are
not. So samplers cut the tail off before they draw. Top-p keeps the fewest of the likeliest whose shares reach p.

## The picture
First, the likeliest choices: what the model said, and what is drawn from after temperature and cut. Then the shares
added up from the likeliest on, and p as a line. The choice at which the sum crosses the line, {last}, is kept: without
it only {without_last} would be left, which is less than was asked for.

## The formula
Take the largest logit out of all exponents before computing them. Nothing changes, for it cancels, and nothing
overflows: plainly, a logit above {double_limit} is too much for double precision, above {half_limit} for half
precision. The logarithm of the sum is {log_sum} here. The sigmoid is the softmax of two choices, one of them at zero.

Top-k at {kept}, the so many likeliest, or min-p at {ratio}, all with that share of the likeliest or more, would make
the same cut now. On a flatter day, with every logit halved, top-p would keep {flat_top_p} choices, that min-p
{flat_min_p}, and top-k still {kept}.

## Where it is used
`torch.softmax` and `scipy.special.softmax` take the largest out; attention divides by the root of the head's width,
which is a temperature. In transformers `temperature`, `top_k`, `top_p` and `min_p` are arguments of `generate`, and
temperature comes first, as in vLLM. In llama.cpp it comes last: the cut sees the model's own shares, so the same
settings keep {other_kept} choices there instead of {kept}. `typical_p` keeps what surprises about as much as is usual,
and may drop the likeliest choice.

## How it fails
The text rambles: temperature before the cut let the tail in. It repeats: temperature near zero, or p so small that one
choice is left. A sampler that drops the crossing choice keeps nothing when the first already exceeds p. Logits that are
probabilities already, put through softmax again, come out almost equal. A softmax over the batch adds up to one along
the wrong axis. Logits far apart saturate it: one weight of one, and no gradient for the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.exponentials import logsumexp, softmax
from tearless.core import Example, InputError, NotApplicable, Number, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Bars, Line, Picture, Points, Rule, values
from tearless.probability.cut_offs import min_p, top_p
from tearless.probability.entropy import effective_choices, entropy
from tearless.probability.facts import Logits
from tearless.probability.sampling import LLAMA_CPP, TRANSFORMERS, chain
from tearless.probability.temperature import at_temperature, usable

ORDERS = {"temperature first": TRANSFORMERS, "temperature last": LLAMA_CPP}
MOST_CHOICES = 300_000
"""No vocabulary has more; beyond it the vector is no vector of logits of one position."""
FARTHEST = 1e100
SHOWN = 8
MOST_DRAWN = 200
LONGEST = 12

FORMULAS = (
    Formula(
        r"p_i = \frac{e^{(z_i - m)/T}}{\sum_j e^{(z_j - m)/T}}, \quad m = \max_j z_j",
        "the share of a choice is e to its logit less the largest one, over the temperature, divided by the sum of "
        "these of all choices",
    ),
    Formula(
        r"\log\sum_j e^{z_j} = m + \log\sum_j e^{z_j - m}",
        "the logarithm of the sum of exponentials is the largest logit plus the logarithm of the sum with it taken out",
    ),
    Formula(
        r"H = -\sum_i p_i \log p_i, \quad N = e^{H}",
        "the entropy is minus the sum of shares times their logarithms; e to it is the effective number of choices",
    ),
)

CODE = """\
z = np.sort(problem.values)[::-1]         # likeliest first

def softmax(z):
    e = np.exp(z - z[0])                  # the largest out: no overflow
    return e / e.sum()

log_sum = z[0] + np.log(np.sum(np.exp(z - z[0])))
warmed = z / temperature
seen = softmax(warmed if order == "temperature first" else z)

# the fewest whose sum reaches p: the one that crosses it is kept
sums = np.cumsum(seen)
kept = np.sum(sums < p - 1e-12) + 1 if p < 1 else np.sum(z > -np.inf)
mass = np.sum(seen[:kept])
without_last = np.sum(seen[: kept - 1])

drawn = softmax(warmed[:kept])
likeliest = drawn[0]
entropy = -np.sum(drawn * np.log(np.maximum(drawn, 1e-300)))
effective = np.exp(entropy)               # so many equal choices
"""

QUESTIONS = (
    Question(
        "junior",
        "The sum of shares is {without_last} before {last} and {mass} with it; p is {p}. Is it kept?",
        (
            Answer("Yes: the sum must reach p", "Right: the set is the smallest whose mass is at least p.",
                   right=True),
            Answer("No: it would exceed p", "Then the mass would be {without_last}, below the p asked for. Where the "
                   "first choice alone exceeds p, nothing at all would be left."),
            Answer("Only if its own share exceeds p", "p is compared with the running sum, not with single shares."),
        ),
    ),
    Question(
        "mid",
        "The same temperature and p, in an engine that takes the other order. What happens?",
        (
            Answer("The cut sees other shares: {other_kept} stay instead of {kept}", "Yes. State the order beside the "
                   "settings.", right=True),
            Answer("The same {kept} stay: the settings are the same", "Only at a temperature of one do both orders "
                   "agree."),
            Answer("Nothing: temperature does not change ranks", "Ranks stay, the running sum does not, and top-p "
                   "reads the sum."),
        ),
    ),
    Question(
        "senior",
        "Every logit grows by one thousand. What changes?",
        (
            Answer("Nothing but a textbook softmax, which overflows", "Yes: a constant cancels. Exponentials beyond "
                   "{double_limit} do not fit a double, nor beyond {half_limit} half precision.", right=True),
            Answer("The model becomes more certain", "Only differences count. Multiplying the logits would do that; "
                   "that is a temperature."),
            Answer("The entropy grows by the logarithm of it", "The log of the sum grows by one thousand; shares and "
                   "entropy, {entropy} nats, stay."),
        ),
    ),
)  # fmt: skip

CATCHES = ("bad-logits", "double-softmax", "softmax-over-batch", "attention-saturated")
NEXT = ("cross-entropy", "calibration", "attention")


@dataclass(frozen=True)
class Choices:
    """The logits of one position, the largest first, and their names; −inf is ruled out."""

    tokens: tuple[str, ...]
    values: NDArray[np.float64]


def example(rng: np.random.Generator) -> Example:
    """What comes after "the cat sat on the": a few likely words, and a long tail."""
    likely = {"mat": 6.1, "floor": 5.2, "sofa": 4.9, "bed": 4.6, "table": 4.1, "roof": 3.6, "fence": 3.3, "lap": 3.0}
    tail = rng.normal(0.0, 0.9, 60)
    return Example(likely | {f"rare word {i}": float(z) for i, z in enumerate(tail)})


def problem(logits: Logits) -> Choices:
    if len(logits.values) > MOST_CHOICES:
        raise NotApplicable(f"there are {len(logits.values):,} choices, more than any vocabulary; give one position")
    try:
        usable(logits.values)
    except InputError as why:
        raise NotApplicable(str(why)) from None
    order = np.argsort(-logits.values, kind="stable")
    z = logits.values[order]
    if np.isfinite(z).sum() < 2:
        raise NotApplicable("only one choice is possible; this needs two or more")
    if np.abs(z[np.isfinite(z)]).max() > FARTHEST:
        raise NotApplicable(f"a logit is larger than {FARTHEST:g}: the layer that made it overflows")
    return Choices(tuple(logits.tokens[i] for i in order), z)


def controls(problem: Choices) -> tuple[Control, ...]:  # noqa: ARG001
    return (
        Slider("temperature", "temperature", 1.5, 0.1, 5.0, log=True),
        Slider("p", "top-p", 0.9, 0.05, 1.0),
        Choice("order", "order", next(iter(ORDERS)), tuple(ORDERS)),
    )


def compute(problem: Choices, temperature: float, p: float, order: str) -> View:
    z, settings = problem.values, {"temperature": temperature, "top_p": p}
    done = chain(z, settings, ORDERS[order])
    drawn, kept = np.asarray(done.probabilities), int(done.stages[-1].after.count)
    after = chain(z, settings, next(o for name, o in ORDERS.items() if name != order))
    model, uncut = np.asarray(softmax(z)), np.asarray(at_temperature(z, temperature))
    seen = uncut if ORDERS[order] is TRANSFORMERS else model
    ratio = float(seen[kept - 1] / seen[0])
    numbers = {
        "temperature": Number(temperature, "1", "what the differences of logits are divided by"),
        "p": Number(p, "share", "the mass that the kept choices must reach"),
        "choices": Number(float(np.isfinite(z).sum()), "choices", "with a finite logit"),
        "kept": Number(kept, "choices", "kept by the cut, which top-k would have to name"),
        "ratio": Number(ratio, "share", "the last kept over the likeliest: the min-p of the same cut"),
        "mass": Number(float(seen[:kept].sum()), "share", "the mass of the kept ones, as the cut sees it"),
        "without_last": Number(float(seen[: kept - 1].sum()), "share", "the mass without the one that crosses p"),
        "likeliest": Number(float(drawn[0]), "share", "how often the likeliest is drawn"),
        "likeliest_model": Number(float(model[0]), "share", "what the model gave it"),
        "entropy": Number(float(entropy(drawn)), "nats", "of what is drawn from"),
        "effective": Number(float(effective_choices(drawn)), "choices", "equal ones that are as uncertain"),
        "effective_uncut": Number(float(effective_choices(uncut)), "choices", "the same at this temperature, uncut"),
        "effective_model": Number(float(effective_choices(model)), "choices", "the same for the model itself"),
        "log_sum": Number(float(logsumexp(z)), "nats", "the logarithm of the sum of exponentials"),
        "other_kept": Number(float(after.stages[-1].after.count), "choices", "kept in the other order"),
        "flat_top_p": Number(float(top_p(z / 2, p).count), "choices", "kept by top-p with every logit halved"),
        "flat_min_p": Number(float(min_p(z / 2, ratio).count), "choices", "kept by that min-p with every logit halved"),
        "double_limit": Number(math.log(np.finfo(np.float64).max), "1", "largest exponent of double precision"),
        "half_limit": Number(math.log(np.finfo(np.float16).max), "1", "largest exponent of half precision"),
    }
    words = {"first": quoted(problem.tokens[0]), "last": quoted(problem.tokens[kept - 1]), "order": order}
    pictures = (_likeliest(problem, model, drawn), _sums(seen, kept, p, numbers))
    return View(_sentence(numbers, words), numbers, pictures, words)


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str]) -> str:
    few = (numbers["effective"].value or 0.0) < 1.5
    verdict = "Nearly one choice is left" if few else f"It draws as if from {numbers['effective']} equal choices"
    last = f" The last one, {words['last']}, crosses p." if (numbers["p"].value or 0.0) < 1 else " Nothing is cut."
    return (
        f"{verdict}: at a temperature of {numbers['temperature']}, {words['order']}, a top-p of {numbers['p']} keeps "
        f"{numbers['kept']} of {numbers['choices']}, and {words['first']} comes in {numbers['likeliest']} of the draws "
        f"instead of {numbers['likeliest_model']}.{last}"
    )


def _likeliest(problem: Choices, model: NDArray[np.float64], drawn: NDArray[np.float64]) -> Picture:
    shown = min(SHOWN, len(model))
    at = np.arange(shown)
    names = tuple(visible(name, LONGEST) for name in problem.tokens[:shown])
    marks = (
        Bars(values(at - 0.2), values(model[:shown]), "the model", "soft", width=0.38, along="x"),
        Bars(values(at + 0.2), values(drawn[:shown]), "drawn", width=0.38, along="x"),
    )
    says = "The share of each of the likeliest choices, as the model gives it, and as it is drawn after all steps."
    return Picture("The likeliest choices", says, marks, Axis("share", low=0.0), Axis(names=names))


def _sums(seen: NDArray[np.float64], kept: int, p: float, numbers: Mapping[str, Number]) -> Picture:
    most = min(len(seen), max(2 * kept, 10))
    ranks = np.unique(np.linspace(1, most, MOST_DRAWN).astype(int))
    sums, few = np.cumsum(seen[:most])[ranks - 1], ranks <= kept
    marks = (
        Line(values(ranks), values(sums), "all", "soft", steps=True),
        Points(values(ranks[few]), values(sums[few]), "kept"),
        Points((float(kept),), (numbers["mass"].value or 0.0,), "crosses p", "second"),
        Rule(p, f"p {numbers['p']}", "y"),
    )
    says = (
        f"Shares added up from the likeliest on: {numbers['kept']} choices reach {numbers['mass']}, the last included."
    )
    return Picture("Where p is crossed", says, marks, Axis("rank"), Axis("sum of shares", low=0.0, high=1.05))
