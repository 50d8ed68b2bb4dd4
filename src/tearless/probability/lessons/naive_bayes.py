"""Naive Bayes: evidence added up, and counted twice

## The idea
Each column of a row speaks for one class or the other: as strongly as its value is likelier there. Naive Bayes counts
how often each value came with each class, takes the logarithm of every ratio, and adds. One bit doubles the odds. So
each prediction has a table of evidence that anybody can read, which few models have.

Naive is the adding. It is right if the columns, given the class, know nothing of each other. Columns that repeat one
another are counted as news each time: here the model says {mean_said} on average and is right in {right}. It may still
choose the right class; its probability is worth little.

## The picture
First, one row as a staircase of bits: from the prior, column by column, to the total that decides between {winner} and
{runner_up}. Then what it says on average beside how often it is right, over the {rows} rows that it did not learn from,
if the column {telling} stood in the table several times. Nothing new is known, and it grows surer.

## The formula
The log-odds are those of the prior plus one term for each column: {prior_bits} bits, then {evidence_bits} from the
columns, {total_bits} in all, which is {posterior}. A value that never came with a class has a count of zero there and
rules the class out whatever the others say. So every count is raised by {smoothing}: that is a belief, held before
counting, that each value is possible.

## Where it is used
`MultinomialNB`, `CategoricalNB` and `GaussianNB` in scikit-learn, with `alpha` for the smoothing; spam filters; first
baselines for text, hard to beat with few rows. The same sum of logarithms stands in logistic regression, which fits the
weights together instead of one by one, and so gives two copies of a column half the weight each.

## How it fails
A spam filter is certain, and wrong, of a harmless mail that uses the words of one template. Probabilities heap up at
both ends, and thresholds mean nothing: calibrate them on held-out rows. Without smoothing one unseen category makes a
class impossible, or all of them, and the logarithm infinite. A column with a category for nearly every row learns rows
by heart; how many judged rows hold a value that no learnt row has tells it, {unseen} here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.exponentials import softmax
from tearless.core import Example, Number, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Rule, values
from tearless.probability.category_table import CategoryTable
from tearless.probability.evidence import Evidence
from tearless.probability.naive_bayes_counts import count_by_class, evidence_of_counts, log_joint, log_shares

MOST_COPIES = 10
MOST_TOLD = 8
LONGEST = 18

FORMULAS = (
    Formula(
        r"\log\frac{P(A \mid x)}{P(B \mid x)} = \log\frac{P(A)}{P(B)} + \sum_j \log\frac{P(x_j \mid A)}{P(x_j \mid B)}",
        "the log-odds of A over B given the row are those of the prior plus, for each column, the logarithm of how "
        "much likelier its value is under A than under B",
    ),
    Formula(
        r"P(x_j = v \mid A) \approx \frac{n_{A,v} + \alpha}{n_A + \alpha L}",
        "the chance of a value given the class is its count plus alpha, over the count of the class plus alpha times "
        "the number of values",
    ),
)

CODE = """\
learnt, y, cells = problem.codes, problem.y, problem.judged[int(row)]
count = np.bincount(y)                    # rows of each class
log_prior = np.log(count / count.sum())

def told(j, level):                       # what one cell says of each class
    of_class = np.array([learnt[y == k, j] for k in range(len(count))],
                        dtype=object)
    came = np.array([np.sum(seen == level) for seen in of_class])
    known = np.array([np.sum(seen >= 0) for seen in of_class])
    every = smoothing * len(problem.levels[j])
    return np.log((came + smoothing) / (known + every))

log_odds = log_prior.copy()
for j, level in enumerate(cells):
    if level >= 0:                        # a hole says nothing
        times = copies if j == problem.telling else 1
        log_odds = log_odds + times * told(j, level)

