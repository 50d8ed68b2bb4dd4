"""Claims that no single number settles, each put to an experiment."""

from __future__ import annotations

import numpy as np

from tearless.calculus.clipping import total_norm
from tearless.core import InputError
from tearless.statistics.intervals import clopper_pearson, difference_of_shares

from .row import Row, figures

EMAILS = 10_000
DRAWS = 2_000


def rows() -> list[Row]:
    return [_loops(), _gradient_norms(), _mistakes(), _gap()]


def _loops() -> Row:
    """A product of n × n matrices makes n² calls of the interpreter against one: the ratio grows with the size."""
    sizes = (1, 10, 100)
    computed = {f"multiplications a loop makes for one call, {n} × {n}": float(n**3) for n in sizes}
    return Row(
        "loops and vectors",
        "matrix products in Python loops against NumPy; printed: 100 times faster",
        figures({}, computed),
        "no one factor: a loop pays the interpreter for each multiplication, NumPy pays once a call. For a single "
        "number the loop wins, for large matrices NumPy is thousands of times faster; bench/loops.py measures it on "
        "the machine at hand",
    )


def _gradient_norms() -> Row:
    """What a saved model leaves to add up: nothing, since weights are saved and gradients are not."""
    try:
        total = float(total_norm([]))
    except InputError:
        total = float("nan")
    return Row(
        "gradient norms of a saved model",
        "total norm over p.grad after loading a saved model; printed: a norm that is always 0.000000",
        figures({}, {"norm of no gradients": total}),
        "a file of weights holds no gradients: after loading, every p.grad is None, the loop skips them all, and the "
        "sum of nothing is printed as 0. There is no norm to read: run a batch backwards first",
    )


def _mistakes() -> Row:
    """Mistakes among 10,000 e-mails that a classifier holds for spam with P = 0.95, by what 0.95 is really worth."""
    rng = np.random.default_rng(0)
    computed = {}
    for truth in (0.99, 0.95, 0.90):
        drawn = rng.binomial(EMAILS, 1 - truth, DRAWS)
        computed[f"mistakes where {truth:g} are spam"] = float(drawn.mean())
        low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
        computed[f"at least, {truth:g}"], computed[f"at most, {truth:g}"] = float(low), float(high)
    least, most = computed["at least, 0.95"], computed["at most, 0.95"]
    low, _ = clopper_pearson(19, 20)
    computed["lowest share of spam that 19 of 20 checked flags allow"] = low
    return Row(
        "a probability of 0.95 on 10,000 e-mails",
        f"a classifier that says P(spam) = 0.95 for all of them; {DRAWS:,} draws, seed 0; printed: 500 mistakes",
        figures({}, computed),
        f"{computed['mistakes where 0.95 are spam']:.0f}, give or take {(most - least) / 2:.0f}, only where 95 of 100 "
        "such e-mails really are spam. A classifier can say 0.95 and mean 0.90 or 0.99: count what its flags are worth "
        "before counting mistakes",
    )


def _gap() -> Row:
    """From how many rows a gap of 0.99 against 0.72 surely exceeds 0.15."""
    computed = {}
    for n in (10, 20, 100, 1_000):
        low, _ = difference_of_shares((round(0.99 * n), n), (round(0.72 * n), n))
        computed[f"gap at least, {n:,} + {n:,} rows"] = low
    enough = next(n for n in range(25, 5_000, 25) if _surely(n) > 0.15)
    return Row(
        "gap rule",
        "train 0.99, test 0.72; printed: overfitting, because the gap exceeds 0.15",
        figures({}, {**computed, "rows of each from which it is sure": float(enough)}),
        "a gap is a difference of two measured shares, and with few rows it is mostly noise: its 95 % interval "
        "decides, not a fixed 0.15. Nor is a sure gap a fault by itself: what counts is whether the test score is good "
        "enough",
    )


def _surely(n: int) -> float:
    return difference_of_shares((round(0.99 * n), n), (round(0.72 * n), n))[0]
