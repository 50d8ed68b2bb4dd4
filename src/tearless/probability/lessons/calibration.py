"""Calibration: what a probability promises

## The idea
A probability is a promise about many rows. Where the model says {sure_said} on average, as in its {sure_rows} surest
rows, that share should come: {promised} mistakes. Here {mistakes} came. Nothing in training forces the promise to hold;
it must be measured, on rows that the model has not seen.

Calibration is not accuracy. A forecaster who says the overall share in every row keeps every promise and tells nothing
apart. And the error of calibration of a perfect model is not zero: in bins of few rows luck alone moves the shares, and
the usual sum counts every move as an error. On these rows a perfect model would show {if_calibrated}.

## The picture
First, the share that came over what was said, in bins; on the diagonal promises are kept. The band is where an honest
forecaster's bins lie: only what leaves it is news. Below the diagonal at high values is over-confidence. Then the error
beside that of a perfect model on these very rows: add bins, and watch both grow. Last, the mistakes among the surest
rows, made and promised. Move the temperature to {best} and see how near one number brings the curve to the diagonal.

## The formula
The expected calibration error is the mean gap between said and come, bins weighted by their rows: {ece} in {filled}
bins, and {usual_to} is what a perfect model stays under nineteen times in twenty. With the noise of the bins taken off,
{debiased} is left. The Brier score, {brier}, has parts: reliability {reliability}, the broken promises, less resolution
{resolution}, how well rows are told apart, plus uncertainty {uncertainty}, how hard they are, and a small rest from
within the bins.

## Where it is used
`calibration_curve`, `brier_score_loss` and `CalibratedClassifierCV` in scikit-learn; the last fits Platt's curve, an
isotonic step, or a temperature. Temperature scaling divides the logits of a network by one number, {best} for these
rows, and changes no likeliest class. Fit it on held-out rows and judge it on others: `tearless calibrate` does both,
and says which recalibration is worth its parameters.

## How it fails
A threshold at a high probability lets several times the expected mistakes through. A model trained long past its best
loss is over-confident; averages of many trees are under-confident; a model made for balanced classes is off by a factor
of odds. A mean over all classes hides one class whose probabilities mean nothing. A paper compares errors of
calibration from test sets, or bins, of different size, and so compares luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.exponentials import sigmoid
from tearless.core import CannotTell, Example, InputError, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Band, Bars, Line, Picture, Points, Rule, values
from tearless.probability.calibration.calibration_error import CalibrationError, calibration_error
from tearless.probability.calibration.reliability import By, Reliability, reliability
from tearless.probability.calibration.score_parts import binned_parts
from tearless.probability.calibration.temperature_scaling import fit_temperature
from tearless.probability.class_forecasts import ClassForecasts
from tearless.probability.evidence import log_chances
from tearless.probability.temperature import at_temperature

MOST_ROWS = 1_000
"""The exact law of the error of a perfect model is then computed while a slider moves."""
SURE = 0.9
"""Rows said at least this are the surest ones, whose mistakes are counted; at least a tenth of the rows."""
DIGITS = 12
"""Decimals kept, so that the last bit of a probability moves no row over the edge of a bin."""
FLATTEST = 1e3
"""A larger temperature has made all classes alike."""
WAYS = ("width", "mass")

FORMULAS = (
    Formula(
        r"\mathrm{ECE} = \sum_b \frac{n_b}{n}\,\left|\bar{y}_b - \bar{p}_b\right|",
        "the expected calibration error is the sum over bins of their share of the rows times the gap between the "
        "share that came and the mean probability",
    ),
    Formula(
        r"\frac{1}{n}\sum_i (p_i - y_i)^2 = \mathrm{reliability} - \mathrm{resolution} + \bar{y}(1-\bar{y}) + \ldots",
        "the Brier score is reliability minus resolution plus the uncertainty of the share that came, plus what lies "
        "within the bins",
    ),
    Formula(r"q_i = \mathrm{softmax}(z_i / T)", "temperature scaling divides all logits by one number"),
)

CODE = """\
p = problem.p ** (1 / temperature)
p = p / p.sum(axis=1, keepdims=True)
said, came = p[np.arange(len(p)), problem.told], problem.came
said = np.round(said, 12)                 # the last bit moves no row

n = len(said)
if by == "width":
    cuts = np.arange(1, bins) / bins
