"""A trace as entries of the fact ``Seen``: its layers, and the operation that did not go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tearless.linear_algebra.shapes.explanation import plain_sizes

from .answer import Told
from .rows import shapes_at
from .traced import LayerCall


def entries_of(told: Told) -> Iterator[dict[str, Any]]:
    """An entry for each call of a layer; then, where the run ended early, the operation that clashed."""
    seen = told.seen
    for i, step in enumerate(seen.shown.traced.steps):
        if isinstance(step, LayerCall):
            yield {
                "kind": "layer",
                "path": step.path,
                "type": step.type,
                "takes": [plain_sizes(shape) for shape in shapes_at(i, step, "takes", told.naming)],
                "gives": [plain_sizes(shape) for shape in shapes_at(i, step, "gives", told.naming)],
                "settings": {name: str(value) for name, value in step.settings.items()},
                "parameters": step.parameters,
                "file": step.at.file if step.at is not None else "",
                "line": step.at.line if step.at is not None else 0,
            }
    if told.explanation is not None:
        yield told.explanation.entry()
