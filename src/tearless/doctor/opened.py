"""The table that a command is given, as it is to be measured: by this process, by an engine, or file by file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tearless.readers import open_table
from tearless.readers.parts.open import Engine, files_on
from tearless.readers.source import Source


def table(
    data: Any,
    argument: str,
    null: Sequence[str] = (),
    engine: Engine | None = None,
    skip_unreadable: bool = False,
) -> Source:
    """The table, and where an engine is named or unreadable files are to be left out, as parts.

    >>> table({"a": [1, 2]}, "data").schema.names()
    ['a']
    """
    source = open_table(data, argument, null=null)
    if engine is None and not skip_unreadable:
        return source
    return files_on(engine, source, argument, skip_unreadable)
