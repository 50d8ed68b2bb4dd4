"""Multinomial naive Bayes: classifies counts, such as a text's words, by how often each comes in every class.

## What it learns

For every class its share of the rows, and for every column the share that it has of all counts in the class.

## The mathematics

P(k | x) ∝ P(k) · Πⱼ θₖⱼ^xⱼ, as if every count were drawn by itself from the class's shares θₖ. In logarithms each word
adds ln(θ₁ⱼ/θ₂ⱼ) to the log-odds each time it comes: the model is linear. θₖⱼ = (cₖⱼ + α)/Σⱼ(cₖⱼ + α), the posterior
mean under α counts seen beforehand. With α = 0 a word never seen in a class excludes the class, whatever the others
say.

## How it is computed

Counts are summed by class and are exact. Logarithms of the shares are added, never the shares multiplied: 0.001 to the
power 110 is 0 in floating point, for every class at once. A class that is ruled out has −inf, and a word that the row
has not says nothing (0 · −inf is taken as 0); a row that all classes rule out is refused, as nothing follows from it.

## What goes wrong

- Words that come together are counted as if each were news, so probabilities go to 0 and 1 → `collinear-columns`.
- A column that is no count, such as an identifier or a year, outweighs all words → `identifier-column`,
  `unscaled-columns`.
- A word that stands for the class itself decides alone → `target-leak`.
- Words in the test rows that the fit never saw are no column at all → `unseen-categories`.
- A rare class has its shares mostly from α → `class-imbalance`.

## References

- C. D. Manning, P. Raghavan, H. Schütze (2008), *Introduction to Information Retrieval*, sections 13.2 and 13.4.
- A. McCallum, K. Nigam (1998), A comparison of event models for naive Bayes text classification, *AAAI-98 Workshop on
  Learning for Text Categorization*.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tearless.algorithms.input import Floats, weights
from tearless.algorithms.naive_bayes import NaiveBayes
from tearless.algorithms.steps import Step, Steps
from tearless.core import InputError, Number
from tearless.probability.bayes import log_prior
from tearless.probability.evidence import Evidence
from tearless.probability.naive_bayes_counts import (
    ClassCounts,
    count_by_class,
    evidence_of_counts,
    log_joint,
    log_shares,
)


class MultinomialNB(NaiveBayes):
    """Shares of counts by class, smoothed by ``alpha``.

    ``alpha`` is added to every count: one number of at least 0, or one a column. ``class_prior`` gives the classes'
    probabilities in the order of ``classes_``; else they are their shares, or equal where ``fit_prior`` is false.
    Fitted: ``classes_``, ``class_count_`` (K,), ``feature_count_`` (K, d), ``class_log_prior_`` (K,),
    ``feature_log_prob_`` (K, d).

    >>> words = [[2, 0, 1], [1, 0, 0], [0, 3, 1]]  # counts of "win", "meeting", "the"
    >>> model = MultinomialNB().fit(words, ["spam", "spam", "ham"])
    >>> np.exp(model.feature_log_prob_).round(3).tolist()  # ham: (0+1)/7, (3+1)/7, (1+1)/7
    [[0.143, 0.571, 0.286], [0.571, 0.143, 0.286]]
    >>> model.predict([[1, 0, 1]]).tolist()
    ['spam']
    """

    _positive_only = True
    _weighed = "probability.naive_bayes_counts.evidence_of_counts", "count"

    def __init__(self, *, alpha: Any = 1.0, fit_prior: bool = True, class_prior: Any = None) -> None:
        self.alpha = alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior

    def __sklearn_tags__(self) -> Any:
        """The tags of every classifier, but a poor score on points that are no counts is no fault."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Count the rows ``X`` (n, d), none negative, by their classes ``y`` (n,), each ``sample_weight`` times.

        Raises ``InputError`` where a class has no weight, or no counts at alpha 0.
        """
        rows, codes = self._fit_classes(X, y)
        counts = count_by_class(rows, codes, len(self.classes_), weights(sample_weight, len(rows)))
        self.class_count_, self.feature_count_ = self._counted(counts.classes), counts.features
        self.feature_log_prob_ = np.asarray(log_shares(counts.features, self.alpha))
        self.class_log_prior_ = self._log_prior()
        self._look_at(rows)
        return self

    def _steps(self) -> Steps:
        zeros = len(ClassCounts(self.class_count_, self.feature_count_).zeros)
        finite = self.feature_log_prob_[np.isfinite(self.feature_log_prob_)]
        steps = [
            self._priors(np.exp(self.class_log_prior_), "The prior of every class"),
            Step(
                "probability.naive_bayes_counts.count_by_class",
                "The counts of every column summed by class",
                {
                    "counts": Number(float(self.feature_count_.sum()), "counts", "in all"),
                    "zeros": Number(
                        zeros, "cells", "never seen in a class, though elsewhere: unsmoothed, they exclude it"
                    ),
                },
            ),
            Step(
                "probability.naive_bayes_counts.log_shares",
                "alpha added to every count, and the shares in logarithms",
                {
                    "alpha": Number(float(np.mean(self.alpha)), "counts", "added to each, on average"),
                    "least share": Number(float(np.exp(finite.min())), "chance", "of a column in a class"),
                },
            ),
        ]
        return Steps(repr(self), steps)

    def _evidence(self, row: Floats, names: list[str]) -> Evidence:
        classes = tuple(map(str, self.classes_))
        return evidence_of_counts(row, self.class_log_prior_, self.feature_log_prob_, classes, names)

    def _joint(self, rows: Floats) -> Floats:
        return log_joint(rows, self.class_log_prior_, self.feature_log_prob_)

    def _log_joint(self, rows: Floats) -> Floats:
        joint = self._joint(rows)
        lost = np.flatnonzero(np.isneginf(joint).all(axis=1))
        if len(lost):
            raise InputError(
                f"X: expected rows that some class allows, got {len(lost)} that every class rules out, the first at "
                f"row {lost[0]} (counted from 0); fit with alpha above 0"
            )
        return joint

    def _log_prior(self) -> Floats:
        if self.class_prior is not None:
            return np.asarray(log_prior(self._given_prior(self.class_prior, "class_prior")))
        count = self.class_count_ if self.fit_prior else np.ones(len(self.classes_))
        return np.asarray(log_prior(count / count.sum()))
