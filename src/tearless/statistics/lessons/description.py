"""Description: what one number says of a column, and what it hides

## The idea
The mean of {column} is {mean}. Who is that? {below} of the rows lie below it: it is the balance point of the values,
and a few far ones weigh as much as many near ones. The median, {median}, has as many rows above as below. For an even
column the two agree; for a skewed one the mean speaks for the tail, the median for the middle.

The same holds for the spread. The standard deviation, {std}, squares each distance, so that the far rows decide it. The
middle half of the rows spans {iqr}, whatever the others do.

## The picture
First, the rows by their value, with mean and median. Then what two summaries say is usual: mean plus or minus one
standard deviation, and the median with the middle half. Where the first reaches below anything that can be, the column
is skewed. Now move the largest value away, and let some holes be written as {code}: watch what follows and what stays.

## The formula
The mean minimises the sum of squared distances, the median the sum of plain ones: hence one far value moves the mean by
its distance over the number of rows, the median hardly at all. Skewness is the mean cubed distance in standard
deviations; zero for an even column, {skewness} here. {mended} would leave {skewness_after}. Means add up over groups
and medians do not: the price of looking at the middle alone.

## Where it is used
`describe()` of pandas shows both, and few read past the mean. `StandardScaler` of scikit-learn divides by the standard
deviation, `RobustScaler` by the middle half, `PowerTransformer` straightens a tail. Squared error fits means, absolute
error medians: choose which you want to predict. Report latencies, prices and incomes by quantiles; keep the mean where
sums matter, such as revenue. Imputing the mean puts the holes where hardly a row is. {text_said}

## How it fails
A bonus, a budget or a service level is set by the mean, and most rows never come near it. The mean of a column jumps by
a factor after an import: one row in cents, or holes written as {code}, which average in as if they were measured. A
column of numbers is read as text because of one comma, and no summary shows it at all. Or the holes are dropped, and
the rows that are left are not like those that went: then no summary of them is right.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Bars, Picture, Ranges, Rule, values
from tearless.linear_algebra.moments import Moments
from tearless.statistics.described_columns import DescribedColumns
from tearless.statistics.quantiles import quantiles
from tearless.statistics.sentinels import is_usual_code
from tearless.statistics.skewness import mended, skewness
from tearless.statistics.standard_error import variance

CODED = -999.0
FENCE = 1.5
"""Tukey's fences stand this many middle halves beyond the quartiles."""
LEANS = 0.6
"""From this share of rows on one side the mean is said to speak for the tail."""
BINS, LONGEST = 24, 24
FURTHEST = 50.0

FORMULAS = (
    Formula(
        r"\bar x = \arg\min_c \sum_i (x_i - c)^2, \qquad \tilde x = \arg\min_c \sum_i |x_i - c|",
        "the mean minimises the sum of squared distances, the median the sum of absolute ones",
    ),
    Formula(
        r"g_1 = \frac{1}{n}\sum_i \left(\frac{x_i - \bar x}{s}\right)^3",
        "skewness is the mean of the cubed distances from the mean, in standard deviations",
    ),
)

CODE = """\
x = problem.column(column)
missing = np.isnan(x).mean()
x = x[~np.isnan(x)]

middle, top = np.median(x), np.argmax(x)
x[top] = middle + times * (x[top] - middle)     # one far value
lost = np.linspace(0, len(x) - 1, int(coded)).astype(int)
x[lost] = -999                                  # holes written as a number

mean = np.sum(x) / len(x)
ordered = np.sort(x)
half = (len(x) - 1) / 2                         # the middle, or the two beside it
median = (ordered[int(np.floor(half))] + ordered[int(np.ceil(half))]) / 2
q1, q3 = np.quantile(x, [0.25, 0.75])
iqr = q3 - q1
std = np.sqrt(np.sum((x - mean) ** 2) / (len(x) - 1))   # ddof 1: a sample
below = np.sum(x < mean) / len(x)
beyond = np.sum((x < q1 - 1.5 * iqr) | (x > q3 + 1.5 * iqr))
"""

