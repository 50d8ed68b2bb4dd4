"""``load_state_dict`` that refused: which parameter has which shape in the file and in the model."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeAlias

from tearless.integrations.shapes.operations.held import library_of, spec_of
from tearless.integrations.shapes.operations.modules import asked_of
from tearless.integrations.shapes.source.bodies import body_of_frame
from tearless.linear_algebra.shapes import Clash, Edit, Operation, Repair

from .calls import LayerCall
from .library_frames import is_module
from .made import Made
from .made_at import made_at
from .places import children, place_of
from .words import Words

Pair: TypeAlias = tuple[str, Any, Any]
"""A parameter's name, what the model holds and what the file holds."""
MOST_NAMES = 12
LAW = "a parameter takes numbers of its own shape"
_SIZES: dict[str, tuple[tuple[str, int], ...]] = {
    "linear": (("out_features", 0), ("in_features", 1)),
    "conv": (("out_channels", 0), ("in_channels", 1)),
    "conv_transpose": (("in_channels", 0), ("out_channels", 1)),
    "embedding": (("num_embeddings", 0), ("embedding_dim", 1)),
    "batch_norm": (("num_features", 0),),
    "instance_norm": (("num_features", 0),),
    "group_norm": (("num_channels", 0),),
}
"""What the axes of a weight are called where the layer is made."""


def of_state_dict(words: Words, above: Sequence[FrameType], below: Sequence[FrameType]) -> LayerCall | None:
    """The first parameter whose shape differs; ``None`` where the error is another."""
    frame = next((one for one in below if one.f_code.co_name == "load_state_dict"), None)
    model = frame.f_locals.get("self") if frame is not None else None
    given = frame.f_locals.get("state_dict") if frame is not None else None
    if frame is None or not is_module(model) or not isinstance(given, Mapping):
        return None
    unlike = [pair for pair in _pairs(model, given) if tuple(pair[1].shape) != tuple(pair[2].shape)]
    if not unlike:
        return None
    name, mine, theirs = unlike[0]
    said = words.of(frame.f_locals.get("state_dict")) or words.of(_original(given, words))
    first = spec_of(mine), spec_of(theirs)
    if first[0] is None or first[1] is None:
        return None
    source = said[0] if said else "state_dict"
    its = words.of(theirs)
    key = json.dumps(name, ensure_ascii=False)
    target, value = first[0].named(name), first[1].named(its[0] if its and its[1] else f"{source}[{key}]")
    nodes = (None, its[1] if its else None)
    operation = Operation("assign", (target, value), parts=words.parts(nodes))
    layer, role = _owner(model, name)
    place = place_of(layer, [*above, frame], (), words)
    made = made_at(place, layer)
    clash = _clash(operation, layer, role, unlike[1:])
    remade = Remade(made, model, unlike, above, words, nodes[1] is not None)
    where = made.where() if made is not None else None
    return LayerCall(operation, nodes, clash, place.path, type(layer).__name__, where, remade)


def _original(given: Mapping[str, Any], words: Words) -> Any:
    """The reader's own dictionary, of which PyTorch took a copy: the one that holds the same tensors."""
    first = next(iter(given.values()), None)
    for one in words.spoken:
        if isinstance(one.value, Mapping) and next(iter(one.value.values()), None) is first:
            return one.value
    return given


def _pairs(model: Any, given: Mapping[str, Any]) -> Iterator[Pair]:
    for name, theirs in given.items():
        layer, role = _owner(model, name)
        mine = None
        for held in ("_parameters", "_buffers"):
            inside = vars(layer).get(held) if layer is not None else None
            mine = inside.get(role) if isinstance(inside, dict) and mine is None else mine
        if library_of(mine) and library_of(theirs):
            yield name, mine, theirs


def _owner(model: Any, name: str) -> tuple[Any, str]:
    """The layer that a dotted name leads to, and the parameter's name there."""
    *way, role = str(name).split(".")
    layer = model
    for key in way:
        layer = children(layer).get(key) if layer is not None else None
    return layer, role


def _clash(operation: Operation, layer: Any, role: str, others: Sequence[Pair]) -> Clash:
    target, value = operation.operands
    mine, theirs = target.shape, value.shape
    marks = [(0, axis) for axis in range(len(mine)) if axis >= len(theirs) or mine[axis] != theirs[axis]]
    marks += [(1, axis) for axis in range(len(theirs)) if axis >= len(mine) or mine[axis] != theirs[axis]]
    more = f"; {len(others)} more differ" if others else ""
    says = f"{target} of the model is given {value}: the shapes must be equal{more}"
    return Clash(says, LAW, marks, lambda: _repairs(operation, layer, role, others), "shape", operation)


