"""How the score grows with the number of training rows, and how sure each point is: would more data help?"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.statistics.bias_variance import Model
from tearless.statistics.estimate import Estimate, Floats, of_one_length, student_quantile

Score = Callable[[Any, Any], float]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Scores by size of the training set. ``train`` and ``test`` hold one estimate a size.

    ``train_scores`` and ``test_scores`` (sizes, splits) hold every score.

    Made by ``learning_curve``.
    """

    sizes: tuple[int, ...]
    train: tuple[Estimate, ...]
    test: tuple[Estimate, ...]
    train_scores: Floats
    test_scores: Floats

    @property
    def gap(self) -> float:
        """Training score less test score at the largest size: what more rows could win at most, roughly half of it."""
        return self.train[-1].value - self.test[-1].value


def learning_curve(
    model: Model,
    X: Any,
    y: Any,
    *,
    sizes: Sequence[float] = (0.1, 0.325, 0.55, 0.775, 1.0),
    splits: int | Iterable[Split] = 10,
    test_share: float = 0.2,
    score: Score | None = None,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> LearningCurve:
    """Training and test score of copies of ``model`` fitted to growing parts of the training rows of repeated splits.

    ``X`` (n, p), ``y`` (n,). ``sizes``: rows, or shares (up to 1.0) of the smallest training set. ``splits``: how many
    random ones, with ``test_share`` held out, or pairs of row numbers (training, test). A smaller set is the first rows
    of a larger one, in the order of the split, so that points of one curve share rows. ``score(y, predicted)``: larger
    is better; without it the model's own ``score(X, y)``.

    The standard error is that of repeated splits of one table: s²·(1/J + test/train rows), which counts that the J
    training sets overlap; s²/J alone is too small, by a factor that grows with J (C. Nadeau, Y. Bengio, Machine
    Learning 52, 2003, 239-281, section 3). It is a rule, not a theorem: no unbiased one exists (Bengio and Grandvalet,
    JMLR 5, 2004). Intervals with Student's t of J − 1. Raises ``InputError`` for sizes that the splits do not hold.

    >>> class Mean:
    ...     def fit(self, X, y):
    ...         self.value = np.mean(y)
    ...     def predict(self, X):
    ...         return np.full(len(X), self.value)
    >>> rng = np.random.default_rng(0)
    >>> X, y = np.zeros((200, 1)), rng.normal(size=200)
    >>> found = learning_curve(Mean(), X, y, sizes=[5, 160], score=lambda y, p: -np.mean((y - p) ** 2))
    >>> found.sizes, found.test[0].value < found.test[1].value
    ((5, 160), True)
    """
    table, target = np.asarray(X), np.asarray(y)
    of_one_length(X=table, y=target)
    pairs = _splits(splits, len(table), test_share, np.random.default_rng(seed))
    counts = _sizes(sizes, min(len(train) for train, _ in pairs))
    rate = score if score is not None else None
    seen = np.empty((2, len(counts), len(pairs)))
    for j, (train, test) in enumerate(pairs):
        for i, size in enumerate(counts):
            rows = train[:size]
            fresh = copy.deepcopy(model)
            fresh.fit(table[rows], target[rows])
            seen[:, i, j] = [_rated(fresh, table[part], target[part], rate) for part in (rows, test)]
    held = float(np.mean([len(test) for _, test in pairs]))
    summary = [
        tuple(_repeated(row, held / size, level) for row, size in zip(side, counts, strict=True)) for side in seen
    ]
    return LearningCurve(counts, summary[0], summary[1], seen[0], seen[1])


def _splits(splits: int | Iterable[Split], n: int, test_share: float, rng: np.random.Generator) -> list[Split]:
    if not isinstance(splits, (int, np.integer)):
        pairs = [(np.asarray(a), np.asarray(b)) for a, b in splits]
        if not pairs:
            raise InputError("splits: expected at least one pair of row numbers, got none; give some")
        return pairs
    held = round(test_share * n)
    if splits < 2 or not 0 < held < n:
        raise InputError(
            f"splits, test_share: expected 2 or more and rows on both sides, got {splits}, {held} of {n} held out; "
            "choose others"
        )
    orders = [rng.permutation(n) for _ in range(splits)]
    return [(order[held:], order[:held]) for order in orders]


def _sizes(sizes: Sequence[float], most: int) -> tuple[int, ...]:
    counts = [int(s * most) if isinstance(s, (float, np.floating)) and s <= 1 else int(s) for s in sizes]
    if not counts or min(counts) < 1 or max(counts) > most or sorted(set(counts)) != counts:
        raise InputError(
            f"sizes: expected rising numbers of rows from 1 to {most}, or shares up to 1.0, got {list(sizes)}; "
            "choose others"
        )
    return tuple(counts)


def _rated(model: Any, X: Any, y: Any, score: Score | None) -> float:
    if score is not None:
        return float(score(y, np.asarray(model.predict(X))))
    if not hasattr(model, "score"):
        raise InputError(f"score: expected one, for {type(model).__name__} has no score of its own; pass score=")
    return float(model.score(X, y))


def _repeated(scores: Floats, test_to_train: float, level: float) -> Estimate:
    """A mean over repeated splits with the standard error for overlapping training sets."""
    value, j = float(scores.mean()), len(scores)
    if j < 2:
        return Estimate(value, math.nan, -math.inf, math.inf, level)
    error = float(scores.std(ddof=1)) * math.sqrt(1 / j + test_to_train)
    reach = student_quantile(level, j - 1) * error
    return Estimate(value, error, value - reach, value + reach, level)
