"""Excel workbooks, through fastexcel (calamine)."""

from __future__ import annotations

import importlib
import importlib.util
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tearless.core import InputError, quoted, visible

from .memory import source_of_frame
from .names import distinct_names
from .source import Source

LARGEST_SHEETS = 1 << 30
"""Bytes that the sheets of a workbook may inflate to."""


def open_excel(file: Path, label: str, argument: str, notes: Sequence[str] = ()) -> Source:
    """The first sheet of a workbook, read whole.

    Raises ``InputError`` where the extra ``excel`` is not installed, the workbook cannot be read, or it inflates to
    more than 1 GiB.
    """
    if importlib.util.find_spec("fastexcel") is None:
        raise InputError(
            f"{argument}: expected a file that can be read here, got the Excel workbook {label}; "
            '`pip install "tearless[excel]"`, or save it as CSV'
        )
    _check_size(file, label, argument)
    fastexcel: Any = importlib.import_module("fastexcel")
    try:
        book = fastexcel.read_excel(str(file))
        names = list(book.sheet_names)
        frame: pl.DataFrame = book.load_sheet(0).to_polars()
    except Exception as fault:  # noqa: BLE001 - the library's own errors share no base with Python's
        raise InputError(
            f"{argument}: expected an Excel workbook that can be read, got {label} "
            f"({visible(str(fault).splitlines()[0] if str(fault) else type(fault).__name__, 120)}); save it as CSV"
        ) from None
    if frame.width == 0:
        raise InputError(
            f"{argument}: expected a table in the first sheet of {label}, got an empty sheet; move it first"
        )
    words = [f"read from the first of {len(names)} sheets, {quoted(names[0])}"] if len(names) > 1 else []
    tidy, more = distinct_names([name if not name.startswith("__UNNAMED__") else "" for name in frame.columns])
    frame = frame.rename(dict(zip(frame.columns, tidy, strict=True)))
    source = source_of_frame(frame, label, argument, (*notes, *words, *more))
    return Source(label, source.rows, source.notes, str(file), argument=argument)


def _check_size(file: Path, label: str, argument: str) -> None:
    """An ``.xlsx`` is a zip archive: what it inflates to is checked first."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        declared = sum(info.file_size for info in archive.infolist())
    if declared > LARGEST_SHEETS:
        raise InputError(
            f"{argument}: expected a workbook of at most {LARGEST_SHEETS >> 30} GiB, got {label}, which inflates to "
            f"{declared:,} bytes; save the sheet as CSV or Parquet"
        )
