"""Losses with their gradient and curvature, by the prediction.

Each loss is a small class with three methods, ``value``, ``gradient`` and ``curvature``: per entry (per row for losses
of classes), before any mean or sum, so that the reduction is the caller's and can be seen. ``mean`` and
``mean_gradient`` reduce as training does. Prediction and truth are arrays of one library; the prediction's dtype and
device are kept, a truth of whole numbers takes them on. Gradients of the library flow through ``value``. nan in an
entry gives nan there. Values refused: ``InputError``, except under ``jax.jit``, where no value is known. An empty array
gives an empty one; ``mean`` refuses it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import array_api_compat

from tearless.calculus.exponentials import log_softmax, sigmoid, softmax
from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, arrays, known, positive, same_shape


class Loss(Protocol):
    """A loss of a prediction against its truth: per entry, or per row for losses of classes (``per_row``).

    >>> loss: Loss = Huber(1.0)
    >>> loss.value([3.0], [0.0]).tolist(), loss.curvature([3.0], [0.0]).tolist()  # beyond δ = 1 it is a line
    ([2.5], [0.0])
    """

    per_row: ClassVar[bool]

    def value(self, prediction: Any, truth: Any) -> Array:
        """What each entry (or row) costs."""
        ...

    def gradient(self, prediction: Any, truth: Any) -> Array:
        """∂value/∂prediction, of the prediction's shape."""
        ...

    def curvature(self, prediction: Any, truth: Any) -> Array:
        """∂²value/∂prediction², entry by entry, of the prediction's shape."""
        ...


def mean(loss: Loss, prediction: Any, truth: Any) -> Array:
    """The mean of the loss over its entries (its rows, for losses of classes): what training minimises.

    Shape ``()``. Raises ``InputError`` for nothing to average.

    >>> float(mean(SquaredError(), [1.0, 3.0], [0.0, 1.0]))
    2.5
    """
    xp, values = array(loss.value(prediction, truth), "loss")
    return xp.mean(values)


def mean_gradient(loss: Loss, prediction: Any, truth: Any) -> Array:
    """The gradient of ``mean`` by the prediction, of the prediction's shape.

    >>> mean_gradient(SquaredError(), [1.0, 3.0], [0.0, 1.0]).tolist()
    [1.0, 2.0]
    """
    _, slopes = array(loss.gradient(prediction, truth), "prediction")
    return slopes / (slopes.shape[0] if loss.per_row else math.prod(slopes.shape))


@dataclass(frozen=True)
class SquaredError(Loss):
    """(p − y)²; gradient 2(p − y); curvature 2. Its mean is the mean squared error. In the square of y's unit.

    >>> SquaredError().value([3.0], [1.0]).tolist(), SquaredError().gradient([3.0], [1.0]).tolist()
    ([4.0], [4.0])
    """

    per_row: ClassVar[bool] = False

    def value(self, prediction: Any, truth: Any) -> Array:
        _, p, y = _pair(prediction, truth)
        return (p - y) ** 2

    def gradient(self, prediction: Any, truth: Any) -> Array:
        _, p, y = _pair(prediction, truth)
        return 2 * (p - y)

    def curvature(self, prediction: Any, truth: Any) -> Array:
        xp, p, _ = _pair(prediction, truth)
        return xp.full_like(p, 2.0)


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """|p − y|; gradient sign(p − y), 0 where they are equal; curvature 0. In y's unit.

    >>> AbsoluteError().value([3.0], [1.0]).tolist(), AbsoluteError().gradient([3.0], [1.0]).tolist()
    ([2.0], [1.0])
    """

    per_row: ClassVar[bool] = False

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, p, y = _pair(prediction, truth)
        return xp.abs(p - y)

    def gradient(self, prediction: Any, truth: Any) -> Array:
        xp, p, y = _pair(prediction, truth)
        return xp.sign(p - y)

    def curvature(self, prediction: Any, truth: Any) -> Array:
        xp, p, _ = _pair(prediction, truth)
        return xp.zeros_like(p)


