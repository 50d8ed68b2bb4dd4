"""How large a rate may be, which is best, and how many steps it takes: all from the curvature.

On a quadratic with curvature H (eigenvalues λ) every method acts on each eigenvector alone, so one number decides each.
Elsewhere the same bounds hold near a minimum, and along the way for as long as the curvature stays what it is.
"""

from __future__ import annotations

import math

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive


def largest_rate(curvature: float, momentum: float = 0.0, *, nesterov: bool = False) -> float:
    """The rate from which on descent no longer converges along a direction of this curvature.

    ``curvature`` is λmax > 0, ``momentum`` β in [0, 1). Gradient descent multiplies the error by 1 − rate·λ, which
    stays inside (−1, 1) while rate < 2/λ. With heavy-ball momentum the roots of z² − (1+β−rate·λ)z + β lie inside the
    unit circle while rate < 2(1+β)/λ (Polyak 1964); with Nesterov's look-ahead while rate < 2(1+β)/((1+2β)λ). Exact.

    >>> largest_rate(22.0)
    0.09090909090909091
    >>> round(largest_rate(22.0, 0.9), 12)
    0.172727272727
    """
    beta = _momentum(momentum)
    bound = 2.0 * (1.0 + beta) / positive(curvature, "curvature")
    return bound / (1.0 + 2.0 * beta) if nesterov else bound


def largest_adam_rate(preconditioned_curvature: float, beta1: float = 0.9) -> float:
    """The rate from which on Adam no longer converges, given the largest eigenvalue of P⁻¹H with P = diag(√v̂ + ε).

    Once v̂ has settled, Adam is descent with a running mean of gradients, m ← β₁m + (1−β₁)g, in the preconditioned
    space: heavy-ball momentum with the rate multiplied by 1−β₁, so rate < 2(1+β₁)/((1−β₁)λ): 38/λ at β₁ = 0.9 (Cohen
    et al. 2022, *Adaptive gradient methods at the edge of stability*). Exact for frozen
    v̂, once the bias correction has faded: before, 1/(1−β₁ᵗ) makes the rate larger.

    >>> round(largest_adam_rate(1.0), 12)
    38.0
    """
    beta = _momentum(beta1)
    return 2.0 * (1.0 + beta) / ((1.0 - beta) * positive(preconditioned_curvature, "preconditioned_curvature"))


def best_rate(smallest: float, largest: float) -> float:
    """2/(λmin + λmax): the fixed rate whose worst factor per step, (κ−1)/(κ+1), is smallest. Exact.

    >>> best_rate(1.0, 3.0)
    0.5
    """
    low, high = _range(smallest, largest)
    return 2.0 / (low + high)


def best_momentum(smallest: float, largest: float) -> tuple[float, float]:
    """``(rate, β)`` of the fastest heavy ball: ((2/(√λmax+√λmin))², ((√κ−1)/(√κ+1))²) (Polyak 1964). Exact.

    >>> best_momentum(1.0, 9.0)
    (0.25, 0.25)
    """
    low, high = (math.sqrt(x) for x in _range(smallest, largest))
    return (2.0 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


def factor_per_step(rate: float, curvature: float, momentum: float = 0.0, *, nesterov: bool = False) -> float:
    """By how much the error along a direction of this curvature is multiplied at each step, in the long run.

    Below 1 it converges, above 1 it diverges. With a = rate·λ: |1 − a| without momentum; else the larger modulus of the
    roots of z² − (1+β−a)z + β, for Nesterov of z² − (1+β)(1−a)z + β(1−a). Exact.

    >>> round(factor_per_step(0.1, 22.0), 12)
    1.2
    """
    beta = _momentum(momentum)
    a = positive(rate, "rate", zero=True) * positive(curvature, "curvature", zero=True)
    total, product = ((1 + beta) * (1 - a), beta * (1 - a)) if nesterov else (1 + beta - a, beta)
    inside = total * total - 4 * product
    return math.sqrt(product) if inside < 0 else (abs(total) + math.sqrt(inside)) / 2


def steps_needed(condition: float, shrink: float = 0.1, *, momentum: bool = False) -> float:
    """Steps until the error is at most ``shrink`` times what it was, at the best fixed rate.

    ``condition`` is κ = λmax/λmin ≥ 1, ``shrink`` in (0, 1). ln(1/shrink) / ln((κ+1)/(κ−1)), about κ/2 · ln(1/shrink);
    with the best momentum √κ stands in place of κ, for the long run. Not rounded. Raises ``InputError`` outside these
    ranges.

    >>> round(steps_needed(100.0), 1), round(steps_needed(100.0, momentum=True), 1)
    (115.1, 11.5)
    """
    if not 0 < shrink < 1:
        raise InputError(f"shrink: expected a number between 0 and 1, got {shrink!r}; 0.1 is one digit")
    kappa = positive(condition, "condition")
    if kappa < 1:
        raise InputError(f"condition: expected λmax/λmin of at least 1, got {condition!r}; swap the two")
    root = math.sqrt(kappa) if momentum else kappa
    if root == 1:
        return 1.0
    return -math.log(shrink) / math.log1p(2.0 / (root - 1.0))


def _momentum(beta: float) -> float:
    if not 0 <= beta < 1:
        raise InputError(f"momentum: expected a number from 0 up to, not including, 1, got {beta!r}; 0.9 is usual")
    return float(beta)


def _range(smallest: float, largest: float) -> tuple[float, float]:
    low, high = positive(smallest, "smallest"), positive(largest, "largest")
    if low > high:
        raise InputError(f"smallest: expected at most the largest, {high}, got {low}; swap the two")
    return low, high
