"""What a matrix reaches and what it loses: projections, numerical rank, column space and null space."""

from __future__ import annotations

from typing import Any

from tearless.core import InputError

from .arrays import Array, array, arrays, constant, factorable, finite, known, positive, unit_roundoff
from .norms import l2
from .triangle import factoring_error, rank_tolerance


def onto_vector(x: Array, direction: Array) -> Array:
    """The part of x along a direction: (x·d/‖d‖²)·d; what is left, x less this, is at right angles to d.

    Shapes ``(..., n)`` and ``(n,)`` to ``(..., n)``, in units of x. d is scaled to length 1 first, so its size does not
    count. The error is a few n·u·‖x‖. NaN or inf in x gives nan. Differentiable. Raises ``InputError`` for a direction
    of zeros or with nan or inf, and for two lengths.

    >>> onto_vector([2.0, 3.0], [5.0, 0.0]).tolist()
    [2.0, 0.0]
    """
    xp, x, d = arrays(x=x, direction=direction)
    if d.ndim != 1 or x.ndim < 1 or x.shape[-1] != d.shape[0]:
        raise InputError(
            f"x, direction: expected shapes (..., n) and (n,), got {tuple(x.shape)} and {tuple(d.shape)}; "
            "give the direction as one vector"
        )
    finite(xp, d, "direction")
    top = constant(xp.max(xp.abs(d)))
    if known(top == 0):
        raise InputError("direction: expected a vector with a direction, got zeros only; choose another")
    d = d / top
    d = d / l2(d)
    return (x @ d)[..., None] * d


def onto_columns(x: Array, basis: Array) -> Array:
    """The point nearest to x among all combinations of the columns of ``basis``, which may be dependent.

    Shapes ``(..., n)`` and ``(n, k)`` to ``(..., n)``. Q(Qᵀx) with Q an orthonormal basis by SVD; the textbook
    B(BᵀB)⁻¹Bᵀx squares the condition number of B, and fails for dependent columns. Raises ``InputError`` for nan or inf
    in ``basis`` and for shapes that do not meet. Reference: Golub, Van Loan, Matrix Computations, 4th ed., section
    2.5.1.

    >>> onto_columns([1.0, 2.0, 3.0], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]).round(12).tolist()
    [1.0, 2.0, 0.0]
    """
    _, x, basis = arrays(x=x, basis=basis)
    if basis.ndim != 2 or x.ndim < 1 or x.shape[-1] != basis.shape[0]:
        raise InputError(
            f"x, basis: expected shapes (..., n) and (n, k), got {tuple(x.shape)} and {tuple(basis.shape)}; "
            "one column of basis a direction"
        )
    Q = column_space(basis)
    return (x @ Q) @ Q.mT


def rank(a: Array, *, tolerance: float | None = None) -> int:
    """Numerical rank: how many singular values are above ``tolerance`` times the largest.

    Shape ``(m, n)``. The default is what the rounding of the decomposition can make by itself where the exact value is
    0: 2·√(mn)·u·‖A‖_F, so a matrix of exact rank r is given r unless its r-th singular value is below rounding. Give
    the relative error of the data, such as 1e-3, to ask how many directions stand out of it. Raises ``InputError`` for
    nan or inf. Reference: Golub, Van Loan, Matrix Computations, 4th ed., section 5.4.1.

    >>> rank([[1.0, 2.0], [2.0, 4.0]]), rank([[1.0, 0.0], [0.0, 1e-4]]), rank([[1.0, 0.0], [0.0, 1e-4]], tolerance=1e-3)
    (1, 2, 1)
    """
    xp, a = _matrix(a)
    s = xp.linalg.svdvals(a)
    return _count(xp, a, s, tolerance)


def column_space(a: Array, *, tolerance: float | None = None) -> Array:
    """Orthonormal basis of everything that A·x can be, shape ``(m, r)`` with r the ``rank``.

    Shape ``(m, n)``. Left singular vectors, heaviest first. Raises ``InputError`` for nan or inf.

    >>> abs(column_space([[3.0, 6.0], [4.0, 8.0]])).round(12).tolist()
    [[0.6], [0.8]]
    """
    xp, a = _matrix(a)
    u, s, _ = xp.linalg.svd(a, full_matrices=False)
    return u[:, : _count(xp, a, s, tolerance)]


def null_space(a: Array, *, tolerance: float | None = None) -> Array:
    """Orthonormal basis of every x with A·x = 0: the changes of x that the matrix cannot see.

    Shape ``(m, n)``. The result has shape ``(n, n − r)`` with r the ``rank``: right singular vectors of the singular
    values that count as zero. Raises ``InputError`` for nan or inf. Reference: Golub, Van Loan, Matrix Computations,
    4th ed., section 2.4.

    >>> abs(null_space([[1.0, 1.0]])).round(4).tolist(), null_space([[2.0]]).shape
    ([[0.7071], [0.7071]], (1, 0))
    """
    xp, a = _matrix(a)
    _, s, vt = xp.linalg.svd(a, full_matrices=True)
    return vt[_count(xp, a, s, tolerance) :, :].mT


def _matrix(a: Array) -> tuple[Any, Array]:
    xp, a = array(a, "a", ndim=2)
    finite(xp, a, "a")
    return xp, factorable(xp, a)


def _count(xp: Any, a: Array, s: Array, tolerance: float | None) -> int:
    if tolerance is None:
        limit = rank_tolerance(s, factoring_error((a.shape[0], a.shape[1]), unit_roundoff(xp, a)))
    else:
        limit = s[0] * positive(tolerance, "tolerance", zero=True)
    return int(xp.sum(xp.astype(s > limit, xp.int32)))
