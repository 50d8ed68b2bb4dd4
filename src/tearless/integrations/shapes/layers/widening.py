"""The layer before made wider: where what it gives is what does not fit, and nothing about the next one is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

from tearless.integrations.shapes.operations.modules import Asked
from tearless.linear_algebra.shapes import Clash, Operation, Repair, Shape, results

from .made import Made
from .made_at import made_at
from .places import Placed, place_of
from .producers import produced_by
from .words import Words

_GIVES = ("out_features", "out_channels")


def widened(clash: Clash, operation: Operation, asked: Asked, layer: Any) -> Clash:
    """The same clash, with the repairs that give the layer before another number of outputs.

    ``layer`` gave the first operand. Every one is tried by the rule.
    """
    name = next((one for one in _GIVES if isinstance(getattr(layer, one, None), int)), "")
    first = operation.operands[0].shape
    axis = len(first) - 1 if name == "out_features" else max(1, len(first) - 3)
    if not name or clash.kind != "shape" or axis >= len(first) or first[axis] != getattr(layer, name):
        return clash

    def repairs() -> list[Repair]:
        found = [_tried(operation, axis, size, name) for size in _sizes(operation, asked, axis)]
        return [*clash.repairs, *(one for one in found if one is not None)]

    return Clash(clash.says, clash.law, clash.marks, repairs, clash.kind, clash.operation)


def _sizes(operation: Operation, asked: Asked, axis: int) -> list[int]:
    here = operation.operands[0].shape[axis]
    if operation.rule == "pixel_shuffle" and isinstance(here, int):
        square = int(asked.settings.get("factor", 1)) ** 2
        return [-(-here // square) * square]
    if operation.rule != "loss" or len(operation.operands) < 2:
        return []
    other = operation.operands[1].shape
    return [size for size in other[axis : axis + 1] if isinstance(size, int) and size != here]


def _tried(operation: Operation, axis: int, size: int, name: str) -> Repair | None:
    first = operation.operands[0]
    shape: Shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    try:
        gives = results(replace(operation, operands=(replace(first, shape=shape), *operation.operands[1:])))[0]
    except (Clash, KeyError):
        return None
    return Repair(f"the layer before gives {size}", gives, layer={name: str(size)})


def layer_before(asked: Asked, words: Words, above: Sequence[FrameType]) -> tuple[Any, Made | None]:
    """The layer that gave the first operand, and where it is made."""
    layer = produced_by(asked.takes[0][1], above) if asked.takes else None
    if layer is None:
        return None, None
    place: Placed = place_of(layer, above, (), words)
    return layer, made_at(place, layer)
