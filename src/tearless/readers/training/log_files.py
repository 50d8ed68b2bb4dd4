"""Files of text that log a run: CSV, JSON lines, and the ``trainer_state.json`` of transformers, as rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tearless.core import InputError, visible

from .logs import Log
from .metrics import role_of, words_of
from .rows import Row, is_a_log, log_of

LARGEST = 256 << 20
_HEAD = 1 << 16
_DELIMITERS = ",;\t"
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\r\f\x1b")


@dataclass
class Rows:
    """What a file of text holds: its rows, what it is in words, notes on how it had to be read, and facts beside."""

    rows: Sequence[Row]
    what: str
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def sure(self) -> bool:
        """Whether it is surely a training log: ``trainer_state.json`` always is."""
        return self.what == STATE or is_a_log(self.rows)

    def log(self) -> Log:
        """The metrics along the steps."""
        log = log_of(self.rows)
        log.notes[:0] = self.notes
        log.about |= self.about
        return log


STATE = "a trainer_state.json of transformers"


def rows_of(path: Path, argument: str = "data", *, sure: bool = False) -> Rows | None:
    """The rows of a log of text, ``None`` where its first lines show none of the three, or no names of a log.

    ``sure``: the user says that it is one. Raises ``InputError`` where it is one and is damaged or too large.
    """
    head = _head(path)
    if head is None or not head.strip():
        return None
    name = visible(str(path), 120)
    if head.lstrip()[:1] == b"{":
        if b'"log_history"' in head or path.name == "trainer_state.json":
            return _state(_text(path, name, argument), name, argument)
        if not sure and not _may_be_lines(head):
            return None
        return _json_lines(_text(path, name, argument), name, argument)
    if not sure and not _may_be_csv(head):
        return None
    return _csv(_text(path, name, argument), name, argument)


def _head(path: Path) -> bytes | None:
    """The first bytes of a file that may be text."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    head = head.removeprefix(b"\xef\xbb\xbf")
    odd = len(head) - len(head.translate(None, _CONTROL))
    return head if odd <= max(8, len(head) // 50) and b"\0" not in head else None


def _names_a_log(names: Sequence[str]) -> bool:
    """Whether names hold a clock and a loss, before more of the file is read."""
    kinds = {role.kind for name in names if (role := role_of(name))}
    return bool(kinds & {"step", "epoch"}) and any("loss" in words_of(name) for name in names)


def _may_be_csv(head: bytes) -> bool:
    names, _ = _header(head.decode("utf-8", "replace").lstrip().split("\n", 1)[0])
    return _names_a_log(names)


def _may_be_lines(head: bytes) -> bool:
    """Whether the first lines are objects whose names together are those of a log."""
    names: dict[str, None] = {}
    for line in head.split(b"\n")[:50]:
        row = _object(line.decode("utf-8", "replace"))
        names |= dict.fromkeys(row or ())
    return _names_a_log(list(names))


def _text(path: Path, name: str, argument: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{argument}: expected a log of at most {LARGEST >> 20} MiB, got {name}; cut it")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise InputError(f"{argument}: expected a log that can be read, got {name} ({reason})") from None


def _header(line: str) -> tuple[list[str], str]:
    """The names in the first line of a CSV, and what parts them."""
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        names = next(csv.reader([line.rstrip("\r")], delimiter=delimiter), [])
    except csv.Error:
        names = []
    return [name.strip() for name in names], delimiter


def _csv(text: str, name: str, argument: str) -> Rows:
    lines = text.lstrip().split("\n")
    names, delimiter = _header(lines[0])
    notes: list[str] = []
    torn = len(lines) > 1 and lines[-1].strip() != ""
    if torn and lines[-1].count(delimiter) < len(names) - 1:
        notes.append("the last line is cut short and left out")
        lines.pop()
    rows: list[Row] = []
    odd = 0
    try:
        for cells in csv.reader((line + "\n" for line in lines[1:]), delimiter=delimiter):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                odd += 1
                continue
            rows.append(dict(zip(names, cells, strict=True)))
    except csv.Error as fault:
        raise InputError(
            f"{argument}: expected a CSV log that can be read to its end, got {name}, which is damaged after "
            f"{len(rows):,} rows ({visible(str(fault), 80)}); write it again"
        ) from None
    if odd:
        notes.append(f"{odd:,} lines have more or fewer cells than the header and are left out")
    return Rows(rows, "a CSV log", notes)


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _json_lines(text: str, name: str, argument: str) -> Rows:
    lines = [line for line in text.split("\n") if line.strip()]
    read = [_object(line) for line in lines]
    rows = [row for row in read if row is not None]
    if not rows:
        raise InputError(f"{argument}: expected one JSON object a line, got {name}, which has none; write it again")
    lost = len(read) - len(rows)
    return Rows(rows, "a JSON lines log", [f"{lost:,} lines are no JSON objects and are left out"] if lost else [])


def _state(text: str, name: str, argument: str) -> Rows:
    state = _object(text)
    history = state.get("log_history") if state else None
    if state is None or not isinstance(history, list):
        got = "which is damaged or cut short" if state is None else "which has no list `log_history`"
        raise InputError(f"{argument}: expected {STATE}, got {name}, {got}; copy or write the file again")
    rows = [_without_the_mean(row) for row in history if isinstance(row, dict)]
    known = ("max_steps", "logging_steps", "eval_steps", "train_batch_size", "num_train_epochs")
    about = {key: state[key] for key in known if isinstance(state.get(key), (int, float))}
    return Rows(rows, STATE, [], about)


def _without_the_mean(row: Mapping[str, Any]) -> Row:
    """A row of the history; its last holds the mean loss of the whole run under ``train_loss``, which is no step's."""
    if "train_runtime" not in row:
        return row
    return {("overall_train_loss" if name == "train_loss" else name): value for name, value in row.items()}
