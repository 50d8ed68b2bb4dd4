"""Sample and population: the error of what you did not see, and the bootstrap

## The idea
You have {rows} rows and want to know of all there are. A sample of {n} has a {statistic} of {estimate}; another sample
would have another. How far they stray from each other is the standard error, and you want it from one sample, for you
have only one.

The bootstrap takes the sample for the population: it draws from it again and again, with putting back, and looks how
far the {statistic} strays. Here it says {boot_error}; fresh samples of the whole truly stray by {true_error}. It needs
no formula, so it works for a median, an AUC, a ratio. What it cannot do is know of rows that no draw could reach.

## The picture
First, the heap that the bootstrap made of one sample, and the heap of fresh samples. Look at the width: that they
share. The place they need not share; the bootstrap stands where its sample stands. Then the intervals of {tries}
samples and the truth of all rows. Move the size: the intervals shrink with its square root. Then spoil the drawing: all
shrink around the wrong place, or are too short, and no formula notices.

## The formula
The standard error of a mean is the standard deviation over the root of the rows. The deviation is divided by the rows
less one, {sd}, since distances are taken from the sample's own mean, which lies nearer to its rows than the truth does;
divided by the rows it is {sd0}, too small on average. NumPy's `std` divides by the rows, that of pandas by the rows
less one.

## Where it is used
Every split, fold and mini-batch is a sample. `BaggingClassifier` and random forests in scikit-learn train on bootstrap
samples; `train_test_split` shuffles for the reason shown here, `DataLoader(shuffle=True)` in PyTorch too. A batch is a
sample of the gradient: a quarter of the batch doubles its noise, and batch normalisation takes its mean and deviation
from such a sample. `scipy.stats.bootstrap` makes intervals, as does
`tearless.statistics.bootstrap`.

## How it fails
The interval on the dashboard is narrow, and the next month lies far outside. Copies of rows, repeated questions, many
visits of one patient: with each row twice the error looks smaller by the root of two. A table sorted by date or class
is cut in two without shuffling, so that one part never saw what the other holds. Those with high values do not answer.
Then training and test share what no population does, and the score is of the sample alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Picture, Ranges, Role, Rule, values
from tearless.statistics.bootstrap import bootstrap
from tearless.statistics.described_columns import DescribedColumns
from tearless.statistics.estimate import student_quantile
from tearless.statistics.quantiles import quantiles
from tearless.statistics.resampling_laws import bootstrap_of_median
from tearless.statistics.standard_error import standard_error_of_mean, variance

Floats = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 400
FIRST = 500
"""The first sample is drawn with this seed, the next with the next."""
TRIES = 40
NEAR = 1.25
"""An error within this factor of the true one is well known."""
FEWEST, MOST = 6, 400
DRAWN = ("at random", "high ones missing", "half are copies")
STATISTICS: Mapping[str, Callable[..., Any]] = {"mean": np.mean, "median": np.median}
REACHED = 0.75
"""Where high values are missing, only rows below this quantile can be drawn."""
BINS = 24

FORMULAS = (
    Formula(
        r"\mathrm{SE}(\bar x) = \frac{s}{\sqrt n}, \qquad s^2 = \frac{1}{n-1}\sum_i (x_i - \bar x)^2",
        "the standard error of the mean is the standard deviation of the sample over the root of the rows; the square "
        "of that deviation is the sum of squared distances divided by the rows less one",
    ),
    Formula(
        r"\mathrm{SE}_{\mathrm{boot}} = \mathrm{sd}\big(\theta(x^{*1}), \ldots, \theta(x^{*B})\big)",
        "the bootstrap's standard error is the standard deviation of the statistic over samples drawn from the sample",
    ),
)

CODE = """\
statistic_of = {"mean": np.mean, "median": np.median}[statistic]
everyone = problem.column(problem.begin)
everyone = everyone[~np.isnan(everyone)]
truth = statistic_of(everyone)

pool = everyone
if how == "high ones missing":                 # rows that no draw reaches
    pool = pool[pool <= np.quantile(pool, 0.75)]
