"""Logistic regression: predicts the probability of each class from a weighted sum of columns.

## What it learns

Two classes: one weight a column and an intercept, and the log-odds of the second class are z = xᵀw + b. More classes:
one such sum zₖ for each, and the probabilities are softmax(z). It takes the weights under which the classes seen are
most probable, held small by ½‖w‖²/C; the intercepts are not held.

## The mathematics

P(y = 1 | x) = σ(z) = 1/(1 + e⁻ᶻ). The loss is the cross-entropy, −ln P(class seen), summed over rows: convex in w, with
gradient Xᵀ(p − y) and curvature XᵀDX, D = diag(p(1 − p)). Where it is least, the columns' sums over the predicted
probabilities equal their sums over the classes seen, but for the penalty. A weight is a change of log-odds: one unit
more in column j multiplies the odds by e^(wⱼ). If a plane separates the classes and nothing holds the weights
(C = inf), the loss falls for ever as they grow: there is no answer.

## How it is computed

Columns are centred and scaled inside, which changes no result, only its digits. Newton's method solves
XᵀDX d = −gradient for each step (for two classes this is iteratively reweighted least squares) and halves the step
until the loss falls enough. A tall table starts from the answer of an eighth of its rows. With more than 2,000 weights
the step is found by conjugate gradients, without writing the matrix down. The probabilities come from forms of σ and
softmax that neither overflow nor lose digits. From three classes on, the weights of a column sum to 0 over the classes.

## What goes wrong

- C holds all weights alike, so a column in small units is held much more → `unscaled-columns`: standardise first.
- Weights large and of opposite sign → `collinear-columns`; classes separated, weights without end → `target-leak`, or
  few rows.
- One class is rare: the probabilities may be right and the rule p > ½ useless → `class-imbalance`.
- The same rows with different classes: the loss cannot fall below what they cost → `conflicting-labels`.

## References

- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 4.4.
- A. Albert, J. Anderson (1984), On the existence of maximum likelihood estimates in logistic regression models,
  *Biometrika* 71(1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.estimator import Classifier, warn_not_converged
from tearless.algorithms.input import Floats, real, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.calculus.exponentials import log_sigmoid, log_softmax, sigmoid, softmax
from tearless.calculus.losses import BinaryCrossEntropy, CrossEntropy
from tearless.calculus.newton import Minimum, newton
from tearless.core import InputError, Number
from tearless.linear_algebra.conjugate_gradients import conjugate_gradients
from tearless.linear_algebra.weighting import weighted_gram

WRITTEN = 2000
"""Up to so many weights the matrix of second derivatives is written down: 32 MiB."""
TALL = 5_000
"""From so many rows on, a part of them gives the start."""


class LogisticRegression(Classifier):
    """Binary and multinomial logistic regression with an L2 penalty, by Newton's method.

    ``C`` is as in scikit-learn: it multiplies the loss, so smaller means held more; ``inf`` holds nothing, and is
    refused with ``InputError`` where the classes can be separated. ``tol`` is how far the summed loss may still be
    above its least, as a share of what it is with all weights 0; the last step makes it far less. Fitted: ``classes_``,
    ``coef_`` (1, d) or (K, d), ``intercept_``, ``n_iter_``.

    >>> model = LogisticRegression(C=np.inf).fit([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]], [0, 0, 1, 0, 1, 1])
    >>> model.coef_.round(9).tolist(), (2 * np.log(2)).round(9).item()  # odds of 1/2 at 0, of 2 at 1: 4 times as high
    ([[1.386294361]], 1.386294361)
    """

    def __init__(self, C: float = 1.0, *, fit_intercept: bool = True, tol: float = 1e-12, max_iter: int = 100) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and the classes ``y`` (n,); a row of weight 2 counts as two rows."""
        free = isinstance(self.C, float) and np.isposinf(self.C)
        inverse = 0.0 if free else 1.0 / real(self.C, "C", above=0.0)
        tol, most = real(self.tol, "tol", least=0.0), whole(self.max_iter, "max_iter", 1)
        X, codes = self._fit_classes(X, y)
        w = weights(sample_weight, len(codes))
        share = _class_shares(codes, w, len(self.classes_))
        A, mean, scale = _prepared(X, bool(self.fit_intercept))
        held = np.zeros(A.shape[1])
        with np.errstate(over="ignore"):
            held[: len(scale)] = np.minimum(inverse / scale / scale, 1e20 * len(A))
        problem = _LogLoss(A, codes, w, held, 1 if len(share) == 2 else len(share))
        zero = np.zeros(problem.outputs * A.shape[1])
        at_zero = problem.loss(zero)
        found = newton(problem.loss, problem.slope, _start(problem, zero, at_zero), tolerance=tol * at_zero, most=most)
        if free and _grows(problem, found):
            raise InputError(
                "C: expected a finite number, got inf where the columns separate the classes: the weights would grow "
                "without end; choose C=1.0, and look for a column that knows the answer"
            )
        if not found.converged:
            warn_not_converged(f"max_iter: {len(found.steps)} steps did not reach the least loss; raise it, or tol")
        theta = found.w.reshape(problem.outputs, -1)
        self.coef_ = theta[:, : len(scale)] / scale
        self.intercept_ = (theta[:, -1] if self.fit_intercept else 0.0) - self.coef_ @ mean
        self.n_iter_ = np.array([len(found.steps)])
        self._told = _told(problem, found, at_zero, share)
        return self

    def decision_function(self, X: Any) -> Floats:
        """The log-odds z, shape ``(n,)`` for two classes; else zₖ, shape ``(n, K)``."""
        z = self._matrix(X) @ self.coef_.T + self.intercept_
        return np.asarray(z[:, 0] if z.shape[1] == 1 else z)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of every row, shape ``(n,)``; of classes that tie, the first in ``classes_``."""
        z = self.decision_function(X)
        best = (z > 0).astype(np.intp) if z.ndim == 1 else np.argmax(z, axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class, shape ``(n, K)``, columns in the order of ``classes_``."""
        z = self.decision_function(X)
        return np.asarray(softmax(z) if z.ndim == 2 else np.stack([sigmoid(-z), sigmoid(z)], axis=1))

    def predict_log_proba(self, X: Any) -> Floats:
        """ln of ``predict_proba``, finite where that rounds to 0."""
        z = self.decision_function(X)
        return np.asarray(log_softmax(z) if z.ndim == 2 else np.stack([log_sigmoid(-z), log_sigmoid(z)], axis=1))

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)


