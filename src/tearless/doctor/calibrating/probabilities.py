"""Which columns of a table are probabilities, and of what: by what the user named, by names, by the values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tearless.calculus.exponentials import sigmoid, softmax
from tearless.core import InputError, encodable, listed, quoted
from tearless.doctor.roles import NAMES, Roles, known, plain, refuse_percent
from tearless.probability.calibration.forecasts import Floats
from tearless.probability.predictions import LOWER, MEAN, SPREAD, UPPER, names_of, rounding_of_sums, texts

_SIGNS = r"[ _.:\[(-]+(?:of +)?(.+)$"
PREFIX = re.compile(r"^(?:p|prob|proba|probability|probabilities|score)" + _SIGNS, re.IGNORECASE | re.DOTALL)
LOGIT = re.compile(r"^(?:logits?|z|score|decision)" + _SIGNS, re.IGNORECASE | re.DOTALL)
LOGIT_ALONE = frozenset(["logit", "logits", "score", "margin", "decision", "decisionfunction", "logodds"])
SUM_OFF = 1e-3
"""How far from 1 the probabilities of a row may add up without a word on it."""
AGREE = 0.98


@dataclass(frozen=True)
class Told:
    """What the user named: columns, the positive class, the classes of several columns, whether they are logits."""

    truth: str | None = None
    probability: tuple[str, ...] = ()
    predicted: str | None = None
    lower: str | None = None
    upper: str | None = None
    mean: str | None = None
    spread: str | None = None
    positive: str | None = None
    classes: tuple[str, ...] = ()
    logits: bool = False

    @property
    def of_numbers(self) -> dict[str, str | None]:
        """The columns named for a predicted quantity."""
        return {LOWER: self.lower, UPPER: self.upper, MEAN: self.mean, SPREAD: self.spread}

    def columns(self, frame: pl.DataFrame, label: str) -> dict[str, str | None]:
        """What ``roles`` is told. A name is looked up as ``roles.known`` does."""
        for name in self.probability:
            known(name, frame.columns, label, "probability")
        told = {"truth": self.truth, "predicted": self.predicted}
        if len(self.probability) == 1:
            told["probability"] = self.probability[0]
        return told


@dataclass(frozen=True)
class Found:
    """Columns of probabilities with the classes they are of (none for a single one whose class its name leaves open).

    ``series`` are the probabilities; ``of_predicted`` says that the one column speaks of the predicted class.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    series: tuple[pl.Series, ...]
    of_predicted: bool = False
    notes: tuple[str, ...] = ()


def found_probabilities(frame: pl.DataFrame, own: Roles, told: Told, label: str, names: Sequence[str] = ()) -> Found:
    """The probabilities in a table. ``names`` are the classes known beforehand.

    Raises ``InputError`` where there are none, or numbers that are none.
    """
    truth = frame[own.truth] if own.truth is not None else None
    seen = list(names) or (names_of(truth) if truth is not None and truth.n_unique() <= 1_000 else [])
    columns, classes = _columns(frame, own, told, seen)
    if not columns:
        raise _nothing(frame, own, label)
    refuse_percent(frame, columns, label)
    series = [frame[name] for name in columns]
    for one in series:
        if not (one.dtype.is_numeric() or one.dtype == pl.Boolean):
            raise InputError(
                f"--probability: expected a column of numbers, got text in {quoted(one.name)}, such as "
                f"{quoted(str(one.drop_nulls().first()))}; name the column of probabilities"
            )
    series = [one.cast(pl.Float64) for one in series]
    if told.logits:
        return Found(columns, classes, tuple(_softened(series)), _of_predicted(frame, own, series, seen, told))
    notes = _are_probabilities(series, columns)
    whose = len(columns) == 1 and _of_predicted(frame, own, series, seen, told)
    return Found(columns, classes, tuple(series), whose, notes)


