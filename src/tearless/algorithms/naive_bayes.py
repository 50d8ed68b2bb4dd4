"""What the naive Bayes classifiers share: classes judged by the sum of what every column says, and that sum told."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tearless.algorithms.estimator import Classifier
from tearless.algorithms.input import Floats
from tearless.algorithms.steps import Step, Steps
from tearless.calculus.exponentials import log_softmax
from tearless.core import InputError, Number
from tearless.probability.bayes import log_prior
from tearless.probability.evidence import Evidence

LOOKED_AT = 200
"""Of so many training rows, about, the one is kept of which the model is least sure."""


class NaiveBayes(Classifier):
    """A classifier that adds up logarithms: of a class's prior, and of what each column of a row says of the class.

    Subclasses give ``_joint`` and ``_evidence``, and call ``_counted`` and ``_look_at`` in ``fit``.

    >>> from tearless.algorithms.gaussian_naive_bayes import GaussianNB
    >>> model = GaussianNB().fit([[0.0], [2.0], [8.0], [10.0]], [0, 0, 1, 1])
    >>> isinstance(model, NaiveBayes), model.predict([[3.0], [7.0]]).tolist()
    (True, [0, 1])
    """

    _weighed: ClassVar[tuple[str, str]]
    """The function that weighs a row, and what it weighs: a column or a count."""
    class_count_: Floats
    _least_sure: Floats

    def _joint(self, rows: Floats) -> Floats:
        """ln of prior times likelihood of every class, (n, K)."""
        raise NotImplementedError

    def _log_joint(self, rows: Floats) -> Floats:
        """The same, where some class allows every row."""
        return self._joint(rows)

    def _evidence(self, row: Floats, names: list[str]) -> Evidence:
        raise NotImplementedError

    def _counted(self, count: Floats) -> Floats:
        """The classes' weights, where each has some."""
        if not count.all():
            raise InputError("sample_weight: expected some weight in every class, got none in one; drop its rows")
        return count

    def _given_prior(self, value: Any, name: str) -> Floats:
        """The classes' probabilities, where the user gave them."""
        given = np.asarray(value, dtype=np.float64)
        if given.shape != self.classes_.shape:
            raise InputError(
                f"{name}: expected one for each of {len(self.classes_)} classes, got shape {given.shape}; match them"
            )
        log_prior(given)
        return given

    def _look_at(self, rows: Floats) -> None:
        """Keep a row of which the model is least sure."""
        some = rows[:: max(1, len(rows) // LOOKED_AT)]
        with np.errstate(invalid="ignore"):
            top = np.sort(self._joint(some), axis=1)[:, -2:]
            apart = top[:, -1] - top[:, 0]
        self._least_sure = some[int(np.argmin(np.where(np.isnan(apart), np.inf, apart)))].copy()

    def predict_log_proba(self, X: Any) -> Floats:
        """ln of ``predict_proba``, finite where that is 0; −inf for classes ruled out."""
        return np.asarray(log_softmax(self._log_joint(self._matrix(X))))

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class, shape ``(n, K)``, columns in the order of ``classes_``."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> Any:
        """The most probable class of every row, shape ``(n,)``; of classes that tie, the first in ``classes_``."""
        joint = self._log_joint(self._matrix(X))
        return self.classes_[np.argmax(joint, axis=1)]

    def evidence(self, X: Any) -> Evidence:
        """The table of evidence of one row, ``X`` of shape ``(1, d)``: what each column says about each class."""
        row = self._matrix(X)
        if len(row) != 1:
            raise InputError(f"X: expected one row, got {len(row)}; take X[i : i + 1]")
        return self._told_of(row[0])

    def explain(self, X: Any = None) -> Steps:
        """What the fit did, and the table of evidence of one row.

        The row is ``X``, of shape ``(1, d)``, or the training row of which the model is least sure, among up to 200.
        """
        self._check_fitted()
        seen = self._told_of(self._least_sure) if X is None else self.evidence(X)
        which = "the least sure of the training rows looked at" if X is None else "this row"
        function, what = self._weighed
        weighed = Step(function, f"What each {what} says of {which}", seen.numbers())
        return Steps(repr(self), [*self._steps(), weighed])

    def _told_of(self, row: Floats) -> Evidence:
        known = self._names()
        return self._evidence(row, [f"column {j}" for j in range(len(row))] if known is None else list(known))

    def _priors(self, prior: Floats, says: str) -> Step:
        shares = {str(c): Number(p, "share", "prior") for c, p in zip(self.classes_, prior, strict=True)}
        return Step("probability.bayes.log_prior", says, shares)
