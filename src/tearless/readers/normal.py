"""Every table in the few types that the checks know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from tearless.core import InputError, listed

from .columns import NESTED

_KEPT = (pl.Boolean, pl.String, pl.Date, pl.Time, pl.Datetime, pl.Duration)


@dataclass(frozen=True, slots=True)
class Normal:
    """How the columns of one table become normal: the expressions that do it (none where nothing is to do)."""

    select: tuple[pl.Expr, ...] | None
    schema: pl.Schema
    notes: tuple[str, ...]

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.select is None else frame.select(self.select)


def normal(schema: pl.Schema, argument: str, label: str) -> Normal:
    """Numbers, booleans, text and times stay; categories become text, decimals float64; nested columns are left out.

    Raises ``InputError`` where no column is left.
    """
    kept: dict[str, pl.Expr | None] = {name: _as_normal(name, dtype) for name, dtype in schema.items()}
    left_out = [name for name, dtype in schema.items() if not _known(dtype)]
    names = [name for name in kept if name not in set(left_out)]
    if not names:
        objects = any(schema[name] == NESTED for name in left_out)
        what = "columns of lists, complex numbers, times of day or other objects" if objects else "nested columns"
        got = f"only {what} ({listed(left_out)})" if left_out else "none"
        raise InputError(
            f"{argument}: expected a table with at least one column of numbers, text, dates or booleans, "
            f"got {got} in {label}; put each number in a column of its own"
        )
    notes = _notes(schema, left_out)
    if not left_out and all(kept[name] is None for name in names):
        return Normal(None, schema, notes)
    select = tuple(pl.col(name) if (e := kept[name]) is None else e for name in names)
    return Normal(select, pl.DataFrame(schema=schema).select(select).schema, notes)


def _known(dtype: pl.DataType) -> bool:
    others = (pl.Categorical, pl.Enum, pl.Binary, pl.Null)
    return dtype.is_numeric() or isinstance(dtype, (*_KEPT, *others))


def _as_normal(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """The expression that makes a column normal, or ``None`` where it is."""
    column = pl.col(name)
    change: dict[type[pl.DataType], Callable[[], pl.Expr]] = {
        pl.Decimal: lambda: column.cast(pl.Float64),
        pl.Float16: lambda: column.cast(pl.Float32),
        pl.Categorical: lambda: column.cast(pl.String),
        pl.Enum: lambda: column.cast(pl.String),
        pl.Null: lambda: column.cast(pl.String),
        pl.Binary: lambda: column.bin.encode("hex"),
    }
    make = change.get(type(dtype))
    return make() if make else None


def _notes(schema: pl.Schema, left_out: list[str]) -> tuple[str, ...]:
    notes = []
    binary = [name for name, dtype in schema.items() if isinstance(dtype, pl.Binary)]
    if left_out:
        notes.append(f"{listed(left_out)} left out: lists, structs and objects are not checked")
    if binary:
        notes.append(f"{listed(binary)}: bytes, read as hexadecimal text")
    return tuple(notes)