first, second = np.argsort(-log_odds, kind="stable")[:2]
chances = np.exp(log_odds - log_odds.max())
posterior = chances[first] / chances.sum()
total_bits = (log_odds[first] - log_odds[second]) / np.log(2)
prior_bits = (log_prior[first] - log_prior[second]) / np.log(2)
"""

QUESTIONS = (
    Question(
        "junior",
        "The prior speaks {prior_bits} bits for {winner}, the columns {evidence_bits}. What are the odds?",
        (
            Answer("two to the power of {total_bits}, to one", "Yes: bits add, and each doubles the odds. That is a "
                   "probability of {posterior}.", right=True),
            Answer("two to the power of {evidence_bits}, to one", "The prior is left out: how common the class is "
                   "before any column is read."),
            Answer("the product of all the bits", "Ratios are multiplied; bits are their logarithms, which are added."),
        ),
    ),
    Question(
        "mid",
        "Without smoothing, a value that came with one class only stands in a row. What is the verdict?",
        (
            Answer("The other classes are impossible", "Yes: a factor of zero outweighs every other column. With "
                   "{smoothing} added to each count it is strong evidence, not proof.", right=True),
            Answer("The column is skipped", "Nothing skips it: zero times anything is zero. Only a missing cell says "
                   "nothing."),
            Answer("Hardly changed, it is one column", "One column of many, but its ratio is infinite."),
        ),
    ),
    Question(
        "senior",
        "The column {telling} is given to the model {copies} times. What changes?",
        (
            Answer("It says {mean_said} on average and is right in {right}", "Yes: its certainty moved, and nothing "
                   "was learnt. One copy says {said_once} and is right in {right_once}.", right=True),
            Answer("Nothing: it is the same information", "The model cannot know that. It adds the same bits each "
                   "time, as if they were news."),
            Answer("It is right more often, as with every column", "No copy holds anything new: it is right in "
                   "{right}, after {right_once}."),
        ),
        {"copies": 5},
    ),
)  # fmt: skip

CATCHES = ("unseen-categories", "too-many-categories", "new-categories")
NEXT = ("calibration", "logistic-regression", "bayes")

Floats = NDArray[np.float64]


def example(rng: np.random.Generator) -> Example:
    """Mails: four words that come from one template, and who sent them."""
    spam = rng.random(700) < 0.4
    template = rng.random(700) < np.where(spam, 0.85, 0.1)
    words = {
        word: np.where(rng.random(700) < np.where(template, 0.95, 0.04), "yes", "no")
        for word in ("free", "prize", "winner", "click")
    }
    senders = np.array(["unknown", "shop", "friend", "work"])
    sender = np.where(spam, rng.choice(senders, 700, p=[0.8, 0.2, 0.0, 0.0]), rng.choice(senders, 700))
    return Example({**words, "sender": sender, "kind": np.where(spam, "spam", "mail")}, target="kind")


def problem(table: CategoryTable) -> CategoryTable:
    return table


def controls(problem: CategoryTable) -> tuple[Control, ...]:
    joint, _ = _joints(problem, 1.0)
    chance = np.asarray(softmax(joint))
    wrong = chance.argmax(axis=1) != problem.truth
    row = int(np.argmax(chance.max(axis=1) + wrong))  # the row of which it is surest and wrong, if it is ever wrong
    return (
        Slider("row", "judged row", row, 0, len(problem.truth) - 1, whole=True),
        Slider("copies", "copies of one column", 1, 1, MOST_COPIES, whole=True),
        Slider("smoothing", "added to each count", 1.0, 1e-6, 10.0, log=True),
    )


def compute(problem: CategoryTable, row: float, copies: float, smoothing: float) -> View:
    told = _evidence(problem, problem.judged[int(row)], int(copies), smoothing)
    first, second = told.winner, told.runner_up or told.winner
    once, more = _joints(problem, smoothing)
    said, right = zip(*(_said_and_right(once + k * more, problem.truth) for k in range(MOST_COPIES)), strict=True)
    prior, bits = told.prior_weight(first, second), told.weights(first, second)
    numbers = {
        "row": Number(row, "1", "place of the row among those judged, from zero"),
        "copies": Number(copies, "times", "the most telling column is counted"),
        "smoothing": Number(smoothing, "rows", "added to every count"),
        "prior_bits": Number(prior, "bits", "for the verdict before any column is read"),
        "evidence_bits": Number(float(bits.sum()), "bits", "for it from all columns"),
        "total_bits": Number(prior + float(bits.sum()), "bits", "for it in all"),
        "posterior": Number(float(told.posterior.max()), "chance", "of the verdict, as the model says"),
        "mean_said": Number(said[int(copies) - 1], "share", "said of the verdict over all judged rows"),
        "right": Number(right[int(copies) - 1], "share", "of the judged rows are judged rightly"),
        "said_once": Number(said[0], "share", "said on average with one copy"),
        "right_once": Number(right[0], "share", "right with one copy"),
        "unseen": Number(_unseen(problem), "share", "of the judged rows hold a value that no learnt row has"),
        "zeros": Number(_zeros(problem, problem.judged[int(row)]), "columns", "whose value never came with some class"),
        "rows": Number(len(problem.truth), "rows", f"judged, of {problem.said}"),
    }
    came = problem.classes[problem.truth[int(row)]]
    words = {
        "winner": quoted(first), "runner_up": quoted(second), "came": quoted(came),
        "telling": quoted(problem.names[problem.telling]),
    }  # fmt: skip
    pictures = (_stairs(told, first, second, numbers), _surer(said, right, int(copies)))
    return View(_sentence(numbers, words), numbers, pictures, words)


def _blocks(problem: CategoryTable) -> list[slice]:
    """Where the values of each column stand among all values."""
    ends = np.cumsum([0, *map(len, problem.levels)]).tolist()
    return [slice(begin, end) for begin, end in pairwise(ends)]


def _one_hot(codes: NDArray[np.intp], blocks: list[slice]) -> Floats:
    """One for each value that a row holds, (n, all values); a hole holds none."""
    out = np.zeros((len(codes), blocks[-1].stop))
    for j, block in enumerate(blocks):
        some = np.flatnonzero(codes[:, j] >= 0)
        out[some, block.start + codes[some, j]] = 1.0
    return out


def _log_likelihood(problem: CategoryTable, smoothing: float) -> tuple[Floats, Floats]:
    """ln of the prior (K,), and of each value given each class, (K, all values): each column by itself."""
    blocks = _blocks(problem)
    found = count_by_class(_one_hot(problem.codes, blocks), problem.y, len(problem.classes))
    logs = [np.asarray(log_shares(found.features[:, block], smoothing)) for block in blocks]
    return np.asarray(log_shares(found.classes)), np.concatenate(logs, axis=1)


def _joints(problem: CategoryTable, smoothing: float) -> tuple[Floats, Floats]:
    """ln of prior times likelihood of each judged row and class, (m, K), and what one more copy adds to it."""
    blocks = _blocks(problem)
    prior, logs = _log_likelihood(problem, smoothing)
    rows = _one_hot(problem.judged, blocks)
    copied = blocks[problem.telling]
    return log_joint(rows, prior, logs), log_joint(rows[:, copied], np.zeros(len(prior)), logs[:, copied])


def _evidence(problem: CategoryTable, cells: NDArray[np.intp], copies: int, smoothing: float) -> Evidence:
    blocks = _blocks(problem)
    prior, logs = _log_likelihood(problem, smoothing)
    row = _one_hot(cells[None, :], blocks)[0]
    row[blocks[problem.telling]] *= copies
    names = [f"{name}: {level}" for name, of in zip(problem.names, problem.levels, strict=True) for level in of]
    return evidence_of_counts(row, prior, logs, problem.classes, names)


def _said_and_right(joint: Floats, truth: NDArray[np.intp]) -> tuple[float, float]:
    chance = np.asarray(softmax(joint))
    return float(chance.max(axis=1).mean()), float((chance.argmax(axis=1) == truth).mean())


def _unseen(problem: CategoryTable) -> float:
    seen = [np.isin(problem.judged[:, j], [-1, *problem.codes[:, j]]) for j in range(len(problem.names))]
    return float(1 - np.all(seen, axis=0).mean())


def _zeros(problem: CategoryTable, cells: NDArray[np.intp]) -> float:
    came = [
        [np.any((problem.codes[:, j] == cell) & (problem.y == k)) for k in range(len(problem.classes))]
        for j, cell in enumerate(cells)
        if cell >= 0
    ]
    return float(sum(not all(of) for of in came))


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str]) -> str:
    what = "and it was" if words["winner"] == words["came"] else f"but it was {words['came']}"
    surer = (numbers["mean_said"].value or 0.0) > (numbers["right"].value or 0.0)
    than = "surer than it is right" if surer else "not surer than it is right"
    return (
        f"It says {words['winner']} with {numbers['posterior']}, {what}: the columns add {numbers['evidence_bits']} "
        f"bits to a prior of {numbers['prior_bits']}. Over {numbers['rows']} judged rows it is {than}: it says "
        f"{numbers['mean_said']}, and {numbers['right']} are right."
    )


def _stairs(told: Evidence, first: str, second: str, numbers: Mapping[str, Number]) -> Picture:
    few = told.strongest(MOST_TOLD)
    bits = [few.prior_weight(first, second), *few.weights(first, second).tolist()]
    ends = np.cumsum(bits)
    names = tuple(visible(name, LONGEST) for name in ("prior", *few.observations))
    marks: list[Mark] = [
        Bars(
            (float(i),),
            (float(end),),
            role="main" if step >= 0 else "second",
            width=0.6,
            base=float(end - step),
            along="x",
        )
        for i, (end, step) in enumerate(zip(ends, bits, strict=True))
    ]
    marks.append(Rule(0.0, role="soft"))
    marks.append(Points((numbers["total_bits"].value or 0.0,), (float(len(bits) - 1),), "total"))
    says = f"Bits for {first} over {second}, added up from the prior to {numbers['total_bits']}."
    return Picture("The evidence, added up", says, tuple(marks), Axis("bits"), Axis(names=names))


def _surer(said: tuple[float, ...], right: tuple[float, ...], copies: int) -> Picture:
    x = values(range(1, len(said) + 1))
    at = float(copies)
    marks = (
        Line(x, said, "said"),
        Line(x, right, "right", "second", dashed=True),
        Points((at, at), (said[copies - 1], right[copies - 1])),
    )
    says = "What the model says of its verdict on average, and how often it is right, over copies of one column."
    return Picture("Surer, not better", says, marks, Axis("copies"), Axis("share", high=1.0))
