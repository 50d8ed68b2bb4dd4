"""Where the error comes from: what the method misses on average, and how much it changes with the sample.

Many models are trained on resamples of one training set and asked about the same test rows. The decompositions add up
exactly, row by row, for whatever predictions came:

- squared error: mean (y − f)² = (y − f̄)² + mean (f − f̄)², *bias²* and *variance*. y is what was seen, so its own noise
  stands in the bias²; with the noiseless truth given as well it is told apart.
- 0/1 loss: the main prediction is the most frequent one; a row is *biased* where that is wrong. Where it is right,
  models that stray from it add errors; where it is wrong, those that stray onto the truth take errors away. Error =
  bias + variance on unbiased rows − variance that helps on biased rows (P. Domingos, ICML 2000, for two classes; here
  with the share that is right for any number of classes, so that it still adds up).
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.statistics.classification_scores import labels
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain, student_quantile

Loss = Literal["squared", "zero_one"]


class Model(Protocol):
    """Anything with ``fit`` and ``predict``.

    Shapes: X (n, p), y (n,), as given to the function that fits it.

    >>> class Mean:
    ...     def fit(self, X, y):
    ...         self.answer = sum(y) / len(y)
    ...         return self
    ...
    ...     def predict(self, X):
    ...         return [self.answer] * len(X)
    >>> model: Model = Mean()
    >>> model.fit([[1.0], [2.0]], [3.0, 5.0]).predict([[9.0]])
    [4.0]
    """

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from the rows of X and their targets y; what it gives back is what predicts."""

    def predict(self, X: Any) -> Any:
        """One answer for each row of X."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The mean error of the models and its parts, which add up to it: error = noise + bias + variance.

    Each is a mean over test rows, with its standard error and a t interval over them (noise and bias together, in
    ``bias``, where the noiseless truth is not known: ``noise`` is then None). ``helps`` is the part by which straying
    lowers the 0/1 error on biased rows: it is in ``variance`` already, with its sign. ``rows`` holds the parts of each
    row, shape (n, 3): error, bias, variance.

    Made by ``bias_variance`` and ``decompose``, under the ``loss`` asked for.
    """

    loss: Loss
    error: Estimate
    bias: Estimate
    variance: Estimate
    noise: Estimate | None
    helps: Estimate | None
    models: int
    rows: Floats


def bias_variance(
    model: Model,
    X: Any,
    y: Any,
    X_test: Any,
    y_test: Any,
    *,
    loss: Loss = "squared",
    models: int = 100,
    truth: Any = None,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
) -> Decomposition:
    """The decomposition for copies of ``model``, each fitted to n rows drawn with replacement from ``X`` and ``y``.

    ``X`` (n, p), ``y`` (n,), and a test set the models never see. ``model`` itself is not fitted: each copy is a deep
    one. What resampling shows is the variance around what *this* training set teaches: the chance of having drawn it
    rather than another stands in the bias. Raises ``InputError`` for fewer than 2 models or for
    lengths that do not match.

    >>> class Mean:
    ...     def fit(self, X, y):
    ...         self.value = np.mean(y)
    ...     def predict(self, X):
    ...         return np.full(len(X), self.value)
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(50, 1)), rng.normal(size=50)
    >>> found = bias_variance(Mean(), X, y, X, y, models=400)
    >>> abs(found.error.value - found.bias.value - found.variance.value) < 1e-12
    True
    >>> bool(abs(found.variance.value / (y.var() / 50) - 1) < 0.25)
    True
    """
    if models < 2:
        raise InputError(f"models: expected at least 2, got {models}; 100 is usual")
    table, target, test = (np.asarray(a) for a in (X, y, X_test))
    of_one_length(X=table, y=target)
    rng = np.random.default_rng(seed)
    predictions = []
    for _ in range(models):
        rows = rng.integers(0, len(table), len(table))
        fresh = copy.deepcopy(model)
        fresh.fit(table[rows], target[rows])
        predictions.append(np.asarray(fresh.predict(test)))
    return decompose(np.array(predictions), y_test, loss=loss, truth=truth, level=level)


