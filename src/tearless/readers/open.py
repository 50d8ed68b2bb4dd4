"""Which reader takes what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from .source import Source


def open_table(data: Any, argument: str = "data") -> Source:
    if isinstance(data, (str, Path)):
        scan = pl.scan_parquet if str(data).endswith(".parquet") else pl.scan_csv
        return Source(str(data), scan(data), path=str(data))
    return Source(f"a {type(data).__name__}", pl.DataFrame(data).lazy())