@dataclass
class _LogLoss:
    """Σ wᵢ lossᵢ + ½ Σ heldⱼ θⱼ², its gradient and curvature, for weights θ of shape (outputs, q) laid flat."""

    A: Floats
    codes: NDArray[np.intp]
    weights: Floats | None
    held: Floats
    outputs: int
    _known: tuple[Floats, Floats] | None = field(default=None, repr=False)

    def part(self, every: int) -> _LogLoss:
        """The same problem of every so-manieth row, held as much for its size."""
        some = slice(None, None, every)
        w = None if self.weights is None else self.weights[some]
        share = len(self.A[some]) / len(self.A)
        return _LogLoss(self.A[some], self.codes[some], w, self.held * share, self.outputs)

    def logits(self, theta: Floats) -> Floats:
        if self._known is None or not np.array_equal(self._known[0], theta):
            z = self.A @ theta.reshape(self.outputs, -1).T
            self._known = theta.copy(), z[:, 0] if self.outputs == 1 else z
        return self._known[1]

    @property
    def _of(self) -> tuple[BinaryCrossEntropy | CrossEntropy, NDArray[Any]]:
        return (
            (BinaryCrossEntropy(), self.codes.astype(np.float64)) if self.outputs == 1 else (CrossEntropy(), self.codes)
        )

    def loss(self, theta: Floats) -> float:
        of, truth = self._of
        each = of.value(self.logits(theta), truth)
        summed = each.sum() if self.weights is None else self.weights @ each
        return float(summed + (self.held * theta.reshape(self.outputs, -1) ** 2).sum() / 2.0)

    def slope(self, theta: Floats) -> tuple[Floats, Floats]:
        """The gradient, and Newton's direction."""
        of, truth = self._of
        z, w = self.logits(theta), np.ones((1, 1)) if self.weights is None else self.weights[:, None]
        pull = of.gradient(z, truth).reshape(len(z), -1) * w
        gradient = (pull.T @ self.A + self.held * theta.reshape(self.outputs, -1)).ravel()
        if theta.size > WRITTEN:
            return gradient, self._by_products(z, w, gradient)
        return gradient, _solved(self.curvature(z, w), gradient, flat=not self.held.any())

    def curvature(self, z: Floats, w: Floats) -> Floats:
        """The matrix of second derivatives, (outputs·q)², made regular where all outputs may move together.

        The blocks of a pair of classes are −AᵀDA with D = diag(w pₖpₘ); as probabilities sum to 1, the block of a class
        by itself is the sum of its pairs' with the sign turned: no difference is taken, so no digits are lost.
        """
        q, K = self.A.shape[1], self.outputs
        if K == 1:
            bend = self._of[0].curvature(z, self._of[1]) * w[:, 0]
            return weighted_gram(self.A, bend) + np.diag(self.held)
        p, blocks = softmax(z), np.zeros((K, q, K, q))
        for k in range(K):
            blocks[k, :, k] += np.diag(self.held)
            for m in range(k):
                pair = weighted_gram(self.A, p[:, k] * p[:, m] * w[:, 0])
                blocks[k, :, k] += pair
                blocks[m, :, m] += pair
                blocks[k, :, m] = blocks[m, :, k] = -pair
        H = blocks.reshape(K * q, K * q)
        size = float(np.trace(H)) / (K * q) or 1.0
        H += np.kron(np.full((K, K), size / K), np.eye(q))
        return H

    def _by_products(self, z: Floats, w: Floats, gradient: Floats) -> Floats:
        """Newton's direction from products of the second derivatives with vectors, to as many digits as it needs."""
        bend = self._of[0].curvature(z, self._of[1]).reshape(len(z), -1) * w
        p = softmax(z) if self.outputs > 1 else None

        def product(v: Floats) -> Floats:
            V = v.reshape(self.outputs, -1)
            u = self.A @ V.T
            u = bend * u if p is None else w * p * (u - (p * u).sum(axis=1, keepdims=True))
            return np.asarray((u.T @ self.A + self.held * V).ravel())

        diagonal = (bend.T @ (self.A * self.A) + self.held).ravel()
        diagonal = np.maximum(diagonal, 1e-12 * max(float(diagonal.max()), 1e-300))
        forcing = min(0.1, float(np.linalg.norm(gradient)) / (len(z) * self.outputs)) ** 1.5
        return conjugate_gradients(product, -gradient, tolerance=max(forcing, 1e-12), most=1000, diagonal=diagonal)[0]


