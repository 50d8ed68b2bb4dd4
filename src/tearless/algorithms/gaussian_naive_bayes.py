"""Gaussian naive Bayes: classifies by a normal distribution of every column in every class, taken as independent.

## What it learns

For every class its share of the rows, and for every column in it a mean and a variance. Nothing else: 2·K·d + K
numbers.

## The mathematics

P(k | x) ∝ P(k) · Πⱼ N(xⱼ; μₖⱼ, σ²ₖⱼ): Bayes' rule, with the columns independent inside a class. In logarithms each
column adds ½ ln(σ²₂/σ²₁) + (x−μ₂)²/(2σ²₂) − (x−μ₁)²/(2σ²₁) to the log-odds of class 1 against class 2. With equal
variances that is a line in x, else a parabola. The independence is seldom true; the class that wins is often right all
the same, its probability seldom (Domingos and Pazzani 1997).

## How it is computed

Means in two passes, variances about them: the sum of squares less the squared sum has no digits left where the mean is
large beside the spread. To every variance is added ``var_smoothing`` times the largest variance of a column, so that a
column that is constant in one class does not exclude every other value there. Log densities are summed, and made into
probabilities by a shifted softmax: the product of 100 densities would underflow.

## What goes wrong

- Two columns that say the same count twice, and probabilities go to 0 and 1 → `collinear-columns`, `exact-combination`.
- A long tail makes the variance large and every far value likely in that class alone → `skewed-column`, `outliers`.
- A column that tells the class outright decides every row alone → `target-leak`.
- The smoothing follows the column with the largest variance: with 10⁹ between the units it drowns the small ones →
  `unscaled-columns`.
- A rare class has its variances from few rows → `class-imbalance`.

## References

- P. Domingos, M. Pazzani (1997), On the optimality of the simple Bayesian classifier under zero-one loss, *Machine
  Learning* 29.
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 6.6.3.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tearless.algorithms.input import Floats, real, weights
from tearless.algorithms.naive_bayes import NaiveBayes
from tearless.algorithms.steps import Step, Steps
from tearless.core import InputError, Number
from tearless.linear_algebra.weighting import weighted_means
from tearless.probability.bayes import log_prior
from tearless.probability.evidence import Evidence
from tearless.probability.normal import log_normal_density


class GaussianNB(NaiveBayes):
    """A normal distribution of every column in every class.

    ``priors`` are the classes' probabilities, in the order of ``classes_``, if not their shares; ``var_smoothing`` is
    the share of the largest variance of a column that is added to all. Fitted: ``classes_``, ``class_count_``,
    ``class_prior_``, ``theta_`` (means, (K, d)), ``var_`` (with the smoothing, (K, d)), ``epsilon_`` (what was added).

    >>> model = GaussianNB().fit([[1.0], [3.0], [9.0], [11.0]], ["low", "low", "high", "high"])
    >>> model.theta_.tolist(), model.var_.round(6).tolist(), model.predict([[5.9], [6.1]]).tolist()
    ([[10.0], [2.0]], [[1.0], [1.0]], ['low', 'high'])
    """

    _weighed = "probability.evidence.Evidence", "column"

    def __init__(self, *, priors: Any = None, var_smoothing: float = 1e-9) -> None:
        self.priors = priors
        self.var_smoothing = var_smoothing

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from the rows ``X`` (n, d) and their classes ``y`` (n,), each row counted ``sample_weight`` times.

        Raises ``InputError`` where no column varies, or a class has no weight.
        """
        rows, codes = self._fit_classes(X, y)
        w = weights(sample_weight, len(rows))
        share = np.ones(len(rows)) if w is None else w
        self.epsilon_ = real(self.var_smoothing, "var_smoothing", least=0.0) * float(_variances(rows, w)[1].max())
        self.class_count_ = self._counted(np.bincount(codes, share, minlength=len(self.classes_)).astype(np.float64))
        shares = self.class_count_ / self.class_count_.sum()
        self.class_prior_ = shares if self.priors is None else self._given_prior(self.priors, "priors")
        fitted = [_variances(rows[codes == k], share[codes == k]) for k in range(len(self.classes_))]
        self.theta_ = np.stack([mean for mean, _ in fitted])
        self.var_ = np.stack([variance for _, variance in fitted]) + self.epsilon_
        if not np.isfinite(self.var_).all():
            raise InputError(
                f"X: expected numbers whose squares stay finite, got up to {np.abs(rows).max():g}; take other units"
            )
        if not (self.var_ > 0).all():
            raise InputError(
                f"X: expected columns that vary, got {len(rows)} sample(s) with none that does, or a column "
                "constant in one class at var_smoothing=0; a constant has no density"
            )
        self._look_at(rows)
        return self

    def _steps(self) -> Steps:
        apart = np.ptp(self.theta_, axis=0) / np.sqrt(self.var_.max(axis=0))
        steps = [
            self._priors(self.class_prior_, "The share of every class is its prior"),
            Step(
                "linear_algebra.weighting.weighted_means",
                "The mean of every column in every class, and the mean of the squares about it",
                {
                    "farthest means": Number(float(apart.max()), "1", "distance over the larger deviation, at most"),
                    "added to variances": Number(
                        self.epsilon_, "1", "var_smoothing × the largest variance of a column"
                    ),
                },
            ),
        ]
        return Steps(repr(self), steps)

    def _evidence(self, row: Floats, names: list[str]) -> Evidence:
        said = tuple(f"{name}: {value:.6g}" for name, value in zip(names, row, strict=True))
        logs = log_normal_density(row, self.theta_, self.var_)
        return Evidence(tuple(map(str, self.classes_)), log_prior(self.class_prior_), said, logs.T)

    def _joint(self, rows: Floats) -> Floats:
        logs = [log_normal_density(rows, m, v).sum(axis=1) for m, v in zip(self.theta_, self.var_, strict=True)]
        return np.asarray(np.stack(logs, axis=1) + log_prior(self.class_prior_))


def _variances(rows: Floats, w: Floats | None) -> tuple[Floats, Floats]:
    """The weighted mean of every column, and the weighted mean of the squares about it."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = weighted_means(rows, w)
        return mean, weighted_means((rows - mean) ** 2, w)
