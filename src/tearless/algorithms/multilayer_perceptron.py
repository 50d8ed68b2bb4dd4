"""Multilayer perceptron: predicts classes or numbers by layers of weighted sums, each bent by a simple curve.

## What it learns

For every layer a matrix of weights W and a vector of biases b. A layer turns its inputs a into φ(aW + b); the last one
has no φ: its outputs are the logits of the classes, or the number itself. Without φ all layers together would be one.

## The mathematics

Forward: z₁ = XW₁ + b₁, a₁ = φ(z₁), z₂ = a₁W₂ + b₂ … The loss is the mean cross-entropy of softmax(z), or the mean
squared error, plus ½·alpha·Σ‖W‖²/n. Backward, by the chain rule, from the last layer to the first: δ = ∂loss/∂z; then
∂loss/∂W = aᵀδ with a the layer's inputs, ∂loss/∂b = Σδ over rows, and the layer below gets δWᵀ · φ′. Each layer needs
two products, so the gradient by every weight costs about twice the forward pass.

## How it is computed

Weights start uniform within ±√(6/(in + out)), so that sums neither die out nor grow from layer to layer, and go down by
Adam, on batches of rows in a new random order each epoch. It stops when the mean loss of an epoch has not
fallen by ``tol`` for ``n_iter_no_change`` epochs. All weights lie in one vector, so a step of Adam is one step.
``explain`` differentiates the same loss a second time, by the general rules of ``reverse_mode``, and says how far the
two lie apart; and from the curvature, how large the rate may be.

## What goes wrong

- Columns in large units drown the others, or saturate φ: the loss stands still → `unscaled-columns`: standardise first.
- Far values make steps that undo the rest → `outliers`.
- One class is rare: predicting the other always is a low loss → `class-imbalance`.
- The loss cannot fall below what contradictory rows cost → `conflicting-labels`.
- It learns rows by heart; if they are in the test too, the score says nothing → `train-test-overlap`.

## References

- D. Rumelhart, G. Hinton, R. Williams (1986), Learning representations by back-propagating errors, *Nature* 323.
- X. Glorot, Y. Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, *AISTATS*.
- I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, section 6.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.estimator import Classifier, Estimator, Regressor, generator, warn_not_converged
from tearless.algorithms.input import Floats, among, real, whole
from tearless.algorithms.steps import Step, Steps
from tearless.calculus import local_derivatives, reverse_mode
from tearless.calculus.curvature import lanczos, preconditioned
from tearless.calculus.descent import Adam, start
from tearless.calculus.exponentials import log_softmax, sigmoid, softmax
from tearless.calculus.losses import CrossEntropy, SquaredError, mean, mean_gradient
from tearless.calculus.stability import largest_adam_rate
from tearless.core import InputError, Number
from tearless.linear_algebra.layer import layer
from tearless.linear_algebra.norms import l2

Layers = list[tuple[Floats, Floats]]
Truth = NDArray[Any]
KEPT = 100
"""So many training rows are kept for ``explain``."""

BENDS: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], Callable[..., Any]]] = {
    "identity": (lambda z: z, np.ones_like, lambda z: z),
    "logistic": (sigmoid, lambda a: a * (1 - a), local_derivatives.sigmoid),
    "tanh": (np.tanh, lambda a: 1 - a * a, local_derivatives.tanh),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(np.float64), local_derivatives.relu),
}
"""φ of the sum z, φ′ from the output a = φ(z), and φ for the second opinion."""


def forward(layers: Layers, X: Floats, activation: str) -> list[Floats]:
    """The inputs of every layer, and last what the last layer gives: ``len(layers) + 1`` matrices of n rows.

    Shapes: X (n, p); a layer's weights (inputs, outputs), its bias (outputs,).

    >>> one = [(np.array([[2.0]]), np.array([1.0])), (np.array([[-1.0]]), np.array([0.0]))]
    >>> [a.tolist() for a in forward(one, np.array([[3.0]]), "relu")]
    [[[3.0]], [[7.0]], [[-7.0]]]
    """
    bend = BENDS[activation][0]
    seen = [X]
    for w, b in layers[:-1]:
        seen.append(bend(layer(seen[-1], w, b)))
    return [*seen, layer(seen[-1], *layers[-1])]


def backward(layers: Layers, seen: Sequence[Floats], delta: Floats, activation: str) -> Layers:
    """The gradient by every weight and bias, from ``delta`` = ∂loss/∂output, of the shapes of ``layers``.

    ``seen`` is what ``forward`` gave.

    >>> one = [(np.array([[2.0]]), np.array([1.0])), (np.array([[-1.0]]), np.array([0.0]))]
    >>> seen = forward(one, np.array([[3.0]]), "relu")
    >>> [(w.item(), b.item()) for w, b in backward(one, seen, np.array([[1.0]]), "relu")]
    [(-3.0, -1.0), (7.0, 1.0)]
    """
    slope = BENDS[activation][1]
    gradient: Layers = []
    for i in reversed(range(len(layers))):
        gradient.append((seen[i].T @ delta, delta.sum(axis=0)))
        if i:
            delta = (delta @ layers[i][0].T) * slope(seen[i])
    return gradient[::-1]


class _Perceptron(Estimator):
    """What classes and numbers share: layers, descent, and the account of it."""

    _loss: CrossEntropy | SquaredError

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change

    def _descend(self, X: Floats, y: Truth, outputs: int) -> None:
        """Fit the layers to checked rows; sets every fitted attribute."""
        n = len(X)
        batch, most, patience, tol, rate = self._settings(n)
        self._widths = (X.shape[1], *self._hidden(), outputs)
        rng, method = generator(self.random_state), Adam(rate)
        w = self._first(rng)
        state, self.loss_curve_ = start(w), list[float]()
        best, stale = np.inf, 0
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(most):
                order, total = rng.permutation(n), 0.0
                for rows in np.split(order, range(batch, n, batch)):
                    value, gradient = self._objective(w, X[rows], y[rows])
                    total += value * len(rows)
                    state, w = method.step(state, w, gradient, rate)
                self.loss_curve_.append(self._sound(total / n))
                stale = 0 if self.loss_curve_[-1] < best - tol else stale + 1
                best = min(best, self.loss_curve_[-1])
                if stale >= patience:
                    break
        if stale < patience:
            warn_not_converged(f"max_iter: after {most} epochs the loss of {best:.4g} still falls; raise max_iter")
        self.n_iter_, self.loss_ = len(self.loss_curve_), self.loss_curve_[-1]
        self.coefs_, self.intercepts_ = (list(part) for part in zip(*self._layers(w), strict=True))
        self._kept = X[:KEPT].copy(), y[:KEPT].copy()
        self._steps_made = state.t
        self._denominator = np.sqrt(state.second / (1 - method.beta2**state.t)) + method.epsilon

    def _settings(self, n: int) -> tuple[int, int, int, float, float]:
        """Rows of a batch, most epochs, epochs to wait, the fall that counts, and the rate: all checked."""
        among(self.activation, "activation", *BENDS)
        real(self.alpha, "alpha", least=0.0)
        batch = 200 if self.batch_size == "auto" else whole(self.batch_size, "batch_size", 1)
        most, patience = whole(self.max_iter, "max_iter", 1), whole(self.n_iter_no_change, "n_iter_no_change", 1)
        rate = real(self.learning_rate_init, "learning_rate_init", above=0.0)
        return min(batch, n), most, patience, real(self.tol, "tol", least=0.0), rate

    def _objective(self, w: Floats, X: Floats, y: Truth) -> tuple[float, Floats]:
        """The loss with its penalty, and the gradient as one vector."""
        layers = self._layers(w)
        seen = forward(layers, X, self.activation)
        gradient = backward(layers, seen, mean_gradient(self._loss, seen[-1], y), self.activation)
        value = float(mean(self._loss, seen[-1], y))
        decay = self.alpha / len(X)
        value += decay / 2 * sum(float(np.sum(m * m)) for m, _ in layers)
        parts = [(g + decay * m, h) for (g, h), (m, _) in zip(gradient, layers, strict=True)]
        return value, np.concatenate([part.ravel() for pair in parts for part in pair])

    def _second_opinion(self, w: Floats, X: Floats, y: Truth) -> tuple[reverse_mode.Variable, reverse_mode.Variable]:
        """The same loss as a graph of ``reverse_mode``, and the vector of weights it stands on."""
        v = reverse_mode.Variable(w)
        a, penalty = reverse_mode.Variable(X), reverse_mode.Variable(0.0)
        layers = self._layers(v)
        for i, (m, b) in enumerate(layers):
            a = a @ m + b
            a = BENDS[self.activation][2](a) if i < len(layers) - 1 else a
            penalty = penalty + (m * m).sum()
        if isinstance(self._loss, CrossEntropy):
            loss = -(local_derivatives.log_softmax(a)[np.arange(len(X)), y]).mean()
        else:
            loss = ((a - y) ** 2).mean()
        return loss + penalty * (self.alpha / len(X) / 2), v

    def _hidden(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        sizes = sizes if isinstance(sizes, (list, tuple, np.ndarray)) else [sizes]
        return tuple(whole(size, "hidden_layer_sizes", 1) for size in sizes)

    def _first(self, rng: np.random.Generator) -> Floats:
        """Weights and biases to start from, as one vector (Glorot and Bengio 2010)."""
        ends = [np.sqrt((2 if self.activation == "logistic" else 6) / (i + o)) for i, o in self._pairs()]
        return np.concatenate([rng.uniform(-e, e, i * o + o) for e, (i, o) in zip(ends, self._pairs(), strict=True)])

    def _pairs(self) -> list[tuple[int, int]]:
        return list(zip(self._widths[:-1], self._widths[1:], strict=True))

    def _layers(self, w: Any) -> list[tuple[Any, Any]]:
        """The one vector cut into matrices and biases."""
        out, at = [], 0
        for i, o in self._pairs():
            out.append((w[at : at + i * o].reshape(i, o), w[at + i * o : at + i * o + o]))
            at += i * o + o
        return out

    def _sound(self, loss: float) -> float:
        if np.isfinite(loss):
            return loss
        raise InputError(
            f"learning_rate_init: expected a rate under which the loss falls, got {self.learning_rate_init!r}, and the "
            "loss became infinite; take a tenth of it, or standardise X"
        )

    def _outputs(self, X: Any) -> Floats:
        checked = self._matrix(X)
        return forward(list(zip(self.coefs_, self.intercepts_, strict=True)), checked, self.activation)[-1]

    def _steps(self) -> Steps:
        losses = {
            "first": Number(self.loss_curve_[0], "1", "mean loss over the first epoch"),
            "last": Number(self.loss_, "1", "mean loss over the last epoch"),
        }
        made = {
            "epochs": Number(self.n_iter_, "epochs", "passes over all rows"),
            "steps": Number(self._steps_made, "steps", f"each of rate {self.learning_rate_init:g}"),
        }
        widths = " → ".join(map(str, self._widths))
        size = Number(self._denominator.size, "weights", "biases among them")
        kind, way = type(self._loss).__name__, "running mean of gradients over the root of that of their squares"
        steps = [
            Step("linear_algebra.layer.layer", f"Every layer is a product and a sum: {widths}", {"weights": size}),
            Step(f"calculus.losses.{kind}", "How wrong the outputs are; its gradient starts the way back", losses),
            Step("calculus.descent.Adam", f"Each step goes down by the {way}", made),
        ]
        return Steps(repr(self), [*steps, *self._looked_at_again()])

    def _looked_at_again(self) -> list[Step]:
        """The gradient by the rules of every operation, and the curvature, on the rows that were kept."""
        w = np.concatenate([part.ravel() for pair in zip(self.coefs_, self.intercepts_, strict=True) for part in pair])
        loss, v = self._second_opinion(w, *self._kept)
        exact = reverse_mode.gradient(loss, [v])[0].value
        apart = float(np.abs(self._objective(w, *self._kept)[1] - exact).max())

        there = f"on {len(self._kept[0])} rows"
        gradients = {
            "apart": Number(apart, "1", f"largest difference in an entry, {there}"),
            "largest": Number(float(np.abs(exact).max()), "1", "largest entry of the gradient"),
        }
        norms = {
            f"layer {i}": Number(float(l2(g)), "1", f"length of the gradient by its {g.size:,} weights, {there}")
            for i, g in enumerate((m.ravel() for m, _ in self._layers(exact)), 1)
        }
        second = "The gradient written out here, beside the one from the rules of every operation"
        return [
            Step("calculus.reverse_mode.gradient", second, gradients),
            Step(
                "linear_algebra.norms.l2",
                "What is left to learn in each layer; a layer far below others stands still",
                norms,
            ),
            *self._curved(loss, v, there),
        ]

    def _curved(self, loss: reverse_mode.Variable, v: reverse_mode.Variable, there: str) -> list[Step]:
        """How the loss curves as Adam's steps see it; nothing where their squares have left floating point."""
        if not np.isfinite(self._denominator).all():
            return []

        def product(d: Floats) -> Floats:
            return reverse_mode.hessian_vector(loss, [v], [d])[0].value

        size = self._denominator.size
        _, top = lanczos(preconditioned(product, self._denominator), size, np.random.default_rng(0), products=10)
        curved = {"curvature": Number(top.value, "1", f"the largest, as Adam's steps see it, {there}")}
        if top.value > 0:
            curved["largest rate"] = Number(largest_adam_rate(top.value), "1", "from which on Adam would diverge there")
        return [Step("calculus.stability.largest_adam_rate", "The curvature says how large the rate may be", curved)]


