"""A calibrator kept in a file with the classes it is of, read again, and applied to other rows."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, listed, quoted, visible
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats
from tearless.probability.calibration.mending import from_json
from tearless.probability.predictions import CONFIDENCE, OF_CLASS, RIGHT, WRONG

from .mended import Mendings, setting

MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A calibrator with the names of its classes, the positive one of two last; no names where none are known."""

    calibrator: Calibrator
    names: tuple[str, ...] = ()


def write_kept(path: str, calibrator: Calibrator, method: str, names: tuple[str, ...], found: Mendings) -> str:
    """Keep a calibrator as JSON, whole or not at all, and say so. Raises ``InputError`` where that cannot be done."""
    record = json.loads(calibrator.to_json())
    record |= {"names": list(names), "rows": found.all_rows}
    gain = next((m.gain for m in found.tried if m.method == method), None)
    if gain is not None:
        record["log_loss_falls_by"] = {"value": gain.value, "low": gain.low, "high": gain.high, "level": gain.level}
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, part = tempfile.mkstemp(dir=folder, prefix=".calibrator-", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            os.chmod(part, 0o644)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as refusal:
        raise InputError(
            f"--save: expected a file that can be written, got {quoted(path)} ({refusal.strerror}); name another"
        ) from None
    return f"{setting(calibrator)}, fitted to all {found.all_rows:,} rows, is kept in {visible(path, 120)}"


def kept(given: Any) -> Kept:
    """A calibrator by its file, its JSON text, or itself. Raises ``InputError`` for anything else.

    >>> from tearless.probability.calibration.temperature_scaling import Temperature
    >>> kept(Temperature(2, 0.5).to_json()).calibrator
    Temperature(classes=2, sharpness=0.5)
    """
    if isinstance(given, (Kept, Calibrator)):
        return given if isinstance(given, Kept) else Kept(given)
    if not isinstance(given, (str, os.PathLike)):
        got = quoted(type(given).__name__)
        raise InputError(
            f"calibrator: expected the path of a kept calibrator, or one in memory, got {got}; name a file"
        )
    text = os.fspath(given)
    if not text.lstrip().startswith("{"):
        text = _read(text)
    calibrator = from_json(text)
    names = json.loads(text).get("names")
    sound = isinstance(names, list) and len(names) == calibrator.classes and all(isinstance(n, str) for n in names)
    return Kept(calibrator, tuple(names) if sound and len(set(names)) == len(names) else ())


def _read(path: str) -> str:
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError(f"calibrator: expected a kept calibrator, got {quoted(path)}, which is far too large")
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as refusal:
        why = getattr(refusal, "strerror", None) or "no text"
        raise InputError(
            f"calibrator: expected the file of a kept calibrator, got {quoted(path)} ({why}); keep one with --save"
        ) from None


def applied(own: Kept, canonical: pl.DataFrame) -> tuple[tuple[str, ...], Floats]:
    """The names of the classes and their mended probabilities, (n, k); nan where a row has a hole."""
    if CONFIDENCE in canonical.columns:
        p = _values(canonical[CONFIDENCE])
        names: tuple[str, ...]
        names, table = (WRONG, RIGHT), np.column_stack([1 - p, p])
    else:
        names = tuple(c.removeprefix(OF_CLASS) for c in canonical.columns if c.startswith(OF_CLASS))
        table = np.column_stack([_values(canonical[OF_CLASS + name]) for name in names])
    wanted = own.names or names
    if set(wanted) != set(names):
        raise InputError(
            f"--apply: expected probabilities of the classes {listed(wanted)}, got {listed(names)}; name the columns "
            "after the classes, or the positive class with --positive"
        )
    if len(names) != own.calibrator.classes:
        raise InputError(
            f"--apply: expected {own.calibrator.classes} classes, as fitted, got {len(names)}; give the same "
            "kind of table"
        )
    table = table[:, [names.index(name) for name in wanted]]
    whole = ~np.isnan(table).any(axis=1)
    out = np.full(table.shape, np.nan)
    if whole.any():
        rows = table[whole]
        out[whole] = own.calibrator.apply(rows / rows.sum(axis=1, keepdims=True))
    return wanted, out


def _values(column: pl.Series) -> Floats:
    return np.asarray(column.cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)