def _repairs(operation: Operation, layer: Any, role: str, others: Sequence[Pair]) -> list[Repair]:
    target, value = operation.operands
    found = []
    if all(_turned(mine, theirs) for _, mine, theirs in others) and _lies_turned(target.shape, value.shape):
        found.append(Repair(f"{value.name} is kept as (in, out)", target.shape, operands={1: "{}.T"}))
    sizes = _sizes_of(layer, role, value.shape)
    if sizes:
        found.append(Repair("the parameters come from a model of these sizes", value.shape, layer=sizes))
    return found


def _turned(mine: Any, theirs: Any) -> bool:
    return _lies_turned(tuple(mine.shape), tuple(theirs.shape))


def _lies_turned(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return len(mine) == 2 and tuple(theirs[::-1]) == tuple(mine)


def _sizes_of(layer: Any, role: str, shape: Sequence[Any]) -> dict[str, str]:
    """The settings of a layer whose parameter would have this shape, where they differ from its own."""
    asked = asked_of(layer, {}) if layer is not None else None
    rule = asked.rule if asked is not None else ""
    groups = int(getattr(layer, "groups", 1) or 1)
    pairs = _SIZES.get(rule, ()) if role in ("weight", "bias", "running_mean", "running_var") else ()
    if role == "bias" and rule == "conv_transpose":
        pairs = (("out_channels", 0),)
    if len(shape) < len(pairs):
        pairs = pairs[: len(shape)]
    found = {}
    for name, axis in pairs:
        many = groups if rule.startswith("conv") and axis == 1 else 1
        if axis < len(shape) and getattr(layer, name, None) != shape[axis] * many:
            found[name] = str(shape[axis] * many)
    if rule.startswith("conv") and role == "weight" and len(shape) == len(layer.weight.shape):
        kernel = tuple(shape[2:])
        if kernel != tuple(layer.weight.shape[2:]):
            found["kernel_size"] = str(kernel[0]) if len(set(kernel)) == 1 else str(kernel)
    if rule == "layer_norm":
        found["normalized_shape"] = str(shape[0]) if len(shape) == 1 else str(tuple(shape))
    return found


@dataclass(frozen=True, slots=True)
class Remade:
    """The edit that gives the layers the sizes of the file: one place where all of them take it from, or a layer's.

    For parameters that lie turned, the edit of the dictionary in the failing line. ``written``: the line itself writes
    the parameter, where it is changed.
    """

    made: Made | None
    model: Any
    unlike: Sequence[Pair]
    above: Sequence[FrameType]
    words: Words
    written: bool

    def __call__(self, repair: Repair) -> Edit | None:
        if repair.operands:
            return None if self.written else self._turned()
        if not repair.layer or self.made is None:
            return None
        return self._common() or self.made.edit(repair.layer)

    def _turned(self) -> Edit | None:
        """The dictionary with the parameters turned, in the place of the one in the line."""
        call, body = self.words.call, body_of_frame(self.words.frame)
        if body is None or not isinstance(call, ast.Call) or not call.args or isinstance(call.args[0], ast.Starred):
            return None
        text = body.source.text(call.args[0])
        names = [json.dumps(name, ensure_ascii=False) for name, _, _ in self.unlike]
        if not isinstance(call.args[0], ast.Name | ast.Attribute) or len(names) > MOST_NAMES:
            return None
        turned = ", ".join(f"{name}: {text}[{name}].T" for name in names)
        return Edit(body.source.where(call.args[0]), f"{{**{text}, {turned}}}")

    def _common(self) -> Edit | None:
        """The one number that every layer that differs takes its size from."""
        edits = set()
        for name, _, theirs in self.unlike:
            layer, role = _owner(self.model, name)
            place = place_of(layer, self.above, (), self.words) if layer is not None else None
            made = made_at(place, layer) if place is not None else None
            for setting, size in _sizes_of(layer, role, tuple(theirs.shape)).items():
                edit = made.source_of(setting, size) if made is not None else None
                edits.add(edit)
        return edits.pop() if len(edits) == 1 else None
