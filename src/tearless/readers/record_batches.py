"""Tables that come as Arrow record batches: a reader's, or those of a query that runs anew each time it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl

from tearless.core import InputError, listed, visible

from .names import distinct_names
from .normal import normal
from .source import Source, from_frames

Batches = Callable[[], Iterable[Any]]
"""Makes the record batches of a table, in order."""


def batches_source(label: str, schema: Any, make: Batches, argument: str, once: bool = False) -> Source:
    """A table whose rows ``make`` yields as record batches of the Arrow ``schema``; none is kept.

    Intervals of months and days are no length of time: such columns are left out, and said. Raises ``InputError`` where
    no column is left.
    """
    names, words = distinct_names(schema.names)
    kept = [j for j, kind in enumerate(schema.types) if "interval" not in str(kind)]
    if len(kept) < len(names):
        words.append(f"{listed([n for j, n in enumerate(names) if j not in kept])} left out: intervals are not checked")
    own = [names[j] for j in kept]

    def shaped(batch: Any) -> pl.DataFrame:
        return pl.DataFrame(batch.select(kept).rename_columns(own))

    first = schema.empty_table()
    made = normal(shaped(first).schema if kept else pl.Schema(), argument, label)

    def each() -> Iterator[pl.DataFrame]:
        batches = make()
        try:
            for batch in batches:
                yield made.of(shaped(batch))
        finally:
            close = getattr(batches, "close", None)
            if close:
                close()

    def frames() -> Iterator[pl.DataFrame]:
        return told_in_words(each(), label, argument)

    rows = from_frames(frames, made.schema)
    return Source(label, rows, (*words, *made.notes), argument=argument, frames=frames, once=once)


def told_in_words(frames: Iterator[pl.DataFrame], label: str, argument: str) -> Iterator[pl.DataFrame]:
    """The same frames; what a foreign library raises on the way becomes ``InputError``."""
    try:
        yield from frames
    except InputError:
        raise
    except Exception as fault:
        reason = visible((str(fault).strip() or type(fault).__name__).splitlines()[0], 160)
        raise InputError(
            f"{argument}: expected a table that can be read to its end, got {label}, which failed "
            f"({type(fault).__name__}: {reason}); run it by itself to see more"
        ) from fault


def read_once(label: str, argument: str, batches: Iterable[Any]) -> Batches:
    """What hands out batches that can be read but once; the second time it raises ``InputError``."""
    left = [batches]

    def make() -> Iterable[Any]:
        if not left:
            raise InputError(
                f"{argument}: expected a reader that was not read yet, got {label} at its end; make it anew"
            )
        return left.pop()

    return make
