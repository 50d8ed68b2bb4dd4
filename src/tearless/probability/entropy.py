"""Entropy, cross-entropy, divergence, perplexity, bits per character: how much is unknown, and what a model adds.

ln 0 is handled as the definitions say: 0 · ln 0 is 0, and a model that gives 0 to what happens has cross-entropy inf.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, arrays, positive
from tearless.probability.deviance import deviance

Unit = Literal["nats", "bits"]


def entropy(p: Any, axis: int = -1, *, unit: Unit = "nats") -> Array:
    """−Σ p ln p along an axis: the mean surprise of draws from p, and the least cross-entropy of any model.

    ``p`` holds probabilities that sum to 1 along ``axis``, which is dropped, in any shape. 0 · ln 0 is 0, so the
    entropy of C choices runs from 0 to ln C. Raises ``InputError`` for what is no distribution, nan among it. Right to
    a few ulp; PyTorch gradients flow (0 where p is 0). C. E. Shannon, *A Mathematical Theory of Communication*, 1948,
    section 6.

    >>> float(entropy([0.5, 0.25, 0.25], unit="bits")), float(entropy([1.0, 0.0]))
    (1.5, 0.0)
    """
    xp, p = array(p, "p")
    _distribution(xp, p, "p", axis)
    return _in(unit, _plus_zero(-xp.sum(_x_log_y(xp, p, p), axis=axis)))


def cross_entropy(truth: Any, predicted: Any, axis: int = -1, *, unit: Unit = "nats") -> Array:
    """−Σ t ln q along an axis: the mean surprise of a model q about what t brings; the usual loss of a classifier.

    Shapes that broadcast; both sum to 1 along ``axis``, which is dropped. inf where t > 0 meets q = 0: no finite number
    of nats is enough for what the model says cannot happen. It is entropy(t) + divergence(t, q), so never below
    entropy(t). Raises ``InputError`` as ``entropy``. Of logits, take ``calculus.losses.CrossEntropy``: ln of a rounded
    softmax is −inf long before the logits say so.

    >>> cross_entropy([[1.0, 0.0, 0.0]], [[0.9, 0.05, 0.05]]).round(3).tolist()
    [0.105]
    >>> float(cross_entropy([0.5, 0.5], [1.0, 0.0]))
    inf
    """
    xp, t, q = arrays(truth=truth, predicted=predicted)
    _distribution(xp, t, "truth", axis)
    _distribution(xp, q, "predicted", axis)
    t, q = xp.broadcast_arrays(t, q)
    return _in(unit, _plus_zero(-xp.sum(_x_log_y(xp, t, q), axis=axis)))


def divergence(truth: Any, predicted: Any, axis: int = -1, *, unit: Unit = "nats") -> Array:
    """Σ t ln(t/q) along an axis, Kullback and Leibler's: the surprise that the model q adds to that of t itself.

    Shapes and errors as ``cross_entropy``. Never negative, and 0 only where both are equal; inf where t > 0 meets q =
    0. Summed as t ln(t/q) − t + q, no term of which is negative: of two distributions that differ by δ it is about
    δ²/2, and the plain sum, whose terms of size δ cancel, has lost every digit at δ = 10⁻⁸. (S. Kullback and R. A.
    Leibler, *On Information and Sufficiency*, 1951.)

    >>> float(divergence([0.5, 0.5], [0.25, 0.75]).round(6)), float(divergence([0.2, 0.8], [0.2, 0.8]))
    (0.143841, 0.0)
    """
    xp, t, q = arrays(truth=truth, predicted=predicted)
    _distribution(xp, t, "truth", axis)
    _distribution(xp, q, "predicted", axis)
    return _in(unit, xp.sum(deviance(t, q), axis=axis))


def perplexity(log_probabilities: Any) -> Array:
    """exp of the mean of −ln p: how many equal choices would surprise as much as the tokens did. A single number.

    ``log_probabilities`` holds ln p of what came, in nats, any shape, at least one, none above 0. A uniform guess among
    C has perplexity C; inf where one token had p = 0. Raises ``InputError`` for positive entries, nan, or none.

    >>> float(perplexity([-1.3862943611198906, -1.3862943611198906]).round(12))
    4.0
    """
    xp, logs = _logs(log_probabilities)
    return xp.exp(-xp.mean(logs))


def bits_per_character(log_probabilities: Any, characters: float) -> Array:
    """−Σ log₂ p over the number of characters (or bytes) that the tokens spell: comparable between tokenisers.

    Perplexity per token is not: a tokeniser with longer tokens has fewer and harder ones. ``log_probabilities`` as in
    ``perplexity``; ``characters`` above 0. Raises ``InputError`` else.

    >>> float(bits_per_character([-1.3862943611198906, -1.3862943611198906], characters=8).round(12))
    0.5
    """
    xp, logs = _logs(log_probabilities)
    return -xp.sum(logs) / (math.log(2) * positive(characters, "characters"))


def effective_choices(p: Any, axis: int = -1) -> Array:
    """exp of the entropy: how many equal choices are as uncertain as p. From 1 to the number of choices.

    Shapes and errors as ``entropy``. (M. O. Hill, *Diversity and Evenness*, Ecology 54, 1973: the number of order 1.)

    >>> float(effective_choices([0.25, 0.25, 0.25, 0.25]).round(12)), float(effective_choices([1.0, 0.0]))
    (4.0, 1.0)
    """
    xp, p = array(p, "p")
    return xp.exp(entropy(p, axis))


@dataclass(frozen=True, slots=True)
class Floors:
    """What a cross-entropy must fall below before the inputs have told the model anything. In nats.

    Made by ``floors``, for labels of so many ``classes``.
    """

    classes: int
    uniform: float
    """ln C: a guess that gives all classes the same. A loss above it is worse than no model."""
    label_entropy: float
    """The entropy of the labels' shares: the best that a model can do that looks at no input."""

    @property
    def perplexity(self) -> float:
        """exp of the label entropy."""
        return math.exp(self.label_entropy)


