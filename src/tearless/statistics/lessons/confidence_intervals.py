"""Confidence intervals: what so few items can tell

## The idea
{right} of {items} answers are right. How good is the model? {seen} is what you saw; the truth is what you would see on
endless items of the same kind, and many truths could have shown you this. A confidence interval is the list of those
that are not refuted: here {wilson_low} to {wilson_high}.

The textbook's formula, the share plus or minus two standard errors, takes the standard error at the share that was
seen. At {seen} it says {wald_low} to {wald_high}. Where every answer was right it has no width at all: certainty from
a handful of items. The honest methods ask each possible truth how far from it such a sample strays.

## The picture
First, four intervals for the same answers. Move the share to either end and watch the textbook's one vanish, the others
not. Move the items: to halve the width takes four times as many. Then how often each method is as good as its word:
over the true share, the part of samples whose interval holds the truth. The promise is {level}; a line below it breaks
the promise. The dots stand at a truth of {truth}, the middle of Wilson's interval.

## The formula
Wilson's interval holds every truth from which the share seen lies at most so many of its standard errors away: a
quadratic in the truth. The exact one, of Clopper and Pearson, holds every truth under which so many right, or fewer,
and so many right, or more, both have chance enough; it never covers less than it promises. Without any mistake in so
many items its rate can still be as high as {most_wrong}.

## Where it is used
Wherever an accuracy stands in a table. scikit-learn's `accuracy_score` returns the share alone; `statsmodels` has
`proportion_confint`, whose default, `normal`, is the textbook's. Here `tearless compare` gives the interval with the
share. F1, AUC and mean errors have intervals of their own; a difference of two models needs the
interval of the difference, not two intervals side by side. A leaderboard
without intervals ranks luck among its first places.

## How it fails
A pilot on a few patients has no mistake, the report says perfect, and the first month in use brings several. An alarm
with a recall of one rests on a dozen cases. Or two intervals overlap and the models are called equal: where two
intervals of the same length just touch, the difference is already sure, with a chance of {touching} by luck. Items that
come in groups, or a test set on which models were chosen, make every such interval too short, by whatever formula.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, ndtr

from tearless.core import Example, Number
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Picture, Points, Ranges, Role, Rule, Values, values
from tearless.statistics.estimate import normal_quantile
from tearless.statistics.intervals import clopper_pearson, jeffreys, wilson
from tearless.statistics.right_answers import RightAnswers
from tearless.statistics.standard_error import standard_error_of_share

LEVEL = 0.95
RARE = 0.01
MOST_DRAWN = 1_000
"""Items at most for which the coverage is drawn; it changes little above."""
GRID = np.linspace(0.005, 0.995, 80)

FORMULAS = (
    Formula(
        r"\left|\frac{k}{n} - \pi\right| \le z\sqrt{\frac{\pi(1-\pi)}{n}}",
        "Wilson's interval holds every true share pi from which the seen share lies at most z standard errors away, "
        "with the standard error taken at pi",
    ),
    Formula(
        r"\frac{k}{n} \pm z\sqrt{\frac{k/n\,(1-k/n)}{n}}",
        "the textbook takes the standard error at the share that was seen, nothing where all or none are right",
    ),
)

CODE = """\
from scipy.special import betaincinv, ndtri

n, right = items, round(share * items)
seen, z = right / n, ndtri((1 + level) / 2)   # 1.96 for 95 %

# the textbook: the standard error at the share that was seen
error = np.sqrt(seen * (1 - seen) / n)
wald_low, wald_high = max(0, seen - z * error), min(1, seen + z * error)

# Wilson: all truths p with (seen - p)**2 <= z**2 * p * (1 - p) / n
ends = np.roots([1 + z**2 / n, -(2 * seen + z**2 / n), seen**2])
wilson_low, wilson_high = sorted(np.clip(ends.real, 0, 1))

