"""Several Parquet files as one table: which belong to it, which cannot be read, and the columns that all have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from tearless.core import InputError, listed, quoted, visible

from .remote.address import kind_of, shown
from .remote.credentials import anonymous
from .remote.faults import Unreachable, fault_of
from .remote.stores import options_of, where
from .sniff import foreign
from .source import FAULTS, batch_rows
from .text_types import as_type, type_of

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_AT_ONCE = 16
_FEW = 32
_GROUPS: tuple[tuple[str, Callable[[pl.DataType], bool]], ...] = (
    ("numbers", lambda t: t.is_numeric()),
    ("text", lambda t: isinstance(t, (pl.String, pl.Categorical, pl.Enum))),
    ("lists or structs", lambda t: t.is_nested()),
    ("dates or times", lambda t: t == pl.Date or (isinstance(t, pl.Datetime) and t.time_zone is None)),
    ("durations", lambda t: isinstance(t, pl.Duration)),
)
Folders = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class ParquetFile:
    """One file: where it is, its name within the table, its columns, and what its folders say (``year=2026``)."""

    file: str = field(repr=False)
    name: str
    schema: pl.Schema
    folders: Folders = ()

    def scan(self, schema: pl.Schema) -> pl.LazyFrame:
        """Its rows, unread, with the columns and types of the whole table."""
        return scan(self.file, schema, self.folders)


@dataclass(frozen=True)
class Survey:
    """The files of a table, in order, and its columns.

    ``unread`` are the names of files that cannot be read, ``others`` of those of another table, each with the reason.
    """

    files: tuple[ParquetFile, ...]
    schema: pl.Schema
    unread: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """What does not belong to the table."""
        return (*self.unread, *self.others)


class Surveyed(tuple[str, ...]):
    """The files of a table, with what was seen of them."""

    survey: Survey

    @classmethod
    def of(cls, survey: Survey) -> Surveyed:
        """The files that belong to the table."""
        made = cls(one.file for one in survey.files)
        made.survey = survey
        return made


def scanned(file: str) -> pl.LazyFrame:
    """One Parquet file as it is."""
    return pl.scan_parquet([where(file)], hive_partitioning=False, glob=False, storage_options=options_of(file))


def scan(file: str, schema: pl.Schema, folders: Folders = (), first: int = 0, rows: int | None = None) -> pl.LazyFrame:
    """Some rows of one file, unread, with the columns and types of the whole table.

    Columns of lists and structs, which may differ from file to file, are nulls: no check looks at them.
    """
    whole = scanned(file)
    some = whole if rows is None else whole.slice(first, rows)
    fixed = [_fixed(value, schema[name]).alias(name) for name, value in folders]
    fixed += [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if kind.is_nested()]
    return some.with_columns(fixed).select(pl.col(name).cast(kind) for name, kind in schema.items())


def _fixed(value: str | None, kind: pl.DataType) -> pl.Expr:
    """What the folders of a file say of all its rows."""
    read = as_type(pl.Series([value], dtype=pl.String), kind)
    return pl.lit(None if read is None else read.item(), dtype=kind)


def frames_of(rows: pl.LazyFrame, columns: int, file: str) -> Iterator[pl.DataFrame]:
    """The rows of a file, in frames of the usual size.

    Raises ``InputError`` where it is damaged, ``Unreachable`` where the store does not answer: each with the reason
    alone, and with no other exception beside it.
    """
    try:
        yield from rows.collect_batches(chunk_size=batch_rows(columns), maintain_order=True)
    except FAULTS as error:
        fault = fault_of(error, file)
    else:
        return
    raise Unreachable(fault.reason) if fault.passing else InputError(fault.reason)


def surveyed(files: Sequence[str], root: str | None) -> Survey:
    """What the footers of several files say. ``root`` is the folder from which on folders name columns, if any do.

    Raises ``Unreachable`` where a store does not answer.
    """
    told = _each(files)
    names = _names(files)
    seen = [
        ParquetFile(file, name, schema, _folders(file, root))
        for file, name, schema in zip(files, names, told, strict=True)
        if isinstance(schema, pl.Schema)
    ]
    unread = [(name, why) for name, why in zip(names, told, strict=True) if isinstance(why, str)]
    kept, others = _alike(seen)
    schema, notes = _wide(kept)
    return Survey(tuple(kept), schema, tuple(unread), tuple(sorted(others.items())), notes)


def _each(files: Sequence[str]) -> list[pl.Schema | str]:
    """The columns of each file, or why they cannot be read."""
    remote = any("://" in file for file in files)
    if len(files) < _FEW and not remote:
        return [_footer(file) for file in files]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_footer, files))


def _footer(file: str) -> pl.Schema | str:
    try:
        return scanned(file).collect_schema()
    except FAULTS as error:
        fault = fault_of(error, file)
        local = "://" not in file
        why = _head(file) if local and fault.kind == "damage" else ""
    if fault.passing:
        raise Unreachable(f"{shown(file)}: {fault.reason}")
    words = {
        "missing": "it does not exist",
        "denied": f"access denied{'; no credentials were found' if not local and anonymous(kind_of(file)) else ''}",
        "damage": f"damaged or cut short: {fault.reason}",
    }
    return why or words.get(fault.kind, f"it cannot be read: {fault.reason}")


def _head(file: str) -> str:
    """What a file is that is no Parquet at all; empty where it is one, damaged."""
    try:
        with Path(file).open("rb") as stream:
            head = stream.read(512)
    except OSError:
        return ""
    return "empty, 0 bytes" if not head else "" if head.startswith(b"PAR1") else foreign(head) or "no Parquet"


def _names(files: Sequence[str]) -> list[str]:
    """The files without the folders that all of them lie in."""
    parts = [shown(file).split("/") for file in files]
    common = 0
    while len(parts) > 1 and all(len(p) > common + 1 and p[common] == parts[0][common] for p in parts):
        common += 1
    return ["/".join(p[common:]) if len(parts) > 1 else p[-1] for p in parts]


def _folders(file: str, root: str | None) -> Folders:
    if root is None:
        return ()
    inside = file.removeprefix(root).lstrip("/").split("/")[:-1] if file.startswith(root) else []
    pairs = [tuple(map(unquote, part.split("=", 1))) for part in inside if "=" in part]
    return tuple((key, None if value == _NO_VALUE else value) for key, value in pairs)


def _alike(files: Sequence[ParquetFile]) -> tuple[list[ParquetFile], dict[str, str]]:
    """The files that are one table, by what most of them have, and of the others what sets them apart."""
    if not files:
        return [], {}
    most = Counter((frozenset(f.schema), tuple(k for k, _ in f.folders)) for f in files).most_common(1)[0][0]
    others: dict[str, str] = {}
    same = []
    for file in files:
        if why := _other_columns(file, *most):
            others[file.name] = why
        else:
            same.append(file)
    groups: dict[str, str] = {}
    for column in same[0].schema:
        counts = Counter(g for f in same if (g := _group(f.schema[column])))
        groups |= {column: counts.most_common(1)[0][0]} if counts else {}
    for file in same:
        for column, kind in file.schema.items():
            if (group := _group(kind)) and group != groups[column]:
                others.setdefault(file.name, f"{quoted(column)} holds {group}, in the other files {groups[column]}")
    return [f for f in same if f.name not in others], others


def _other_columns(file: ParquetFile, columns: frozenset[str], folders: tuple[str, ...]) -> str:
    if tuple(k for k, _ in file.folders) != folders:
        return "its folders name other columns than those of the other files"
    lacks, has = sorted(columns - set(file.schema)), sorted(set(file.schema) - columns)
    words = [f"without {listed(lacks, 3)}"] if lacks else []
    words += [f"with {listed(has, 3)}"] if has else []
    return f"its columns are others than those of the other files: {', '.join(words)}" if words else ""


def _group(kind: pl.DataType) -> str:
    """What a column holds, so far as types of one group are brought together; empty where it holds nothing."""
    if kind == pl.Null:
        return ""
    found = next((name for name, fits in _GROUPS if fits(kind)), None)
    return found or {"Boolean": "booleans", "Binary": "bytes"}.get(type(kind).__name__, visible(str(kind), 40))


def _wide(files: Sequence[ParquetFile]) -> tuple[pl.Schema, tuple[str, ...]]:
    """The columns of the table, in the order of the first file, in types that hold those of every file."""
    if not files:
        return pl.Schema(), ()
    schema: dict[str, pl.DataType] = {}
    became: dict[str, pl.DataType] = {}
    for name in files[0].schema:
        kinds = list(dict.fromkeys(file.schema[name] for file in files))
        schema[name] = reduce(_wider, kinds)
        if len([k for k in kinds if k != pl.Null and not k.is_nested()]) > 1:
            became[name] = schema[name]
    for name in dict(files[0].folders):
        values = pl.Series([dict(file.folders)[name] for file in files], dtype=pl.String)
        kind = type_of(values)
        schema[name] = pl.String() if kind == pl.Null else kind
    few = ", ".join(f"{quoted(name)} as {kind}" for name, kind in list(became.items())[:4])
    more = f" and {len(became) - 4} more" if len(became) > 4 else ""
    notes = (f"types that differ among the files are read as the wider one: {few}{more}",) if became else ()
    return pl.Schema(schema), notes


def _wider(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """The type that holds what both hold, of two in one group."""
    if a == b or b == pl.Null or a.is_nested():
        return a
    if a == pl.Null:
        return b
    if _group(a) == "text":
        return pl.String()
    units = [kind.time_unit for kind in (a, b) if isinstance(kind, (pl.Datetime, pl.Duration))]
    if units:
        finest = min(units, key=("ns", "us", "ms").index)
        return pl.Duration(finest) if isinstance(a, pl.Duration) else pl.Datetime(finest)
    both = [pl.DataFrame(schema={"x": kind}) for kind in (a, b)]
    return pl.concat(both, how="vertical_relaxed").schema["x"]
