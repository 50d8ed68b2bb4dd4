"""What a training run left behind, recognised by its content: a record, a log, event files, checkpoints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tearless.core import InputError, Outcome, listed, quoted
from tearless.core.check import Check
from tearless.readers import open_table
from tearless.readers.remote.address import shown
from tearless.readers.source import Source
from tearless.readers.training.checkpoints import checkpoints_in, entries_of_checkpoints
from tearless.readers.training.entries import line_of
from tearless.readers.training.events import MARK, event_files, is_event_file, log_of_events, runs_below
from tearless.readers.training.log_files import Rows, rows_of
from tearless.readers.training.logs import Entry, Log, entries_of_log
from tearless.readers.training.saved import is_checkpoint
from tearless.readers.training.source import from_lines, from_record, is_record
from tearless.readers.training.torch_zip import OLD, open_archive
from tearless.report.report import Report

from .gather import Progress
from .training import diagnosed

EXPECTED = (
    "a record of `tearless watch`, TensorBoard events, a CSV or JSON lines log with a loss, trainer_state.json, or "
    "checkpoints (.safetensors, .pt)"
)
LOGS = ("metrics.csv", "trainer_state.json", "results.csv", "training_log.csv", "log.csv", "metrics.jsonl", "log.jsonl")
"""Names under which a log lies in the folder of a run."""
Told = tuple[list[Entry], list[str]]


def is_a_path(data: Any) -> bool:
    """Whether something names a file or a folder, or several files."""
    several = isinstance(data, (list, tuple)) and bool(data)
    return isinstance(data, (str, os.PathLike)) or (several and all(isinstance(p, (str, os.PathLike)) for p in data))


def run_left_behind(data: Any, argument: str = "data", *, sure: bool = False) -> Source | None:
    """What a run left behind as a source of entries, ``None`` where it is something else.

    ``data`` is a path (of a file or a folder), several paths of checkpoints, or, where the user is ``sure`` that it is
    a log, a table in memory. Raises ``InputError`` for what is recognised and cannot be read; and, where ``sure``, for
    what is not recognised.

    >>> run_left_behind({"epoch": [1, 2], "loss": [0.9, 0.7]}) is None
    True
    >>> run_left_behind({"epoch": [1, 2], "loss": [0.9, 0.7]}, sure=True).label
    'a dict of columns'
    """
    if is_a_path(data):
        paths = [Path(os.fspath(p)) for p in (data if isinstance(data, (list, tuple)) else [data])]
        found = _of_paths(paths, argument, sure)
        if found is None and sure:
            raise InputError(f"{argument}: expected {EXPECTED}, got {_shown(paths)}, none of these; name another file")
        return found
    if not sure:
        return None
    table = open_table(data, argument)
    rows = Rows([row for batch in table.batches() for row in batch.frame.iter_rows(named=True)], "a table in memory")
    return _source(*_of_log(rows.log(), rows.what, table.label, argument), table.label, argument)


def report_of(
    run: Source, checks: Sequence[Check], skipped: Sequence[Outcome], seed: int = 0, progress: Progress | None = None
) -> Report:
    """The report of these checks on a run that ``run_left_behind`` gave.

    >>> run = run_left_behind({"epoch": [1, 2], "loss": [0.9, 0.7]}, sure=True)
    >>> report_of(run, [], []).findings
    ()
    """
    return diagnosed(run, seed, checks, skipped, progress)


def _of_paths(paths: Sequence[Path], argument: str, sure: bool) -> Source | None:
    there = [p for p in paths if _is_there(p)]
    if len(there) < len(paths):
        if len(paths) == 1 and not sure:
            return None
        lost = next(p for p in paths if p not in there)
        raise InputError(f"{argument}: expected files, got {shown(str(lost))}, which is none; check the path")
    if len(paths) == 1 and is_record(paths[0]):
        return replace(from_record(paths[0], argument), path=str(paths[0]), argument=argument)
    told = _several(paths, argument) if len(paths) > 1 else _one(paths[0], argument, sure)
    return None if told is None else _source(*told, _shown(paths), argument, str(paths[0]) if len(paths) == 1 else None)


def _is_there(path: Path) -> bool:
    """Whether a path is a file or a folder; pipes and devices are never opened here."""
    try:
        return path.is_file() or path.is_dir()
    except (OSError, ValueError):
        return False


def _shown(paths: Sequence[Path]) -> str:
    return shown(str(paths[0])) if len(paths) == 1 else f"{len(paths):,} files"


def _several(paths: Sequence[Path], argument: str) -> Told:
    """Several paths: checkpoints of one run, in any order."""
    other = [path.name for path in paths if not is_checkpoint(path) and not path.is_dir()]
    if other:
        raise InputError(
            f"{argument}: expected one file, or several checkpoints of a run (.safetensors, .pt), got "
            f"{listed(other, 3)} among them; name one file"
        )
    groups = [files for path in paths for files in (checkpoints_in(path, argument) if path.is_dir() else [[path]])]
    if not groups:
        raise InputError(f"{argument}: expected checkpoints, got folders without any; name their files")
    return entries_of_checkpoints(groups, argument)


def _one(path: Path, argument: str, sure: bool) -> Told | None:
    """One file or folder."""
    if path.is_dir():
        return _folder(path, argument)
    if not path.is_file():
        return None
    if is_event_file(path) or MARK in path.name:
        return _of_log(log_of_events(path, argument), "event files of TensorBoard", path.name, argument)
    if is_checkpoint(path):
        return entries_of_checkpoints([[path]], argument)
    if _is_old(path):
        open_archive(path, argument)
    rows = rows_of(path, argument, sure=sure)
    if rows is None or not (sure or rows.sure):
        return None
    told = _of_log(rows.log(), rows.what, path.name, argument)
    if rows.sure and rows.what.startswith("a CSV"):
        told[1].append("a log of training, checked as a run (--as table checks it as a table)")
    return told


def _is_old(path: Path) -> bool:
    """Whether a file is one of the old format of ``torch.save``, which is refused in its own words."""
    try:
        with path.open("rb") as file:
            return file.read(len(OLD)) == OLD
    except OSError:
        return False


def _folder(path: Path, argument: str) -> Told | None:
    """The folder of a run: its log and its checkpoints, where it has them."""
    parts = [told for told in (_log_in(path, argument), _checkpoints_in(path, argument)) if told is not None]
    if not parts:
        return None
    entries, notes = parts[0]
    for more, said in parts[1:]:
        entries += more[1:]
        notes += said
    return entries, notes


def _log_in(path: Path, argument: str) -> Told | None:
    if event_files(path) or (runs_below(path) and not (path / "metrics.csv").is_file()):
        return _of_log(log_of_events(path, argument), "event files of TensorBoard", path.name, argument)
    states = sorted(path.glob("checkpoint-*/trainer_state.json"), key=lambda p: p.stat().st_mtime)
    for file in [*(path / name for name in LOGS), *states[-1:]]:
        rows = rows_of(file, argument) if file.is_file() else None
        if rows is not None and rows.sure:
            return _of_log(rows.log(), rows.what, file.name, argument)
    return None


def _checkpoints_in(path: Path, argument: str) -> Told | None:
    groups = checkpoints_in(path, argument) or (
        checkpoints_in(path / "checkpoints", argument) if (path / "checkpoints").is_dir() else []
    )
    return entries_of_checkpoints(groups, argument) if groups else None


def _of_log(log: Log, what: str, label: str, argument: str) -> Told:
    if not log.tells:
        raise InputError(
            f"{argument}: expected a log with numbers by step or epoch, got {quoted(label)}, which has none; name the "
            "file that holds the loss"
        )
    entries = entries_of_log(log, what)
    return entries, [f"read as {what}", *log.notes]


def _source(
    entries: list[Entry], notes: list[str], label: str, argument: str = "data", path: str | None = None
) -> Source:
    lines = [line_of(entry) for entry in entries]
    return replace(from_lines(lines, label, tuple(notes)), path=path, argument=argument)
