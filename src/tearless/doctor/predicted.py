"""Any table of predictions brought to the columns that the checks agree on: what came, and what was said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tearless.core import InputError, listed, quoted
from tearless.doctor.calibrating.probabilities import Found, Told, found_probabilities
from tearless.doctor.roles import Roles, known, plain, roles
from tearless.probability.predictions import (
    CONFIDENCE,
    LOWER,
    MEAN,
    OF_CLASS,
    PREDICTED,
    SPREAD,
    TRUTH,
    UPPER,
    both,
    names_of,
    texts,
)
from tearless.readers import open_table
from tearless.readers.source import ReadAgain, Source

RIGHT_OR_WRONG = frozenset(["correct", "iscorrect", "right", "isright", "hit"])
"""Names of a column that says whether the prediction was right: the truth, where there is no other."""
_OF = r"^(?:y|yhat|pred|predicted|predictive|pi|ci|interval)?_?"
OF_NUMBERS: Mapping[str, re.Pattern[str]] = {
    LOWER: re.compile(_OF + r"(?:lower|low|lo|lb)(?:_?bound)?_?(\d*)$"),
    UPPER: re.compile(_OF + r"(?:upper|high|hi|ub)(?:_?bound)?_?(\d*)$"),
    MEAN: re.compile(_OF + r"(?:mean|mu)$"),
    SPREAD: re.compile(_OF + r"(?:sd|std|stddev|sigma|spread|scale)$"),
}
QUANTILE = re.compile(r"^(?:q|quantile|p|pred_q)_?(0?\.?\d+)$")


@dataclass(frozen=True)
class Predicted:
    """Predictions as a source of canonical columns, and the columns of the table that they came from."""

    source: Source
    frame: pl.DataFrame
    """The table as given."""
    names: tuple[str, ...]
    """The classes with probabilities, the positive one of two last; empty for a quantity."""
    columns: tuple[str, ...]
    """The columns that held them."""
    promised: float | None = None
    """What the names of predicted ends say that they hold."""


def predicted(
    data: Any,
    told: Told | None = None,
    argument: str = "predictions",
    *,
    needs_truth: bool = True,
    needs_probabilities: bool = True,
    null: Sequence[str] = (),
    names: Sequence[str] = (),
) -> Predicted:
    """The predictions in a table (a path, or in memory), whatever its columns are called.

    ``told`` has what the user named; ``names`` the classes that another table had, for one without the truth. Raises
    ``InputError`` for what is no table, for a column that is not there, for numbers that are no probabilities, and
    where it is not clear what is predicted.

    >>> got = predicted({"y_true": ["no", "yes", "yes"], "prob": [0.2, 0.9, 0.6]})
    >>> got.names, got.source.schema.names()
    (('no', 'yes'), ['truth', 'probability of no', 'probability of yes'])
    """
    told = told or Told()
    source = open_table(data, argument, null=null)
    source, frame = whole_frame(source)
    if not frame.height:
        raise InputError(f"{argument}: expected predictions, got {source.label}, which has no rows; name another")
    own = roles(frame, told.columns(frame, source.label), source.label)
    truth = _truth(frame, own, told)
    if needs_truth and truth is None:
        raise InputError(
            f"--truth: expected a column of what came, got none in {source.label}, which has {listed(frame.columns)}; "
            "name it with --truth"
        )
    own = replace(own, truth=truth)
    quantity = _quantity(frame, own, told, source.label)
    if quantity:
        return replace(_made(source, frame, quantity, (), ()), promised=_promise(quantity))
    found = Found((), (), ())
    if needs_probabilities or own.predicted is None or own.probabilities:
        found = found_probabilities(frame, own, told, source.label, names)
    return _of_classes(source, frame, own, told, found, names)


def whole_frame(source: Source) -> tuple[Source, pl.DataFrame]:
    """All rows of a source as one frame, and the source as it had to be read."""
    try:
        return source, pl.concat([batch.frame for batch in source.batches()])
    except ReadAgain as again:
        return whole_frame(again.source)


def _truth(frame: pl.DataFrame, own: Roles, told: Told) -> str | None:
    if own.truth is not None or told.truth is not None:
        return own.truth
    fits = [name for name in frame.columns if plain(name) in RIGHT_OR_WRONG and _two_values(frame[name])]
    return fits[0] if fits else None


def _two_values(column: pl.Series) -> bool:
    return column.dtype == pl.Boolean or (column.dtype.is_numeric() and bool(column.drop_nulls().is_in([0, 1]).all()))


def _quantity(frame: pl.DataFrame, own: Roles, told: Told, label: str) -> dict[str, str]:
    """The columns of a predicted quantity, canonical name to column; empty where classes are predicted."""
    named = {part: known(name, frame.columns, label, part) for part, name in told.of_numbers.items() if name}
    if not named and (own.probabilities or told.probability or own.truth is None):
        return {}
    if own.truth is not None and not frame[own.truth].dtype.is_numeric():
        if named:
            raise InputError(
                f"--{next(iter(named))}: expected a truth of numbers beside it, got text in {quoted(own.truth)}; name "
                "the column of the true numbers with --truth"
            )
        return {}
    free = [name for name in own.scores if frame[name].dtype.is_numeric() and name not in named.values()]
    for part, pattern in OF_NUMBERS.items():
        fits = [name for name in free if pattern.match(_plain(name))]
        if part not in named and len(fits) == 1:
            named[part] = fits[0]
    below = {q: name for name in free if (q := _quantile(name)) is not None}
    if not {LOWER, UPPER} & set(named) and len(below) > 1 and min(below) < 0.5 < max(below):
        named |= {LOWER: below[min(below)], UPPER: below[max(below)]}
    if MEAN not in named and own.predicted is not None and frame[own.predicted].dtype.is_numeric():
        named[MEAN] = own.predicted
    parts = (MEAN, SPREAD) if {MEAN, SPREAD} <= set(named) else (LOWER, UPPER)
    if not set(parts) <= set(named):
        lacking = [part for part in parts if part not in named]
        if any(told.of_numbers.values()):
            raise InputError(
                f"--{lacking[0]}: expected mean and spread, or lower and upper end of each prediction, got "
                f"{listed(named)} alone; name the column with --{lacking[0]}"
            )
        return {}
    return {TRUTH: own.truth or "", **{part: named[part] for part in parts}}


def _plain(name: str) -> str:
    return re.sub(r"[ .-]+", "_", name.lower())


def _quantile(name: str) -> float | None:
    """The share that a column's name says lies below: q05 and q5 are 0.05, q95 and q0.95 are 0.95."""
    match = QUANTILE.match(name.lower())
    if match is None:
        return None
    digits = match.group(1)
    value = float(digits) if "." in digits else float(f"0.{digits}") if len(digits) > 1 else int(digits) / 100
    return value if 0 < value < 1 else None


