"""Predictions beside the truth, read once from a table with agreed column names and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, NotApplicable
from tearless.core.fact import About
from tearless.readers.whole import Whole

TRUTH, PREDICTED, PROBABILITY, OF_CLASS = "truth", "predicted", "probability", "probability of "
MEAN, SPREAD, LOWER, UPPER = "mean", "spread", "lower", "upper"
PER_ROW = 1e-3
"""How far from 1 the probabilities of a row may add up; they are divided by their sum."""

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Binary:
    """Rows of two classes: ``y`` (n,) is 1 where ``positive`` came, ``p`` (n,) its probability.

    One of the views that ``Predictions`` gives.
    """

    y: Floats
    p: Floats
    positive: str
    negative: str


@dataclass(frozen=True, slots=True)
class Classes:
    """Rows of k classes: ``y`` (n,) the number of the class that came, ``p`` (n, k), ``names`` (k,).

    One of the views that ``Predictions`` gives.
    """

    y: Codes
    p: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Rows of predicted classes: ``y`` and ``predicted`` (n,), numbers of ``names``.

    One of the views that ``Predictions`` gives.
    """

    y: Codes
    predicted: Codes
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spreads:
    """Rows of a quantity with what was predicted: ``mean`` with ``spread``, or ``lower`` and ``upper``, each (n,).

    One of the views that ``Predictions`` gives.
    """

    y: Floats
    mean: Floats | None = None
    spread: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None


@dataclass(frozen=True, eq=False)
class Predictions(Whole):
    """Predictions of one model with what came, all rows.

    The columns are ``truth`` and any of ``predicted`` (a class or a number), ``probability`` (of the last of two
    classes in order: 1, true, "yes"), ``probability of X`` for each class X, ``mean`` with ``spread``, ``lower`` and
    ``upper``.
    Rows with a hole are left out of the view that needs it; ``rows`` counts all.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"truth": [0, 1, 1], "probability": [0.2, 0.9, 0.6]})
    >>> Predictions.of(Batch(table)).binary.y.tolist()
    [0.0, 1.0, 1.0]
    """

    about: ClassVar[About] = "predictions"

    @cached_property
    def binary(self) -> Binary:
        """Two classes and the probability of one. Raises ``NotApplicable`` where there are others or no probability."""
        if PROBABILITY not in self.frame.columns:
            if len(self._of_classes) == 2:
                classes = self.classes
                return Binary(classes.y.astype(np.float64), classes.p[:, 1], classes.names[1], classes.names[0])
            raise NotApplicable("there is no probability of one of two classes")
        frame = self._without_holes(TRUTH, PROBABILITY)
        names, codes = self._coded(frame[TRUTH])
        if len(names) > 2:
            raise NotApplicable(f"the truth has {len(names)} classes, and there is one probability a row")
        if len(names) == 1:
            seen = names[0]
            names = _both(seen)
            codes = np.full(len(codes), names.index(seen), dtype=np.intp)
        return Binary(codes.astype(np.float64), _floats(frame[PROBABILITY]), names[1], names[0])

    @cached_property
    def classes(self) -> Classes:
        """The probability of each class. Raises ``NotApplicable`` where a class has none."""
        if len(self._of_classes) < 2:
            two = self.binary
            return Classes(two.y.astype(np.intp), np.column_stack([1 - two.p, two.p]), (two.negative, two.positive))
        columns = [OF_CLASS + name for name in self._of_classes]
        frame = self._without_holes(TRUTH, *columns)
        at = {name: i for i, name in enumerate(self._of_classes)}
        texts = frame[TRUTH].cast(str).to_list()
        strange = sorted({text for text in texts if text not in at})
        if strange:
            raise CannotTell(f"no column of probabilities for the class {strange[0]!r}")
        p = np.column_stack([_floats(frame[column]) for column in columns])
        total = p.sum(axis=1, keepdims=True)
        if len(p) and np.abs(total - 1).max() > PER_ROW * max(1, p.shape[1] / 10):
            raise CannotTell("the probabilities of a row do not add up to 1")
        return Classes(np.array([at[text] for text in texts], dtype=np.intp), p / total, tuple(self._of_classes))

    @cached_property
    def labels(self) -> Labels:
        """Predicted classes; those likeliest by the probabilities where no class was predicted."""
        if PREDICTED not in self.frame.columns:
            classes = self.classes
            return Labels(classes.y, np.argmax(classes.p, axis=1), classes.names)
        frame = self._without_holes(TRUTH, PREDICTED)
        both = frame[TRUTH].cast(str).append(frame[PREDICTED].cast(str))
        if frame[TRUTH].dtype.is_float() and frame[TRUTH].n_unique() > max(20, frame.height // 20):
            raise NotApplicable("the truth is a quantity, not classes")
        names = sorted(both.unique().to_list())
        at = {name: i for i, name in enumerate(names)}
        codes = np.array([at[text] for text in both.to_list()], dtype=np.intp)
        return Labels(codes[: frame.height], codes[frame.height :], tuple(names))

    @cached_property
    def spreads(self) -> Spreads:
        """What was predicted of a quantity. Raises ``NotApplicable`` where nothing was."""
        columns = set(self.frame.columns)
        if {MEAN, SPREAD} <= columns:
            frame = self._without_holes(TRUTH, MEAN, SPREAD)
            return Spreads(_floats(frame[TRUTH]), mean=_floats(frame[MEAN]), spread=_floats(frame[SPREAD]))
        if {LOWER, UPPER} <= columns:
            frame = self._without_holes(TRUTH, LOWER, UPPER)
            return Spreads(_floats(frame[TRUTH]), lower=_floats(frame[LOWER]), upper=_floats(frame[UPPER]))
        raise NotApplicable("there is no predicted interval or spread of a quantity")

    @cached_property
    def _of_classes(self) -> list[str]:
        return [name.removeprefix(OF_CLASS) for name in self.frame.columns if name.startswith(OF_CLASS)]

    def _without_holes(self, *columns: str) -> Any:
        missing = [name for name in columns if name not in self.frame.columns]
        if missing:
            raise NotApplicable(f"there is no column of the {missing[0]}")
        frame = self.frame.select(columns).fill_nan(None).drop_nulls()
        if not frame.height:
            raise CannotTell(f"no row has {' and '.join(columns)}")
        return frame

    @staticmethod
    def _coded(truth: Any) -> tuple[list[str], Codes]:
        """The class names, sorted as values are, and their numbers."""
        names = truth.unique().sort()
        codes = np.searchsorted(np.array(names.to_list(), dtype=object), np.array(truth.to_list(), dtype=object))
        return [_text(name) for name in names], codes.astype(np.intp)


def _both(name: str) -> list[str]:
    """The two classes of which only one came."""
    opposite = {"1": "0", "1.0": "0.0", "true": "false", "True": "False"}
    if name in opposite:
        return [opposite[name], name]
    other = {v: k for k, v in opposite.items()}.get(name)
    return [name, other] if other else [f"not {name}", name]


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _floats(column: Any) -> Floats:
    return np.asarray(column.cast(float, strict=False).to_numpy(), dtype=np.float64)
