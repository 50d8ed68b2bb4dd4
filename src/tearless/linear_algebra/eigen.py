"""What a matrix does along its own directions: eigenvalues of a symmetric one, singular values of any.

Both come largest first, with a stated sign, so that two runs and two libraries agree: the entry of largest magnitude of
each direction is positive (the first of them where several agree to √u).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tearless.core import InputError

from .arrays import Array, array, constant, factorable, finite, known, positive, unit_roundoff
from .kernels import differentiated


@dataclass(frozen=True, slots=True, eq=False)
class Eigen:
    """A = Q·diag(values)·Qᵀ.

    Made by ``eigh``.
    """

    values: Array
    """Descending, shape ``(p,)``."""
    vectors: Array
    """Q, one eigenvector a column, of length 1, shape ``(p, p)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Singular:
    """A = U·diag(values)·Vᵀ, with r = min(m, n).

    Made by ``svd``.
    """

    left: Array
    """U, shape ``(m, r)``, columns at right angles and of length 1."""
    values: Array
    """Descending, at least 0, shape ``(r,)``."""
    right: Array
    """Vᵀ, shape ``(r, n)``, one right singular vector a row."""


def eigh(a: Array, *, tolerance: float | None = None) -> Eigen:
    """Eigenvalues, largest first, and eigenvectors of a symmetric matrix.

    Shape ``(p, p)``. By ``eigh``, which knows that the values are real and the vectors at right angles; the general
    ``eig`` may return complex values and vectors that are neither. The values are right to a few p·u·|λ|max; a vector
    is right to that over the gap to the next value. A is taken as (A + Aᵀ)/2, which moves no value by more than ‖A −
    Aᵀ‖/2. Refuses a matrix whose A − Aᵀ holds an entry above ``tolerance`` times the largest of A: by default u^¾,
    1e-12 for float64, which leaves room for the rounding of products of millions of rows and for nothing else.
    Differentiable where the values differ. Raises ``InputError`` for nan or inf, and for what is not square. Reference:
    Golub, Van Loan, Matrix Computations, 4th ed., sections 8.1 and 8.3.

    >>> e = eigh([[2.0, 1.0], [1.0, 2.0]])
    >>> e.values.round(12).tolist(), e.vectors.round(4).tolist()
    ([3.0, 1.0], [[0.7071, 0.7071], [0.7071, -0.7071]])
    """
    xp, a = array(a, "a", ndim=2)
    if a.shape[0] != a.shape[1]:
        raise InputError(f"a: expected a square matrix, got shape {tuple(a.shape)}; use svd for another shape")
    finite(xp, a, "a")
    a = factorable(xp, a)
    allowed = unit_roundoff(xp, a) ** 0.75 if tolerance is None else positive(tolerance, "tolerance", zero=True)
    if differentiated(a) or not known(xp.all(a == a.mT)):
        _refuse_asymmetric(xp, a, allowed)
        a = a / 2 + a.mT / 2
    values, vectors = xp.linalg.eigh(a)
    values, vectors = xp.flip(values, axis=0), xp.flip(vectors, axis=1)
    return Eigen(values, vectors * _signs(xp, vectors, 0))


def svd(a: Array) -> Singular:
    """Singular value decomposition, thin, values largest first.

    Shape ``(m, n)``. Values are right to a few u·σ₁, so that small ones lose relative accuracy. The sign makes the
    largest entry of each right vector positive. Differentiable where the values differ. Raises ``InputError`` for
    nan or inf. Reference: Golub, Van Loan, Matrix Computations, 4th ed., sections 2.4 and 8.6.

    >>> d = svd([[0.0, -2.0], [1.0, 0.0]])
    >>> d.values.tolist(), d.right.tolist(), d.left.tolist()
    ([2.0, 1.0], [[0.0, 1.0], [1.0, 0.0]], [[-1.0, -0.0], [0.0, 1.0]])
    """
    xp, a = array(a, "a", ndim=2)
    finite(xp, a, "a")
    u, s, vt = xp.linalg.svd(factorable(xp, a), full_matrices=False)
    signs = _signs(xp, vt, 1)
    return Singular(u * signs[None, :], s, vt * signs[:, None])


def _refuse_asymmetric(xp: Any, a: Array, allowed: float) -> None:
    apart, size = xp.max(xp.abs(a / 2 - a.mT / 2)), xp.max(xp.abs(a))
    if known(apart > allowed / 2 * size):
        raise InputError(
            f"a: expected a symmetric matrix, got entries that differ from their mirror image by up to "
            f"{2 * float(apart):.2g} beside a largest of {float(size):.2g}; use svd, or average it with its transpose"
        )


def _signs(xp: Any, vectors: Array, axis: int) -> Array:
    """±1 for each vector along the axis: the sign of its first entry within √u of its largest magnitude."""
    vectors, near = constant(vectors), 1 - unit_roundoff(xp, vectors) ** 0.5
    above, below = xp.max(vectors, axis=axis), -xp.min(vectors, axis=axis)
    if known(xp.all((above < near * below) | (below < near * above))):
        chosen = above - below
    else:
        size = xp.abs(vectors)
        largest = size >= xp.max(size, axis=axis, keepdims=True) * near
        first = xp.expand_dims(xp.argmax(xp.astype(largest, xp.int32), axis=axis), axis=axis)
        chosen = xp.squeeze(xp.take_along_axis(vectors, first, axis=axis), axis=axis)
    return 1 - 2 * xp.astype(chosen < 0, vectors.dtype)
