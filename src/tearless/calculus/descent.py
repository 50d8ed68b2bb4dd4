"""Steps of descent as pure functions, and the path that they trace.

A method is a rule: ``start(w)`` makes its state, ``step(state, w, gradient, rate)`` gives the next state and the next
weights. Nothing is changed in place, so a path can be replayed, and any array library will do. The rules and their
defaults are those of ``torch.optim``, step for step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, positive, whole

Gradient = Callable[[Array], Array]
Loss = Callable[[Array], Any]


class State(NamedTuple):
    """What a method remembers between steps: how many it made, and its running means.

    Made by ``start`` and by the ``step`` of a method: ``t`` steps were made; ``first`` and ``second`` are what the
    method gathers of the gradient and of its square, of the shape of the weights, zeros where it gathers nothing.
    """

    t: int
    first: Array
    second: Array


class Method(Protocol):
    """One rule of descent.

    >>> method, w, g = Momentum(0.1, beta=0.5), np.array([1.0]), np.array([2.0])
    >>> state, w = method.step(start(w), w, g, method.rate)  # v = 0.5 · 0 + 2, w = 1 − 0.1 · 2
    >>> state.first.tolist(), w.tolist()
    ([2.0], [0.8])
    """

    @property
    def rate(self) -> float:
        """The rate before any schedule."""
        ...

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """The next state and weights, from the gradient ``g`` at ``w``; ``rate`` is the rate of this step."""
        ...


def start(w: Array) -> State:
    """The state before the first step: nothing remembered. Of the shape, dtype and device of ``w``.

    >>> start(np.ones(2))
    State(t=0, first=array([0., 0.]), second=array([0., 0.]))
    """
    xp, w = array(w, "w", empty=True)
    return State(0, xp.zeros_like(w), xp.zeros_like(w))


@dataclass(frozen=True)
class GradientDescent:
    """w − rate · g (Cauchy 1847). Stable on a quadratic of curvature λ while rate < 2/λ.

    >>> method, w = GradientDescent(0.1), np.array([1.0])
    >>> float(method.step(start(w), w, 2 * w, 0.1)[1][0])
    0.8
    """

    rate: float

    def __post_init__(self) -> None:
        _sound(self.rate)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """w − rate · g, of the shape of ``w``; the state counts."""
        return State(state.t + 1, state.first, state.second), w - rate * g


@dataclass(frozen=True)
class Momentum:
    """v ← β v + g, w − rate · v: the form PyTorch uses (Polyak 1964), without damping.

    Stable on a quadratic of curvature λ while rate < 2(1+β)/λ.

    >>> steps = path(lambda w: w**2, lambda w: 2 * w, np.array([1.0]), Momentum(0.1, 0.5), 2)
    >>> [round(float(s.w[0]), 6) for s in steps]  # 0.8 − 0.1 · (0.5 · 2 + 1.6)
    [1.0, 0.8, 0.54]
    """

    rate: float
    beta: float = 0.9

    def __post_init__(self) -> None:
        _sound(self.rate, beta=self.beta)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """w − rate · v with v = β v + g, kept as ``state.first``."""
        v = self.beta * state.first + g
        return State(state.t + 1, v, state.second), w - rate * v


@dataclass(frozen=True)
class Nesterov:
    """v ← β v + g, w − rate · (g + β v): Nesterov's look-ahead as PyTorch writes it (Sutskever et al. 2013).

    Stable on a quadratic of curvature λ while rate < 2(1+β)/((1+2β)λ).

    >>> steps = path(lambda w: w**2, lambda w: 2 * w, np.array([1.0]), Nesterov(0.1, 0.5), 1)
    >>> [round(float(s.w[0]), 6) for s in steps]  # 1 − 0.1 · (2 + 0.5 · 2)
    [1.0, 0.7]
    """

    rate: float
    beta: float = 0.9

    def __post_init__(self) -> None:
        _sound(self.rate, beta=self.beta)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """w − rate · (g + β v) with v = β v + g, kept as ``state.first``."""
        v = self.beta * state.first + g
        return State(state.t + 1, v, state.second), w - rate * (g + self.beta * v)


@dataclass(frozen=True)
class RMSProp:
    """s ← α s + (1−α) g², w − rate · g/(√s + ε) (Tieleman and Hinton 2012).

    >>> steps = path(lambda w: w**2, lambda w: 2 * w, np.array([1.0]), RMSProp(0.1, 0.75), 1)
    >>> [round(float(s.w[0]), 6) for s in steps]  # √(0.25 · 2²) = 1, so 1 − 0.1 · 2/1
    [1.0, 0.8]
    """

    rate: float
    alpha: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _sound(self.rate, alpha=self.alpha)
        positive(self.epsilon, "epsilon", zero=True)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """w − rate · g/(√s + ε) with s = α s + (1−α) g², kept as ``state.second``."""
        s = self.alpha * state.second + (1 - self.alpha) * g * g
        return State(state.t + 1, state.first, s), w - rate * g / (s**0.5 + self.epsilon)


@dataclass(frozen=True)
class Adam:
    """Running means of g and g², each divided by 1 − βᵗ, and w − rate · m̂/(√v̂ + ε).

    Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1. The first step is ± rate, whatever
    the size of the gradient.

    >>> steps = path(lambda w: w**2, lambda w: 2 * w, np.array([1.0, -50.0]), Adam(0.1), 1)
    >>> [s.w.round(6).tolist() for s in steps]
    [[1.0, -50.0], [0.9, -49.9]]
    """

    rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _sound(self.rate, beta1=self.beta1, beta2=self.beta2)
        positive(self.epsilon, "epsilon", zero=True)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """w − rate · m̂/(√v̂ + ε); m is kept as ``state.first``, v as ``state.second``."""
        t = state.t + 1
        m = self.beta1 * state.first + (1 - self.beta1) * g
        v = self.beta2 * state.second + (1 - self.beta2) * g * g
        unbiased_m, unbiased_v = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        return State(t, m, v), w - rate * unbiased_m / (unbiased_v**0.5 + self.epsilon)


@dataclass(frozen=True)
class AdamW:
    """Adam, with the weights shrunk by 1 − rate · decay beside it and not through the gradient.

    Loshchilov and Hutter 2019, *Decoupled weight decay regularization*, algorithm 2.

    >>> steps = path(lambda w: w**2, lambda w: 2 * w, np.array([1.0]), AdamW(0.1, decay=0.5), 1)
    >>> [round(float(s.w[0]), 6) for s in steps]  # 1 · (1 − 0.1 · 0.5) − 0.1
    [1.0, 0.85]
    """

    rate: float
    decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _sound(self.rate, beta1=self.beta1, beta2=self.beta2)
        positive(self.epsilon, "epsilon", zero=True)
        positive(self.decay, "decay", zero=True)

    def step(self, state: State, w: Array, g: Array, rate: float) -> tuple[State, Array]:
        """The step of ``Adam`` from w · (1 − rate · decay)."""
        adam = Adam(self.rate, self.beta1, self.beta2, self.epsilon)
        return adam.step(state, w * (1 - rate * self.decay), g, rate)


@dataclass(frozen=True)
class Step:
    """One step of a path: its number, the weights *before* it, and there the loss, the gradient and the rate used.

    Made by ``path``: ``t`` is the number, ``w`` the weights, ``gradient`` of their shape.
    """

    t: int
    w: Array
    loss: Any
    gradient: Array
    rate: float


def path(
    loss: Loss,
    gradient: Gradient,
    w: Any,
    method: Method,
    steps: int,
    schedule: Callable[[int], float] | None = None,
) -> Iterator[Step]:
    """The path of descent from ``w``: ``steps`` steps, and then the place where it ends: ``steps + 1`` entries.

    ``schedule(t)`` multiplies the method's rate at step t, counted from 0. ``w`` has any shape. The path does not stop
    by itself: a loss that grows, or becomes inf or nan, is part of the picture. Raises ``InputError`` unless ``steps``
    is a whole number of at least 0.

    >>> last = list(path(lambda w: w * w, lambda w: 2 * w, 1.0, GradientDescent(0.25), 3))[-1]
    >>> float(last.w), float(last.loss)
    (0.125, 0.015625)
    """
    whole(steps, "steps", least=0)
    _, w = array(w, "w")
    state = start(w)
    for t in range(steps):
        rate = method.rate * (schedule(t) if schedule else 1.0)
        here = _seen(loss, gradient, t, w, rate)
        yield here
        with np.errstate(over="ignore", invalid="ignore"):
            state, w = method.step(state, w, here.gradient, rate)
    yield _seen(loss, gradient, steps, w, 0.0)


def _seen(loss: Loss, gradient: Gradient, t: int, w: Array, rate: float) -> Step:
    with np.errstate(over="ignore", invalid="ignore"):
        return Step(t, w, loss(w), gradient(w), rate)


def _sound(rate: float, **shares: float) -> None:
    """Raise ``InputError`` unless the rate is above 0 and each share in [0, 1)."""
    positive(rate, "rate")
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise InputError(f"{name}: expected a number from 0 up to, not including, 1, got {share!r}; 0.9 is usual")