# Clopper and Pearson: truths under which neither tail is too rare
tail = (1 - level) / 2
exact_low = betaincinv(right, n - right + 1, tail) if right else 0.0
exact_high = betaincinv(right + 1, n - right, 1 - tail) if right < n else 1.0
width = wilson_high - wilson_low
"""

QUESTIONS = (
    Question(
        "junior",
        "{right} of {items} are right. Which truths do these items not refute?",
        (
            Answer("{wilson_low} to {wilson_high}", "Yes, by Wilson; the exact interval says {exact_low} to "
                   "{exact_high}.", right=True),
            Answer("{wald_low} to {wald_high}", "That is the textbook's formula. It takes the spread at the share that "
                   "was seen, and loses it near the ends."),
            Answer("{seen}, no more and no less", "That is what was seen. A truth of {wilson_low} shows the same "
                   "often enough."),
        ),
    ),
    Question(
        "mid",
        "How many items without a single mistake until a mistake in {hundred} is refuted, at {usual}?",
        (
            Answer("{needed}", "Yes: so many in a row come about in {left} of trials at that rate; about three times "
                   "{hundred}, the rule of three.", right=True),
            Answer("{hundred}", "At that rate so many items pass without a mistake in {none_in_hundred} of trials."),
            Answer("{pairs}", "Still too few: the chance of no mistake must fall to {left}."),
        ),
    ),
    Question(
        "senior",
        "The intervals of two models, on items of their own, overlap a little. Are they equal?",
        (
            Answer("Not told: look at the interval of the difference", "Yes: where the two just touch, luck alone does "
                   "that in {touching} of trials.", right=True),
            Answer("Yes: a common truth is possible", "Both at the far end at once is much rarer than either. The "
                   "error of a difference is not the sum of both errors."),
            Answer("Yes, while the overlap is more than half", "No such rule holds on a shared test set, where the "
                   "pairing decides and the two intervals say nothing of it."),
        ),
    ),
)  # fmt: skip

CATCHES = ("underpowered", "degenerate-scores")
NEXT = ("hypothesis-tests", "sample-and-bootstrap", "bayes")


def example(rng: np.random.Generator) -> Example:
    """A pilot: a model looks at a few patients and is right on every one."""
    truth = np.where(rng.random(20) < 0.4, "ill", "healthy")
    truth[:2] = "ill", "healthy"
    return Example({"truth": truth, "predicted": truth.copy()})


def problem(answers: RightAnswers) -> RightAnswers:
    return answers


def controls(problem: RightAnswers) -> tuple[Control, ...]:
    n = problem.n
    return (
        Slider("items", "items", n, min(n, 5), max(n, MOST_DRAWN), log=True, whole=True),
        Slider("share", "share right", problem.right / n, 0.0, 1.0),
        Slider("level", "confidence", LEVEL, 0.5, 0.999),
    )


def wald(right: float, n: float, level: float) -> tuple[float, float]:
    """The textbook's interval, cut to what a share can be: to be taught, not used."""
    share = right / n
    reach = normal_quantile(level) * float(standard_error_of_share(right, n))
    return max(0.0, share - reach), min(1.0, share + reach)


METHODS: Mapping[str, Callable[[int, int, float], tuple[float, float]]] = {
    "textbook": wald,
    "Wilson": wilson,
    "exact": clopper_pearson,
    "Jeffreys": jeffreys,
}
ROLES: tuple[Role, ...] = ("bad", "main", "third", "soft")


def compute(problem: RightAnswers, items: float, share: float, level: float) -> View:
    n = int(items)
    right = round(share * n)
    ends = {name: method(right, n, level) for name, method in METHODS.items()}
    truth = sum(ends["Wilson"]) / 2
    covered = {name: _covers(name, n, level, truth) for name in ("textbook", "Wilson", "exact")}
    needed = math.ceil(math.log(1 - LEVEL) / math.log1p(-RARE))
    numbers = {
        "items": Number(n, "items", f"items; at hand are {problem.said}"),
        "right": Number(right, "items", "right answers"),
        "seen": Number(right / n, "share", "right answers of all"),
        "level": Number(level, "share", "the confidence that is promised"),
        "wald_low": Number(ends["textbook"][0], "share", "the textbook's interval, low end"),
        "wald_high": Number(ends["textbook"][1], "share", "its high end"),
        "wilson_low": Number(ends["Wilson"][0], "share", "Wilson's interval, low end"),
        "wilson_high": Number(ends["Wilson"][1], "share", "its high end"),
        "exact_low": Number(ends["exact"][0], "share", "the exact interval, low end"),
        "exact_high": Number(ends["exact"][1], "share", "its high end"),
        "width": Number(ends["Wilson"][1] - ends["Wilson"][0], "share", "the width of Wilson's interval"),
        "truth": Number(truth, "share", "the middle of Wilson's interval, taken for the truth"),
        "kept_textbook": Number(
            covered["textbook"],
            "share",
            f"samples, of {min(n, MOST_DRAWN):,} items, whose textbook interval holds that truth",
        ),
        "kept_wilson": Number(covered["Wilson"], "share", "the same by Wilson"),
        "kept_exact": Number(covered["exact"], "share", "the same by the exact interval"),
        "most_wrong": Number(clopper_pearson(0, n, level)[1], "share", "mistakes not refuted by none in so many"),
        "hundred": Number(1 / RARE, "items", "one mistake in so many, to be refuted"),
        "usual": Number(LEVEL, "share", "the usual confidence"),
        "needed": Number(needed, "items", "items without a mistake that refute it"),
        "pairs": Number(2 / RARE, "items", "twice as many as would hold one mistake on average"),
        "left": Number(1 - LEVEL, "share", "trials that may err"),
        "none_in_hundred": Number((1 - RARE) ** round(1 / RARE), "share", "trials without a mistake at that rate"),
        "touching": Number(
            2 * float(ndtr(-normal_quantile(LEVEL) * math.sqrt(2))), "chance", "of two intervals that just touch"
        ),
    }
    return View(_sentence(numbers), numbers, (_intervals(ends, numbers), _coverage(n, level, numbers)))


