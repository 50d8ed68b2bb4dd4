"""Library functions that look at their arguments themselves: what they compare, as an operation of a rule."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tearless.integrations.shapes.operations.held import spec_of
from tearless.linear_algebra.shapes import Clash, Operand, Operation, Repair, Shape, results
from tearless.linear_algebra.shapes.rules.layer_repairs import template_of

from .calls import LayerCall
from .library_frames import is_module
from .made_at import made_at
from .places import place_of
from .remaking import Remade
from .words import Words

LAW_ROWS = "arrays of one data set hold a sample in each row: their first axes must be equal"
LAW_LENGTHS = "padded sequences are (length, batch, ...), batch first where it says so, and each has one length"
LAW_MODEL = "the last axis of src and of tgt is the d_model of the layer, and both have one batch"


@dataclass(frozen=True, slots=True)
class Shaped:
    """Something that has a shape and is no array: a distribution."""

    shape: Shape
    dtype: str = ""


def of_whole(words: Words, above: Sequence[FrameType], below: Sequence[FrameType]) -> LayerCall | None:
    """The clash that a library's own function found by looking; ``None`` where it was none of those known here."""
    for frame in below:
        look = _LOOKS.get((str(frame.f_globals.get("__name__", "")), frame.f_code.co_name))
        told = look(frame, words, above) if look is not None else None
        if told is not None:
            return told
    return None


def _by_rule(rule: str, values: Sequence[tuple[str, Any]], words: Words, **settings: Any) -> LayerCall | None:
    operands: list[Operand] = []
    nodes: list[ast.expr | None] = []
    for role, value in values:
        name, node = words.of(value, nodes) or (role, None)
        spec = spec_of(value)
        operands.append(spec.named(name) if spec is not None else Operand(name, tuple(value.shape)))
        nodes.append(node)
    operation = Operation(rule, tuple(operands), settings, words.parts(nodes))
    try:
        results(operation)
    except Clash as clash:
        return LayerCall(operation, tuple(nodes), clash, remade=Remade(None, operation, tuple(nodes)))
    return None