def floors(counts: Any) -> Floors:
    """The two losses to compare a classifier's with, from the counts of its classes.

    ``counts`` has shape (C,): none negative, at least one positive; a class that never came counts for ln C. Raises
    ``InputError`` else. Exact up to rounding.

    >>> f = floors([900, 100])
    >>> round(f.uniform, 3), round(f.label_entropy, 3)
    (0.693, 0.325)
    """
    xp, n = array(counts, "counts", ndim=1)
    total = xp.sum(n)
    if not bool(xp.all(n >= 0) & (total > 0) & (total < math.inf)):
        raise InputError("counts: expected counts of at least 0, one of them positive, got others; count the labels")
    return Floors(int(n.shape[0]), math.log(n.shape[0]), float(entropy(n / total)))


def _x_log_y(xp: Any, x: Array, y: Array) -> Array:
    """x ln y with 0 · ln 0 = 0; the branch not taken is kept finite, or its gradient would be nan."""
    some = x > 0
    safe = xp.where(some, y, xp.ones_like(y))
    possible = safe > 0
    logs = xp.where(possible, xp.log(xp.where(possible, safe, xp.ones_like(y))), xp.full_like(y, -xp.inf))
    return xp.where(some, xp.where(some, x, xp.ones_like(x)) * logs, xp.zeros_like(x))


def _plus_zero(x: Array) -> Array:
    return x + 0.0


def _in(unit: str, nats: Array) -> Array:
    if unit not in ("nats", "bits"):
        raise InputError(f"unit: expected 'nats' or 'bits', got {unit!r}; choose one")
    return nats / math.log(2) if unit == "bits" else nats


def _distribution(xp: Any, p: Array, name: str, axis: int) -> None:
    if p.ndim == 0 or not -p.ndim <= axis < p.ndim:
        raise InputError(f"axis: expected an axis of {name} of shape {tuple(p.shape)}, got {axis}; choose another")
    if not bool(xp.all((p >= 0) & (p <= 1 + 1e-6))):
        raise InputError(f"{name}: expected probabilities from 0 to 1, got others; apply softmax to logits first")
    slack = 1e-6 + 8 * float(xp.finfo(p.dtype).eps) * math.sqrt(p.shape[axis])
    if not bool(xp.all(xp.abs(xp.sum(p, axis=axis) - 1) <= slack)):
        raise InputError(f"{name}: expected probabilities that sum to 1, got other sums; divide by the sum")


def _logs(given: Any) -> tuple[Any, Array]:
    xp, logs = array(given, "log_probabilities")
    if not bool(xp.all(logs <= 0)):
        raise InputError("log_probabilities: expected logarithms of at most 0, got others; give ln p, not p or -ln p")
    return xp, logs
