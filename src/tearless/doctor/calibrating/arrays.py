"""Truth and probabilities given as arrays, made a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, encodable, quoted
from tearless.linear_algebra.arrays import to_numpy
from tearless.probability.predictions import names_of, texts

from .probabilities import Told


def from_arrays(truth: Any, probabilities: Any, classes: Sequence[str] | None) -> tuple[dict[str, Any], Told]:
    """A table of arrays: ``truth`` (n,) and ``probabilities`` (n,) or (n, k), and what its columns are.

    The columns of (n, k) are the ``classes``, else the sorted values of the truth, or 0 … k−1. Raises ``InputError``
    for other shapes and lengths.

    >>> table, told = from_arrays([0, 1], [[0.9, 0.1], [0.2, 0.8]], None)
    >>> list(table), told.classes
    (['truth', 'probability 0', 'probability 1'], ('0', '1'))
    """
    y, p = _array(truth), _array(probabilities)
    if p.ndim not in (1, 2) or p.dtype.kind not in "biuf":
        raise InputError(
            f"probabilities: expected numbers of shape (n,) or (n, k), got {_kind(p)}; give one a row, or a column a "
            "class"
        )
    if y.ndim != 1 or len(y) != len(p):
        raise InputError(f"truth: expected what came in each of {len(p):,} rows, got {_kind(y)}; align the rows")
    if p.ndim == 1 or p.shape[1] == 1:
        return {"truth": _column(y), "probability": p.reshape(-1)}, Told(truth="truth", probability=("probability",))
    names = _class_names(y, p.shape[1], classes)
    columns = [f"probability {i}" for i in range(p.shape[1])]
    table = {"truth": _column(y), **{name: p[:, i] for i, name in enumerate(columns)}}
    return table, Told(truth="truth", probability=tuple(columns), classes=tuple(names))


def _class_names(y: Any, k: int, classes: Sequence[str] | None) -> list[str]:
    if classes is not None:
        given = [texts(pl.Series([name]))[0] for name in classes]
        if len(set(given)) != k:
            raise InputError(f"classes: expected {k} different names, one a column, got {len(set(given))}; name each")
        return [encodable(str(name)) for name in given]
    seen = names_of(pl.Series(_column(y)))
    numbers = [str(i) for i in range(k)]
    if set(seen) <= set(numbers):
        return numbers
    if len(seen) == k:
        return seen
    raise InputError(
        f"classes: expected the names of {k} columns, got none, and the truth has {len(seen)} values; name them"
    )


def _array(values: Any) -> Any:
    if isinstance(values, (list, tuple)):
        return np.asarray(values)
    return np.asarray(to_numpy(values)) if not hasattr(values, "to_numpy") else np.asarray(values.to_numpy())


def _column(y: Any) -> Any:
    return y.tolist() if y.dtype.kind in "OUS" else y


def _kind(a: Any) -> str:
    return f"shape {a.shape} of {quoted(str(a.dtype))}"
