"""What part each column of a table of results plays: told by the user, else by its name and its values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tearless.core import InputError, encodable, listed, quoted

NAMES: Mapping[str, frozenset[str]] = {
    part: frozenset(names.split())
    for part, names in {
        "item": "id item itemid question questionid qid docid sampleid exampleid idx index rowid uid uuid instanceid "
        "promptid problemid key",
        "truth": "ytrue truth true target targets label labels gold goldlabel groundtruth actual expected y class "
        "truelabel observed outcome",
        "predicted": "ypred pred preds prediction predictions predicted yhat predictedlabel predlabel predictedclass "
        "forecast",
        "probability": "p prob probs proba probability yprob yproba predproba yscore phat confidence prob1 p1 proba1",
        "cluster": "cluster clusterid group groupid passage passageid user userid subject subjectid",
        "fold": "fold foldid cvfold split cv",
        "repeat": "repeat repeatid rep repetition",
        "seed": "seed randomseed randomstate run runid epoch",
        "data_set": "dataset datasetname benchmark task corpus",
        "model": "model modelname system method algorithm classifier variant",
    }.items()
}
"""Names by which each part goes, in small letters without signs."""
_CLASS_PREFIX = re.compile(r"^(p|prob|proba|probability|probabilities|score)[ _.:\[(-]+(.+?)[\])]?$", re.IGNORECASE)
_PERCENT = r"^\s*[-+]?[\d.,]*\d[\d.,]*\s*%\s*$"
_ROUNDED = 0.0051
"""How far each probability of a row may be off: those written with two decimals and more are taken."""
_LOOKED_AT = 10_000


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns of one table by their part; ``None`` where it has none. ``scores`` are the numbers left over.

    ``probabilities`` are the columns of one probability each (a single one: that of the positive class), ``classes``
    their names.
    """

    item: str | None = None
    truth: str | None = None
    predicted: str | None = None
    probabilities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    cluster: str | None = None
    fold: str | None = None
    repeat: str | None = None
    seed: str | None = None
    data_set: str | None = None
    model: str | None = None
    scores: tuple[str, ...] = ()

    @property
    def parts(self) -> set[str]:
        """The columns that have a part other than a score."""
        named = (getattr(self, part) for part in NAMES if part != "probability")
        return {name for name in named if name is not None} | set(self.probabilities)


def roles(frame: pl.DataFrame, told: Mapping[str, str | None], argument: str = "data") -> Roles:
    """The part of each column. ``told`` maps parts to the columns that the user named for them.

    Raises ``InputError`` where a named column is not there.
    """
    found: dict[str, str | None] = {}
    free = list(frame.columns)
    for part in NAMES:
        name = told.get(part)
        if name is not None:
            found[part] = known(name, frame.columns, argument, part)
            free = [column for column in free if column != found[part]]
    for part, names in NAMES.items():
        if part not in found and part != "probability":
            fits = [name for name in free if plain(name) in names and _may_be(part, frame[name])]
            found[part] = fits[0] if fits else None
            free = [name for name in free if name != found[part]]
    probabilities, classes = _probabilities(frame, free, found.pop("probability", None))
    free = [name for name in free if name not in probabilities]
    scores = tuple(name for name in free if frame[name].dtype.is_numeric() or frame[name].dtype == pl.Boolean)
    return Roles(**found, probabilities=probabilities, classes=classes, scores=scores)


def plain(name: str) -> str:
    """A name in small letters without signs, as ``NAMES`` has it.

    >>> plain("Y_true"), plain("doc id")
    ('ytrue', 'docid')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def known(name: str, columns: Sequence[str], argument: str, part: str) -> str:
    """A column the user named. Raises ``InputError``, with near names, where the table has none of that name."""
    option = "--seeds" if part == "seed" else f"--{part.replace('_', '-')}"
    if not isinstance(name, str):
        raise InputError(f"{option}: expected the name of a column, as text, got {quoted(repr(name))}; name one")
    if encodable(name) in columns:
        return encodable(name)
    near = difflib.get_close_matches(name, columns, n=3, cutoff=0.6)
    hint = f"did you mean {listed(near)}?" if near else "name one of them"
    raise InputError(f"{option}: expected a column of {argument}, got {quoted(name)}; it has {listed(columns)}; {hint}")


def refuse_percent(frame: pl.DataFrame, columns: Sequence[str], label: str) -> None:
    """Raise ``InputError`` where one of the columns is text with the sign of percent: 70.1 and 0.701 are two scales,
    and which one the others are on is the user's to say."""
    for name in columns:
        column = frame[name]
        values = column.drop_nulls() if column.dtype == pl.String else column.clear()
        if len(values) and all(part.str.contains(_PERCENT).all() for part in (values.head(100), values)):
            raise InputError(
                f"results: expected numbers, got text with the sign of percent in {quoted(name)} of {label}, such as "
                f"{quoted(str(values[0]))}; strip the sign, and divide by 100 if the other scores are shares"
            )


def _may_be(part: str, column: pl.Series) -> bool:
    """Whether the values of a column allow the part that its name says."""
    if part in ("item", "truth", "predicted", "model", "data_set", "cluster"):
        return part != "model" or not column.dtype.is_float()
    return not column.dtype.is_float() or bool((column.drop_nulls() % 1 == 0).all())


def _probabilities(
    frame: pl.DataFrame, free: Sequence[str], told: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of probabilities with the names of their classes: one told or named so, or several that add up to 1."""
    if told is not None:
        return (told,), ()
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in free:
        match = _CLASS_PREFIX.match(name)
        if match and _are_shares(frame[name]):
            groups.setdefault(match.group(1).lower(), []).append((name, match.group(2)))
    for members in groups.values():
        columns = [name for name, _ in members]
        if len(columns) > 1 and _add_up(frame, columns):
            return tuple(columns), tuple(label for _, label in members)
    alone = [name for name in free if plain(name) in NAMES["probability"] and _are_shares(frame[name])]
    return tuple(alone[:1]), ()


def _are_shares(column: pl.Series) -> bool:
    """Whether a column holds numbers from 0 to 1."""
    if not column.dtype.is_numeric():
        return False
    values = column.cast(pl.Float64).fill_nan(None).drop_nulls()
    return len(values) > 0 and bool(values.is_between(0, 1).all())


def _add_up(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    whole = frame.head(_LOOKED_AT).select(pl.col(columns).cast(pl.Float64).fill_nan(None)).drop_nulls()
    total = whole.sum_horizontal().to_numpy()
    return bool((np.abs(total - 1) <= _ROUNDED * len(columns)).all())
