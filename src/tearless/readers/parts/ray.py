"""Ray: its datasets, streamed here block after block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tearless.core import InputError
from tearless.readers.record_batches import batches_source
from tearless.readers.source import Source, batch_rows


def open_ray(data: Any, argument: str) -> Source:
    """A Ray dataset as a source; it runs anew each time it is read. Raises ``InputError`` where it has no columns."""
    declared = data.schema()
    if declared is None or not declared.names:
        raise InputError(f"{argument}: expected at least one column, got a Ray dataset that has none; give it columns")
    size = batch_rows(len(declared.names))

    def batches() -> Iterator[Any]:
        for batch in data.iter_batches(batch_format="pyarrow", batch_size=size):
            yield batch if batch.schema.equals(schema) else batch.select(schema.names).cast(schema)

    schema = _types(data.iter_batches(batch_format="pyarrow", batch_size=size))
    if schema is None:
        schema = declared.base_schema
    return batches_source("a Ray dataset", schema, batches, argument)


def _types(batches: Iterator[Any]) -> Any:
    """The Arrow schema of the first batch; a column with no value there has the type of the first batch with one."""
    schema = None
    for batch in batches:
        schema = batch.schema if schema is None else schema
        empty = [j for j, kind in enumerate(schema.types) if str(kind) == "null"]
        for j in empty:
            schema = schema.set(j, batch.schema.field(schema.names[j]))
        if "null" not in map(str, schema.types):
            break
    return schema.remove_metadata() if schema is not None else None
