"""A source read to its end, as the doctor reads it."""

from __future__ import annotations

from typing import Any

import polars as pl

from tearless.readers import ReadAgain, Source, open_table


def read(data: Any, **options: Any) -> tuple[pl.DataFrame, Source]:
    """The whole table, and the source as it was read in the end."""
    source = open_table(data, **options)
    while True:
        try:
            batches = list(source.batches())
        except ReadAgain as again:
            source = again.source
            continue
        starts = [batch.start for batch in batches]
        sizes = [batch.frame.height for batch in batches]
        assert starts == [sum(sizes[:i]) for i in range(len(sizes))]
        assert all(batch.frame.schema == source.schema for batch in batches)
        return pl.concat([batch.frame for batch in batches]), source
