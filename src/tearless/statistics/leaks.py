"""Every column, and the best small set, measured for what it tells of the target."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tearless.core import CannotTell, Measured, NotApplicable, Number, listed, quoted
from tearless.linear_algebra.facts import Sample

from .cells import cells_of
from .equations import find_equation
from .facts import Target
from .information import chance_of
from .pairs import find_pair
from .told import LEVEL, Answer, Cells, Codes, Floats, Told, told

MOST_ROWS = 20_000
MOST_CELLS = 4_000_000
CHANCE_ROWS = 2_000
CHANCE_LOOKS = 99
ALONE = 0.15
"""A column that leaves less doubt than this of classes tells alone, and is put in no set."""
ALONE_NUMBER = 0.01
HUGE = 1e100


@dataclass(frozen=True)
class _Table:
    """The rows looked at, in random order: the cells of each feature, the answers, and words about them."""

    names: tuple[str, ...]
    columns: tuple[pl.Series, ...]
    cells: tuple[Cells, ...]
    answer: Answer
    different: Codes
    target: Target
    y: Floats
    chance: float = 0.0


def leaks(sample: Sample, target: Target, rng: np.random.Generator) -> Iterator[Measured]:
    """What each feature tells of the target, then what the best set of those tells that do not tell alone.

    Raises ``NotApplicable`` where the target has one value or there is no feature, ``CannotTell`` under ten rows.

    >>> from tearless.core import Asked
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"copy": [i % 2 for i in range(60)], "noise": [i * i % 7 for i in range(60)]})
    >>> sample = Sample.of(Batch(frame.with_columns(y=pl.col("copy"))))
    >>> target = Target.derive(sample, Asked(target="y"))
    >>> [(m.subject, round(m.numbers["share"].value, 1)) for m in leaks(sample, target, np.random.default_rng(0))]
    [(('copy',), 1.0), (('noise',), 0.0)]
    """
    table = _table(sample, target, rng)
    found = [_told(table, j) for j in range(len(table.names))]
    table = _with_chance(table, rng)
    for name, cells, seen in zip(table.names, table.cells, found, strict=True):
        yield _one(table, name, cells, seen)
    most = ALONE_NUMBER if table.answer.number is not None else ALONE
    rest = [j for j, seen in enumerate(found) if seen.left > most]
    rest.sort(key=lambda j: -found[j].share)
    yield from _equation(table, rest) if table.answer.number is not None else _pair(table, rest)


def _table(sample: Sample, target: Target, rng: np.random.Generator) -> _Table:
    known = np.flatnonzero(target.known)
    if len(np.unique(target.values)) < 2:
        raise NotApplicable("the target holds one value")
    names = tuple(name for name in sample.frame.columns if name != target.name)
    if not names:
        raise NotApplicable("the table has no column beside the target")
    if len(known) < 10:
        raise CannotTell(f"the target is known in {len(known)} rows; ten are needed to hold any out")
    most = min(MOST_ROWS, max(1_000, MOST_CELLS // len(names)))
    chosen = rng.permutation(len(known))[:most]
    values = target.values[chosen]
    answer = Answer.of(values, target.kind == "classes", sample.row_numbers[known[chosen]])
    if answer.k < 2 or answer.k > max(2, len(chosen) / 4):
        raise NotApplicable("nearly every row has a class of its own" if answer.k > 1 else "the target holds one value")
    frame = sample.frame[known[chosen]].select(names)
    columns = tuple(frame.iter_columns())
    different = np.sort(np.unique(frame.hash_rows().to_numpy(), return_index=True)[1])
    return _Table(names, columns, tuple(map(cells_of, columns)), answer, different, target, values.astype(np.float64))


def _told(table: _Table, j: int) -> Told:
    """What a column tells. Where it nearly names the row, repeated rows are left out: they would tell themselves."""
    cells, rows = table.cells[j], table.different
    if len(rows) < len(table.y) and cells.values > 64 and cells.values >= len(rows) / 2:
        answer = table.answer.at(rows)
        if answer.k > 1 and len(np.unique(answer.classes)) > 1:
            return told(cells.at(rows), answer)
    return told(cells, table.answer)


def _with_chance(table: _Table, rng: np.random.Generator) -> _Table:
    """The most that any column tells of targets shuffled at random, over at least 99 looks at up to 2,000 rows."""
    rows = np.arange(min(CHANCE_ROWS, len(table.y)))
    p = len(table.names)
    looks = list(range(p)) * math.ceil(CHANCE_LOOKS / p)
    if p > CHANCE_LOOKS:
        looks = rng.choice(p, CHANCE_LOOKS, replace=False).tolist()
    shuffled = [table.answer.at(rng.permutation(rows)) for _ in range(math.ceil(CHANCE_LOOKS / min(p, CHANCE_LOOKS)))]
    few = {j: table.cells[j].at(rows) for j in set(looks)}
    usable = [a for a in shuffled if len(np.unique(a.classes)) > 1]
    most = max((told(few[j], a).share for a in usable for j in few), default=0.0)
    return _Table(
        table.names, table.columns, table.cells, table.answer, table.different, table.target, table.y, max(0.0, most)
    )


def _numbers(table: _Table, told: Told, columns: int, renamed: bool, said: str) -> dict[str, Number]:
    classes = table.answer.number is None
    of = "the target's bits" if classes else "the target's variation (asinh scale, largest tenth of squares left out)"
    interval = (min(told.low, told.share), max(told.high, told.share))
    less = "doubt in the rows where the column tells most" if classes else "variation, or of what the rows around tell"
    return {
        "share": Number(told.share, "share", f"share of {of} told on held-out rows, {said}", interval, LEVEL),
        "bits": Number(table.answer.bits if classes else None, "bits", "bits that the target holds"),
        "chance": Number(table.chance, "share", "the most told of a target shuffled at random, over 99 looks or more"),
        "left": Number(told.left, "share", f"share left of the {less}"),
        "left_at_most": Number(told.left_at_most, "share", "the same at most, sure with 95 %"),
        "rows": Number(told.rows, "rows", "rows in which the column tells this"),
        "already": Number(told.already, "share", "how common the one class told of is anyway; 0 where all are told"),
        "classes": Number(table.answer.k if classes else 0, "classes", "classes of the target; 0 for a number"),
        "members": Number(columns, "columns", "columns that tell it together"),
        "renamed": Number(float(renamed), "1", "1 where the column has no more values than the target has classes"),
    }


def _one(table: _Table, name: str, cells: Cells, seen: Told) -> Measured:
    renamed = table.answer.number is None and 2 <= cells.values <= table.answer.k and seen.told_class < 0
    numbers = _numbers(table, seen, 1, renamed, table.target.said)
    exact = renamed or seen.told_class >= 0 or seen.left <= 1e-3
    why = (
        "it is the answer in other words"
        if exact
        else "a column that tells so much is nearly always made from the answer"
    )
    words = {
        "subject": f"column {quoted(name)} gives",
        "target": quoted(table.target.name),
        "evidence": _said(table, seen, numbers),
        "why": why,
        "cure": f"drop {quoted(name)}, then find how it got into the table",
    }
    return Measured((name,), numbers, chance_of(seen.log_evidence), words)


def _said(table: _Table, seen: Told, numbers: dict[str, Number]) -> str:
    held = f"(held-out rows; by chance at most {numbers['chance']})"
    if table.answer.number is not None:
        where = " where it is filled" if seen.where == "filled" else ""
        return f"{numbers['share']} of how the target varies is in this one column{where} {held}"
    said = f"{numbers['share']} of the target's {numbers['bits']} bits are in this one column {held}"
    if seen.told_class >= 0:
        label = quoted(_label(table, seen.told_class))
        overall = Number(seen.already, "share", "share of all rows")
        inside = f"{seen.of_that_class:,} of the {seen.rows:,} rows where it is {seen.where}"
        return f"{said}; {inside} have {quoted(table.target.name)} = {label}, against {overall} of all rows"
    if seen.where == "filled":
        left = Number(1 - seen.left, "share", "share of the bits there")
        return f"{said}, and {left} of those in the {seen.rows:,} rows where it is filled"
    return said


def _label(table: _Table, code: int) -> str:
    """The class behind a code of the answer: codes number the classes that are there, in their order."""
    return table.target.classes[int(np.unique(table.y)[code])]


def _set(table: _Table, names: Sequence[str], seen: Told, p: float, evidence: str) -> Measured:
    numbers = _numbers(table, seen, len(names), False, table.target.said)
    words = {
        "subject": f"columns {listed(names, most=3)} together give",
        "target": quoted(table.target.name),
        "evidence": f"{evidence} (held-out rows; {numbers['left']} is left)",
        "why": "the target was computed from them, or they from the target",
        "cure": f"drop those of {listed(names)} that are known only after {quoted(table.target.name)}",
    }
    return Measured(tuple(names), numbers, p, words)


def _equation(table: _Table, rest: list[int]) -> Iterator[Measured]:
    numeric = [j for j in sorted(rest) if table.cells[j].values > 1 and _is_number(table.columns[j])]
    if len(numeric) < 2:
        return
    x = np.column_stack([_plain(table.columns[j]) for j in numeric])
    names = [table.names[j] for j in numeric]
    with np.errstate(over="ignore", invalid="ignore"):
        found = find_equation(x, np.where(np.abs(table.y) < HUGE, table.y, np.nan), table.answer.row)
    if found is not None:
        share = 1 - found.left
        seen = Told(share, 1 - found.left_at_most, share, found.left, found.left_at_most, "all", found.rows, 0.0)
        p = min(1.0, 2 * chance_of(found.log_evidence))
        members = [names[j] for j in found.columns]
        yield _set(table, members, seen, p, found.said(table.target.name, names))


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype.is_temporal() or column.dtype == pl.Boolean


def _plain(column: pl.Series) -> Floats:
    """Finite numbers, nan for the rest and for those too large to be squared."""
    x = column.to_physical().cast(pl.Float64).to_numpy()
    return np.where(np.abs(x) < HUGE, x, np.nan)


def _pair(table: _Table, rest: list[int]) -> Iterator[Measured]:
    pair = find_pair([table.cells[j] for j in rest], table.answer)
    if pair is not None:
        names = [table.names[rest[j]] for j in pair.columns]
        made = pair.made.format(a=quoted(names[0]), b=quoted(names[1]))
        share = Number(pair.told.share, "share", "share of the bits")
        p = min(1.0, pair.looked * chance_of(pair.told.log_evidence))
        yield _set(table, names, pair.told, p, f"{share} of the target's bits are in {made}")