QUESTIONS = (
    Question(
        "junior",
        "What share of the rows of {column} lies below the mean?",
        (
            Answer("{below}", "Yes, counted. It is one half only where the column is even around its mean.",
                   right=True),
            Answer("one half, by definition", "That is the median: it halves the rows. The mean halves the weights."),
            Answer("It cannot be known without a normal distribution", "It can be counted. That the rows were normal "
                   "is assumed by nobody but the reader."),
        ),
    ),
    Question(
        "mid",
        "The largest of {rows} values moves up by {moved}. By how much do mean and median move?",
        (
            Answer("{by} and nothing", "Yes: the mean takes its share of every distance; the order, and so the "
                   "median, stays.", right=True),
            Answer("{moved} and {moved}", "Only if every row moved as far."),
            Answer("nothing and nothing, one row is too few", "One row of {rows} moves the mean by {by}; a mistake of "
                   "units is large enough for that to matter."),
        ),
    ),
    Question(
        "senior",
        "You predict {column} with squared error, after a logarithm. What comes back when you undo the logarithm?",
        (
            Answer("About the median, so sums come out too low", "Yes: the mean of logarithms is not the logarithm of "
                   "the mean. For totals correct for it, or fit the mean itself.", right=True),
            Answer("The mean: the transform is undone", "Averages and curved transforms do not change places. A tail "
                   "to the right makes the result too low."),
            Answer("Nothing useful: the target must not be transformed", "It may, where the ratio matters. One must "
                   "know which summary is predicted then."),
        ),
    ),
)  # fmt: skip

CATCHES = (
    "skewed-column",
    "missing-values",
    "sentinel-values",
    "numbers-as-text",
    "changed-columns",
    "changed-missing-share",
    "changed-unit",
)
NEXT = ("sample-and-bootstrap", "distributions", "normalisation")


def example(rng: np.random.Generator) -> Example:
    """Customers: what they earn, how old they are, how long they wait. Some do not say what they earn."""
    income = np.r_[rng.exponential(34_000, 270), rng.normal(240_000, 60_000, 30)][rng.permutation(300)].round(-2)
    income[rng.permutation(300)[:12]] = np.nan
    return Example(
        {
            "income": income,
            "age": rng.normal(46, 13, 300).clip(18, 90).round(),
            "days waited": np.exp(rng.normal(1.2, 0.4, 300)).round(1),
        }
    )


def problem(data: DescribedColumns) -> DescribedColumns:
    return data


