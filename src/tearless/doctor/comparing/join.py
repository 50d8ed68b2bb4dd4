"""The tables of several models brought together: item by item by an id, by position, or side by side without pairing.

Nothing is misaligned in silence: what does not match is refused, and what was done is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

import polars as pl

from tearless.core import InputError, listed, quoted
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.row_keys import places, repeats
from tearless.statistics.comparison.words import counted

from .entrants import Entrant
from .values import Values

Unmatched = Literal["refuse", "drop"]
_FOUND = "\0found"
MOST_LOOKED_THROUGH, FEWEST_GROUPS, MOST_BESIDE = 200_000, 10, 8
"""Rows up to which further columns are kept that could group the items, the groups such a column has, and how many."""
_BESIDE = "\0beside "
STRUCTURE = ("cluster", "fold", "repeat", "seed", "data_set")
"""The parts of a column that say how rows hang together."""


@dataclass(frozen=True)
class Joined:
    """One table, a model a column, and the plan that names its columns."""

    frame: pl.DataFrame
    plan: Plan


def joined(tables: Sequence[Entrant], values: Sequence[Values], unmatched: Unmatched, paired: bool) -> Joined:
    """The models' columns in one table. Raises ``InputError`` where rows cannot be matched."""
    holds = {value.holds for value in values}
    if len(holds) > 1:
        told = listed([f"{v.model} ({v.column}: {v.holds})" for v in values])
        raise InputError(
            f"results: expected the same kind from every model, got {told}; name the column of each with --score, or "
            "give predictions of one kind"
        )
    if not paired:
        return _side_by_side(tables, values)
    if _are_runs(tables):
        whole = _side_by_side(tables, values)
        said = whole.plan.joined.replace("different items", "runs of their own", 1)
        return replace(whole, plan=replace(whole.plan, seed=tables[0].roles.seed, joined=said))
    keys = _keys(tables)
    return _by_key(tables, values, keys, unmatched) if keys else _by_position(tables, values)


def _are_runs(tables: Sequence[Entrant]) -> bool:
    """Whether a row is a training run everywhere, and the models do not have the same ones."""
    others = ("item", "fold", "repeat", "data_set")
    if any(table.roles.seed is None or any(getattr(table.roles, part) for part in others) for table in tables):
        return False
    seeds = [table.frame[table.roles.seed or ""].cast(pl.String) for table in tables]
    return all(not s.is_duplicated().any() for s in seeds) and len({frozenset(s) for s in seeds}) > 1


def _keys(tables: Sequence[Entrant]) -> tuple[str, ...]:
    """The parts that name a row in every table: the item, and what tells several rows of one item apart."""
    shared = [part for part in ("item", "seed", "fold", "repeat", "data_set") if _everywhere(tables, part)]
    if "item" not in shared:
        shared = [part for part in shared if part != "seed"] if not _name_rows(tables, shared) else shared
        return tuple(shared) if shared and _name_rows(tables, shared) else ()
    for n in range(1, len(shared) + 1):
        if _name_rows(tables, shared[:n]):
            return tuple(shared[:n])
    table = next(t for t in tables if _repeats(t, shared))
    column = table.roles.item or ""
    again = table.frame.filter(pl.col(column).is_duplicated())[column]
    others = [n for n in table.frame.columns if n not in table.roles.parts and _tells_apart(table, column, n)]
    hint = f"`--only {others[0]}=...` would choose one" if others else "name the column that names a row with --item"
    raise InputError(
        f"--item: expected each item once in {table.label}, got {quoted(str(again[0]))} in {quoted(column)} "
        f"{(table.frame[column] == again[0]).sum()} times; {hint}"
    )


def _tells_apart(table: Entrant, item: str, other: str) -> bool:
    return not table.frame.select(item, other).is_duplicated().any()


def _everywhere(tables: Sequence[Entrant], part: str) -> bool:
    return all(getattr(table.roles, part) is not None for table in tables)


def _name_rows(tables: Sequence[Entrant], parts: Sequence[str]) -> bool:
    return bool(parts) and not any(_repeats(table, parts) for table in tables)


def _repeats(table: Entrant, parts: Sequence[str]) -> bool:
    keys = table.frame.select(getattr(table.roles, part) for part in parts)
    return repeats(keys)


