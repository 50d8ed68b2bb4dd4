"""The border of the estimators: what comes in becomes finite float64 numbers, or a clear refusal."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.core.text import LONGEST_NAME, quoted, visible

Floats = NDArray[np.float64]
Names = NDArray[np.object_]


class WrongKind(InputError, TypeError):
    """A cell or a table of a kind that is no number."""


def matrix(X: Any, *, least_rows: int = 1, positive_only: bool = False) -> Floats:
    """``X`` as a float64 matrix of finite numbers with at least one column. Copies only where it must.

    Raises ``InputError`` for sparse, complex, text, missing or infinite data, for other than two axes, and for too few
    rows or columns.

    >>> matrix([[1, 2], [3, 4]]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    values = _real(X, "X")
    if values.ndim != 2:
        raise InputError(
            f"X: expected a matrix of rows and columns, got shape {values.shape}. Reshape your data: "
            "X.reshape(-1, 1) if it is one column, X.reshape(1, -1) if it is one row"
        )
    n, p = values.shape
    if n < least_rows:
        rows = "1 sample" if n == 1 else f"{n} sample(s)"
        raise InputError(
            f"X: found {rows} (shape={values.shape}) while a minimum of {least_rows} is required: give more rows"
        )
    if p < 1:
        raise InputError(
            f"X: found 0 feature(s) (shape={values.shape}) while a minimum of 1 is required. Give at least one column"
        )
    _finite(values, "X", names_of(X))
    if positive_only and values.min() < 0:
        raise InputError(
            f"X: expected numbers of at least 0, got {values.min():g}: Negative values in data; these are to be counts"
        )
    return values


def numbers(y: Any, rows: int, name: str, warning: type[Warning]) -> Floats:
    """``y`` as finite float64 numbers, one a row, shape ``(rows,)``; a column is flattened with a ``warning``.

    ``name`` is the estimator's. Raises ``InputError`` for None, another length, and what is no finite number.

    >>> numbers([1, 2], 2, "Ridge", UserWarning).tolist()
    [1.0, 2.0]
    """
    values = _one_a_row(_real(_given(y, name), "y"), rows, warning)
    _finite(values, "y")
    return values


def classes(y: Any, rows: int, name: str, warning: type[Warning]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """``(classes, codes)``: the labels that occur, sorted, and the number of each row's label among them.

    Raises ``InputError`` as ``numbers``, and for continuous numbers and labels of kinds that do not sort.

    >>> found, codes = classes(["b", "a", "b"], 3, "KNeighborsClassifier", UserWarning)
    >>> found.tolist(), codes.tolist()
    (['a', 'b'], [1, 0, 1])
    """
    labels = _one_a_row(_array(_given(y, name), "y"), rows, warning)
    if labels.dtype.kind == "c":
        raise InputError(
            "y: expected class labels, got complex numbers. Complex data not supported: use names or integers"
        )
    if labels.dtype.kind == "f":
        _finite(labels, "y")
        if np.any(labels != np.floor(labels)):
            raise InputError(
                "y: expected class labels. Unknown label type: continuous numbers such as "
                f"{labels[labels != np.floor(labels)][0]:g}; use a regressor, or turn the numbers into classes"
            )
    try:
        found, codes = np.unique(labels, return_inverse=True)
    except TypeError as why:
        raise InputError(
            f"y: expected labels of one kind. Unknown label type: {why}; turn them all into text, and fill missing ones"
        ) from None
    return found, codes.reshape(-1)


def weights(sample_weight: Any, rows: int) -> Floats | None:
    """``sample_weight`` as float64 numbers of at least 0, one a row, not all zero; ``None`` where none were given.

    A single number stands for every row. Raises ``InputError`` for anything else.

    >>> weights([1, 0, 2], 3).tolist()
    [1.0, 0.0, 2.0]
    """
    if sample_weight is None:
        return None
    values = _real(sample_weight, "sample_weight")
    if values.ndim == 0:
        values = np.full(rows, float(values))
    if values.shape != (rows,):
        raise InputError(
            f"sample_weight: expected one number a row, shape ({rows},), got shape {values.shape}; match it"
        )
    _finite(values, "sample_weight")
    if values.min() < 0:
        raise InputError(
            f"sample_weight: expected numbers of at least 0, got {values.min():g}; drop those rows instead"
        )
    if not values.any():
        raise InputError("sample_weight: expected at least one weight above 0, got only zero weights; raise some")
    return values


def whole(value: Any, name: str, least: int) -> int:
    """A parameter that is a whole number of at least ``least``. Raises ``InputError`` naming it.

    >>> whole(5, "n_neighbors", 1)
    5
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError(f"{name}: expected a whole number of at least {least}, got {value!r}; choose another")
    return int(value)


def real(value: Any, name: str, *, least: float = -np.inf, above: float = -np.inf, most: float = np.inf) -> float:
    """A parameter that is a finite number within its range. Raises ``InputError`` naming it.

    >>> real(0, "alpha", least=0.0)
    0.0
    """
    known = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not known or not np.isfinite(value) or value < least or value <= above or value > most:
        said = [f"at least {least:g}"] * (least > -np.inf) + [f"above {above:g}"] * (above > -np.inf)
        said += [f"at most {most:g}"] * (most < np.inf)
        raise InputError(f"{name}: expected a finite number {' and '.join(said)}, got {value!r}; choose another")
    return float(value)


def among(value: Any, name: str, *allowed: Any) -> Any:
    """A parameter that is one of a few values. Raises ``InputError`` naming it.

    >>> among("qr", "solver", "qr", "gradient_descent")
    'qr'
    """
    if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
        raise InputError(f"{name}: expected one of {', '.join(map(repr, allowed))}, got {value!r}; choose one of them")
    return value


def names_of(X: Any) -> Names | None:
    """The names of a table's columns where all of them are text; ``None`` for an array.

    >>> import polars as pl
    >>> names_of(pl.DataFrame({"age": [1], "fare": [2]})).tolist(), names_of([[1, 2]])
    (['age', 'fare'], None)
    """
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    names = np.asarray(list(columns), dtype=object)
    return names if names.ndim == 1 and names.size and all(isinstance(n, str) for n in names) else None


def new_names(new: Names | None, known: Names | None, name: str) -> None:
    """Raise ``InputError`` where columns are named otherwise than at the fit; warn where only one side has names.

    >>> new_names(("a", "b"), ("a", "b"), "PCA")
    >>> new_names(("b", "a"), ("a", "b"), "PCA")
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: The feature names should match those that were passed during fit.
    Feature names must be in the same order as they were in fit.
    <BLANKLINE>
    """
    if new is None and known is None:
        return
    if known is None:
        warnings.warn(f"X has feature names, but {name} was fitted without feature names", UserWarning, stacklevel=4)
        return
    if new is None:
        warnings.warn(
            f"X does not have valid feature names, but {name} was fitted with feature names", UserWarning, stacklevel=4
        )
        return
    if list(new) == list(known):
        return
    said = ["The feature names should match those that were passed during fit."]
    unseen, gone = sorted(set(new) - set(known)), sorted(set(known) - set(new))
    if unseen:
        said += ["Feature names unseen at fit time:", *_few(unseen)]
    if gone:
        said += ["Feature names seen at fit time, yet now missing:", *_few(gone)]
    if not unseen and not gone:
        said.append("Feature names must be in the same order as they were in fit.")
    raise InputError("\n".join(said) + "\n")


def _few(names: list[str], most: int = 5) -> list[str]:
    shown = [f"- {visible(n, LONGEST_NAME)}" for n in names[:most]]
    return shown if len(names) <= most else [*shown, f"- and {len(names) - most:,} more"]


def _given(y: Any, name: str) -> Any:
    if y is None:
        raise InputError(f"y: {name} requires y to be passed, but the target y is None; give one value a row")
    return y


def _array(x: Any, name: str) -> NDArray[Any]:
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise WrongKind(
            f"{name}: expected a dense array, got a sparse {type(x).__name__}; sparse data are not supported: "
            f"call {name}.toarray() if it fits into memory"
        )
    try:
        return np.asarray(x)
    except (TypeError, ValueError, RuntimeError) as why:
        raise InputError(f"{name}: expected rows of one length holding numbers, got {why}; mend it") from None


def _real(x: Any, name: str) -> Floats:
    values = _array(x, name)
    kind = values.dtype.kind
    if kind == "c":
        raise InputError(
            f"{name}: expected real numbers, got {values.dtype}. Complex data not supported: give the real and the "
            "imaginary part as two columns"
        )
    if kind not in "fiubO":
        raise InputError(f"{name}: expected numbers, got {values.dtype}; turn the values into numbers first")
    try:
        return values.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        return _cell_by_cell(values, name, names_of(x))


def _cell_by_cell(values: NDArray[Any], name: str, names: Names | None) -> Floats:
    """Numbers among which pandas' ``NA`` is NaN; raises ``InputError`` for the first cell that is no number."""
    out = np.empty(values.shape)
    for place, cell in np.ndenumerate(values):
        try:
            out[place] = np.nan if type(cell).__name__ == "NAType" else float(cell)
        except (TypeError, ValueError, OverflowError) as why:
            kind = WrongKind if isinstance(why, TypeError) else InputError
            raise kind(
                f"{name}: expected numbers, got a cell that is none: {_shown(cell)} at {_where(place, names)} (counted "
                "from 0); turn it into a number, or text into one column a category"
            ) from None
    return out


def _where(place: tuple[int, ...], names: Names | None) -> str:
    if not place:
        return "the one value"
    column = "" if len(place) < 2 else str(place[1]) if names is None else quoted(str(names[place[1]]))
    return f"row {place[0]}" + f", column {column}" * bool(column)


def _shown(cell: Any) -> str:
    return quoted(cell) if isinstance(cell, str) else f"a {type(cell).__name__}, argument must be a string or a number"


def _one_a_row(values: NDArray[Any], rows: int, warning: type[Warning]) -> NDArray[Any]:
    if values.ndim == 2 and values.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; it was flattened: y.ravel() does the same",
            warning,
            stacklevel=5,
        )
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(f"y: expected one value a row, got shape {values.shape}; y should be a 1d array")
    if values.shape[0] != rows:
        raise InputError(f"y: expected {rows} values, one for each row of X, got {values.shape[0]}; match the rows")
    return values


def _finite(values: Floats, name: str, names: Names | None = None) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum()):  # one pass without a mask: nan and inf never leave a sum
            return
    bad = np.argwhere(~np.isfinite(values))
    if not len(bad):
        return
    nan = int(np.isnan(values).sum())
    kinds = [f"{count:,} {what}" for count, what in ((nan, "NaN"), (len(bad) - nan, "infinite (inf)")) if count]
    where = _where(tuple(bad[0].tolist()), names)
    raise InputError(
        f"{name}: expected finite numbers, got {' and '.join(kinds)}, the first at {where} (counted from 0); fill or "
        "drop them first"
    )