else:                                     # bins of equally many rows
    cuts = np.unique(np.sort(said)[np.arange(1, bins) * n // bins])
at = np.searchsorted(cuts, said, side="right")
rows = np.maximum(np.bincount(at), 1)

def error(came):
    return np.sum(np.abs(np.bincount(at, came - said))) / n

ece = error(came)
rng = np.random.default_rng(0)            # a perfect model, by drawing:
perfect = np.mean([error(rng.random(n) < said) for _ in range(500)])

brier = np.mean((said - came) ** 2)
share, mean = np.bincount(at, came) / rows, np.bincount(at, said) / rows
reliability = np.sum(np.bincount(at) * (mean - share) ** 2) / n
sure = said >= min(0.9, np.quantile(said, 0.9))
promised, mistakes = np.sum(1 - said[sure]), np.sum(came[sure] == 0)
"""

QUESTIONS = (
    Question(
        "junior",
        "In {sure_rows} rows the model says {sure_said} on average. How many mistakes does that promise?",
        (
            Answer("{promised}", "Yes: the sum of one minus the probabilities. Whether the promise is kept takes a "
                   "count: {mistakes} came.", right=True),
            Answer("None: it is that sure", "Sure is not certain: even promises that are kept are {promised} "
                   "mistakes."),
            Answer("Probabilities promise no number", "They do, over many rows: one minus each of them, added up."),
        ),
    ),
    Question(
        "mid",
        "A perfectly calibrated model is tested on these rows. What is its expected calibration error?",
        (
            Answer("{if_calibrated} on average", "Yes: shares of few rows stray from their mean, and every stray "
                   "counts. Up to {usual_to} is usual.", right=True),
            Answer("zero, by definition", "Only with endlessly many rows a bin. Gaps are taken without their sign, so "
                   "luck does not cancel."),
            Answer("{ece}, as here", "That is the error seen here, whose excess over {if_calibrated} is what speaks."),
        ),
    ),
    Question(
        "senior",
        "A temperature of {best} fits these rows best. What does dividing the logits by it change?",
        (
            Answer("Probabilities, but no likeliest class", "Yes: the order of the classes in a row stays. Judge the "
                   "gain on rows that it was not fitted to.", right=True),
            Answer("Accuracy as well", "Dividing by one positive number keeps the largest logit the largest. Only "
                   "decisions at other thresholds move."),
            Answer("Every kind of miscalibration goes", "One number turns the curve about one half. A wrong base "
                   "rate, or one bad class, needs another mend."),
        ),
    ),
)  # fmt: skip

CATCHES = ("overconfident", "underconfident", "uncalibrated-classes")
NEXT = ("cross-entropy", "confidence-intervals", "logistic-regression")


@dataclass(frozen=True)
class Promises:
    """The probabilities of the classes, ``p`` (n, k), which of them is judged in each row, ``told`` (n,), and whether
    it came, ``came`` (n,): of two classes the positive one, of more the likeliest. ``best`` is the best temperature."""

    p: NDArray[np.float64]
    told: NDArray[np.intp]
    came: NDArray[np.float64]
    what: str
    best: float
    said: str


def example(rng: np.random.Generator) -> Example:
    """Mails and a filter that ranks them well and says its odds squared."""
    z = rng.normal(-0.4, 1.6, 1_000)
    spam = rng.random(1_000) < np.asarray(sigmoid(z))
    p = np.asarray(sigmoid(2 * z))
    return Example({"truth": np.where(spam, "spam", "mail"), "probability of mail": 1 - p, "probability of spam": p})


def problem(forecasts: ClassForecasts) -> Promises:
    some = np.unique(np.linspace(0, forecasts.n - 1, min(forecasts.n, MOST_ROWS)).astype(int))
    y, p = forecasts.y[some], forecasts.p[some]
    two = p.shape[1] == 2
    told = np.ones(len(y), np.intp) if two else np.asarray(p.argmax(axis=1))
    try:
        best = fit_temperature(y, p).temperature
    except InputError as why:
        raise CannotTell(str(why).partition("; ")[0]) from None
    said = forecasts.said if len(some) == forecasts.n else f"{len(some):,} rows, evenly taken of {forecasts.said}"
    what = quoted(forecasts.names[1]) if two else "the likeliest class"
    return Promises(p, told, (y == told).astype(np.float64), what, min(best, FLATTEST), said)


def controls(problem: Promises) -> tuple[Control, ...]:  # noqa: ARG001
    return (
        Slider("temperature", "temperature", 1.0, 0.3, 4.0, log=True),
        Slider("bins", "bins", 10, 2, 20, whole=True),
        Choice("by", "bins of equal", WAYS[0], WAYS),
    )


def compute(problem: Promises, temperature: float, bins: float, by: str) -> View:
    p = np.asarray(at_temperature(log_chances(problem.p, "p"), temperature))
    said, came, way = p[np.arange(len(p)), problem.told].round(DIGITS), problem.came, cast("By", by)
    curve = reliability(came, said, bins=int(bins), by=way)
    error = calibration_error(came, said, bins=int(bins), by=way)
    parts = binned_parts(came, said, bins=int(bins), by=way)
    sure = said >= min(SURE, float(np.quantile(said, SURE)))
    numbers = {
        "temperature": Number(temperature, "1", "what the logits are divided by"),
        "bins": Number(bins, "bins", "asked for"),
        "filled": Number(error.bins, "bins", "with rows in them"),
        "ece": Number(error.value, "share", f"expected calibration error, {problem.said}"),
        "if_calibrated": Number(error.if_calibrated, "share", "the same of a perfect model, on average"),
        "usual_to": Number(error.usual_to, "share", "what a perfect model rarely exceeds"),
        "debiased": Number(error.debiased, "share", "the error with the noise of the bins taken off"),
        "chance": Number(error.p, "chance", "of so large an error with a perfect model"),
        "brier": Number(parts.score, "1", "Brier score"),
        "reliability": Number(parts.reliability, "1", "its part for broken promises"),
        "resolution": Number(parts.resolution, "1", "its part for telling rows apart, subtracted"),
        "uncertainty": Number(parts.uncertainty, "1", "its part for how hard the rows are"),
        "sure_rows": Number(float(sure.sum()), "rows", f"in which {problem.what} was surest"),
        "sure_said": Number(float(said[sure].mean()), "share", "said in them, on average"),
        "sure_came": Number(float(came[sure].mean()), "share", "came in them"),
        "promised": Number(float((1 - said[sure]).sum()), "mistakes", "promised among them"),
        "mistakes": Number(float((1 - came[sure]).sum()), "mistakes", "made among them"),
        "best": Number(problem.best, "1", "the temperature that fits these rows best"),
    }
    pictures = (_curve(curve, error), _errors(numbers), _mistakes(numbers))
    return View(_sentence(numbers, problem.what), numbers, pictures, {"what": problem.what})


def _sentence(numbers: Mapping[str, Number], what: str) -> str:
    ece, usual, t, best = (numbers[name].value or 0.0 for name in ("ece", "usual_to", "temperature", "best"))
    verdict = "Over-confident" if t < best else "Under-confident"
    verdict = verdict if ece > usual else "No broken promise that these rows could show"
    return (
        f"{verdict}: the calibration error is {numbers['ece']}, where a perfect model shows "
        f"{numbers['if_calibrated']} and rarely over {numbers['usual_to']}. Where it says "
        f"{numbers['sure_said']} of {what}, {numbers['sure_came']} came: {numbers['mistakes']} mistakes for "
        f"{numbers['promised']} promised."
    )


def _curve(curve: Reliability, error: CalibrationError) -> Picture:
    x = values(curve.forecast)
    marks = (
        Line((0.0, 1.0), (0.0, 1.0), "kept", "soft", dashed=True),
        Band(x, values(curve.band_low), values(curve.band_high), "honest luck", "good"),
        Line(x, values(curve.came), "came"),
        Points(x, values(curve.came)),
    )
    says = (
        f"The share that came over what was said, in {error.bins} bins; {int(curve.outside.sum())} of them lie outside "
        "the band of an honest forecaster."
    )
    said, came = Axis("said", low=0.0, high=1.0), Axis("came", low=0.0, high=1.0)
    return Picture("Said and come", says, marks, said, came, square=True)


def _errors(numbers: Mapping[str, Number]) -> Picture:
    marks = (
        Bars((0.0,), (numbers["ece"].value or 0.0,), width=0.6, along="x"),
        Bars((1.0,), (numbers["if_calibrated"].value or 0.0,), role="soft", width=0.6, along="x"),
        Rule(numbers["usual_to"].value or 0.0, f"usual to {numbers['usual_to']}", role="good"),
    )
    says = f"The error of this model, {numbers['ece']}, and of a perfect one on these rows, {numbers['if_calibrated']}."
    names = Axis(names=("this model", "perfect"))
    return Picture("The error, and what luck gives", says, marks, Axis("calibration error", low=0.0), names)


def _mistakes(numbers: Mapping[str, Number]) -> Picture:
    marks = (
        Bars((0.0,), (numbers["mistakes"].value or 0.0,), width=0.6, along="x"),
        Bars((1.0,), (numbers["promised"].value or 0.0,), role="soft", width=0.6, along="x"),
    )
    made, promised = numbers["mistakes"], numbers["promised"]
    says = f"Mistakes in the {numbers['sure_rows']} surest rows: {made} made, {promised} promised."
    return Picture("The surest rows", says, marks, Axis("mistakes", low=0.0), Axis(names=("made", "promised")))