def _by_key(tables: Sequence[Entrant], values: Sequence[Values], keys: tuple[str, ...], unmatched: Unmatched) -> Joined:
    """Joined by the columns that name a row; what some model lacks is refused, or dropped where that was asked for."""
    first = tables[0]
    names = [getattr(first.roles, part) for part in keys]
    frames = [_keyed(table, values, keys, names, i) for i, table in enumerate(tables)]
    kinds = [frame.schema[name] for name in names for frame in frames]
    if len(set(kinds)) > len(set(names)):
        frames = [frame.with_columns(pl.col(names).cast(pl.String)) for frame in frames]
    whole = frames[0]
    for frame in frames[1:]:
        if (at := places(whole.select(names), frame.select(names))) is not None:
            whole = whole.hstack(frame.drop(names)[at])
            continue
        found = frame.with_columns(pl.lit(value=True).alias(_FOUND))  # an inner join that keeps the order takes twice
        whole = whole.join(found, on=names, how="left", nulls_equal=True, maintain_order="left")
        whole = (whole.filter(pl.col(_FOUND)) if whole[_FOUND].null_count() else whole).drop(_FOUND)
    most = max(frame.height for frame in frames)
    lost = most - whole.height
    by = listed([str(name) for name in names])
    if lost and unmatched == "refuse":
        raise InputError(_unmatched(tables, frames, names, whole, by))
    _same_truth(values, whole)
    said = f"{counted(whole.height, 'row')} joined by {by}"
    said += f"; {lost:,} that some model lacks were left out" if lost else ""
    return _planned(tables, values, whole, said)


def _keyed(table: Entrant, values: Sequence[Values], keys: Sequence[str], names: Sequence[str], i: int) -> pl.DataFrame:
    value = values[i]
    columns = [table.frame[getattr(table.roles, part)].alias(name) for part, name in zip(keys, names, strict=True)]
    columns.append(value.series.alias(_model(i)))
    if value.truth is not None:
        columns.append(value.truth.alias(_truth(i)))
    if i == 0:
        columns += [*_structure(table, taken=set(names)), *_beside(table, values)]
    return pl.DataFrame(columns)


def _structure(table: Entrant, taken: set[str]) -> list[pl.Series]:
    named = [getattr(table.roles, part) for part in STRUCTURE]
    return [table.frame[name] for name in dict.fromkeys(named) if name is not None and name not in taken]


def _beside(own: Entrant, values: Sequence[Values]) -> list[pl.Series]:
    """Columns of the first table without a part whose values could group items: few kinds, many rows each."""
    rows = own.frame.height
    if rows > MOST_LOOKED_THROUGH:
        return []
    used = own.roles.parts | {value.column for value in values} | {value.model for value in values}
    free = [own.frame[name] for name in own.frame.columns if name not in used]
    free = [column for column in free if column.dtype in (pl.String, pl.Categorical) or column.dtype.is_integer()]
    kinds = (column for column in free if FEWEST_GROUPS <= column.n_unique() <= rows / 2)
    return [column.alias(_BESIDE + column.name) for column in islice(kinds, MOST_BESIDE)]


def _unmatched(
    tables: Sequence[Entrant], frames: Sequence[pl.DataFrame], names: Sequence[str], whole: pl.DataFrame, by: str
) -> str:
    parts = []
    for table, frame in zip(tables, frames, strict=True):
        alone = frame.join(whole, on=names, how="anti", nulls_equal=True)
        if alone.height:
            some = listed([str(v) for v in alone[names[0]].head(3)])
            parts.append(f"{quoted(table.name)} has {alone.height:,} that another lacks ({some})")
    return (
        f"results: expected the same items for every model, got {whole.height:,} in common by {by}; "
        f"{'; '.join(parts)}; run the models on the same items, or leave these out with --unmatched drop"
    )


def _same_truth(values: Sequence[Values], whole: pl.DataFrame) -> None:
    """Raises ``InputError`` where two models' files say different truths of one item."""
    known = [i for i, value in enumerate(values) if value.truth is not None]
    for i in known[1:]:
        a, b = whole[_truth(known[0])], whole[_truth(i)]
        differ = (a.cast(pl.String) != b.cast(pl.String)) if a.dtype != b.dtype else (a != b)
        if differ.any():
            row = int(differ.fill_null(value=False).arg_true()[0])
            first, second = quoted(values[known[0]].model), quoted(values[i].model)
            raise InputError(
                f"results: expected one truth for an item, got {quoted(str(a[row]))} for {first} and "
                f"{quoted(str(b[row]))} for {second} in row {row:,} of {int(differ.sum()):,} that differ; "
                "the rows are not the same items: join them by an id with --item, or say --unpaired"
            )


