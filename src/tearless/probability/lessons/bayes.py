"""Bayes' theorem: what a positive means

## The idea
A test finds {sensitivity} of the cases of {positive} and clears {specificity} of the others. Is a positive then right
in {sensitivity} of them? No. That is the chance of a positive given the case; you want the chance of the case given a
positive, and the two differ by how rare the case is.

Count instead of multiplying. Of {people} tested, {cases} are {positive}; the test finds {true_positives} of them. Of
the many others it wrongly flags {false_positives}. A positive is one of both heaps, so it is right in {if_positive}. To
take one chance for the other is the commonest mistake with tests.

## The picture
First, the heaps as a tree: who has it, and what the test says. Compare the two boxes of positives. Then how often a
positive is right over the prevalence, from rare to common. The dot is where you stand: move the prevalence and it
slides, while sensitivity and specificity stay. Ask for several positives in a row and a second curve rises far to the
left of the first. Move the threshold and both kinds of mistake trade places.

## The formula
Odds make it one multiplication: the odds after a positive are the odds before, times how much likelier a positive is
with the case than without, {ratio_said} here. Each further positive multiplies again, as long as its mistakes are its
own: the same test repeated on the same person repeats its mistakes and adds little. A positive is more often right than
wrong from a prevalence of {needed} on.

## Where it is used
Precision in scikit-learn (`precision_score`) is what Bayes' theorem gives at the prevalence of your test set, and at no
other; recall is the sensitivity. A threshold on `predict_proba` chooses both. A model trained on balanced classes
(`class_weight="balanced"`, oversampling) says what would be true if half of the rows were positive; its odds must be
multiplied by the ratio of the odds of both prevalences before they are used: `tearless calibrate --prevalence`.

## How it fails
The precision of the validation set is gone in production, though recall holds and nothing was changed: the positive
class is rarer there. Alarms are nearly all false, and people stop reading them. Accuracy hides it: to call nobody
{positive} is right in {never} of the rows here. A model may find that out as well, and predict one class for all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, InputError, NotApplicable, Number, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Line, Nodes, Picture, Points, Role, Rule, values
from tearless.probability.bayes import from_odds, meaning_of_a_test, odds, prevalence_needed, updated_odds
from tearless.probability.class_forecasts import ClassForecasts

PEOPLE = 1_000
LONGEST = 11
"""Letters of a class that fit into a box of the tree."""
GRID = np.geomspace(1e-4, 0.99, 80)

FORMULAS = (
    Formula(
        r"P(\mathrm{case} \mid +) = \frac{\pi s}{\pi s + (1 - \pi)(1 - c)}",
        "the chance of the case given a positive is prevalence times sensitivity, divided by that plus the share of "
        "the others times one minus specificity",
    ),
    Formula(
        r"\frac{P(\mathrm{case} \mid +)}{P(\mathrm{other} \mid +)} = \frac{\pi}{1 - \pi} \cdot \frac{s}{1 - c}",
        "the odds after a positive are the odds before it times sensitivity over one minus specificity",
    ),
)

CODE = """\
came, said = problem.y == 1, problem.p
positive = said >= threshold              # the test: a cut in the scores

hits, false_alarms = np.sum(positive & came), np.sum(positive & ~came)
missed, cleared = np.sum(~positive & came), np.sum(~positive & ~came)
sensitivity = hits / (hits + missed)               # P(positive | case)
specificity = cleared / (cleared + false_alarms)   # P(negative | other)
accuracy = (hits + cleared) / len(said)

# Bayes by counting heads among 1,000, at the prevalence you chose
true_positives = 1000 * prevalence * sensitivity
false_positives = 1000 * (1 - prevalence) * (1 - specificity)
if true_positives + false_positives > 0:
    if_positive = true_positives / (true_positives + false_positives)

# several positives, each with mistakes of its own: multiply all chances
with_case = prevalence * sensitivity ** positives
without = (1 - prevalence) * (1 - specificity) ** positives
if with_case + without > 0:
    after = with_case / (with_case + without)
