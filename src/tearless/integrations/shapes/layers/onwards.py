"""Which repair of a layer suits the layers behind it: what it gives must be what the next one takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tearless.linear_algebra.shapes import Clash, Repair

from .places import children

_TAKES = ("in_features", "in_channels", "num_features", "num_channels", "input_size", "embed_dim")
_GIVES = ("out_features", "out_channels")


def onwards(clash: Clash, layer: Any, model: Any) -> Clash:
    """The same clash; repairs that leave the next layer of the model without what it takes come last."""
    wanted = next((size for size in map(takes_of, _after(layer, model)) if size is not None), None)
    given = next((getattr(layer, name) for name in _GIVES if isinstance(getattr(layer, name, None), int)), None)
    if wanted is None or given is None:
        return clash

    def breaks(repair: Repair) -> bool:
        new = next((repair.layer[name] for name in _GIVES if name in repair.layer), None)
        return new is not None and given == wanted and new != str(wanted)

    return Clash(
        clash.says, clash.law, clash.marks, lambda: sorted(clash.repairs, key=breaks), clash.kind, clash.operation
    )


def takes_of(layer: Any) -> int | None:
    """The number of features or channels that a layer takes; ``None`` for one that takes any."""
    for name in _TAKES:
        size = getattr(layer, name, None)
        if isinstance(size, int):
            return size
    shape = getattr(layer, "normalized_shape", None)
    return shape[-1] if isinstance(shape, tuple) and shape else None


def _after(layer: Any, model: Any) -> Iterator[Any]:
    """The modules of a model that are made after a layer, in order."""
    behind = False
    for one in _all(model):
        if behind:
            yield one
        behind = behind or one is layer


def _all(model: Any, most: int = 5000) -> Iterator[Any]:
    stack: list[Any] = [model]
    seen: set[int] = set()
    while stack and len(seen) < most:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        stack += list(children(one).values())[::-1]
