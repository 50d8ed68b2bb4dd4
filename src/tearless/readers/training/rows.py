"""Rows of a log (of a CSV, of JSON lines, of a list in a JSON file) as metrics along the steps of a run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .logs import Log
from .metrics import METRIC_WORDS, role_of, words_of

Row = Mapping[str, Any]
_TENSOR = re.compile(r"tensor\(\s*([^,()\[\]]+?)\s*(?:,[^()]*)?\)")
_PHASE_COLUMNS = frozenset(["mode", "phase", "split", "stage"])
_PHASES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "eval": "val",
           "test": "test"}  # fmt: skip
_TEXTS = re.compile(r"time|date|elapsed|eta|stamp|^(?:mode|phase|split|stage|name|run|job_?id|message|msg|level)$")
LARGEST_STEP = 1 << 53


def number(value: Any) -> float | None:
    """What a cell says as a number, nan and infinity among them; ``None`` where it says none.

    >>> number("0.5"), number("nan"), number(""), number("tensor(0.25, device='cuda:0')"), number(True)
    (0.5, nan, None, 0.25, None)
    """
    if isinstance(value, str):
        found = _TENSOR.fullmatch(value.strip())
        value = found.group(1) if found else value
        try:
            return None if "_" in value else float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def log_of(rows: Sequence[Row]) -> Log:
    """The metrics of some rows, by the step that each row names; by epoch, or by its number, where it names none.

    >>> log_of([{"epoch": 1, "loss": "0.9"}, {"epoch": 2, "loss": "0.7"}]).metrics
    {'loss': {1: 0.9, 2: 0.7}}
    """
    names = names_of(rows)
    column = next((name for name in names if "".join(words_of(name)) in _PHASE_COLUMNS), None)
    phases = [_PHASES.get(str(row.get(column, "")).strip().lower(), "") if column else "" for row in rows]
    steps, unit, notes = _clock(rows, names, phases)
    log = Log(unit=unit, notes=notes)
    counted = {name for name in names if (role := role_of(name)) and role.kind in ("step", "inner")}
    if unit == "epoch":
        counted |= {name for name in names if _kind(name) == "epoch"}
    for row, step, phase in zip(rows, steps, phases, strict=True):
        for name, cell in row.items():
            value = number(cell)
            if value is not None and name not in counted and step is not None:
                log.add(f"{phase}_{name}" if phase and _takes_a_phase(name) else name, step, value)
    return log


def names_of(rows: Sequence[Row]) -> list[str]:
    """The names of all rows, in the order in which they come first."""
    return list(dict.fromkeys(name for row in rows for name in row))


def is_a_log(rows: Sequence[Row]) -> bool:
    """Whether rows are surely a training log and no table of data: by a clock that runs, and by what they measure.

    There must be a loss beside a step or an epoch; whole numbers that rarely fall as the clock, and never back to its
    start; no other text than times and phases; and words of metrics in at least half of the names.

    >>> is_a_log([{"epoch": i, "train_loss": 1 / i, "val_loss": 2 / i} for i in (1, 2, 3)])
    True
    >>> is_a_log([{"age": 31, "loss": 100.0}, {"age": 47, "loss": 0.0}])
    False
    """
    names = names_of(rows)
    clock = _clock_name(names)
    if clock is None or len(rows) < 1 or not any("loss" in words_of(name) for name in names):
        return False
    ticks = [number(row.get(clock)) for row in rows]
    known = [tick for tick in ticks if tick is not None]
    if not known or len(known) * 2 < len(ticks) or not all(_is_tick(tick) for tick in known):
        return False
    if _restarts(known) or _falls(known) > len(known) // 10:
        return False
    spoken = sum(bool(set(words_of(name)) & METRIC_WORDS) for name in names)
    return spoken * 2 >= len(names) and all(_is_measured(rows, name) for name in names)


def _is_measured(rows: Sequence[Row], name: str) -> bool:
    """Whether a column holds numbers and holes alone, or may hold text by its name."""
    if _TEXTS.search(name.lower()):
        return True
    blank = ("", "none", "null", "-", "n/a")
    cells = [row[name] for row in rows if row.get(name) is not None]
    return all(number(c) is not None or (isinstance(c, str) and c.strip().lower() in blank) for c in cells)


def _is_tick(tick: float) -> bool:
    """Whether a number can count steps; epochs may be parts of one."""
    return math.isfinite(tick) and 0 <= tick < LARGEST_STEP


def _falls(ticks: Sequence[float]) -> int:
    return sum(b < a for a, b in pairwise(ticks))


def _restarts(ticks: Sequence[float]) -> bool:
    """Whether the clock falls back to where it began: several runs in one file."""
    return any(b < a and b <= ticks[0] for a, b in pairwise(ticks))


def _kind(name: str) -> str | None:
    role = role_of(name)
    return role.kind if role else None


def _clock_name(names: Sequence[str], kinds: Sequence[str] = ("step", "epoch")) -> str | None:
    """The column that counts: steps rather than epochs."""
    return next((name for kind in kinds for name in names if _kind(name) == kind), None)


def _clock(rows: Sequence[Row], names: Sequence[str], phases: Sequence[str]) -> tuple[list[int | None], str, list[str]]:
    """The step of each row, what is counted, and words about it. A row without one belongs to the row before."""
    name = _clock_name(names)
    if name is None:
        return list(range(1, len(rows) + 1)), "row", ["the log names no step: its rows are counted"]
    ticks = list(_carried(number(row.get(name)) for row in rows))
    inner = _clock_name(names, ("inner",))
    if _kind(name) == "epoch" and inner is not None:
        return _within_epochs(ticks, [number(row.get(inner)) for row in rows]), "step", []
    if _kind(name) == "epoch" and _several_an_epoch(rows, ticks, phases):
        return list(range(1, len(rows) + 1)), "row", ["the log has several rows an epoch and no step: rows are counted"]
    said = []
    known = [tick for tick in ticks if tick is not None]
    if _restarts(known):
        ticks = _last_run(ticks)
        said.append("the log holds several runs, one after the other: the last is read")
    steps = [int(tick) if tick is not None and float(tick).is_integer() else None for tick in ticks]
    return steps, "step" if _kind(name) == "step" else "epoch", said


def _carried(ticks: Iterator[float | None]) -> Iterator[float | None]:
    last: float | None = None
    for tick in ticks:
        last = tick if tick is not None and _is_tick(tick) else last
        yield last


def _last_run(ticks: Sequence[float | None]) -> list[float | None]:
    """The ticks from the last fall back to the start on."""
    first = next((tick for tick in ticks if tick is not None), 0.0)
    begins = 0
    for i in range(1, len(ticks)):
        before, now = ticks[i - 1], ticks[i]
        if before is not None and now is not None and now < before and now <= first:
            begins = i
    return [None] * begins + list(ticks[begins:])


def _several_an_epoch(rows: Sequence[Row], ticks: Sequence[float | None], phases: Sequence[str]) -> bool:
    """Whether one metric comes more than once in an epoch, or epochs are counted in parts."""
    seen: set[tuple[str, str, float]] = set()
    for row, tick, phase in zip(rows, ticks, phases, strict=True):
        if tick is not None and not float(tick).is_integer():
            return True
        for name, cell in row.items():
            if tick is None or _kind(name) != "loss" or number(cell) is None:
                continue
            if (phase, name, tick) in seen:
                return True
            seen.add((phase, name, tick))
    return False


def _within_epochs(epochs: Sequence[float | None], batches: Sequence[float | None]) -> list[int | None]:
    """Steps of a log that counts batches anew in each epoch; rows without a batch come after its last."""
    known = [b for b in batches if b is not None and _is_tick(b)]
    first = min((e for e in epochs if e is not None), default=0.0)
    gaps = [b - a for a, b in pairwise(known) if b > a]
    low, last, gap = min(known, default=0.0), max(known, default=0.0), min(gaps, default=1.0)
    per = last + gap - low if low <= 1 else last
    out: list[int | None] = []
    for epoch, batch in zip(epochs, batches, strict=True):
        within = per if batch is None or not _is_tick(batch) else batch + (low == 0)
        out.append(None if epoch is None else int((epoch - first) * per + within))
    return out


def _takes_a_phase(name: str) -> bool:
    role = role_of(name)
    return role is not None and role.kind in ("loss", "right") and not role.phase
