"""Parquet: a file, a folder, a glob; here or on a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from tearless.core import InputError, listed, quoted, visible

from .normal import Normal, normal
from .remote.address import shown
from .remote.faults import Unreachable, fault_of
from .same_table import ParquetFile, Survey, Surveyed, frames_of, scanned, surveyed
from .source import FAULTS, Frames, Source, from_frames, unreadable

SUFFIXES = (".parquet", ".pq", ".parq")
LEAVE_OUT = "mend or remove it, or leave such files out with --skip-unreadable"


def open_parquet(
    files: Path | str | Sequence[Path | str],
    label: str,
    argument: str,
    path: str,
    notes: Sequence[str] = (),
    root: str | None = None,
) -> Source:
    """One Parquet file, or several that are one table. ``root`` is the folder below which folders such as ``year=2026``
    are columns, if they are.

    Files of several that cannot be read, or belong to another table, are refused by name when the rows are read: who
    leaves them out does so before. Raises ``InputError`` at once where no file can be read.
    """
    if isinstance(files, (str, Path)):
        return _single(str(files), label, argument, path, notes)
    try:
        survey = surveyed(list(map(str, files)), root)
    except Unreachable as fault:
        words = f"{argument}: expected Parquet files that can be reached, got {fault}; try again"
    else:
        return of_survey(survey, label, argument, path, notes)
    raise InputError(words)


def of_survey(survey: Survey, label: str, argument: str, path: str | None, notes: Sequence[str] = ()) -> Source:
    """The table of several files, whose footers were read. Raises ``InputError`` where none is sound."""
    if not survey.files:
        raise InputError(
            f"{argument}: expected Parquet files that can be read, got {label}, where none of {len(survey.refused):,} "
            f"can: {refused_words(survey.refused)}; copy or write them again"
        )
    made = normal(survey.schema, argument, label)
    frames = _in_turn(survey, made, argument, label)
    said = (*notes, *survey.notes, *made.notes)
    select = () if made.select is None else (made.select,)
    own = Surveyed.of(survey)
    rows = from_frames(frames, made.schema)
    return Source(label, rows, said, path, argument=argument, frames=frames, files=own, select=select)


def _single(file: str, label: str, argument: str, path: str, notes: Sequence[str]) -> Source:
    refusal = None
    try:
        schema = scanned(file).collect_schema()
    except FAULTS as fault:
        refusal = unreadable(argument, label, OSError(fault_of(fault, file).reason))
    if refusal is not None:
        raise refusal
    made = normal(schema, argument, label)
    survey = Survey((ParquetFile(file, shown(file).rpartition("/")[2], schema),), schema)
    frames = _in_turn(survey, made, argument, label)
    rows = from_frames(frames, made.schema)
    select = () if made.select is None else (made.select,)
    own = Surveyed.of(survey)
    return Source(label, rows, (*notes, *made.notes), path, argument=argument, frames=frames, files=own, select=select)


def _in_turn(survey: Survey, made: Normal, argument: str, label: str) -> Frames:
    """One file after the other: a scan of many reads far ahead of whoever takes its batches, and fills the memory."""

    def frames() -> Iterator[pl.DataFrame]:
        if survey.refused:
            raise refused(survey.refused, argument, label)
        for file in survey.files:
            yield from _rows_of(file, survey, made, argument, label)

    return frames


def _rows_of(file: ParquetFile, survey: Survey, made: Normal, argument: str, label: str) -> Iterator[pl.DataFrame]:
    scan = file.scan(survey.schema)
    rows = scan if made.select is None else scan.select(made.select)
    words, done = "", 0
    try:
        for frame in frames_of(rows, len(survey.schema), file.file):
            yield frame
            done += frame.height
    except (InputError, Unreachable) as fault:
        words = str(fault)
    if words and len(survey.files) == 1:
        raise unreadable(argument, label, OSError(words), f"after {done:,} rows")
    if words:
        raise refused(((file.name, f"damaged or cut short: {words}"),), argument, label)


def refused(files: Iterable[tuple[str, str]], argument: str, label: str) -> InputError:
    """The refusal of a table some of whose files cannot be read, or are of another table."""
    return InputError(
        f"{argument}: expected Parquet files of one table that can all be read, got {label}, with "
        f"{refused_words(files)}; {LEAVE_OUT}"
    )


def refused_words(files: Iterable[tuple[str, str]], most: int = 3) -> str:
    """Names of files and what is the matter with each."""
    files = list(files)
    more = f" and {len(files) - most:,} more" if len(files) > most else ""
    return "; ".join(f"{quoted_path(name)} ({why})" for name, why in files[:most]) + more


def quoted_path(name: str) -> str:
    """The name of a file within its table, in backticks; of a long one the end."""
    safe = visible(name).replace("`", "ʼ")
    return f"`{safe if len(safe) <= 80 else '…' + safe[-79:]}`"


def is_parquet_name(name: str) -> bool:
    """Whether a file says by its name that it is Parquet."""
    return name.lower().endswith(SUFFIXES)


def data_files(names: Iterable[str]) -> list[str]:
    """Of the paths below a folder those of Parquet files, in the order of their names, folder by folder.

    Hidden ones and those that start with an underscore are not data.
    """
    found = [n for n in names if is_parquet_name(n) and not any(part[:1] in ("_", ".") for part in n.split("/"))]
    return sorted(found, key=lambda name: name.split("/"))


def parquet_files(folder: Path, argument: str) -> list[Path]:
    """The Parquet files of a folder and of its folders, in the order of their names.

    Raises ``InputError`` where it has none. Hidden ones and those that start with an underscore are not data.
    """
    inside = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    files = [inside[name] for name in data_files(inside)]
    if not files:
        raise no_parquet(folder.name, inside, argument)
    return files


def no_parquet(folder: str, inside: Iterable[str], argument: str) -> InputError:
    """The refusal of a folder without Parquet files."""
    others = sorted(name for name in inside if not any(part[:1] in ("_", ".") for part in name.split("/")))
    has = f"which holds {listed([name.rpartition('/')[2] for name in others], 4)}" if others else "which holds no file"
    return InputError(f"{argument}: expected a folder of Parquet files, got {quoted(folder)}, {has}; name one file")