def _solved(H: Floats, gradient: Floats, *, flat: bool) -> Floats:
    """d with H d = −gradient; where H may be singular, the smallest such d."""
    if not flat:
        return np.asarray(np.linalg.solve(H, -gradient))
    values, vectors = np.linalg.eigh(H)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    along = (vectors.T @ -gradient)[kept] / values[kept]
    return np.asarray(vectors[:, kept] @ along)


def _class_shares(codes: NDArray[np.intp], w: Floats | None, count: int) -> Floats:
    share = np.bincount(codes, w, minlength=count) / (len(codes) if w is None else w.sum())
    if count < 2 or np.count_nonzero(share) < count:
        with_weight = np.count_nonzero(share)
        raise InputError(
            f"y: expected at least two classes, each with some weight, got {count} class(es), {with_weight} of them "
            "with weight above 0; add rows of another class, or drop the rows of weight 0"
        )
    return np.asarray(share)


def _prepared(X: Floats, intercept: bool) -> tuple[Floats, Floats, Floats]:
    """``(A, mean, scale)``: columns about their mean and of mean square 1, with a column of ones behind them."""
    n, d = X.shape
    A = np.empty((n, d + intercept))
    mean = X.mean(axis=0) if intercept else np.zeros(d)
    np.subtract(X, mean, out=A[:, :d])
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        scale = np.sqrt(np.einsum("ij,ij->j", A[:, :d], A[:, :d]) / n)
    odd = ~(np.isfinite(scale) & (scale > 1e-150))  # a square over- or underflowed, or the column never changes
    scale[odd] = np.abs(A[:, :d][:, odd]).max(axis=0)
    scale[~(scale > 1e-14 * np.abs(mean))] = 1.0
    if not np.isfinite(scale).all():
        raise InputError("X: expected columns of finite spread, got one that overflows; divide it by its largest")
    A[:, :d] /= scale
    A[:, d:] = 1.0
    return A, mean, scale