def _promise(quantity: Mapping[str, str]) -> float | None:
    """What share the names of both ends promise: q05 and q95, or lower_90 and upper_90, 0.9."""
    if LOWER not in quantity:
        return None
    low, high = _quantile(quantity[LOWER]), _quantile(quantity[UPPER])
    if low is not None and high is not None:
        return round(high - low, 12)
    ends = [OF_NUMBERS[part].match(_plain(quantity[part])) for part in (LOWER, UPPER)]
    digits = {match.group(1) for match in ends if match}
    said = digits.pop() if len(digits) == 1 else ""
    return float(f"0.{said}") if len(said) > 1 and float(said) else None


def _of_classes(
    source: Source, frame: pl.DataFrame, own: Roles, told: Told, found: Found, names: Sequence[str]
) -> Predicted:
    """Predicted classes and the probabilities of classes."""
    columns: dict[str, pl.Series] = {}
    notes = list(found.notes)
    truth = None if own.truth is None else frame[own.truth]
    if truth is not None:
        columns[TRUTH] = texts(truth)
    if own.predicted is not None:
        columns[PREDICTED] = texts(frame[own.predicted])
    classes = found.names
    if not found.columns:
        pass
    elif len(found.columns) == 1 and found.of_predicted:
        columns[CONFIDENCE] = found.series[0]
        classes = ()
    elif len(found.columns) == 1:
        classes, said = _two(truth, found, told, own, names)
        notes += said
        p = found.series[0]
        columns[OF_CLASS + classes[0]], columns[OF_CLASS + classes[1]] = 1 - p, p
    else:
        order = list(range(len(classes)))
        if told.positive is not None and len(classes) == 2:
            order.sort(key=lambda i: classes[i] == _positive(told, classes))
        classes = tuple(classes[i] for i in order)
        for i, name in zip(order, classes, strict=True):
            columns[OF_CLASS + name] = found.series[i]
        _strange(columns.get(TRUTH), classes, source.label)
    notes += _left_out(columns)
    made = pl.DataFrame([series.alias(name) for name, series in columns.items()])
    return _made(replace(source, notes=(*source.notes, *notes)), frame, made, classes, found.columns)