@dataclass(frozen=True)
class Huber(Loss):
    """d²/2 while |d| ≤ δ, then δ(|d| − δ/2), with d = p − y; δ > 0 in y's unit.

    The gradient, d cut to [−δ, δ], never exceeds δ: no row pulls harder, however far off (Huber 1964, *Robust
    estimation of a location parameter*). Curvature 1 while |d| ≤ δ, then 0.

    >>> Huber(1.0).value([0.5, 3.0], [0.0, 0.0]).tolist(), Huber(1.0).gradient([0.5, 3.0], [0.0, 0.0]).tolist()
    ([0.125, 2.5], [0.5, 1.0])
    """

    per_row: ClassVar[bool] = False
    delta: float = 1.0

    def __post_init__(self) -> None:
        positive(self.delta, "delta")

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, p, y = _pair(prediction, truth)
        d = p - y
        near = xp.clip(d, -self.delta, self.delta)
        return near * (d - near / 2)

    def gradient(self, prediction: Any, truth: Any) -> Array:
        xp, p, y = _pair(prediction, truth)
        return xp.clip(p - y, -self.delta, self.delta)

    def curvature(self, prediction: Any, truth: Any) -> Array:
        xp, p, y = _pair(prediction, truth)
        return xp.astype(xp.abs(p - y) <= self.delta, p.dtype)


