"""Curvature without the Hessian: products with a vector, and its extreme eigenvalues from a few of them.

Vectors are float64 arrays of NumPy, of shape ``(n,)``; a model elsewhere is wrapped by a function that takes and gives
such a vector. Nothing is held but a few vectors: n may be millions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError

Vector = NDArray[np.float64]
Product = Callable[[Vector], Vector]


def hessian_vector(gradient: Callable[[Vector], Any], w: Vector, v: Vector) -> Vector:
    """H v at ``w`` from two gradients: (∇f(w+hv) − ∇f(w−hv))/2h.

    Shapes ``(n,)``. The step is (3u)^⅓ · max(1, ‖w‖)/‖v‖, u the unit roundoff; exact for a quadratic up to rounding,
    else with an error of about u^⅔. For an exact product differentiate twice (``reverse_mode``).

    >>> hessian_vector(lambda w: np.array([2.0, 6.0]) * w, np.zeros(2), np.ones(2)).round(9).tolist()
    [2.0, 6.0]
    """
    w, v = _vector(w, "w"), _vector(v, "v", np.size(w))
    length = float(np.linalg.norm(v))
    if length == 0:
        return np.zeros_like(w)
    h = (1.5 * np.finfo(np.float64).eps) ** (1 / 3) * max(1.0, float(np.linalg.norm(w))) / length
    high, low = (_vector(gradient(w + side * v), "gradient(w)", w.size) for side in (h, -h))
    return np.asarray((high - low) / (2 * h))


def preconditioned(product: Product, denominator: Vector) -> Product:
    """v ↦ D^−½ H D^−½ v for D = diag(denominator): symmetric, with the eigenvalues of D⁻¹H.

    With Adam's √v̂ + ε as denominator, shape ``(n,)``, its largest eigenvalue is what ``stability.largest_adam_rate``
    asks for. Raises ``InputError`` unless every entry is above 0.

    >>> preconditioned(lambda v: np.array([2.0, 6.0]) * v, np.array([1.0, 3.0]))(np.ones(2)).round(12).tolist()
    [2.0, 2.0]
    """
    d = _vector(denominator, "denominator")
    if not (d > 0).all():
        raise InputError(f"denominator: expected numbers above 0, got {float(d.min())!r}; add the optimiser's epsilon")
    root = np.sqrt(d)
    return lambda v: np.asarray(product(v / root) / root)


@dataclass(frozen=True, slots=True)
class Eigenvalue:
    """An eigenvalue, its unit vector, and ``residual`` = ‖Hv − λv‖: some eigenvalue of H lies within it of
    ``value``.

    Made by ``power_iteration`` and ``lanczos``, from as many ``products`` with H.
    """

    value: float
    vector: Vector
    residual: float
    products: int


def power_iteration(
    product: Product, n: int, rng: np.random.Generator, *, products: int = 100, tolerance: float = 1e-6
) -> Eigenvalue:
    """The eigenvalue of largest modulus of a symmetric matrix known by its products with vectors.

    Each step multiplies by H and scales; the error shrinks by |λ₂/λ₁| a step, and that of the value by its square.
    Stops when the residual is at most tolerance·|value|, or after ``products`` products. (Golub and Van Loan, *Matrix
    Computations*, 4th ed. 2013, section 7.3.)

    >>> h = np.diag([1.0, 5.0])
    >>> round(power_iteration(lambda v: h @ v, 2, np.random.default_rng(0)).value, 6)
    5.0
    """
    v, used, most = _start(n, rng), 0, _count(products)
    while True:
        used += 1
        hv = _vector(product(v), "product(v)", n)
        value, length = float(v @ hv), float(np.linalg.norm(hv))
        residual = float(np.linalg.norm(hv - value * v))
        if residual <= tolerance * abs(value) or length == 0 or used >= most:
            return Eigenvalue(value, v, residual, used)
        v = hv / length


def lanczos(product: Product, n: int, rng: np.random.Generator, *, products: int = 30) -> tuple[Eigenvalue, Eigenvalue]:
    """``(smallest, largest)`` eigenvalues of a symmetric matrix known by its products, with residuals.

    The extreme eigenvalues of the tridiagonal matrix that H becomes on the span of v, Hv, H²v ... ; every new vector is
    made orthogonal to all before, twice, so no ghosts appear (Golub and Van Loan 2013, section 10.1 to 10.3). Needs far
    fewer products than power iteration, and finds negative curvature. Memory n · products.

    >>> h = np.diag(np.arange(1.0, 101.0))
    >>> low, high = lanczos(lambda v: h @ v, 100, np.random.default_rng(0), products=60)
    >>> round(low.value, 4), round(high.value, 4)
    (1.0, 100.0)
    """
    basis = [_start(n, rng)]
    diagonal: list[float] = []
    beside: list[float] = []
    for used in range(1, min(_count(products), n) + 1):
        hv = _vector(product(basis[-1]), "product(v)", n)
        diagonal.append(float(basis[-1] @ hv))
        known = np.array(basis)
        rest = hv - known.T @ (known @ hv)
        rest -= known.T @ (known @ rest)
        length = _length(rest)
        if used == min(products, n) or length <= np.finfo(np.float64).eps * n * max(map(abs, diagonal)):
            break
        beside.append(length)
        basis.append(rest / length)
    t = np.diag(diagonal) + np.diag(beside[: len(diagonal) - 1], 1) + np.diag(beside[: len(diagonal) - 1], -1)
    values, vectors = np.linalg.eigh(t)
    v = np.array(basis).T
    ends = [
        Eigenvalue(float(values[i]), v @ vectors[:, i], float(length * abs(vectors[-1, i])), len(diagonal))
        for i in (0, -1)
    ]
    return ends[0], ends[1]


def _length(v: Vector) -> float:
    """‖v‖₂ without squaring numbers that would vanish: a matrix of 1e-200 has its spectrum too."""
    largest = float(np.abs(v).max())
    return largest * float(np.linalg.norm(v / largest)) if largest > 0 else 0.0


def _start(n: int, rng: np.random.Generator) -> Vector:
    if n < 1:
        raise InputError(f"n: expected at least 1, got {n!r}; it is the number of rows of the matrix")
    v = rng.normal(size=n)
    unit: Vector = v / np.linalg.norm(v)
    return unit


def _count(products: int) -> int:
    if products < 1:
        raise InputError(f"products: expected at least 1, got {products!r}; 30 is usual")
    return products


def _vector(x: Any, name: str, n: int | None = None) -> Vector:
    v = np.asarray(x, dtype=np.float64)
    if v.ndim != 1 or (n is not None and v.size != n):
        raise InputError(f"{name}: expected a vector{f' of {n} numbers' if n else ''}, got shape {v.shape}; flatten it")
    if not np.isfinite(v).all():
        raise InputError(f"{name}: expected finite numbers, got nan or inf among them; the curvature there is unknown")
    return v
