"""Write the table that the speed and memory figures are measured on: ``python bench/tables.py ROWS FILE.parquet``.

Fifty mixed columns: 31 floats (two with holes, one lognormal, one all but a copy, an exact sum), 10 integers, 9 text
columns of 3 to 243 levels. Written in pieces, so that 100 million rows fit into any memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

PIECE = 131_072


def piece(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Some rows of the table."""
    columns: dict[str, np.ndarray | pl.Series] = {f"f{i}": rng.normal(size=rows) for i in range(31)}
    columns["f3"][rng.random(rows) < 0.3] = np.nan
    columns["f4"][rng.random(rows) < 0.05] = np.nan
    columns["f5"] = np.exp(1.5 * columns["f5"])
    columns["f6"] = columns["f7"] + 0.01 * columns["f6"]
    columns["f8"] = columns["f9"] + columns["f10"] + columns["f11"]
    columns |= {f"i{i}": rng.integers(0, 10 ** (1 + i % 5), rows) for i in range(10)}
    for i in range(9):
        levels = pl.Series([f"level {k}" for k in range(3 * (i + 1) ** 2)])
        columns[f"c{i}"] = levels[rng.integers(0, len(levels), rows)]
    return pl.DataFrame(columns)


def write(path: Path, rows: int, seed: int = 0) -> None:
    """The table in a folder of Parquet files of 131,072 rows each, or in one file if it is no longer than that."""
    rng = np.random.default_rng(seed)
    pieces = (piece(rng, min(PIECE, rows - start)) for start in range(0, rows, PIECE))
    if rows <= 10 * PIECE:
        pl.concat(pieces).write_parquet(path, row_group_size=PIECE)
        return
    path.mkdir(exist_ok=True)
    for i, part in enumerate(pieces):
        part.write_parquet(path / f"{i:05}.parquet")


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
