"""Predictions beside the truth, read once from a table with agreed column names and shared by the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import CannotTell, NotApplicable, quoted
from tearless.core.fact import About
from tearless.readers.whole import Whole

TRUTH, PREDICTED, PROBABILITY, OF_CLASS = "truth", "predicted", "probability", "probability of "
CONFIDENCE = "confidence"
MEAN, SPREAD, LOWER, UPPER = "mean", "spread", "lower", "upper"
PER_ROW = 1e-3
"""How far from 1 the probabilities of a row may add up, however they are written; they are divided by their sum."""
FEWEST_DECIMALS, MOST_DECIMALS = 2, 6
MOST_OFF = 0.1
"""No rounding excuses more: dividing by such a sum would make other probabilities of them."""
RIGHT, WRONG = "right", "wrong"

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Binary:
    """Rows of two classes: ``y`` (n,) is 1 where ``positive`` came, 0 where ``negative`` did, ``p`` (n,) its chance.

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
class Said:
    """What was said of each row, whether the truth is known or not: ``p`` (n, k) and ``names`` (k,).

    One of the views that ``Predictions`` gives.
    """

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
    """Rows of a quantity, ``y``, and what was predicted: ``mean`` with ``spread``, or ``lower`` and ``upper``: (n,).

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
    classes in order: 1, true, "yes"), ``probability of X`` for each class X (of two, the last is the positive one),
    ``confidence`` (the probability of the class in ``predicted``), ``mean`` with ``spread``, ``lower`` and ``upper``.
    Rows with a hole are left out of the view that needs it; ``rows`` counts all.

    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"truth": [0, 1, 1], "probability": [0.2, 0.9, 0.6]})
    >>> Predictions.of(Batch(table)).binary.y.tolist()
    [0.0, 1.0, 1.0]
    """

    about: ClassVar[About] = "predictions"

    @cached_property
    def binary(self) -> Binary:
        """Two classes and the probability of one; for a confidence, whether the predicted class came.

        Raises ``NotApplicable`` where there are others or no probability.
        """
        if len(self._of_classes) == 2:
            two = self.classes
            return Binary(two.y.astype(np.float64), two.p[:, 1], two.names[1], two.names[0])
        if CONFIDENCE in self.frame.columns:
            frame = self._without_holes(TRUTH, PREDICTED, CONFIDENCE)
            right = texts(frame[TRUTH]) == texts(frame[PREDICTED])
            return Binary(_floats(right), _shares(frame, CONFIDENCE), RIGHT, WRONG)
        if PROBABILITY not in self.frame.columns:
            raise NotApplicable("there is no probability of one of two classes")
        frame = self._without_holes(TRUTH, PROBABILITY)
        names = names_of(frame[TRUTH])
        if len(names) > 2:
            raise NotApplicable(f"the truth has {len(names)} classes, and there is one probability a row")
        names = both(names[0]) if len(names) == 1 else names
        return Binary(
            coded(texts(frame[TRUTH]), names).astype(np.float64), _shares(frame, PROBABILITY), names[1], names[0]
        )

    @cached_property
    def classes(self) -> Classes:
        """The probability of each class. Raises ``NotApplicable`` where a class has none."""
        if len(self._of_classes) < 2:
            two = self.binary
            return Classes(two.y.astype(np.intp), np.column_stack([1 - two.p, two.p]), (two.negative, two.positive))
        frame = self._without_holes(TRUTH, *(OF_CLASS + name for name in self._of_classes))
        y = coded(texts(frame[TRUTH]), self._of_classes)
        return Classes(y, self._rows_of(frame), tuple(self._of_classes))

    @cached_property
    def said(self) -> Said:
        """The probability of each class in every row that has them. Raises ``NotApplicable`` where there are none."""
        if len(self._of_classes) >= 2:
            frame = self._without_holes(*(OF_CLASS + name for name in self._of_classes))
            return Said(self._rows_of(frame), tuple(self._of_classes))
        if self.has_truth:
            two = self.binary
            return Said(np.column_stack([1 - two.p, two.p]), (two.negative, two.positive))
        name, names = (CONFIDENCE, (WRONG, RIGHT)) if CONFIDENCE in self.frame.columns else (PROBABILITY, ("0", "1"))
        p = _shares(self._without_holes(name), name)
        return Said(np.column_stack([1 - p, p]), names)

    @property
    def has_truth(self) -> bool:
        """Whether any row says what came."""
        return TRUTH in self.frame.columns and self.frame[TRUTH].null_count() < self.frame.height

    @cached_property
    def labels(self) -> Labels:
        """Predicted classes; those likeliest by the probabilities where no class was predicted."""
        if PREDICTED not in self.frame.columns:
            classes = self.classes
            return Labels(classes.y, np.argmax(classes.p, axis=1), classes.names)
        frame = self._without_holes(TRUTH, PREDICTED)
        if frame[TRUTH].dtype.is_float() and frame[TRUTH].n_unique() > max(20, frame.height // 20):
            raise NotApplicable("the truth is a quantity, not classes")
        truth, predicted = texts(frame[TRUTH]), texts(frame[PREDICTED])
        names = truth.append(predicted).unique().sort().to_list()
        codes = coded(truth, names)
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

    def _rows_of(self, frame: pl.DataFrame) -> Floats:
        """The probabilities of all classes, each row divided by its sum."""
        p = np.column_stack([_shares(frame, OF_CLASS + name) for name in self._of_classes])
        total = p.sum(axis=1, keepdims=True)
        if np.abs(total - 1).max() > rounding_of_sums(p):
            raise CannotTell("the probabilities of a row do not add up to 1")
        shares: Floats = p / total
        return shares

    def _without_holes(self, *columns: str) -> pl.DataFrame:
        missing = [name for name in columns if name not in self.frame.columns]
        if missing:
            raise NotApplicable(f"there is no column of the {missing[0]}")
        frame = self.frame.select(columns).fill_nan(None).drop_nulls()
        if not frame.height:
            raise CannotTell(f"no row has {' and '.join(columns[:3])}")
        return frame


def rounding_of_sums(p: Floats) -> float:
    """How far from 1 the sums of rows of probabilities (n, k) may lie for being written with few decimals.

    Each is off by half a unit of its last digit at most, so that a sum is off by k halves: of the smallest number of
    decimals, from 2 on, that writes all of them. At least 0.001, and k/10 of that for more than ten classes; at most
    0.1.

    >>> round(rounding_of_sums(np.array([[0.333, 0.333, 0.332]])), 6)  # 3 · 0.0005
    0.0015
    """
    k = int(p.shape[1])
    least = PER_ROW * max(1.0, k / 10)
    if not p.size or float(np.abs(p.sum(axis=1) - 1).max()) <= least:
        return least
    for decimals in range(FEWEST_DECIMALS, MOST_DECIMALS):
        unit = float(f"1e-{decimals}")
        units = p / unit
        if np.abs(units - np.rint(units)).max() < 1e-3:
            return max(least, min(MOST_OFF, k * unit / 2 + 1e-9))
    return least


def names_of(truth: pl.Series) -> list[str]:
    """The classes of a column as texts, in the order of its values: numbers by size, false before true.

    >>> names_of(pl.Series([10.0, 9.0, 10.0])), names_of(pl.Series([True, False]))
    (['9', '10'], ['false', 'true'])
    """
    return texts(truth.drop_nulls().unique().sort()).to_list()


def texts(column: pl.Series) -> pl.Series:
    """Values as the names of classes: whole numbers without decimals, so that 1 and 1.0 are one class.

    >>> texts(pl.Series([1.0, 2.0])).to_list(), texts(pl.Series(["a", None])).to_list()
    (['1', '2'], ['a', None])
    """
    if column.dtype.is_float() and bool((column.drop_nulls() % 1 == 0).all()) and column.abs().max() is not None:
        limit = float(2**53)
        return column.cast(pl.Int64 if float(column.abs().max()) < limit else pl.String).cast(pl.String)  # type: ignore[arg-type]
    return column.cast(pl.String)


def coded(column: pl.Series, names: Sequence[str]) -> Codes:
    """The number of each text among ``names``, (n,). Raises ``CannotTell`` for a text that is none of them.

    >>> coded(pl.Series(["b", "a"]), ["a", "b"]).tolist()
    [1, 0]
    """
    kinds = pl.Enum(list(names))
    codes = column.cast(kinds, strict=False).to_physical()
    if codes.null_count():
        strange = column.filter(codes.is_null())[0]
        raise CannotTell(f"no column of probabilities for the class {quoted(str(strange))}")
    return codes.to_numpy().astype(np.intp)


def both(name: str) -> list[str]:
    """The two classes of which only one came.

    >>> both("1"), both("spam")
    (['0', '1'], ['not spam', 'spam'])
    """
    opposite = {"1": "0", "true": "false", "True": "False", "yes": "no"}
    if name in opposite:
        return [opposite[name], name]
    other = {v: k for k, v in opposite.items()}.get(name)
    return [name, other] if other else [f"not {name}", name]


def _shares(frame: pl.DataFrame, name: str) -> Floats:
    values = _floats(frame[name])
    if not (values.min() >= 0 and values.max() <= 1):
        raise CannotTell(f"{quoted(name)} holds numbers outside 0 to 1, which are no probabilities")
    return values


def _floats(column: pl.Series) -> Floats:
    return np.asarray(column.cast(pl.Float64, strict=False).to_numpy(), dtype=np.float64)
