"""Linear systems known only by their products: conjugate gradients, for matrices too large to be written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, positive

Floats = NDArray[np.float64]


def conjugate_gradients(
    product: Callable[[Floats], Floats], b: Any, *, tolerance: float, most: int, diagonal: Any = None
) -> tuple[Floats, int]:
    """``(x, products)`` with ‖b − Hx‖ ≤ ``tolerance``·‖b‖ for a symmetric positive semidefinite H, or after ``most``.

    b is ``(n,)`` and must lie in the range of H. The error shrinks at least by (√κ−1)/(√κ+1) a product, κ that of H
    scaled by ``diagonal`` (Jacobi's preconditioner, entries above 0), if it is given. Every iterate but the start
    lowers xᵀHx/2 − bᵀx, so an early end is still a direction of descent. (Golub, Van Loan, *Matrix Computations*, 4th
    ed., sections 11.3 and 11.5.) Raises ``InputError`` for a diagonal that is not above 0.

    >>> x, used = conjugate_gradients(lambda v: np.array([2.0, 4.0]) * v, [2.0, 8.0], tolerance=1e-12, most=10)
    >>> x.round(9).tolist(), used
    ([1.0, 2.0], 2)
    """
    b = np.asarray(array(b, "b", ndim=1)[1], dtype=np.float64)
    positive(tolerance, "tolerance", zero=True)
    scale = np.ones_like(b) if diagonal is None else np.asarray(diagonal, dtype=np.float64)
    if scale.shape != b.shape or not (scale > 0).all():
        raise InputError(f"diagonal: expected {len(b)} numbers above 0, got others; leave it out")
    x, r = np.zeros_like(b), b.copy()
    z = r / scale
    p, rz, goal, used = z.copy(), float(r @ z), tolerance * float(np.linalg.norm(b)), 0
    while used < most and np.linalg.norm(r) > goal:
        hp = product(p)
        used += 1
        curvature = float(p @ hp)
        if curvature <= 0:  # along p the quadratic is flat: nothing more can be gained there
            break
        step = rz / curvature
        x += step * p
        r -= step * hp
        z = r / scale
        before, rz = rz, float(r @ z)
        p = z + (rz / before) * p
    return x, used