"""

QUESTIONS = (
    Question(
        "junior",
        "The test is positive. What is the chance that it is right?",
        (
            Answer("{if_positive}", "Yes: {true_positives} true positives beside {false_positives} false ones in "
                   "{people}.", right=True),
            Answer("{sensitivity}", "That is the chance of a positive given the case: the sensitivity. Asked is the "
                   "chance of the case given a positive."),
            Answer("{specificity}", "That is the share of the others that the test clears. It says nothing of how "
                   "many others there are."),
        ),
    ),
    Question(
        "mid",
        "From which prevalence on is a positive more often right than wrong?",
        (
            Answer("{needed}", "Yes: a positive is {ratio_said} as likely with the case as without, and there "
                   "that makes the odds even.", right=True),
            Answer("any, the test is good enough", "No test is good enough for every prevalence: with few cases, the "
                   "others supply the positives."),
            Answer("one half", "At one half the sensitivity and specificity alone decide. A positive is "
                   "{ratio_said} as likely with the case, so less is enough."),
        ),
    ),
    Question(
        "senior",
        "After {positives} positives the theorem says {after}. When is that too much?",
        (
            Answer("When the mistakes of the tests go together", "Yes: the multiplication holds for evidence that is "
                   "independent given the case. One cause of a false alarm makes it come back.", right=True),
            Answer("When the prevalence is low", "The prevalence is in the formula already: {prevalence} here."),
            Answer("Never: evidence always adds up", "It adds up where each piece is new. The same score looked at "
                   "twice is one piece."),
        ),
        {"positives": 2},
    ),
)  # fmt: skip

CATCHES = ("base-rate-shift", "class-imbalance", "class-collapse")
NEXT = ("naive-bayes", "calibration", "distributions")


@dataclass(frozen=True)
class Test:
    """A score of one class, ``p`` (n,), and whether it came, ``y`` (n,): a test, once a threshold cuts it."""

    __test__ = False
    y: NDArray[np.float64]
    p: NDArray[np.float64]
    positive: str
    said: str

    @property
    def share(self) -> float:
        return float(self.y.mean())


def example(rng: np.random.Generator) -> Example:
    """A screening: few are ill, and the score was trained where half of them were."""
    ill = (np.arange(2_000) < 40).astype(int)
    score = 1 / (1 + np.exp(-2.9 * rng.normal(np.where(ill == 1, 1.45, -1.45), 1.0)))
    truth = np.where(ill == 1, "ill", "healthy")
    return Example({"truth": truth, "probability of healthy": 1 - score, "probability of ill": score})


def problem(forecasts: ClassForecasts) -> Test:
    k = forecasts.rarest
    y, p = forecasts.one(k)
    if not 0 < y.mean() < 1:
        raise NotApplicable("one class came alone; this needs rows of both")
    return Test(y, p, forecasts.names[k], forecasts.said)


def controls(problem: Test) -> tuple[Control, ...]:
    share = float(f"{problem.share:.4g}")
    return (
        Slider("prevalence", "prevalence", share, min(0.001, share / 2), max(0.9, share), log=True),
        Slider("threshold", "positive from", 0.5, 0.02, 0.98),
        Slider("positives", "positives in a row", 1, 1, 4, whole=True),
    )


def compute(problem: Test, prevalence: float, threshold: float, positives: float) -> View:
    came, positive = problem.y == 1, problem.p >= threshold
    hits, false = float((positive & came).sum()), float((positive & ~came).sum())
    missed, cleared = float((~positive & came).sum()), float((~positive & ~came).sum())
    test = meaning_of_a_test(prevalence, hits / (hits + missed), cleared / (cleared + false))
    heaps, name = test.counts(PEOPLE), problem.positive
    ratio = _ratio(test.sensitivity, test.specificity)
    numbers = {
        "prevalence": Number(prevalence, "share", f"cases of {quoted(name)} among those tested"),
        "threshold": Number(threshold, "1", "the score from which on the test is positive"),
        "positives": Number(positives, "times", "positive results in a row"),
        "sensitivity": Number(test.sensitivity, "share", f"positives among the cases, {problem.said}"),
        "specificity": Number(test.specificity, "share", f"negatives among the others, {problem.said}"),
        "if_positive": Number(test.if_positive, "share", "cases among the positives"),
        "if_negative": Number(test.if_negative, "share", "cases among the negatives"),
        "after": Number(_after(prevalence, ratio, positives), "share", "cases after so many positives"),
        "ratio": Number(ratio, "times", "how much likelier a positive is for a case than for another"),
        "needed": Number(
            _needed(test.sensitivity, test.specificity), "share", "prevalence at which a positive is even"
        ),
        "people": Number(PEOPLE, "people", "counted in the tree"),
        "cases": Number(PEOPLE * prevalence, "people", "cases among them"),
        "true_positives": Number(heaps["true positives"], "people", "cases that are found"),
        "false_positives": Number(heaps["false positives"], "people", "others that are flagged"),
        "hits": Number(hits, "rows", "cases that the threshold finds in the data"),
        "false_alarms": Number(false, "rows", "others that it flags in the data"),
        "missed": Number(missed, "rows", "cases that it does not find in the data"),
        "cleared": Number(cleared, "rows", "others that it clears in the data"),
        "accuracy": Number((hits + cleared) / len(came), "share", "rows called rightly at this threshold"),
        "never": Number(1 - problem.share, "share", "rows called rightly by never saying the class"),
    }
    words = {
        "positive": quoted(name),
        "ratio_said": f"{numbers['ratio']} times" if math.isfinite(ratio) else "more times than these rows can tell",
    }
    pictures = (_tree(problem, test.counts(PEOPLE), prevalence), _curve(numbers, ratio))
    return View(_sentence(numbers, words["positive"]), numbers, pictures, words)


def _ratio(sensitivity: float, specificity: float) -> float:
    """How much likelier a positive is for a case; inf without false alarms, nan for a test that is never positive."""
    if sensitivity == 0 and specificity == 1:
        return math.nan
    return math.inf if specificity == 1 else sensitivity / (1 - specificity)


def _after(prevalence: float, ratio: float, positives: float) -> float:
    return math.nan if math.isnan(ratio) else from_odds(updated_odds(odds(prevalence), *[ratio] * int(positives)))


def _needed(sensitivity: float, specificity: float) -> float | None:
    try:
        return prevalence_needed(sensitivity, specificity, 0.5)
    except InputError:
        return None


def _sentence(numbers: Mapping[str, Number], name: str) -> str:
    if numbers["if_positive"].value is None:
        return (
            f"No row is positive from {numbers['threshold']} on: the test finds none of the cases of {name}, and is "
            f"still right in {numbers['accuracy']} of the rows."
        )
    verdict = "Most positives are false" if (numbers["if_positive"].value or 0) < 0.5 else "Most positives are right"
    more = ""
    if (numbers["positives"].value or 1) > 1:
        more = f" After {numbers['positives']} independent positives it is {numbers['after']}."
    return (
        f"{verdict}: at a prevalence of {numbers['prevalence']} a positive means {name} in {numbers['if_positive']}, "
        f"though the test finds {numbers['sensitivity']} of the cases and clears {numbers['specificity']} of the "
        f"others.{more}"
    )


def _tree(problem: Test, heaps: Mapping[str, float], prevalence: float) -> Picture:
    name = visible(problem.positive, LONGEST)
    counts = (
        (PEOPLE, "tested", "soft"),
        (PEOPLE * prevalence, name, "main"),
        (PEOPLE * (1 - prevalence), f"not {name}", "soft"),
        (heaps["true positives"], "positive,\nright", "good"),
        (heaps["false negatives"], "missed", "soft"),
        (heaps["false positives"], "positive,\nwrong", "bad"),
        (heaps["true negatives"], "cleared", "soft"),
    )
    texts = tuple(f"{shown(count)}\n{text}" for count, text, _ in counts)
    roles: tuple[Role, ...] = ("soft", "main", "soft", "good", "soft", "bad", "soft")
    links = tuple((a, b, "") for a, b in ((0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6)))
    marks = (Nodes((1.5, 0.5, 2.5, 0.0, 1.0, 2.0, 3.0), (2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0), texts, links, roles),)
    says = f"Of {shown(PEOPLE)} tested, how many are {name}, and how many of both kinds the test calls positive."
    x, y = Axis(low=-0.5, high=3.5), Axis(low=-0.4, high=2.3)
    return Picture("Count heads", says, marks, x, y, bare=True)


def _curve(numbers: Mapping[str, Number], ratio: float) -> Picture:
    at, times = numbers["prevalence"].value or 0.0, int(numbers["positives"].value or 1)
    marks: list[Line | Points | Rule] = [Rule(0.5, "even", "y", "soft")]
    if not math.isnan(ratio):
        once = [_after(float(share), ratio, 1) for share in GRID]
        marks.append(Line(values(GRID), values(once), "one positive"))
        if times > 1:
            more = [_after(float(share), ratio, times) for share in GRID]
            marks.append(Line(values(GRID), values(more), f"{times} positives", "second", dashed=True))
            marks.append(Points((at,), (numbers["after"].value or 0.0,), role="second"))
        marks.append(Points((at,), (numbers["if_positive"].value or 0.0,), "you are here"))
    says = (
        f"How often a positive is right over the prevalence; at {numbers['prevalence']} it is {numbers['if_positive']}."
    )
    return Picture(
        "What a positive means", says, tuple(marks), Axis("prevalence", log=True), Axis("right", low=0.0, high=1.0)
    )