def _columns(
    frame: pl.DataFrame, own: Roles, told: Told, seen: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns and their classes: named by the user, as the classes are, with a prefix, or alone."""
    if told.probability:
        columns = tuple(encodable(name) for name in told.probability)
        return columns, _classes(columns, told, seen)
    if told.logits:
        pattern, alone = LOGIT, LOGIT_ALONE
    else:
        pattern, alone = PREFIX, NAMES["probability"]
        if len(own.probabilities) > 1:
            return own.probabilities, _classes(own.probabilities, told, seen)
    taken = {own.truth, own.predicted, own.item}
    free = [name for name in frame.columns if name not in taken and frame[name].dtype.is_numeric()]
    as_classes = [name for name in free if name in seen]
    if len(seen) >= 2 and len(as_classes) == len(seen):
        return tuple(as_classes), tuple(as_classes)
    prefixed = {name: said for name in free if (said := _class_of(name, pattern, seen)) in seen}
    if len(prefixed) == len(seen) >= 2:
        return tuple(prefixed), tuple(prefixed.values())
    if len(prefixed) == 1 and len(seen) <= 2:
        return tuple(prefixed), tuple(prefixed.values())
    if own.probabilities and not told.logits:
        return own.probabilities, ()
    found = [name for name in free if plain(name) in alone]
    return tuple(found[:1]), ()


def _class_of(name: str, pattern: re.Pattern[str], seen: Sequence[str]) -> str:
    """The class that a column's name has after its prefix, a closing bracket left out; the name where there is none."""
    match = pattern.match(name)
    if match is None:
        return name
    said = match.group(1)
    return said if said in seen or not said.endswith((")", "]")) else said[:-1]


def _classes(columns: Sequence[str], told: Told, seen: Sequence[str]) -> tuple[str, ...]:
    """The class of each column: told, the column's name, or what follows a prefix."""
    if len(columns) == 1:
        said = _class_of(columns[0], PREFIX, seen)
        return (said,) if said in seen and said != columns[0] else ()
    if told.classes:
        return told.classes
    shared = [_class_of(name, PREFIX if PREFIX.match(name) else LOGIT, seen) for name in columns]
    bare = [texts(pl.Series([name]))[0] for name in shared]
    if set(seen) <= set(columns):
        return tuple(columns)
    if set(seen) <= set(bare) and len(set(bare)) == len(bare):
        return tuple(bare)
    sorted_as_seen = len(seen) == len(columns) and len(set(bare)) == len(bare)
    numbered = sorted_as_seen and [re.sub(r"\D", "", name) for name in columns]
    if numbered in ([str(i) for i in range(len(columns))], [str(i + 1) for i in range(len(columns))]):
        return tuple(seen)
    return tuple(bare) if len(set(bare)) == len(bare) else tuple(columns)


def _softened(series: Sequence[pl.Series]) -> list[pl.Series]:
    """Logits as probabilities: the sigmoid of one column, the softmax over several."""
    if len(series) == 1:
        values = series[0].fill_null(float("nan")).to_numpy()
        return [pl.Series(series[0].name, _with_holes(np.asarray(sigmoid(np.nan_to_num(values))), np.isnan(values)))]
    table = np.column_stack([one.fill_null(float("nan")).to_numpy() for one in series])
    holes = np.isnan(table).any(axis=1)
    p = np.asarray(softmax(np.nan_to_num(table, posinf=1e300, neginf=-1e300)))
    return [pl.Series(one.name, _with_holes(p[:, i], holes)) for i, one in enumerate(series)]


def _with_holes(values: Floats, holes: Any) -> Floats:
    return np.where(holes, np.nan, values)


def _are_probabilities(series: Sequence[pl.Series], columns: Sequence[str]) -> tuple[str, ...]:
    """Raise ``InputError`` for percent, logits, and rows that do not add up to 1; say what rounding made of sums."""
    least = min(_or(one.fill_nan(None).min(), 0.0) for one in series)
    most = max(_or(one.fill_nan(None).max(), 0.0) for one in series)
    if least < 0 or most > 1:
        percent = least >= 0 and 2 < most <= 100
        looks = (
            "these look like percent: divide them by 100"
            if percent
            else "these look like logits: give --logits (logits=True), which applies the sigmoid or softmax"
            if least < 0
            else "numbers above 1 are no probabilities: mend them, or name another column"
        )
        raise InputError(
            f"--probability: expected probabilities from 0 to 1, got {least:.4g} to {most:.4g} in {listed(columns)}; "
            f"{looks}"
        )
    if len(series) < 2:
        return ()
    p = pl.DataFrame(series).fill_nan(None).drop_nulls().to_numpy()
    total = p.sum(axis=1)
    off = float(np.abs(total - 1).max()) if len(total) else 0.0
    if off > rounding_of_sums(p):
        worst = float(total[np.abs(total - 1).argmax()])
        raise InputError(
            f"--probability: expected probabilities that add up to 1 in every row, got a row with {worst:.4g} over "
            f"{listed(columns)}; name the columns of all classes, or give --logits where they are logits"
        )
    if off <= SUM_OFF * (1 - 1e-9):
        return ()
    return (
        f"probabilities written with few decimals add up to {total.min():.4g} to {total.max():.4g}; each row is "
        "divided by its sum",
    )


def _of_predicted(
    frame: pl.DataFrame, own: Roles, series: Sequence[pl.Series], seen: Sequence[str], told: Told
) -> bool:
    """Whether a single column is the probability of the predicted class, not of the positive one."""
    if own.predicted is None or len(series) != 1 or told.positive is not None:
        return False
    if len(seen) > 2:
        return True
    predicted = texts(frame[own.predicted])
    rows = pl.DataFrame({"predicted": predicted, "p": series[0]}).drop_nulls()
    if not rows.height or len(seen) < 2:
        return False
    as_positive = ((rows["p"] >= 0.5) == (rows["predicted"] == seen[-1])).mean()
    return _or(as_positive, 1.0) < AGREE and _or(rows["p"].min(), 0.0) >= 0.5 - SUM_OFF


def _or(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) else otherwise


def _nothing(frame: pl.DataFrame, own: Roles, label: str) -> InputError:
    """There are no probabilities: say what there is instead."""
    named = [name for name in frame.columns if plain(name) in NAMES["probability"] or PREFIX.match(name)]
    numbers = [name for name in named if frame[name].dtype.is_numeric() and frame[name].drop_nulls().len()]
    if numbers:
        try:
            _are_probabilities([frame[name].cast(pl.Float64) for name in numbers], numbers)
        except InputError as reason:
            return reason
    try:
        refuse_percent(frame, named, label)
    except InputError as reason:
        return reason
    if own.predicted is not None:
        return InputError(
            f"--probability: expected probabilities beside the predictions, got the predicted values alone "
            f"({quoted(own.predicted)}) in {label}; name a column of probabilities, or for a quantity --lower and "
            "--upper, or --mean and --spread; `tearless compare` judges predictions without probabilities"
        )
    return InputError(
        f"--probability: expected a column of probabilities, or one for each class, got none in {label}, which has "
        f"{listed(frame.columns)}; name it with --probability"
    )
