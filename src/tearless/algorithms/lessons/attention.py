"""Attention

## The idea
In {tokens}, what does {query} stand for? A table of word vectors cannot know: it has one row for each word, whatever
stands around it. Attention lets each position look at all others. It asks with a query, every position answers with a
key, and the better a key meets the query, the more of that position's value is taken. What comes out is a weighted
mean: {query} takes {top} of it from {key}.

Queries and keys are {width} numbers each here: partly what the word means, partly chance, as in a network early in
training. The weights are their products, made into shares by a softmax, and a softmax is touchy about size.

## The picture
First who looks at whom: one row for each position that asks, one column for each that answers; each row sums to one.
Then how many positions a row looks at in effect, over the width of queries and keys: divided by the root of the width,
as it should be, and not divided. Last the same over the temperature: not dividing is a temperature of {undivided}.

## The formula
A product of {width} pairs of numbers of size one is itself about {root} large, the root of their count. Divided by it,
the scores are about one whatever the width. Scores larger than {limit}, the root of twice the logarithm of {positions}
positions, freeze the softmax: one weight is nearly one, and the slope of a softmax there is nearly zero. With the
causal mask, scores of positions to come are minus infinity before the softmax, so that their weight is exactly zero.

## Where it is used
`scaled_dot_product_attention` of `torch.nn.functional` is this, with `is_causal=True` for text that is written from
left to right; `nn.MultiheadAttention` does it in several heads of a narrower width each. The models of transformers run
hundreds of such heads. Order is unknown to it: positions are told apart only since a position's own vector is added to
the word's, or turned into the queries and keys.

## How it fails
Scores not divided, or queries that grew: each row looks at one position from the first step on, {undivided_keys} in
effect, and hardly any gradient comes through to change which. A forgotten causal mask: {future} of the weight lies on
positions to come, the loss in training is far too good, and generated text is nonsense. A mask turned round does worse:
true means "may look" in one PyTorch function, and "may not" in another. Softmax over the wrong axis makes columns sum
to one, and nobody complains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.attention import Attention, scaled_dot_product_attention
from tearless.core import Example, NotApplicable, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Heat, Line, Picture, Points, Rule, values
from tearless.linear_algebra.embedding import lookup
from tearless.linear_algebra.named_vectors import NamedVectors
from tearless.probability.entropy import effective_choices

Floats = NDArray[np.float64]
MASKS = ("none", "causal")
MOST = 8
"""So many positions are looked at."""
SIGNAL = 2.0
"""How large the scores of two words of one meaning are, beside those of chance, which are one."""
WIDTHS = (4, 8, 16, 32, 64, 128, 256)
TEMPERATURES = (0.05, 20.0)
FROZEN, EVEN = 1.5, 0.9
"""Positions in effect below which a row is frozen, and their share above which it does not choose."""

FORMULAS = (
    Formula(
        r"\mathrm{weights} = \mathrm{softmax}\!\left(\frac{Q K^\top}{T\sqrt{d}}\right), \qquad "
        r"\mathrm{output} = \mathrm{weights}\; V",
        "the weights are the softmax, row by row, of the products of queries and keys over temperature times the root "
        "of the width; the output is the weights times the values",
    ),
    Formula(
        r"\mathrm{Var}\!\left(\sum_{i=1}^{d} q_i k_i\right) = d",
        "a product of d pairs of independent numbers of variance one has variance d",
    ),
)

CODE = """\
X = problem.X / problem.X.std(axis=0)
X = X - X.mean(axis=0)
X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-12)
n, d = len(X), int(width)

rng = np.random.default_rng(0)
meaning = X @ rng.normal(size=(X.shape[1], d))    # entries of size one
share = min(1, 2 / np.sqrt(d))
q = np.sqrt(share) * meaning + np.sqrt(1 - share) * rng.normal(size=(n, d))
k = np.sqrt(share) * meaning + np.sqrt(1 - share) * rng.normal(size=(n, d))