def controls(problem: DescribedColumns) -> tuple[Control, ...]:
    fewest = int((~np.isnan(problem.X)).sum(axis=0).min())
    return (
        Choice("column", "column", problem.begin, problem.names),
        Slider("times", "largest value, times as far off", 1.0, 1.0, FURTHEST, log=True),
        Slider("coded", f"cells written as {CODED:g}", 0, 0, max(1, fewest // 5), whole=True),
    )


def compute(problem: DescribedColumns, column: str, times: float, coded: float) -> View:
    every = problem.column(column)
    known = every[~np.isnan(every)]
    x = _changed(known, times, int(coded))
    q1, median, q3 = (float(q) for q in quantiles(x, [0.25, 0.5, 0.75]))
    mean, std = float(Moments.of([x]).mean[0]), float(variance(x)) ** 0.5
    straight, fence, moved = mended(x), FENCE * (q3 - q1), float(np.ptp(known))
    numbers = {
        "rows": Number(len(x), "rows", f"rows with a value, of {problem.said}"),
        "missing": Number(float(np.isnan(every).mean()), "share", "rows without a value"),
        "mean": Number(mean, "1", "the mean"),
        "median": Number(median, "1", "the median"),
        "std": Number(std, "1", "the standard deviation, ddof one"),
        "low": Number(mean - std, "1", "mean less one standard deviation"),
        "high": Number(mean + std, "1", "mean plus one standard deviation"),
        "q1": Number(q1, "1", "a quarter of the rows lies below"),
        "q3": Number(q3, "1", "a quarter of the rows lies above"),
        "iqr": Number(q3 - q1, "1", "the span of the middle half"),
        "below": Number(float((x < mean).mean()), "share", "rows below the mean"),
        "skewness": Number(skewness(x), "1", "skewness"),
        "skewness_after": Number(straight.skewness, "1", f"skewness after {straight.words}"),
        "beyond": Number(
            float(((x < q1 - fence) | (x > q3 + fence)).sum()), "rows", "beyond the whiskers of a box plot"
        ),
        "smallest": Number(float(x.min()), "1", "the smallest value"),
        "largest": Number(float(x.max()), "1", "the largest value"),
        "before": Number(float(Moments.of([known]).mean[0]), "1", "the mean before anything was changed"),
        "median_before": Number(float(quantiles(known, [0.5])[0]), "1", "the median before anything was changed"),
        "moved": Number(moved, "1", "the range of the values"),
        "by": Number(moved / len(x), "1", "the range over the number of rows"),
        "code": Number(CODED, "1", "a usual code for missing" if is_usual_code(CODED) else "a number"),
    }
    changed = times > 1 or coded > 0
    words = {
        "column": quoted(column),
        "mended": straight.words[:1].upper() + straight.words[1:],
        "text_said": _text(problem.text),
    }
    return View(
        _sentence(numbers, words, changed), numbers, (_rows(known, x, numbers, column), _usual(numbers, column)), words
    )


def _changed(known: NDArray[np.float64], times: float, coded: int) -> NDArray[np.float64]:
    """The values with the largest moved away from the median, and some cells lost and written as a code."""
    x, middle, top = known.copy(), float(np.median(known)), int(np.argmax(known))
    x[top] = middle + times * (x[top] - middle)
    x[np.linspace(0, len(x) - 1, coded).astype(int)] = CODED
    return x


def _text(names: tuple[str, ...]) -> str:
    if not names:
        return "No column of this table holds numbers that are written as text."
    return f"Of this table {listed(names)} reads as numbers but is written as text, and no mean is taken of it."


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], changed: bool) -> str:
    share = numbers["below"].value or 0.0
    if share >= LEANS or share <= 1 - LEANS:
        side = f"{numbers['below']} of the rows lie below it"
        verdict = f"The mean of {words['column']}, {numbers['mean']}, speaks for its tail: {side}"
    else:
        verdict = f"The mean of {words['column']}, {numbers['mean']}, stands in the middle of the rows"
    spread = f"The middle half spans {numbers['iqr']}, the standard deviation is {numbers['std']}."
    if changed:
        spread = f"Before the change they were {numbers['before']} and {numbers['median_before']}."
    return f"{verdict}; the median is {numbers['median']}. {spread}"


def _rows(known: NDArray[np.float64], x: NDArray[np.float64], numbers: Mapping[str, Number], column: str) -> Picture:
    edges = np.linspace(float(known.min()), float(known.max()), BINS + 1)
    counts, _ = np.histogram(x, edges)
    width = float(edges[1] - edges[0])
    out = int(((x < edges[0]) | (x > edges[-1])).sum())
    marks = (
        Bars(values((edges[:-1] + edges[1:]) / 2), values(counts), role="soft", width=0.95 * width),
        Rule(numbers["mean"].value or 0.0, "mean", "x", "bad"),
        Rule(numbers["median"].value or 0.0, "median", "x", "good"),
    )
    beyond = f" {out:,} rows lie outside of the picture." if out else ""
    says = f"How many rows have which value; the mean is {numbers['mean']}, the median {numbers['median']}.{beyond}"
    return Picture("The rows by their value", says, marks, Axis(visible(column, LONGEST)), Axis("rows", low=0.0))


def _usual(numbers: Mapping[str, Number], column: str) -> Picture:
    low, high, mean, q1, q3, median = (
        (numbers[name].value or 0.0,) for name in ("low", "high", "mean", "q1", "q3", "median")
    )
    marks = (
        Ranges((0.0,), low, high, mean, role="bad"),
        Ranges((1.0,), q1, q3, median, role="good"),
        Rule(numbers["smallest"].value or 0.0, "smallest", "x", "soft"),
    )
    says = (
        f"Mean plus or minus one standard deviation, {numbers['low']} to {numbers['high']}; the middle half with the "
        f"median, {numbers['q1']} to {numbers['q3']}; the smallest value is {numbers['smallest']}."
    )
    names = ("mean ± deviation", "middle half")
    return Picture("What is usual?", says, marks, Axis(visible(column, LONGEST)), Axis(names=names))
