"""Hypothesis tests: pairing, power, and the win that was noise

## The idea
{b} is right on {accuracy_b} of the items, {a} on {accuracy_a}. Is {b} better, or did it meet the luckier items? Two
equally good models never score the same. A test asks how often two equal models would part by at least as much: here
in {p} of trials.

Both models saw the same items, and agree on most of them. These cancel. What is left are {differing} items that one
model alone got right: {only_b} for {b}, {only_a} for {a}. If the models were equal, a fair coin would decide each. So
the question of two models comes down to one of coins, and the hard and the easy items no longer matter.

## The picture
First, the difference with its interval, twice: item by item, as it should be done, and side by side, which forgets that
the items are the same. Where an interval holds zero, the difference is within the reach of chance. Then how often the
test would notice a true gain of {worth}, over the number of items. Move the items and watch both intervals shrink.
Change the design and watch the power: the same answers, the same gain, another test.

## The formula
The variance of a difference is the sum of both variances less twice their covariance. Models that find the same items
hard have a large covariance, so the paired difference is far surer: its error is {error}, against {error_apart} side by
side. To see a true gain of {worth} in four of five trials takes {needed} items; half of the gain takes four times as
many.

## Where it is used
Every line of a benchmark table that stands in bold. `scipy.stats.ttest_ind` on two columns of right and wrong is the
common mistake: it is made for items that differ. `statsmodels` has `mcnemar`; this library has `tearless compare`,
which also knows folds, seeds, clusters of items and several models. For scores of folds use a corrected test: folds
share training rows. `tearless power` says how many items to collect before you collect them.

## How it fails
A gain is gone on the next test set: it was noise, or the best of many. Of ten equal models on so many items the best
stands {optimism} above the truth by luck alone, and one of ten fair tests is sure in {one_of_ten} of trials. Or a real
gain is thrown away, since side by side a gain of {worth} is noticed in {power_apart} of trials instead of
{power_paired}. Items that come in groups (questions about one text, pictures of one patient) count as fewer than they
are. To look after each item and stop when it is sure finds a winner among equals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from tearless.core import Example, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Line, Picture, Points, Ranges, Role, Rule, Values, values
from tearless.statistics.comparison.best_of_many import optimism_of_best
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.paired_power import paired_items, paired_power
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired
from tearless.statistics.comparison.two_proportions import compare_unpaired
from tearless.statistics.comparison.unpaired_power import unpaired_power
from tearless.statistics.estimate import normal_quantile
from tearless.statistics.resampling_laws import bootstrap_of_difference
from tearless.statistics.right_answers import TwoModels

LEVEL = 0.95
POWER = 0.8
TEN = 10
DESIGNS = ("item by item", "side by side", "different items")
FEWEST_ITEMS, MOST_ITEMS = 20, 5_000
STOPS = 12
"""Numbers of items at which the power is drawn."""

FORMULAS = (
    Formula(
        r"\mathrm{Var}(\hat b - \hat a) = \sigma_A^2 + \sigma_B^2 - 2\,\mathrm{cov}(A, B)",
        "the variance of the difference is the sum of both variances minus twice the covariance",
    ),
    Formula(
        r"p = 2\,P(X < k) + P(X = k), \quad X \sim \mathrm{Binomial}(m, 1/2)",
        "the mid-p value is twice the chance that a fair coin thrown m times falls fewer than k times to the side of "
        "the worse model, plus the chance of exactly k",
    ),
)

CODE = """\
from math import comb, erfc, sqrt

a, b = problem.a, problem.b                # 1 right, 0 wrong, same items
share = items / len(a)                     # as if so many had been asked
only_a = round(share * np.sum((a == 1) & (b == 0)))
only_b = round(share * np.sum((a == 0) & (b == 1)))
both = min(round(share * np.sum(a & b)), items - only_a - only_b)
difference = (only_b - only_a) / items

# McNemar: equal models share the differing items like a fair coin
m, k = only_a + only_b, min(only_a, only_b)
fewer = sum(comb(m, i) for i in range(k))
p_paired = (2 * fewer + comb(m, k)) / 2**m