def _two(
    truth: pl.Series | None, found: Found, told: Told, own: Roles, names: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """The two classes of a single column of probabilities, the positive one last, and words about it."""
    column = quoted(found.columns[0])
    seen = list(names) if truth is None or len(names) == 2 else names_of(truth)
    if not seen:
        seen = ["0", "1"]
    if len(seen) > 2:
        raise InputError(
            f"--probability: expected a column for each of the {len(seen)} classes in {quoted(own.truth or 'truth')}, "
            f"got one, {column}; name them all, or name the predicted class with --predicted if {column} is its "
            "probability"
        )
    pair = both(seen[0]) if len(seen) == 1 else seen
    wanted = told.positive if told.positive is not None else (found.names[0] if found.names else None)
    if wanted is None:
        usual = set(pair) in ({"0", "1"}, {"false", "true"}, {"no", "yes"}) or len(names) == 2
        words = f"{column} is taken for the probability of {quoted(pair[1])}; --positive names another class"
        return tuple(pair), ([] if usual else [words])
    if wanted not in pair:
        if len(seen) == 1:
            return (seen[0], wanted), []
        raise InputError(f"--positive: expected one of the two classes, {listed(pair)}, got {quoted(wanted)}; name one")
    return (pair[1 - pair.index(wanted)], wanted), []


def _positive(told: Told, classes: Sequence[str]) -> str:
    if told.positive not in classes:
        got = quoted(str(told.positive))
        raise InputError(f"--positive: expected one of the classes, {listed(classes)}, got {got}; name one of them")
    return str(told.positive)


def _strange(truth: pl.Series | None, classes: Sequence[str], label: str) -> None:
    if truth is None:
        return
    strange = sorted(set(truth.drop_nulls().unique().to_list()) - set(classes))
    if strange:
        raise InputError(
            f"--probability: expected a column of probabilities for every class that came, got none for "
            f"{listed(strange)} in {label}; there are {listed(classes)}; name the columns after the classes, such as "
            f"{quoted('prob_' + strange[0])}"
        )


def _left_out(columns: Mapping[str, pl.Series]) -> list[str]:
    """Words about the rows that have a hole."""
    frame = pl.DataFrame([series.alias(name) for name, series in columns.items() if name != PREDICTED])
    holes = frame.height - frame.fill_nan(None).drop_nulls().height
    return [f"{holes:,} of {frame.height:,} rows left out: no truth, or no probability"] if holes else []


def _made(
    source: Source,
    frame: pl.DataFrame,
    columns: Mapping[str, str] | pl.DataFrame,
    names: tuple[str, ...],
    given: tuple[str, ...],
) -> Predicted:
    if not isinstance(columns, pl.DataFrame):
        given = tuple(name for part, name in columns.items() if part != TRUTH)
        kept = [frame[name].cast(pl.Float64, strict=False).alias(part) for part, name in columns.items()]
        columns = pl.DataFrame(kept)
        holes = columns.height - columns.fill_nan(None).drop_nulls().height
        if holes:
            source = replace(source, notes=(*source.notes, f"{holes:,} of {columns.height:,} rows left out: a hole"))
    made = open_table(columns, source.argument)
    kept_source = replace(
        made, label=source.label, notes=source.notes, path=source.path, lines_before=source.header_lines
    )
    return Predicted(kept_source, frame, names, given)