def _sentence(numbers: Mapping[str, Number]) -> str:
    shares = {name: number.value or 0.0 for name, number in numbers.items()}
    seen = f"{numbers['right']} of {numbers['items']} right"
    honest = f"Wilson's interval says {numbers['wilson_low']} to {numbers['wilson_high']}"
    kept = f"At a truth of {numbers['truth']} the textbook's holds it in {numbers['kept_textbook']} of samples."
    if shares["wald_low"] == shares["wald_high"]:
        return f"No certainty from {seen}: {honest}, where the textbook's has no width. {kept}"
    short = shares["kept_textbook"] < shares["level"] - 0.02
    verdict = "The textbook's interval promises too much" if short else "The textbook's interval will do"
    return (
        f"{verdict}: of {seen} it makes {numbers['wald_low']} to {numbers['wald_high']}; {honest}. {kept} "
        f"Promised are {numbers['level']}."
    )


@lru_cache(maxsize=16)
def _every_end(name: str, n: int, level: float) -> tuple[Values, Values]:
    """The interval for each number of right answers."""
    ends = [METHODS[name](k, n, level) for k in range(n + 1)]
    return values(low for low, _ in ends), values(high for _, high in ends)


def _covers(name: str, n: int, level: float, truth: float) -> float:
    """The chance that the interval of a sample of n, or of as many as are drawn, holds the truth. Exact."""
    n = min(n, MOST_DRAWN)
    low, high = _every_end(name, n, level)
    holds = np.flatnonzero((np.array(low) <= truth) & (truth <= np.array(high)))
    if not len(holds):
        return 0.0
    first, last = int(holds[0]), int(holds[-1])
    below = float(bdtr(first - 1, n, truth)) if first else 0.0
    return float(bdtr(last, n, truth)) - below


def _intervals(ends: Mapping[str, tuple[float, float]], numbers: Mapping[str, Number]) -> Picture:
    seen = numbers["seen"].value or 0.0
    marks = tuple(
        Ranges((float(at),), (low,), (high,), (seen,), role=role)
        for at, ((low, high), role) in enumerate(zip(ends.values(), ROLES, strict=True))
    )
    says = f"Four intervals of {numbers['right']} right answers of {numbers['items']}, a dot at the share seen."
    return Picture(
        "What is not refuted?", says, (*marks, Rule(seen, "seen", "x", "soft")), Axis("true share"),
        Axis(names=tuple(ends)),
    )  # fmt: skip


def _coverage(n: int, level: float, numbers: Mapping[str, Number]) -> Picture:
    drawn: tuple[tuple[str, str, Role], ...] = (
        ("textbook", "kept_textbook", "bad"), ("Wilson", "kept_wilson", "main"), ("exact", "kept_exact", "third"),
    )  # fmt: skip
    truth = numbers["truth"].value or 0.0
    low = max(0.0, min(2 * level - 1.3, (numbers["kept_textbook"].value or 0.0) - 0.05))
    marks: list[Line | Points] = [Line((0.0, 1.0), (level, level), "promised", "good", dashed=True)]
    for name, number, role in drawn:
        kept = np.array([_covers(name, n, level, float(p)) for p in GRID])
        high = kept >= low  # what lies below the picture is left out
        marks.append(Line(values(GRID[high]), values(kept[high]), name, role, dashed=role == "third"))
        marks.append(Points((truth,), (numbers[number].value or 0.0,), role=role))
    says = (
        f"Over the true share, the part of samples whose interval holds it; at {numbers['truth']} it is "
        f"{numbers['kept_textbook']} by the textbook and {numbers['kept_wilson']} by Wilson."
    )
    return Picture(
        "Is the promise kept?", says, tuple(marks), Axis("true share", low=0.0, high=1.0),
        Axis("intervals that hold it", low=low, high=1.0),
    )  # fmt: skip
