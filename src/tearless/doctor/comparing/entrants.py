"""Each model's results as a table of its own: files, tables in memory, one table with a column or with rows a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import PurePath
from typing import Any

import polars as pl

from tearless.core import InputError, encodable, listed, quoted, visible
from tearless.core.text import LONGEST_NAME
from tearless.doctor.roles import Roles, known, roles
from tearless.readers import open_table
from tearless.readers.remote.address import shown

MOST_MODELS = 200
_SPLIT = re.compile(r"^split(\d+)_test_(.+)$")


@dataclass(frozen=True)
class Entrant:
    """One table of results: of one model, or of several in columns (``wide``)."""

    name: str
    label: str
    frame: pl.DataFrame
    roles: Roles
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name as it may stand in a sentence."""
        return visible(self.name, LONGEST_NAME)


def entrants(
    given: Sequence[Any] | Mapping[str, Any],
    told: Mapping[str, str | None],
    where: Mapping[str, str] | None = None,
    null: Sequence[str] = (),
    lenient: bool = False,
) -> list[Entrant]:
    """The tables to compare, named by their files, their keys, or A, B, C. A table with a column that names the model
    of each row is cut into one for each model.

    Raises ``InputError`` for what cannot be read and, unless ``lenient``, for a named column that no table has.
    """
    named = dict(given) if isinstance(given, Mapping) else dict(zip(_names(given), given, strict=True))
    if not named:
        raise InputError("results: expected at least one table of results, got none; name a file for each model")
    tables = [_read(str(name), data, told, where or {}, null) for name, data in named.items()]
    for part, column in told.items() if not lenient else ():
        lacking = [t for t in tables if column is not None and encodable(str(column)) not in t.frame.columns]
        if lacking and (part == "item" or len(lacking) == len(tables)):
            known(column or "", lacking[0].frame.columns, lacking[0].label, part)
    return [one for table in tables for one in _by_model(table, alone=len(tables) == 1)]


def _names(given: Sequence[Any]) -> list[str]:
    """A name for each: the shortest end of its path that tells it from the others; else a letter."""
    paths = [_path(str(one)) if isinstance(one, (str, PurePath)) else None for one in given]
    letters = [chr(ord("A") + i) if i < 26 else f"model {i + 1}" for i in range(len(given))]
    names = [path.stem if path else letter for path, letter in zip(paths, letters, strict=True)]
    for depth in (2, 3, 4):
        twice = {name for name in names if names.count(name) > 1}
        if not twice:
            break
        for i, path in enumerate(paths):
            if path and names[i] in twice:
                names[i] = "/".join((*path.parts[-depth:-1], path.stem))
    if len(set(names)) < len(names):
        return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]
    return _without_shared_start(names) if all(paths) else names


def _path(given: str) -> PurePath:
    return PurePath(shown(given) if "://" in given else given)


def _without_shared_start(names: list[str]) -> list[str]:
    """Names without the words that all of them begin with: ``digits_ridge``, ``digits_lasso`` are ridge and lasso."""
    start = "".join(letters[0] for letters in takewhile(lambda x: len(set(x)) == 1, zip(*names, strict=False)))
    cut = max(start.rfind(sign) for sign in "_-. ") + 1
    short = [name[cut:] for name in names]
    return short if len(names) > 1 and all(short) else names


def _read(
    name: str, data: Any, told: Mapping[str, str | None], where: Mapping[str, str], null: Sequence[str]
) -> Entrant:
    source = open_table(data, encodable(name), null=null)
    frame = pl.concat([batch.frame for batch in source.batches()])
    frame, said = _transposed(frame.with_columns(_yes_or_no(column) for column in frame))
    for column, value in where.items():
        column = known(column, frame.columns, source.label, "only")
        frame = frame.filter(pl.col(column).cast(pl.String) == value)
        said = (*said, f"{source.label}: only rows where {quoted(column)} is {quoted(value)}")
        if not frame.height:
            raise InputError(
                f"--only: expected rows where {quoted(column)} is {quoted(value)}, got none in {source.label}; "
                "name a value that occurs"
            )
    if not frame.height:
        raise InputError(f"{encodable(name)}: expected results, got {source.label}, which has no rows; name another")
    here = {part: column for part, column in told.items() if column is None or encodable(column) in frame.columns}
    return Entrant(encodable(name), source.label, frame, roles(frame, here, source.label), (*source.notes, *said))


def _yes_or_no(column: pl.Series) -> pl.Series:
    """A column that spells true and false throughout as such."""
    if column.dtype != pl.String:
        return column
    for part in (column.head(100), column):
        words = part.str.strip_chars().str.to_lowercase()
        if part.null_count() == len(part) or not words.drop_nulls().is_in(["true", "false"]).all():
            return column
    return (words == "true").alias(column.name)


def _transposed(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """scikit-learn's ``cv_results_``, a row a setting, turned: a row for each split, a column a setting."""
    splits = [(int(m.group(1)), m.group(2), name) for name in frame.columns if (m := _SPLIT.match(name))]
    if len(splits) < 2 or frame.height > MOST_MODELS:
        return frame, ()
    score = splits[0][1]
    columns = [name for _, kind, name in sorted(splits) if kind == score]
    names = frame["params"].cast(pl.String).to_list() if "params" in frame.columns else range(frame.height)
    labels = [f"{name}" if isinstance(name, str) else f"setting {name}" for name in names]
    turned = frame.select(columns).transpose(column_names=labels if len(set(labels)) == len(labels) else None)
    note = (
        f"scores of {len(columns)} splits for {frame.height} settings, as scikit-learn's search keeps them, taken for "
        "folds of one cross-validation: if they are repeats or random splits say how many rows were tested for each "
        "trained on, with --test-share"
    )
    return turned.with_row_index("fold"), (note,)


def _by_model(table: Entrant, alone: bool) -> list[Entrant]:
    """A table with rows of several models cut by the column that names them."""
    column = table.roles.model
    if column is None:
        return [table]
    parts = table.frame.partition_by(column, as_dict=True, maintain_order=True, include_key=False)
    if len(parts) > MOST_MODELS:
        raise InputError(
            f"--model: expected at most {MOST_MODELS} models, got {len(parts):,} values of {quoted(column)}; "
            "name the column that says which model a row is of, or leave some out"
        )
    if len(parts) < 2 and not alone:
        return [replace(table, frame=table.frame.drop(column), roles=replace(table.roles, model=None))]
    if len(parts) < 2:
        raise InputError(
            f"results: expected at least two models, got one, {listed([str(k[0]) for k in parts])}, in {table.label}; "
            "name a second table"
        )
    own = replace(table.roles, model=None)
    note = f"{table.label}: a row's model is what {quoted(column)} says"
    return [
        Entrant(encodable(str(key[0])), table.label, part, own, (*table.notes, note) if i == 0 else ())
        for i, (key, part) in enumerate(parts.items())
    ]
