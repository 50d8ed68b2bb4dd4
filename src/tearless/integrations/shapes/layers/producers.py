"""Which layer made an array: told by the record that PyTorch keeps for the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from .library_frames import is_module
from .places import children

MOST_STEPS = 64
MOST_MODULES = 5000


def produced_by(value: Any, frames: Sequence[FrameType]) -> Any:
    """The last layer with parameters on the way to an array, among the modules in reach; ``None`` for none."""
    owners = {
        id(parameter): module
        for module in _modules(frames)
        for parameter in vars(module).get("_parameters", {}).values()
        if parameter is not None
    }
    return next((owners[id(one)] for one in _parameters(value) if id(one) in owners), None)


def _parameters(value: Any) -> Iterator[Any]:
    """The parameters that an array was worked out from, the nearest first."""
    row = [getattr(value, "grad_fn", None)]
    seen = 0
    while row and seen < MOST_STEPS:
        after = []
        for step in row:
            if step is None:
                continue
            seen += 1
            variable = getattr(step, "variable", None)
            if variable is not None:
                yield variable
            after += [one for one, _ in getattr(step, "next_functions", ())]
        row = after


def _modules(frames: Sequence[FrameType]) -> Iterator[Any]:
    stack = [value for frame in frames for value in list(frame.f_locals.values()) if is_module(value)]
    seen: set[int] = set()
    while stack and len(seen) < MOST_MODULES:
        module = stack.pop()
        if id(module) not in seen:
            seen.add(id(module))
            yield module
            stack += [one for one in children(module).values() if one is not None]