def _start(problem: _LogLoss, zero: Floats, at_zero: float) -> Floats:
    """Where to begin: 0, or for a tall table the answer of an eighth of its rows, begun likewise, if that is better."""
    if len(problem.A) < max(TALL, 40 * zero.size):
        return zero
    part = problem.part(8)
    guess = newton(part.loss, part.slope, _start(part, zero, part.loss(zero)), tolerance=zero.size / 4.0, most=10).w
    return guess if problem.loss(guess) < at_zero else zero


def _grows(problem: _LogLoss, found: Minimum) -> bool:
    """Whether Newton's steps still move the logits where no loss is left to lose: the classes are separated."""
    for _ in range(6):
        if float(np.abs(problem.A @ found.direction.reshape(problem.outputs, -1).T).max()) < 1e-3:
            return False
        found = newton(problem.loss, problem.slope, found.w, tolerance=0.0, most=1)
    return True


def _told(problem: _LogLoss, found: Minimum, at_zero: float, share: Floats) -> list[Step]:
    rows = float(len(problem.A)) if problem.weights is None else float(problem.weights.sum())
    theta = found.w.reshape(problem.outputs, -1)
    loss = (problem.loss(found.w) - float((problem.held * theta**2).sum()) / 2.0) / rows
    alone = float(-(share * np.log(share)).sum())
    z = problem.logits(found.w)
    seen = np.exp(-np.asarray(problem._of[0].value(z, problem._of[1])))
    return [
        Step(
            "calculus.losses.CrossEntropy" if problem.outputs > 1 else "calculus.losses.BinaryCrossEntropy",
            "The loss of a row: −ln of the probability given to its class",
            {
                "knowing nothing": Number(at_zero / rows, "nats", f"ln {len(share)}: all weights 0"),
                "knowing the shares": Number(alone, "nats", "intercepts only: the entropy of the classes"),
                "fitted": Number(loss, "nats", "without the penalty"),
                "gained": Number(1.0 - loss / alone, "share", "of that entropy is explained (McFadden's R²)"),
            },
        ),
        Step(
            "calculus.newton.newton",
            "Newton's steps to the least loss",
            {
                "steps": Number(float(len(found.steps)), "steps", "over all rows"),
                "last decrement": Number(found.steps[-1].decrement, "nats", "the fall that the last step promised"),
                "‖w‖": Number(float(np.linalg.norm(theta[:, : len(problem.held)])), "1", "of columns of spread 1"),
            },
        ),
        Step(
            "calculus.exponentials.softmax" if problem.outputs > 1 else "calculus.exponentials.sigmoid",
            "Turned weighted sums into probabilities",
            {
                "of the class seen": Number(
                    float(np.average(seen, weights=problem.weights)), "share", "mean probability"
                ),
                "least": Number(float(seen.min()), "share", "the probability of the class that surprised most"),
            },
        ),
    ]