def _by_position(tables: Sequence[Entrant], values: Sequence[Values]) -> Joined:
    """The first row of each with the first of the others, and so on; the truth, where it is there, must agree."""
    lengths = [len(value.series) for value in values]
    if len(set(lengths)) > 1:
        told = ", ".join(f"{quoted(v.model)} {n:,}" for v, n in zip(values, lengths, strict=True))
        raise InputError(
            f"results: expected as many rows from every model, or a column that names the items, got {told} and no "
            "such column; name it with --item, or say --unpaired if the models saw different items"
        )
    columns = [value.series.alias(_model(i)) for i, value in enumerate(values)]
    columns += [value.truth.alias(_truth(i)) for i, value in enumerate(values) if value.truth is not None]
    whole = pl.DataFrame([*columns, *_structure(tables[0], set()), *_beside(tables[0], values)])
    _same_truth(values, whole)
    checked = " (their truth agrees row by row)" if sum(v.truth is not None for v in values) > 1 else ""
    one = len({id(table) for table in tables}) == 1
    said = counted(whole.height, "row") + ("" if one else f" matched by their position{checked}, for there is no id")
    return _planned(tables, values, whole, said)


def _side_by_side(tables: Sequence[Entrant], values: Sequence[Values]) -> Joined:
    """Each model's own rows, the shorter columns filled with nulls."""
    parts = [
        pl.DataFrame(
            [
                value.series.alias(_model(i)),
                *([value.truth.alias(_truth(i))] if value.truth is not None else []),
                *([table.frame[table.roles.item].alias(_item(i))] if table.roles.item is not None else []),
            ]
        )
        for i, (table, value) in enumerate(zip(tables, values, strict=True))
    ]
    most = max(part.height for part in parts)
    whole = pl.concat([part.extend(part.clear(most - part.height)) for part in parts], how="horizontal")
    told = ", ".join(f"{quoted(value.model)} {len(value.series):,}" for value in values)
    return _planned(tables, values, whole, f"different items: {told}", paired=False)


def _model(i: int) -> str:
    return f"\0model {i}"


def _truth(i: int) -> str:
    return f"\0truth {i}"


def _item(i: int) -> str:
    return f"\0item {i}"


def _planned(
    tables: Sequence[Entrant], values: Sequence[Values], whole: pl.DataFrame, said: str, paired: bool = True
) -> Joined:
    """The table with the models under their names, one truth where they share it, and its plan."""
    taken = [name for name in whole.columns if not name.startswith("\0")]
    names: list[str] = []
    for value in values:
        name = value.model
        while name in taken or name in names:
            name += "'"
        names.append(name)
    truths = [i for i, value in enumerate(values) if value.truth is not None]
    keep = truths if not paired else truths[:1]
    labels = {i: _free(f"truth of {names[i]}" if not paired else "truth", [*taken, *names]) for i in keep}
    own_items = [i for i in range(len(names)) if _item(i) in whole.columns]
    items = {i: _free(f"item of {names[i]}", [*taken, *names, *labels.values()]) for i in own_items}
    free = {name: name.removeprefix(_BESIDE) for name in whole.columns if name.startswith(_BESIDE)}
    beside = {name: _free(label, [*taken, *names, *labels.values()]) for name, label in free.items()}
    frame = whole.select(
        *(pl.col(_model(i)).alias(name) for i, name in enumerate(names)),
        *(pl.col(_truth(i)).alias(label) for i, label in labels.items()),
        *(pl.col(_item(i)).alias(label) for i, label in items.items()),
        *(pl.col(name) for name in taken),
        *(pl.col(name).alias(label) for name, label in beside.items()),
    )
    named = tuple(items[i] for i in own_items) if len(items) == len(names) else ()
    own = tables[0].roles
    here: dict[str, Any] = {part: getattr(own, part) for part in (*STRUCTURE, "item") if getattr(own, part) in taken}
    here |= {"beside": tuple(beside.values()), "items": named}
    truth = (
        tuple(labels[i if not paired else truths[0]] for i in range(len(names))) if len(truths) == len(names) else ()
    )
    return Joined(frame, Plan(tuple(names), values[0].holds, truth, paired=paired, joined=said, **here))


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "'"
    return name