class MLPClassifier(Classifier, _Perceptron):
    """Layers that end in one logit a class. Parameters named as in scikit-learn; the optimiser is Adam.

    ``hidden_layer_sizes`` are the widths between input and output, ``activation`` the bend (identity, logistic, tanh or
    relu), ``alpha`` the penalty on squared weights, ``batch_size`` the rows of a step (200 by default). Fitted:
    ``classes_``, ``coefs_``, ``intercepts_``, ``loss_curve_`` (one mean loss an epoch), ``loss_``, ``n_iter_``. Raises
    ``InputError`` for fewer than two classes, and where the loss becomes infinite.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, ["low", "low", "high", "high"] * 5
    >>> model = MLPClassifier((8,), learning_rate_init=0.1, max_iter=500, random_state=0).fit(X, y)
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['low', 'high']
    """

    _loss = CrossEntropy()

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from the rows ``X`` (n, d) and their classes ``y`` (n,)."""
        checked, codes = self._fit_classes(X, y)
        if len(self.classes_) < 2:
            raise InputError("y: expected at least two classes, got 1 class; there is nothing to tell apart")
        self._descend(checked, codes, len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class, shape ``(n, K)``, columns in the order of ``classes_``."""
        return np.asarray(softmax(self._outputs(X)))

    def predict_log_proba(self, X: Any) -> Floats:
        """ln of ``predict_proba``, finite where that rounds to 0."""
        return np.asarray(log_softmax(self._outputs(X)))


class MLPRegressor(Regressor, _Perceptron):
    """Layers that end in one number. Parameters as in ``MLPClassifier``; the loss is the mean squared error.

    scikit-learn takes half of it, so its ``loss_`` is half of this one, and its ``alpha`` acts as twice that does here.

    >>> X = [[i / 10] for i in range(20)]
    >>> model = MLPRegressor((), learning_rate_init=0.05, max_iter=2000, tol=1e-9, n_iter_no_change=200, random_state=0)
    >>> model.fit(X, [2 * x[0] + 1 for x in X]).predict([[0.5]]).round(2).tolist()
    [2.0]
    """

    _loss = SquaredError()

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from the rows ``X`` (n, d) and their numbers ``y`` (n,)."""
        checked, numbers = self._fit_numbers(X, y)
        self._descend(checked, numbers[:, None], 1)
        return self

    def predict(self, X: Any) -> Floats:
        """The predicted number of every row, shape ``(n,)``, in the unit of ``y``."""
        return self._outputs(X)[:, 0]
