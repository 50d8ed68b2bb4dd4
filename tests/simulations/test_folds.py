"""Scores per fold: how often each test finds a difference between two learners that have none.

Two learners of one kind (nearest of two class means along the line between them) see features of one law, but not the
same features: on average over tables they are equally good. 200 rows, 1,000 tables.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.folds import corrected_resampled_t, five_by_two_f, five_by_two_t, uncorrected_t

pytestmark = pytest.mark.slow

ROWS, FEATURES, TABLES, SHIFT = 200, 5, 1_000, 0.35


def accuracies(x: np.ndarray, y: np.ndarray, tests: np.ndarray) -> np.ndarray:
    """Shares right on each test set (splits, rows) of a learner fitted to the rest, by sums over masks."""
    train = 1 - tests
    ones, zeros = train * y, train * (1 - y)
    means = [(w @ x) / w.sum(axis=1, keepdims=True) for w in (zeros, ones)]
    line, middle = means[1] - means[0], (means[0] + means[1]) / 2
    score = line @ x.T - (line * middle).sum(axis=1, keepdims=True)
    return (tests * ((score > 0) == y)).sum(axis=1) / tests.sum(axis=1)


def splits(rng: np.random.Generator, times: int, size: int) -> np.ndarray:
    masks = np.zeros((times, ROWS))
    for row in masks:
        row[rng.permutation(ROWS)[:size]] = 1
    return masks


def folds(rng: np.random.Generator, repeats: int, k: int) -> np.ndarray:
    out = []
    for _ in range(repeats):
        own = rng.permutation(np.arange(ROWS) % k)
        out.append(own == np.arange(k)[:, None])
    return np.concatenate(out).astype(float)


Test = Callable[[np.ndarray, np.ndarray], Difference]
DESIGNS: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], dict[str, Test]]] = {
    "30 splits, a third held out": (
        lambda rng: splits(rng, 30, ROWS // 3),
        {
            "uncorrected": uncorrected_t,
            "corrected": lambda a, b: corrected_resampled_t(a, b, test_to_train=(ROWS // 3) / (ROWS - ROWS // 3)),
        },
    ),
    "10 x 10 folds": (
        lambda rng: folds(rng, 10, 10),
        {"uncorrected": uncorrected_t, "corrected": lambda a, b: corrected_resampled_t(a, b, test_to_train=1 / 9)},
    ),
    "10 folds": (
        lambda rng: folds(rng, 1, 10),
        {"uncorrected": uncorrected_t, "corrected": lambda a, b: corrected_resampled_t(a, b, test_to_train=1 / 9)},
    ),
    "5 x 2": (
        lambda rng: folds(rng, 5, 2),
        {
            "t": lambda a, b: five_by_two_t((b - a).reshape(5, 2)),
            "F": lambda a, b: five_by_two_f((b - a).reshape(5, 2)),
        },
    ),
}
WRONG = {
    ("30 splits, a third held out", "uncorrected"): 0.4,
    ("10 x 10 folds", "uncorrected"): 0.4,
    ("10 folds", "uncorrected"): 0.05,
}
"""The least that the t test for independent scores errs."""


@pytest.mark.parametrize("design", DESIGNS)
def test_errors_between_equal_learners(design: str) -> None:
    """Those recommended err in at most 5 %, within the approximation (7 %) and Monte Carlo error; t by far more."""
    draw, tests = DESIGNS[design]
    rng = np.random.default_rng(20)
    errors = dict.fromkeys(tests, 0)
    for _ in range(TABLES):
        y = rng.permutation(np.arange(ROWS) % 2)
        x = rng.normal(size=(2, ROWS, FEATURES)) + SHIFT * (2 * y[:, None] - 1)
        masks = draw(rng)
        a, b = (accuracies(part, y, masks) for part in x)
        for name, test in tests.items():
            errors[name] += test(a, b).sure
    print(design, {name: n / TABLES for name, n in errors.items()})
    for name, n in errors.items():
        if (design, name) in WRONG:
            assert n / TABLES > WRONG[design, name]
        else:
            assert n / TABLES < 0.07 + 2 * (0.07 * 0.93 / TABLES) ** 0.5