@dataclass(frozen=True)
class Hinge(Loss):
    """max(0, 1 − y·s) for truth y = ±1 and score s; gradient −y while y·s < 1, else 0; curvature 0. No unit.

    >>> Hinge().value([0.5, 2.0], [1.0, -1.0]).tolist(), Hinge().gradient([0.5, 2.0], [1.0, -1.0]).tolist()
    ([0.5, 3.0], [-1.0, 1.0])
    """

    per_row: ClassVar[bool] = False

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, s, y = self._signed(prediction, truth)
        return xp.clip(1 - y * s, 0.0, None)

    def gradient(self, prediction: Any, truth: Any) -> Array:
        xp, s, y = self._signed(prediction, truth)
        return xp.where(y * s < 1, -y, xp.zeros_like(y)) + 0 * s  # nan stays nan

    def curvature(self, prediction: Any, truth: Any) -> Array:
        xp, s, _ = self._signed(prediction, truth)
        return xp.zeros_like(s)

    def _signed(self, prediction: Any, truth: Any) -> tuple[Any, Array, Array]:
        xp, s, y = _pair(prediction, truth)
        if known(xp.any(xp.abs(y) != 1)):
            raise InputError("truth: expected -1 and +1 for the hinge loss, got other values; map 0 to -1")
        return xp, s, y


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """−y ln σ(z) − (1−y) ln(1−σ(z)) from the logit z, in nats, for truth y in [0, 1].

    Computed as w·|z| + ln(1 + e^−|z|), where w = 1−y for z ≥ 0 and y below: two terms that are never negative, so the
    value is right to a few ulp at any z, where ln σ(z) of a rounded σ is −inf. Gradient σ(z) − y; curvature
    σ(z)(1−σ(z)). An infinite logit costs 0 on the right side and inf on the wrong one.

    >>> BinaryCrossEntropy().value([1e4, 0.0], [0.0, 1.0]).round(6).tolist()
    [10000.0, 0.693147]
    >>> BinaryCrossEntropy().gradient([1e4, 0.0], [0.0, 1.0]).tolist()
    [1.0, -0.5]
    """

    per_row: ClassVar[bool] = False

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, z, y = self._shares(prediction, truth)
        above = xp.astype(z >= 0, z.dtype)
        sign = 1 - 2 * above
        below = z * sign  # −|z|, with the derivative of z at 0
        weight = y + above * (1 - 2 * y)
        most = float(xp.finfo(z.dtype).max)
        linear = xp.where(weight == 0, xp.clip(below, -most, None), below)  # 0 · inf is to be 0
        return xp.log1p(xp.exp(below)) - weight * linear

    def gradient(self, prediction: Any, truth: Any) -> Array:
        _, z, y = self._shares(prediction, truth)
        return sigmoid(z) - y

    def curvature(self, prediction: Any, truth: Any) -> Array:
        _, z, _ = self._shares(prediction, truth)
        return sigmoid(z) * sigmoid(-z)

    def _shares(self, prediction: Any, truth: Any) -> tuple[Any, Array, Array]:
        xp, z, y = _pair(prediction, truth)
        if known(xp.any((y < 0) | (y > 1))):
            raise InputError("truth: expected values from 0 to 1, got others; are they class numbers, or -1 and +1?")
        return xp, z, y


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−Σ yₖ ln softmax(z)ₖ from logits, in nats, one value a row.

    Shapes: logits ``(n, C)``; truth ``(n,)`` of class numbers 0 … C−1, or ``(n, C)`` of shares. Right to a few ulp
    (``log_softmax``). Gradient softmax(z)·Σy − y, of shape ``(n, C)``. ``curvature`` is the diagonal p(1−p)·Σy of
    diag(p) − p pᵀ, of that shape. A class with logit −inf costs nothing where its share is 0.

    >>> CrossEntropy().value([[0.0, 0.0]], [1]).round(6).tolist(), CrossEntropy().gradient([[0.0, 0.0]], [1]).tolist()
    ([0.693147], [[0.5, -0.5]])
    """

    per_row: ClassVar[bool] = True

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, z, y = _rows(prediction, truth)
        return xp.sum(_parts(xp, y, -log_softmax(z)), axis=-1)

    def gradient(self, prediction: Any, truth: Any) -> Array:
        xp, z, y = _rows(prediction, truth)
        return softmax(z) * xp.sum(y, axis=-1, keepdims=True) - y

    def curvature(self, prediction: Any, truth: Any) -> Array:
        xp, z, y = _rows(prediction, truth)
        p = softmax(z)
        return p * (1 - p) * xp.sum(y, axis=-1, keepdims=True)


@dataclass(frozen=True)
class KullbackLeibler(Loss):
    """Σ yₖ ln(yₖ / softmax(z)ₖ) from logits, in nats, one value a row: cross-entropy beyond the truth's own entropy.

    Shapes: logits ``(n, C)``; truth ``(n, C)`` of shares that sum to 1, or class numbers ``(n,)``, where it is the
    cross-entropy. Gradient and curvature are the cross-entropy's, as the entropy of y does not depend on z. The error
    is a few ulp of the larger of the two that are subtracted, not of their difference.

    >>> KullbackLeibler().value([[0.0, 0.0], [0.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]).round(6).tolist()
    [0.0, 0.693147]
    """

    per_row: ClassVar[bool] = True

    def value(self, prediction: Any, truth: Any) -> Array:
        xp, z, y = _rows(prediction, truth)
        own = xp.log(xp.where(y > 0, y, xp.ones_like(y)))
        return xp.sum(_parts(xp, y, own - log_softmax(z)), axis=-1)

    def gradient(self, prediction: Any, truth: Any) -> Array:
        return CrossEntropy().gradient(prediction, truth)

    def curvature(self, prediction: Any, truth: Any) -> Array:
        return CrossEntropy().curvature(prediction, truth)


def _pair(prediction: Any, truth: Any) -> tuple[Any, Array, Array]:
    """Prediction and truth, of one shape and dtype; a truth of whole numbers takes the prediction's."""
    xp, p = array(prediction, "prediction", empty=True)
    if array_api_compat.is_array_api_obj(truth):
        space, truth = array(truth, "truth", floating=False, empty=True)
        if space is xp and not xp.isdtype(truth.dtype, "real floating"):
            truth = xp.astype(truth, p.dtype)
    xp, p, y = arrays(prediction=p, truth=truth, empty=True)
    same_shape(prediction=p, truth=y)
    return xp, p, y


def _rows(prediction: Any, truth: Any) -> tuple[Any, Array, Array]:
    """Logits and shares of the classes, both ``(n, C)``; class numbers become rows with a single 1."""
    xp, z = array(prediction, "prediction", ndim=2, empty=True)
    _, y = array(truth, "truth", ndim=(1, 2), floating=False, empty=True)
    if y.ndim == 2:
        xp, z, y = _pair(z, truth)
        if known(xp.any(y < 0)):
            raise InputError("truth: expected shares of at least 0, got negative ones; give class numbers or shares")
        return xp, z, y
    n, classes = z.shape
    if y.shape[0] != n:
        raise InputError(f"truth: expected one class a row, {n} of them, got {y.shape[0]}; match the rows")
    if not array_api_compat.is_array_api_obj(truth):
        y = xp.asarray(y, device=array_api_compat.device(z))
    if known(xp.any((y < 0) | (y >= classes) | (y != y // 1))):
        raise InputError(f"truth: expected class numbers from 0 to {classes - 1}, got others; renumber them")
    numbers = xp.arange(classes, dtype=y.dtype, device=array_api_compat.device(z))
    return xp, z, xp.astype(y[:, None] == numbers[None, :], z.dtype)


def _parts(xp: Any, share: Array, each: Array) -> Array:
    """share · each, where a share of 0 takes nothing even of inf."""
    return share * xp.where(share == 0, xp.zeros_like(each), each)