def weights_of(scores):
    if mask == "causal":                          # nobody sees what comes
        scores = np.where(np.tri(n) > 0, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def in_effect(w):                                 # exp of the entropy
    return np.exp(-(w * np.log(np.where(w > 0, w, 1))).sum(axis=1)).mean()

scores = q @ k.T / np.sqrt(d)
weights = weights_of(scores / temperature)
size = np.sqrt((scores**2).mean())
keys = in_effect(weights)
undivided_keys = in_effect(weights_of(q @ k.T))
future = np.triu(weights, 1).sum() / n
passes = (1 - (weights**2).sum(axis=1)).mean()    # the softmax's slope
"""

QUESTIONS = (
    Question(
        "junior",
        "Queries and keys hold {width} numbers of size about one. About how large are their products, not divided?",
        (
            Answer("{root}", "Yes: terms of either sign add up like a random walk, to the root of their number.",
                   right=True),
            Answer("{width}", "They would if all terms had one sign. Half of them cancel."),
            Answer("{one}", "Each term is about one. There are {width} of them, and they do not cancel entirely."),
        ),
    ),
    Question(
        "mid",
        "Without dividing, a row looks at {undivided_keys} positions in effect, not {keys}. What is the harm?",
        (
            Answer("Queries and keys hardly learn", "Yes: the slope of the softmax is one minus the sum of squared "
                   "weights, {undivided_passes} and not {passes}. Chance chose where to look, and it stays.",
                   right=True),
            Answer("None: sharp attention is good attention", "Sharp and right is good. This is sharp before anything "
                   "was learnt."),
            Answer("The weights no longer sum to one", "A softmax sums to one at any size of the scores."),
        ),
    ),
    Question(
        "senior",
        "A language model's loss is a tenth of what others reach, and its text is nonsense. Where do you look first?",
        (
            Answer("The causal mask", "Yes: it read the next word in training: without the mask {future} of the "
                   "weight lies on what comes. In writing there is none to read.", right=True),
            Answer("The temperature of sampling", "It changes what is drawn, not the loss in training."),
            Answer("The width: {width} is too small", "A model too small has a loss too high, not too low."),
        ),
    ),
)  # fmt: skip

CATCHES = ("attention-saturated", "target-leak")
NEXT = ("softmax-and-temperature", "similarity", "vanishing-and-exploding")


def example(_: np.random.Generator) -> Example:
    """A sentence, and for each word how much it is a being, a drink, an act, a state, a pointer and mere grammar."""
    words = ("the", "cat", "drank", "milk", "because", "it", "was", "thirsty")
    features = {
        "being": (0.0, 1.0, 0.2, 0.0, 0.0, 0.9, 0.0, 0.5),
        "drink": (0.0, 0.0, 0.8, 1.0, 0.0, 0.0, 0.0, 0.6),
        "act": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.4, 0.0),
        "state": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 1.0),
        "pointer": (0.0, 0.3, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0),
        "grammar": (1.0, 0.0, 0.0, 0.0, 0.8, 0.2, 0.6, 0.0),
    }
    return Example({"word": list(words), **{name: np.array(column) for name, column in features.items()}})


@dataclass(frozen=True)
class Sentence:
    """A few positions, each with its name and the numbers that say what stands there, those that differ."""

    names: tuple[str, ...]
    X: Floats


def problem(rows: NamedVectors) -> Sentence:
    X = rows.X[:MOST]
    with np.errstate(all="ignore"):
        varies = (np.ptp(X, axis=0) > 0) & np.isfinite(X / X.std(axis=0)).all(axis=0)
    if not varies.any():
        raise NotApplicable("the first rows are all alike, so there is nothing to tell them apart by")
    return Sentence(rows.names[:MOST], X[:, varies])


def controls(_: Sentence) -> tuple[Control, ...]:
    return (
        Slider("width", "width of queries and keys", 64, WIDTHS[0], WIDTHS[-1], log=True, whole=True),
        Slider("temperature", "temperature", 1.0, *TEMPERATURES, log=True),
        Choice("mask", "mask", MASKS[0], MASKS),
    )


def _asked(sentence: Sentence, width: int) -> tuple[Floats, Floats]:
    """Queries and keys of ``width`` numbers of size about one: what the word means, and chance, apart for the two."""
    X = sentence.X / sentence.X.std(axis=0)
    X = X - X.mean(axis=0)
    X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-12)
    rng = np.random.default_rng(0)
    table = X @ rng.normal(size=(X.shape[1], width))
    meaning, share = lookup(table, np.arange(len(X))), min(1.0, SIGNAL / math.sqrt(width))
    query, key = (math.sqrt(share) * meaning + math.sqrt(1 - share) * rng.normal(size=table.shape) for _ in range(2))
    return query, key


def _attend(pair: tuple[Floats, Floats], temperature: float, mask: str) -> Attention:
    query, key = pair
    scale = 1 / (math.sqrt(query.shape[1]) * temperature)
    return scaled_dot_product_attention(query, key, key, causal=mask == MASKS[1], scale=scale)


def _in_effect(seen: Attention) -> float:
    return float(effective_choices(seen.weights).mean())


def _passes(seen: Attention) -> float:
    return float((1 - (seen.weights**2).sum(axis=1)).mean())


def compute(problem: Sentence, width: float, temperature: float, mask: str) -> View:
    d, n = int(width), len(problem.names)
    pair, undivided = _asked(problem, d), 1 / math.sqrt(d)
    seen, plain = _attend(pair, temperature, mask), _attend(pair, undivided, mask)
    others = np.where(np.eye(n) > 0, -1.0, seen.weights)
    row, column = (int(i) for i in np.unravel_index(int(np.argmax(others)), others.shape))
    numbers = {
        "width": Number(width, "1", "numbers in each query and key"),
        "temperature": Number(temperature, "1", "what the scores are divided by further"),
        "positions": Number(n, "positions", "positions"),
        "top": Number(float(seen.weights[row, column]), "share", "the largest weight on another position"),
        "keys": Number(_in_effect(seen), "positions", "that a row looks at in effect, on average: exp of the entropy"),
        "undivided_keys": Number(_in_effect(plain), "positions", "the same where scores are not divided at all"),
        "passes": Number(_passes(seen), "1", "one minus the sum of squared weights: the slope of the softmax"),
        "undivided_passes": Number(_passes(plain), "1", "the same where scores are not divided"),
        "future": Number(float(np.triu(seen.weights, 1).sum() / n), "share", "of the weight on positions to come"),
        "size": Number(float(np.sqrt((seen.scores**2).mean()) * temperature), "1", "root mean square of the scores"),
        "root": Number(math.sqrt(d), "1", "the root of the width"),
        "undivided": Number(undivided, "1", "one over the root of the width: the temperature of not dividing"),
        "limit": Number(math.sqrt(2 * math.log(max(2, n))), "1", "the size of scores from which a softmax is frozen"),
        "one": Number(1.0, "1", "the size of a term"),
    }  # fmt: skip
    words = {
        "tokens": listed(problem.names, most=MOST),
        "query": quoted(problem.names[row]),
        "key": quoted(problem.names[column]),
    }
    pictures = (_heat(problem, seen), _widths(problem, numbers, mask), _temperatures(pair, numbers, mask))
    return View(_sentence(numbers, words), numbers, pictures, words)


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str]) -> str:
    keys, n = (numbers[name].value or 0.0 for name in ("keys", "positions"))
    verdict = "It is frozen" if keys < FROZEN else "It hardly chooses" if keys > EVEN * n else "It chooses"
    return (
        f"{verdict}: each position looks at {numbers['keys']} of {numbers['positions']} in effect, and "
        f"{words['query']} takes {numbers['top']} from {words['key']}. Undivided scores would leave "
        f"{numbers['undivided_keys']}; {numbers['future']} of the weight lies on what comes later."
    )


def _heat(problem: Sentence, seen: Attention) -> Picture:
    names = tuple(visible(name, 12) for name in problem.names)
    shares = tuple(values(np.round(row, 2)) for row in seen.weights)
    says = "Each row is a position that asks, each column one that answers; the cell is the share that is taken."
    x, y = Axis("looks at", names=names), Axis(names=names)
    return Picture("Who looks at whom", says, (Heat(shares),), x, y)


def _widths(problem: Sentence, numbers: Mapping[str, Number], mask: str) -> Picture:
    temperature = numbers["temperature"].value or 1.0
    pairs = [_asked(problem, d) for d in WIDTHS]
    sound = [_in_effect(_attend(pair, temperature, mask)) for pair in pairs]
    plain = [_in_effect(_attend(pair, 1 / math.sqrt(d), mask)) for pair, d in zip(pairs, WIDTHS, strict=True)]
    marks = (
        Line(values(WIDTHS), values(sound), "divided", "main"),
        Line(values(WIDTHS), values(plain), "not divided", "bad", dashed=True),
        Points((numbers["width"].value or 1.0,), (numbers["keys"].value or 1.0,), role="second"),
    )
    says = "How many positions a row looks at in effect, over the width of queries and keys, divided and not."
    y = Axis("in effect", low=0.0, high=float(len(problem.names)))
    return Picture("Positions in effect, by width", says, marks, Axis("width", log=True), y)


def _temperatures(pair: tuple[Floats, Floats], numbers: Mapping[str, Number], mask: str) -> Picture:
    at = np.geomspace(*TEMPERATURES, 15)
    keys = [_in_effect(_attend(pair, float(t), mask)) for t in at]
    marks = (
        Line(values(at), values(keys), role="main"),
        Rule(numbers["undivided"].value or 1.0, "not divided"),
        Points((numbers["temperature"].value or 1.0,), (numbers["keys"].value or 1.0,), role="second"),
    )
    says = "How many positions a row looks at in effect, over the temperature; a rule marks that of not dividing."
    y = Axis("in effect", low=0.0, high=numbers["positions"].value)
    return Picture("Positions in effect, by temperature", says, marks, Axis("temperature", log=True), y)
