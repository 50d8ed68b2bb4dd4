"""Functions of a ``reverse_mode.Variable``, each beside its local derivative: all that a new operation needs.

Values come from the stable forms of ``exponentials``. Shapes are kept unless an axis is summed over.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tearless.calculus import exponentials
from tearless.calculus.reverse_mode import Rule, Variable
from tearless.core import InputError


def exp(x: Variable) -> Variable:
    """eˣ; its derivative is itself.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable(0.0)
    >>> float(gradient(exp(x * 2.0), [x])[0].value)
    2.0
    """
    out = Variable(np.exp(x.value), ((x, lambda g: g * out),))
    return out


def log(x: Variable) -> Variable:
    """Natural logarithm; derivative 1/x.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable(4.0)
    >>> float(gradient(log(x), [x])[0].value)
    0.25
    """
    return Variable(np.log(x.value), ((x, lambda g: g / x),))


def tanh(x: Variable) -> Variable:
    """Hyperbolic tangent; derivative 1 − tanh².

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable(0.0)
    >>> float(gradient(tanh(x), [x])[0].value)
    1.0
    """
    out = Variable(np.tanh(x.value), ((x, lambda g: g * (1.0 - out * out)),))
    return out


def sigmoid(x: Variable) -> Variable:
    """1/(1+e⁻ˣ); derivative σ(x) σ(−x), which 1 − σ(x) would lose for large x.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable(0.0)
    >>> float(gradient(sigmoid(x), [x])[0].value)
    0.25
    """
    out = Variable(exponentials.sigmoid(x.value), ((x, lambda g: g * (out * sigmoid(-x))),))
    return out


def relu(x: Variable) -> Variable:
    """max(x, 0); the derivative at 0 is taken as 0, as PyTorch does.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable([-1.0, 0.0, 2.0])
    >>> gradient(relu(x).sum(), [x])[0].value.tolist()
    [0.0, 0.0, 1.0]
    """
    return Variable(np.maximum(x.value, 0.0), ((x, lambda g: g * (x.value > 0)),))


def logsumexp(x: Variable, axis: int = -1, keepdims: bool = False) -> Variable:
    """ln Σ eˣ along an axis; its derivative is softmax.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable([1e4, 1e4])
    >>> gradient(logsumexp(x), [x])[0].value.tolist()
    [0.5, 0.5]
    """
    total = exponentials.logsumexp(x.value, axis, keepdims=True)
    value = total if keepdims else np.squeeze(total, axis=axis)
    return Variable(value, ((x, lambda g: g.reshape(*total.shape) * softmax(x, axis)),))


def log_softmax(x: Variable, axis: int = -1) -> Variable:
    """x − ln Σ eˣ; derivative I − 1 pᵀ, with p = softmax(x).

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable([0.0, 0.0])
    >>> gradient(log_softmax(x)[0], [x])[0].value.tolist()
    [0.5, -0.5]
    """

    def rule(g: Variable) -> Variable:
        return g - softmax(x, axis) * g.sum(axis, keepdims=True)

    return Variable(exponentials.log_softmax(x.value, axis), ((x, rule),))


def softmax(x: Variable, axis: int = -1) -> Variable:
    """eˣ / Σ eˣ; its derivative is diag(p) − p pᵀ.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x = Variable([0.0, 0.0])
    >>> gradient(softmax(x)[0], [x])[0].value.tolist()
    [0.25, -0.25]
    """

    def rule(g: Variable) -> Variable:
        return out * (g - (g * out).sum(axis, keepdims=True))

    out = Variable(exponentials.softmax(x.value, axis), ((x, rule),))
    return out


def concatenate(parts: Sequence[Variable], axis: int = 0) -> Variable:
    """The parts one after another along an axis; each gets back its own slice of the gradient.

    Raises ``InputError`` where there is no part, or one without axes.

    >>> from tearless.calculus.reverse_mode import gradient
    >>> x, y = Variable([1.0]), Variable([2.0, 3.0])
    >>> gradient((concatenate([x, y]) * [1.0, 10.0, 100.0]).sum(), [x, y])[1].value.tolist()
    [10.0, 100.0]
    """
    if not parts or any(part.ndim == 0 for part in parts):
        raise InputError(f"parts: expected arrays with axes, got {[p.shape for p in parts]}; reshape numbers to (1,)")
    ends = np.cumsum([part.shape[axis] for part in parts])

    def rule(start: int, end: int) -> Rule:
        return lambda g: g[(slice(None),) * (axis % g.ndim) + (slice(start, end),)]

    rules = tuple((part, rule(int(end) - part.shape[axis], int(end))) for part, end in zip(parts, ends, strict=True))
    return Variable(np.concatenate([part.value for part in parts], axis=axis), rules)
