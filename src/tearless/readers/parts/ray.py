"""Ray: its datasets, streamed here block after block."""

from __future__ import annotations

from typing import Any

from tearless.core import InputError
from tearless.readers.record_batches import batches_source
from tearless.readers.source import Source, batch_rows


def open_ray(data: Any, argument: str) -> Source:
    """A Ray dataset as a source; it runs anew each time it is read. Raises ``InputError`` where it has no columns."""
    schema = data.schema()
    if schema is None or not schema.names:
        raise InputError(f"{argument}: expected at least one column, got a Ray dataset that has none; give it columns")
    size = batch_rows(len(schema.names))
    made = schema.base_schema
    return batches_source(
        "a Ray dataset", made, lambda: data.iter_batches(batch_format="pyarrow", batch_size=size), argument
    )