copies = 2 if how == "half are copies" else 1
rng = np.random.default_rng(500)
x = np.tile(pool[rng.integers(0, len(pool), n // copies)], copies)

estimate = statistic_of(x)
sd0 = np.sqrt(np.mean((x - x.mean()) ** 2))    # of these rows
sd = sd0 * np.sqrt(len(x) / (len(x) - 1))      # of those they came from
error = sd / np.sqrt(len(x))                   # of the mean

# the bootstrap: the sample stands for the population
rows = np.random.default_rng(1).integers(0, len(x), (400, len(x)))
boot_error = np.std(statistic_of(x[rows], axis=1), ddof=1)
"""

QUESTIONS = (
    Question(
        "junior",
        "You estimate the spread of all rows from {n} of them. Which number?",
        (
            Answer("{sd}", "Yes: the sum of squares over the rows less one. The distances were taken from the sample's "
                   "own mean, which makes them too short.", right=True),
            Answer("{sd0}", "That divides by the rows: the spread of these {n}, and on average too small for all. It "
                   "is what `numpy.std` gives unless told otherwise."),
            Answer("{error}", "That is the standard error: how far the mean strays, not how far rows do."),
        ),
    ),
    Question(
        "mid",
        "The standard error of the mean is {error} with {n} rows. How many rows halve it?",
        (
            Answer("{fourfold}", "Yes: it falls with the square root of the rows.", right=True),
            Answer("{doubled}", "Twice the rows divide it by the root of two only."),
            Answer("No number: it is a property of the column", "The standard deviation is. The standard error is one "
                   "of the sample's size too."),
        ),
    ),
    Question(
        "senior",
        "Rows with high values cannot be drawn. The interval says {low} to {high}, the truth is {truth}. What helps?",
        (
            Answer("Another way of drawing", "Yes: what no draw reaches is in no resample. Ask who is missing, and "
                   "weight or collect.", right=True),
            Answer("More resamples", "They remove the noise of the bootstrap, which is not what is wrong."),
            Answer("More rows drawn in the same way", "The interval shrinks, around the same wrong place: it gets "
                   "worse."),
        ),
        {"how": DRAWN[1]},
    ),
)  # fmt: skip

CATCHES = ("train-test-overlap", "sorted-rows", "unshuffled-batches", "missing-not-at-random", "batch-too-small")
NEXT = ("confidence-intervals", "hypothesis-tests", "bias-and-variance")


def example(rng: np.random.Generator) -> Example:
    """Flats of a city and what they are let for: a few are very dear."""
    size = rng.gamma(6.0, 11.0, 800).clip(14).round()
    rent = (9.0 * size + 120) * np.exp(rng.normal(0, 0.3, 800))
    return Example({"size": size, "rent": rent.round()}, target="rent")


def problem(data: DescribedColumns) -> DescribedColumns:
    return data


def controls(problem: DescribedColumns) -> tuple[Control, ...]:
    usual = min(60, max(FEWEST, len(problem.X)))
    return (
        Slider("n", "rows in the sample", usual, FEWEST, MOST, log=True, whole=True),
        Choice("how", "drawn", DRAWN[0], DRAWN),
        Choice("statistic", "statistic", "mean", tuple(STATISTICS)),
    )


def compute(problem: DescribedColumns, n: float, how: str, statistic: str) -> View:
    everyone = problem.column(problem.begin)
    everyone = everyone[~np.isnan(everyone)]
    of, size = STATISTICS[statistic], int(n)
    x = _sample(everyone, size, how, FIRST)
    again = bootstrap(lambda b: of(b, axis=-1), x, method="percentile", resamples=DRAWS, seed=1)
    fresh = of(everyone[np.random.default_rng(2).integers(0, len(everyone), (DRAWS, size))], axis=1)
    truth, own = float(of(everyone)), _interval(x, statistic)
    tries = [own, *(_interval(_sample(everyone, size, how, FIRST + i), statistic) for i in range(1, TRIES))]
    sd = float(variance(x)) ** 0.5
    numbers = {
        "n": Number(size, "rows", "rows in the sample"),
        "rows": Number(len(everyone), "rows", f"rows that stand for the population, {problem.said}"),
        "truth": Number(truth, "1", f"the {statistic} of all of them"),
        "estimate": Number(float(of(x)), "1", f"the {statistic} of the sample", (own[0], own[2]), LEVEL),
        "low": Number(own[0], "1", "low end of its interval"),
        "high": Number(own[2], "1", "high end of its interval"),
        "sd": Number(sd, "1", "standard deviation of the sample, divided by the rows less one"),
        "sd0": Number(float(variance(x, ddof=0)) ** 0.5, "1", "the same, divided by the rows"),
        "error": Number(float(standard_error_of_mean(x)), "1", "standard error of the mean, by the formula"),
        "boot_error": Number(
            again.estimate.standard_error, "1", f"standard error of the {statistic}, by the bootstrap"
        ),
        "true_error": Number(float(np.std(fresh, ddof=1)), "1", "how far fresh samples of all rows stray"),
        "held": Number(
            sum(low <= truth <= high for low, _, high in tries), "samples", "whose interval holds the truth"
        ),
        "tries": Number(TRIES, "samples", "samples that were drawn"),
        "doubled": Number(2 * size, "rows", "twice as many"),
        "fourfold": Number(4 * size, "rows", "four times as many"),
    }
    words = {"statistic": statistic, "column": quoted(problem.begin)}
    pictures = (_heaps(again.replicates, fresh, numbers), _tries(tries, numbers))
    return View(_sentence(numbers, words, how), numbers, pictures, words)


def _sample(everyone: Floats, n: int, how: str, seed: int) -> Floats:
    """Rows drawn with putting back: of all, of those below a quantile, or half as many, each twice."""
    top = float(quantiles(everyone, [REACHED])[0])
    pool = everyone[everyone <= top] if how == DRAWN[1] else everyone
    copies = 2 if how == DRAWN[2] else 1
    return np.tile(pool[np.random.default_rng(seed).integers(0, len(pool), n // copies)], copies)


def _interval(x: Floats, statistic: str) -> tuple[float, float, float]:
    """Low end, value and high end: Student's for a mean, the bootstrap's without simulation for a median."""
    if statistic == "median":
        found = bootstrap_of_median(x).estimate(LEVEL)
        return found.low, found.value, found.high
    mean = float(x.mean())
    reach = student_quantile(LEVEL, len(x) - 1) * float(standard_error_of_mean(x))
    return mean - reach, mean, mean + reach


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], how: str) -> str:
    held = f"of {numbers['tries']} such samples the intervals of {numbers['held']} hold the truth, {numbers['truth']}"
    ends = f"({numbers['low']} to {numbers['high']})"
    what = f"the {words['statistic']} of {words['column']} is {numbers['estimate']} {ends}"
    if how == DRAWN[1]:
        return f"Wrong however many rows: where the high ones are missing {what}; {held}. The bootstrap cannot know."
    if how == DRAWN[2]:
        return (
            f"Surer than it may be: in {numbers['n']} rows of which half are copies {what}, the bootstrap's error is "
            f"{numbers['boot_error']}; {held}."
        )
    said, true = numbers["boot_error"].value or 0.0, numbers["true_error"].value or 0.0
    knows = "knows its error well" if true / NEAR <= said <= true * NEAR else "misjudges its error"
    return (
        f"One sample of {numbers['n']} {knows}: {what}; the bootstrap says it strays by "
        f"{numbers['boot_error']}, fresh samples stray by {numbers['true_error']}; {held}."
    )


def _heaps(again: Floats, fresh: Floats, numbers: Mapping[str, Number]) -> Picture:
    both = np.concatenate([again, fresh])
    reach = float(np.ptp(both)) or abs(float(both[0])) or 1.0
    edges = np.linspace(float(both.min()) - reach / BINS, float(both.max()) + reach / BINS, BINS + 1)
    marks: list[Line | Rule] = []
    for drawn, label, role in ((fresh, "fresh samples", "soft"), (again, "bootstrap", "main")):
        counts, _ = np.histogram(drawn, edges)
        known: Role = "main" if role == "main" else "second"
        marks.append(
            Line(values(edges), values([*counts, counts[-1]]), label, known, dashed=role == "soft", steps=True)
        )
    marks += [Rule(numbers["truth"].value or 0.0, "truth", "x", "good")]
    says = (
        f"How often which value comes about: from one sample by the bootstrap, spread {numbers['boot_error']}, and "
        f"from fresh samples, spread {numbers['true_error']}; the truth is {numbers['truth']}."
    )
    return Picture("How far does it stray?", says, tuple(marks), Axis("value"), Axis("of all draws", low=0.0))


def _tries(tries: list[tuple[float, float, float]], numbers: Mapping[str, Number]) -> Picture:
    truth = numbers["truth"].value or 0.0
    marks: list[Ranges | Rule] = []
    for label, role, wanted in (("holds it", "main", True), ("misses it", "bad", False)):
        some = [(float(i), *one) for i, one in enumerate(tries) if (one[0] <= truth <= one[2]) == wanted]
        if some:
            at, low, middle, high = (values(part) for part in zip(*some, strict=True))
            marks.append(Ranges(at, low, high, middle, label, "main" if role == "main" else "bad"))
    marks.append(Rule(truth, "truth", "x", "good"))
    says = f"The intervals of {numbers['tries']} samples, of which {numbers['held']} hold the truth of all rows."
    return Picture("Do the intervals hold the truth?", says, tuple(marks), Axis("value"), Axis("sample"))