# side by side: as if each model had had items of its own
mean = (2 * both + m) / (2 * items)
spread = sqrt(2 * mean * (1 - mean) / items)
z = abs(difference) / spread * sqrt((2 * items - 1) / (2 * items))
p_apart = erfc(z / sqrt(2))
p = p_paired if design == "item by item" else p_apart
"""

QUESTIONS = (
    Question(
        "junior",
        "The p is {p}. What does it say?",
        (
            Answer("Equal models part so far, or farther, in {p} of trials", "Yes: that, and nothing about "
                   "how likely it is that they are equal.", right=True),
            Answer("The chance that the models are equal is {p}", "That turns the condition round. The p is computed "
                   "as if they were equal; how likely that is, the test does not know."),
            Answer("The new model is better with a chance of {rest}", "One minus p is no chance of being better. "
                   "For that you would need a belief from before the test."),
        ),
    ),
    Question(
        "mid",
        "Which numbers does the paired test look at?",
        (
            Answer("{only_b} against {only_a}", "Yes: the items that one model alone got right. The others say "
                   "nothing about which is better.", right=True),
            Answer("{right_b} against {right_a} of {items}", "Those are the totals. They hold the items on which both "
                   "are right, which widen the error and tell nothing."),
            Answer("{accuracy_b} against {accuracy_a}", "Two shares without the number of items and without their "
                   "overlap allow no test at all."),
        ),
    ),
    Question(
        "senior",
        "A test of {items} items found nothing. A true gain of {worth} would have been noticed in {power_paired} of "
        "trials. What follows?",
        (
            Answer("The question is open: plan for {needed} items", "Yes: with so little power, to find nothing says "
                   "nothing.", right=True),
            Answer("The models are equally good", "No proof of a difference is no proof of equality. Ask with a "
                   "margin, `tearless compare --margin`."),
            Answer("Add items until the test is sure", "Equal models get there too, if you look often enough. Fix the "
                   "number first, or use a test that allows for looking."),
        ),
    ),
)  # fmt: skip

CATCHES = ("difference-is-noise", "unpaired-design", "dependent-scores", "best-of-many", "clustered-items")
NEXT = ("confidence-intervals", "sample-and-bootstrap", "bias-and-variance")


def example(rng: np.random.Generator) -> Example:
    """Two spam filters on the same mails: the new one wins by two points."""
    old, new = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [407, 18, 28, 47], axis=0)[rng.permutation(500)].T
    return Example({"old filter": old, "new filter": new})


def problem(models: TwoModels) -> TwoModels:
    return models


def controls(problem: TwoModels) -> tuple[Control, ...]:
    table, n = problem.table, min(problem.n, MOST_ITEMS)
    discordant = table.differing / table.items
    gain = float(f"{abs(table.difference) or discordant / 4:.4g}")
    low, high = min(gain, discordant / 20), 0.9 * discordant
    return (
        Slider("items", "items", n, *_reach(problem.n), log=True, whole=True),
        Slider("worth", "true gain", min(max(gain, low), max(high, low)), low, max(high, low)),
        Choice("design", "design", DESIGNS[0], DESIGNS),
    )


def compute(problem: TwoModels, items: float, worth: float, design: str) -> View:
    seen, n = problem.table, int(items)
    table = _scaled(seen, n)
    right_a, right_b = table.both + table.only_a, table.both + table.only_b
    paired, apart = compare_paired(table), compare_unpaired(right_a, n, right_b, n)
    found, chances = (paired if design == DESIGNS[0] else apart), _powers(seen, n, worth)
    numbers = {
        "items": Number(n, "items", f"that were asked, with the shares of {problem.said}"),
        "accuracy_a": Number(right_a / n, "share", "right answers of the first model"),
        "accuracy_b": Number(right_b / n, "share", "right answers of the second model"),
        "right_a": Number(right_a, "items", "the first model got right"),
        "right_b": Number(right_b, "items", "the second model got right"),
        "only_a": Number(table.only_a, "items", "the first model alone got right"),
        "only_b": Number(table.only_b, "items", "the second model alone got right"),
        "differing": Number(table.differing, "items", "exactly one model got right"),
        "difference": Number(
            table.difference, "share", "second less first", (found.estimate.low, found.estimate.high), LEVEL
        ),
        "p": Number(found.p, "chance", f"of such a difference between equal models, by {found.test}"),
        "rest": Number(1 - found.p, "chance", "one minus p"),
        "p_paired": Number(paired.p, "chance", f"the same item by item, by {paired.test}"),
        "p_apart": Number(apart.p, "chance", f"the same side by side, by {apart.test}"),
        "low": Number(found.estimate.low, "share", "the low end of the interval of the difference"),
        "high": Number(found.estimate.high, "share", "its high end"),
        "error": Number(paired.estimate.standard_error, "share", "standard error, item by item"),
        "error_apart": Number(apart.estimate.standard_error, "share", "standard error, side by side"),
        "worth": Number(worth, "share", "the true gain to be noticed"),
        "power_paired": Number(chances[0], "share", "trials that notice it, same items, item by item"),
        "power_apart": Number(
            chances[1], "share", "trials that notice it, same items, side by side, their mean share as seen"
        ),
        "power_other": Number(chances[2], "share", "trials that notice it, different items for each model"),
        "power": Number(chances[DESIGNS.index(design)], "share", "trials that notice it, by the design chosen"),
        "needed": Number(_needed(seen, worth), "items", "items that notice it in four of five trials, item by item"),
        "optimism": Number(
            optimism_of_best(TEN, n, table.both / n + table.differing / n / 2), "share", "best of ten equals by luck"
        ),
        "one_of_ten": Number(1 - LEVEL**TEN, "share", "trials in which one of ten fair tests is sure"),
    }
    words = {"a": quoted(problem.names[0]), "b": quoted(problem.names[1])}
    pictures = (_intervals(paired, apart, design), _power(problem, numbers, worth, design))
    return View(_sentence(numbers, words, found, design), numbers, pictures, words)


def _reach(n: int) -> tuple[int, int]:
    """From how few items to how many the reader looks, with ``n`` at hand."""
    return min(n, FEWEST_ITEMS), max(min(n, MOST_ITEMS), min(20 * n, MOST_ITEMS))


def _scaled(seen: PairedTable, n: int) -> PairedTable:
    """The same shares on another number of items."""
    share = n / seen.items
    only_a, only_b = round(share * seen.only_a), round(share * seen.only_b)
    only_b = min(only_b, n - only_a)
    both = min(round(share * seen.both), n - only_a - only_b)
    return PairedTable(both, only_a, only_b, n - only_a - only_b - both)


def _powers(seen: PairedTable, n: int, worth: float) -> tuple[float, float, float]:
    """How often each design is sure of a true gain, where the models part on as many items as was seen."""
    discordant = seen.differing / seen.items
    mean = seen.both / seen.items + discordant / 2
    a, b = max(0.0, mean - worth / 2), min(1.0, mean + worth / 2)
    better, worse = (round(n * (discordant + sign * worth) / 2) for sign in (1, -1))
    law = bootstrap_of_difference(better, min(worse, n - better), n)
    limit = normal_quantile(LEVEL) * math.sqrt(2 * mean * (1 - mean) / n * (2 * n / (2 * n - 1)))
    apart = min(1.0, float(law.chances[np.abs(law.values) >= limit].sum()))
    return paired_power(n, worth, discordant), apart, unpaired_power(n, n, a, b)


@lru_cache(maxsize=8)
def _powers_over(seen: PairedTable, fewest: int, most: int, worth: float) -> tuple[Values, tuple[Values, ...]]:
    """Numbers of items, and what each design notices with them. Kept: it moves with the gain alone."""
    at = np.unique(np.geomspace(fewest, most, STOPS).round().astype(int))
    return values(at), tuple(values(line) for line in zip(*(_powers(seen, int(n), worth) for n in at), strict=True))


def _needed(seen: PairedTable, worth: float) -> float:
    return float(paired_items(worth, seen.differing / seen.items, POWER, LEVEL, "connor"))


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], found: Difference, design: str) -> str:
    verdict = "More than chance explains" if found.sure else "Within the reach of chance"
    on = {DESIGNS[2]: f"on {numbers['items']} items for each model"}.get(
        design, f"on {numbers['items']} items, compared {design}"
    )
    above = "above" if found.estimate.value >= 0 else "below"
    gap = shown(abs(found.estimate.value), "share")
    return (
        f"{verdict}: {on}, {words['b']} stands {gap} {above} {words['a']} ({numbers['low']} to {numbers['high']}, "
        f"p = {numbers['p']}). Such a test notices a true gain of {numbers['worth']} in {numbers['power']} of trials."
    )


def _intervals(paired: Difference, apart: Difference, design: str) -> Picture:
    marks: list[Ranges | Rule] = [Rule(0.0, "no difference", "x", "soft")]
    for at, (found, mine) in enumerate(((paired, design == DESIGNS[0]), (apart, design != DESIGNS[0]))):
        e = found.estimate
        role: Role = "second" if not mine else "main"
        marks.append(Ranges((float(at),), (e.low,), (e.high,), (e.value,), role=role))
    says = "The difference of the two shares of right answers with its interval, by the paired test and by the other."
    names = DESIGNS[:2] if design != DESIGNS[2] else (DESIGNS[0], DESIGNS[2])
    return Picture("How sure is it?", says, tuple(marks), Axis("second less first"), Axis(names=names))


def _power(problem: TwoModels, numbers: Mapping[str, Number], worth: float, design: str) -> Picture:
    at, lines = _powers_over(problem.table, *_reach(problem.n), worth)
    here = DESIGNS.index(design)
    marks = [
        Line(
            values(at), values(line), name, "main" if i == here else "second" if i == (here + 1) % 3 else "third", i > 0
        )
        for i, (name, line) in enumerate(zip(DESIGNS, lines, strict=True))
    ]
    dot = Points((numbers["items"].value or 0.0,), (numbers["power"].value or 0.0,), "you are here")
    says = (
        f"How often a true gain of {numbers['worth']} is noticed, over the number of items, by three designs; at "
        f"{numbers['items']} items it is {numbers['power']}."
    )
    return Picture(
        "How often is a true gain noticed?",
        says,
        (*marks, Rule(POWER, "four of five", "y", "good"), dot),
        Axis("items", log=True),
        Axis("noticed", low=0.0, high=1.0),
    )