def decompose(
    predictions: Any, y: Any, *, loss: Loss = "squared", truth: Any = None, level: float = 0.95
) -> Decomposition:
    """The decomposition of predictions (m models, n rows) against what was seen, ``y`` (n,).

    ``truth`` (n,), for squared loss: the noiseless values, as a simulation knows them; the noise is then mean (y −
    truth)² with the cross term 2(y − truth)(truth − f̄), whose mean is 0, so that it still adds up. Of predictions that
    tie for the most frequent, the smallest label is the main one. Raises ``InputError`` for other shapes.

    >>> found = decompose([[1.0, 0.0], [3.0, 0.0]], [2.0, 1.0])  # row 1: 0 + 1; row 2: 1 + 0
    >>> found.bias.value, found.variance.value, found.error.value
    (0.5, 0.5, 1.0)
    >>> found = decompose([[0, 1], [0, 0], [1, 1]], [0, 0], loss="zero_one")  # 1/3 on row 1; 1 - 1/3 on row 2
    >>> found.bias.value, round(found.error.value, 12)
    (0.5, 0.5)
    """
    if loss not in get_args(Loss):
        raise InputError(f"loss: expected one of {get_args(Loss)}, got {loss!r}; name one of them")
    values = np.asarray(predictions)
    if values.ndim != 2 or len(values) < 2:
        raise InputError(f"predictions: expected two models or more by rows, got shape {values.shape}; stack them")
    if loss == "zero_one":
        if truth is not None:
            raise InputError("truth: expected none with loss='zero_one'; the noise of labels is in the bias")
        return _zero_one(values, labels(y, "y"), level)
    return _squared(plain(values, "predictions", ndim=2), plain(y, "y"), truth, level)


def _squared(values: Floats, y: Floats, truth: Any, level: float) -> Decomposition:
    of_one_length(predictions=values.T, y=y)
    centre = values.mean(axis=0)
    centre = centre + (values - centre).mean(axis=0)
    variance = ((values - centre) ** 2).mean(axis=0)
    error = ((y - values) ** 2).mean(axis=0)
    bias, noise = (y - centre) ** 2, None
    if truth is not None:
        clean = plain(truth, "truth")
        of_one_length(y=y, truth=clean)
        bias = (clean - centre) ** 2
        noise = _mean((y - clean) ** 2 + 2 * (y - clean) * (clean - centre), level)
    return _told("squared", (error, bias, variance), noise, None, len(values), level)


def _zero_one(values: NDArray[Any], y: NDArray[Any], level: float) -> Decomposition:
    of_one_length(predictions=values.T, y=y)
    names, codes = np.unique(values, return_inverse=True)
    codes = codes.reshape(values.shape)
    votes = np.array([(codes == k).sum(axis=0) for k in range(len(names))])
    main = names[votes.argmax(axis=0)]
    right = (values == y).mean(axis=0)
    biased = main != y
    bias = biased.astype(np.float64)
    helps = np.where(biased, right, 0.0)
    variance = np.where(biased, 0.0, 1 - right) - helps
    return _told("zero_one", (1 - right, bias, variance), None, _mean(helps, level), len(values), level)


def _told(
    loss: Loss,
    parts: tuple[Floats, Floats, Floats],
    noise: Estimate | None,
    helps: Estimate | None,
    models: int,
    level: float,
) -> Decomposition:
    error, bias, variance = (_mean(part, level) for part in parts)
    return Decomposition(loss, error, bias, variance, noise, helps, models, np.column_stack(parts))


def _mean(x: Floats, level: float) -> Estimate:
    """A mean over test rows with Student's interval; one row has none."""
    value, n = float(x.mean()), len(x)
    if n < 2:
        return Estimate(value, math.nan, -math.inf, math.inf, level)
    error = float(x.std(ddof=1)) / math.sqrt(n)
    reach = student_quantile(level, n - 1) * error
    return Estimate(value, error, value - reach, value + reach, level)
