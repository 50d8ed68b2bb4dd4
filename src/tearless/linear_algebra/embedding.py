"""An embedding is a matrix with one row a token, and looking a token up is a product with a one-hot vector.

That is why it learns by the same gradient as any layer: row i of the table receives the sum of the gradients at every
place where token i stood.
"""

from __future__ import annotations

from typing import Any

from tearless.core import InputError

from .arrays import Array, array, known, like, whole
from .vectors import Ranking, most_similar


def one_hot(ids: Array, size: int) -> Array:
    """A row of ``size`` numbers for each id: 1 at the id, 0 elsewhere.

    Whole numbers of any shape ``(...)`` to floats of shape ``(..., size)``, in the default float of the library. Raises
    ``InputError`` for ids that are not whole, below 0 or not below ``size``.

    >>> one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    xp, ids = _ids(ids, whole(size, "size"))
    columns = xp.arange(size, **like(ids))
    return xp.astype(ids[..., None] == columns, xp.empty(0).dtype)


def lookup(table: Array, ids: Array) -> Array:
    """Rows of the table, one for each id.

    Shapes ``(size, d)`` and ``(...)`` to ``(..., d)``; exact. Differentiable in the table. Raises ``InputError`` for
    ids that are not whole, below 0 (NumPy would count from the end and say nothing) or not below ``size``.

    >>> lookup([[1.0, 2.0], [3.0, 4.0]], [1, 1, 0]).tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    xp, table = array(table, "table", ndim=2)
    ids = _beside(xp, table, ids)
    rows = xp.take(table, xp.reshape(ids, (-1,)), axis=0)
    return xp.reshape(rows, (*ids.shape, table.shape[1]))


def lookup_as_product(table: Array, ids: Array) -> Array:
    """The same rows as ``one_hot(ids) @ table``: equal to ``lookup`` to the last bit where the table is finite.

    Shapes as ``lookup``. One term of each sum is 1·t and the rest are 0·t, so nothing is rounded; but 0·inf is nan, and
    the work is ``size`` times that of a lookup. Raises ``InputError`` as ``lookup``.

    >>> lookup_as_product([[1.0, 2.0], [3.0, 4.0]], [1, 1, 0]).tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    xp, table = array(table, "table", ndim=2)
    hot = one_hot(_beside(xp, table, ids), int(table.shape[0]))
    return xp.astype(hot, table.dtype) @ table


def neighbours(table: Array, token: int, k: int) -> Ranking:
    """The k other tokens whose rows point most nearly the way this token's row does, by cosine.

    ``table`` has shape ``(size, d)``; the token itself is left out. Raises ``InputError`` for rows of zeros, whose
    direction is unknown (the padding row of many tables), for a token that is not there and for k above size − 1.

    >>> table = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [10.0, 0.5]]
    >>> neighbours(table, 0, k=2).order.tolist()
    [3, 1]
    """
    _, table = array(table, "table", ndim=2)
    size = int(table.shape[0])
    token, k = whole(token, "token", least=0, most=size - 1), whole(k, "k", most=size - 1)
    ranking = most_similar(table[token, ...], table)
    others = ranking.order != token
    return Ranking(ranking.order[others][:k], ranking.scores[others][:k])


def _beside(xp: Any, table: Array, ids: Any) -> Array:
    """The ids, checked, in the library and on the device of the table."""
    _, ids = _ids(ids, int(table.shape[0]))
    where = {"device": table.device} if hasattr(table, "cpu") else {}
    return xp.asarray(ids, **where)


def _ids(ids: Any, size: int) -> tuple[Any, Array]:
    xp, ids = array(ids, "ids", floating=False, empty=True)
    if not xp.isdtype(ids.dtype, "integral"):
        raise InputError(f"ids: expected whole numbers, got {ids.dtype}; an id is a row number")
    ids = xp.astype(ids, xp.arange(1).dtype)
    if 0 not in ids.shape and known(xp.any((ids < 0) | (ids >= size))):
        raise InputError(
            f"ids: expected numbers from 0 to {size - 1}, got {int(xp.min(ids))} to {int(xp.max(ids))}; "
            "is the vocabulary that of the table?"
        )
    return xp, ids