def _broadcast(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    del above
    values = frame.f_locals.get("tensors", ())
    values = values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
    return _by_rule("broadcast", [(f"operand {i}", one) for i, one in enumerate(values)], words)


def _padded(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    del above
    values = frame.f_locals.get("sequences")
    if not isinstance(values, list | tuple):
        return None
    return _by_rule("cat", [(f"sequence {i}", one) for i, one in enumerate(values)], words, axis=0)


def _packed(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    """Padded sequences beside their lengths."""
    del above
    value, lengths = frame.f_locals.get("input"), frame.f_locals.get("lengths")
    first = bool(frame.f_locals.get("batch_first"))
    specs = [spec_of(value), spec_of(lengths)]
    if specs[0] is None or specs[1] is None or len(specs[0].shape) < 2 or len(specs[1].shape) != 1:
        return None
    at = 0 if first else 1
    nodes: list[ast.expr | None] = []
    operands = []
    for role, one, spec in (("input", value, specs[0]), ("lengths", lengths, specs[1])):
        name, node = words.of(one, nodes) or words.by_role(role, one) or (role, None)
        nodes.append(node)
        operands.append(spec.named(name))
    count, there = operands[1].shape[0], operands[0].shape
    if there[at] == count:
        return None
    operation = Operation("pack", tuple(operands), {}, words.parts(nodes))
    says = f"{operands[0]} has {there[at]} sequences on axis {at}, {operands[1]} has {count}: one for each is needed"
    text = template_of(operation, {})
    repairs = []
    if not first and there[0] == count and text.endswith(")") and "batch_first" not in text:
        because = f"{operands[0].name} is (batch, length, ...)"
        repairs.append(Repair(because, text=f"{text[:-1]}, batch_first=True)"))
    clash = Clash(says, LAW_LENGTHS, ((0, at), (1, 0)), lambda: repairs, "shape", operation)
    return LayerCall(operation, tuple(nodes), clash, remade=Remade(None, operation, tuple(nodes)))


def _drawn(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    """A value beside a distribution."""
    del above
    me, value = frame.f_locals.get("self"), frame.f_locals.get("value")
    sizes = [tuple(getattr(me, name, ())) for name in ("_batch_shape", "_event_shape")]
    said = words.of(me)
    if spec_of(value) is None:
        return None
    shaped = Shaped(sizes[0] + sizes[1])
    return _by_rule("broadcast", [("value", value), (said[0] if said else type(me).__name__, shaped)], words)


def _data_set(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    del above
    values = frame.f_locals.get("tensors", ())
    specs = [spec_of(one) for one in values]
    if any(one is None or not one.shape for one in specs) or len(values) < 2:
        return None
    nodes: list[ast.expr | None] = []
    operands = []
    for i, value in enumerate(values):
        name, node = words.of(value, nodes) or (f"tensors[{i}]", None)
        nodes.append(node)
        operands.append(specs[i].named(name))  # type: ignore[union-attr]
    at = next((i for i, one in enumerate(operands) if one.shape[0] != operands[0].shape[0]), None)
    if at is None:
        return None
    operation = Operation("rows", tuple(operands), {}, words.parts(nodes))
    first, other = operands[0], operands[at]
    says = f"{first} has {first.shape[0]} rows, {other} has {other.shape[0]}: they must be equal"
    clash = Clash(says, LAW_ROWS, ((0, 0), (at, 0)), lambda: _rows_mended(operands), "shape", operation)
    return LayerCall(operation, tuple(nodes), clash)


def _rows_mended(operands: Sequence[Operand]) -> list[Repair]:
    count = min(int(one.shape[0]) for one in operands)  # type: ignore[arg-type]
    rest = {one.shape[1:] for one in operands}
    found = []
    for turned in operands:
        others = {one.shape[0] for one in operands if one is not turned}
        if len(turned.shape) == 2 and others == {turned.shape[1]} and len(rest) > 1:
            at = list(operands).index(turned)
            found.append(Repair(f"{turned.name} is kept the other way round", None, operands={at: "{}.T"}))
    longer = {i: f"{{}}[:{count}]" for i, one in enumerate(operands) if one.shape[0] != count}
    return [*found, Repair(f"the first {count} rows belong together", None, operands=longer)]


def _model(frame: FrameType, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    """``nn.Transformer``, which compares what it is given with its ``d_model``."""
    me = frame.f_locals.get("self")
    pair = [(role, frame.f_locals.get(role)) for role in ("src", "tgt")]
    specs = [spec_of(value) for _, value in pair]
    wide = getattr(me, "d_model", None)
    if not is_module(me) or not isinstance(wide, int) or any(one is None or len(one.shape) < 2 for one in specs):
        return None
    nodes: list[ast.expr | None] = []
    operands = []
    for (role, value), spec in zip(pair, specs, strict=True):
        name, node = words.of(value, nodes) or (role, None)
        nodes.append(node)
        operands.append(spec.named(name))  # type: ignore[union-attr]
    operation = Operation("transformer", tuple(operands), {"d_model": wide}, words.parts(nodes))
    place = place_of(me, above, (frame,), words)
    made = made_at(place, me)
    clash = _model_clash(operation, wide, bool(getattr(me, "batch_first", False)))
    remade = Remade(made, operation, tuple(nodes))
    where = made.where() if made is not None else None
    if clash is None:
        return None
    return LayerCall(operation, tuple(nodes), clash, place.path, type(me).__name__, where, remade)


def _model_clash(operation: Operation, wide: int, first: bool) -> Clash | None:
    src, tgt = operation.operands
    marks = [(i, len(one.shape) - 1) for i, one in enumerate((src, tgt)) if one.shape[-1] != wide]
    if marks:
        one = operation.operands[marks[0][0]]
        says = f"{one} has {one.shape[-1]} on axis {len(one.shape) - 1}, the layer's d_model is {wide}: must be equal"
        both = src.shape[-1] == tgt.shape[-1]
        more = (
            [Repair(f"src and tgt have {src.shape[-1]} features", layer={"d_model": str(src.shape[-1])})]
            if both
            else []
        )
        return Clash(says, LAW_MODEL, marks, lambda: more, "shape", operation)
    axis = 0 if first else 1
    if len(src.shape) == len(tgt.shape) == 3 and src.shape[axis] != tgt.shape[axis]:
        says = f"{src} and {tgt} have {src.shape[axis]} and {tgt.shape[axis]} samples on axis {axis}: must be equal"
        other = src.shape[1 - axis] == tgt.shape[1 - axis]
        because = f"its inputs are ({'length, batch' if first else 'batch, length'}, features)"
        turned = [Repair(because, layer={"batch_first": str(not first)})] if other else []
        return Clash(says, LAW_MODEL, ((0, axis), (1, axis)), lambda: turned, "shape", operation)
    return None


_LOOKS: dict[tuple[str, str], Callable[[FrameType, Words, Sequence[FrameType]], LayerCall | None]] = {
    ("torch.functional", "broadcast_tensors"): _broadcast,
    ("torch.nn.utils.rnn", "pad_sequence"): _padded,
    ("torch.nn.utils.rnn", "pack_padded_sequence"): _packed,
    ("torch.distributions.distribution", "_validate_sample"): _drawn,
    ("torch.utils.data.dataset", "__init__"): _data_set,
    ("torch.nn.modules.transformer", "forward"): _model,
}
