"""Layers that refused what they were given, and library functions written in Python: which, on what, and where made."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType, TracebackType
from typing import Any

from tearless.linear_algebra.shapes import RULES, Clash, Edit, Operand, Operation, Repair, Where, results

from .backwards import of_backward
from .batches import of_batch
from .calls import LayerCall
from .library_frames import function_at_work, is_module, layer_at_work, spoken
from .made_at import Made, made_of
from .modules import Asked
from .onwards import onwards
from .places import place_of
from .producers import produced_by
from .ranges import clash_of_values
from .state_dicts import of_state_dict
from .values import spec_of
from .words import Words

__all__ = ["LayerCall", "model_path", "of_call"]
_LAYERS = {"{}.flatten(1)": "Flatten()", "{}.flatten(start_dim=1)": "Flatten()", "{}.flatten(2)": "Flatten(2)"}
"""Code hung onto an operand, as a layer that does the same in a row of layers."""


def of_call(
    error: BaseException,
    trail: Sequence[TracebackType],
    at: int,
    call: ast.expr | None,
    text: Callable[[ast.expr], str] = ast.unparse,
) -> LayerCall | None:
    """What library code written in Python was at, when a call in the reader's line failed; ``None`` for other errors.

    ``trail`` holds every entry of the error's traceback, the outermost first; ``trail[at]`` is the reader's failing
    line, all below are of libraries. ``call`` is the expression at work there (a call, or a ``for`` loop's iterable),
    ``text`` gives an expression as it stands in the reader's file. Nothing is called or changed; it never raises for
    odd objects.
    """
    frames = [one.tb_frame for one in trail]
    above, below = frames[: at + 1], frames[at + 1 :]
    if not below:
        return None
    words = Words(spoken(call, below, text), above[-1], call, text)
    for special in (of_state_dict, of_batch, of_backward):
        told = special(error, words, above, below)
        if told is not None:
            return told
    work = layer_at_work(below)
    asked = work.asked() if work is not None else None
    if work is not None and asked is not None:
        return _of_layer(error, work.layer, asked, words, above, below)
    function = function_at_work(below)
    return _of_function(error, *function, words, above) if function is not None else None


def model_path(trail: Sequence[TracebackType], at: int) -> tuple[str, str]:
    """The path and the type of the innermost module whose own code is at ``trail[at]``; empty where there is none."""
    frames = [one.tb_frame for one in trail[: at + 1]]
    me = frames[-1].f_locals.get("self") if frames else None
    if not is_module(me):
        return "", ""
    return place_of(me, frames[:-1], [], Words([], frames[-1])).path, type(me).__name__


def _of_layer(
    error: BaseException, layer: Any, asked: Asked, words: Words, above: list[FrameType], below: list[FrameType]
) -> LayerCall:
    place = place_of(layer, above, below, words)
    operation, nodes = operation_of(asked, words, place.path, layer)
    made = made_of(place.chain, layer, place.root, place.name)
    remade = Remade(_changed(error, asked, words, above) or made, nodes)
    clash = clash_of(error, operation, asked, remade)
    if clash is not None and place.chain:
        clash = onwards(clash, layer, place.chain[0][0])
    where = made.where() if made is not None else None
    return LayerCall(operation, nodes, clash, place.path, type(layer).__name__, where, remade)


def _of_function(
    error: BaseException, name: str, asked: Asked, words: Words, above: list[FrameType]
) -> LayerCall:
    operation, nodes = operation_of(asked, words, name, None)
    remade = Remade(_changed(error, asked, words, above), nodes)
    return LayerCall(operation, nodes, clash_of(error, operation, asked, remade), remade=remade)


def _changed(error: BaseException, asked: Asked, words: Words, above: list[FrameType]) -> Made | None:
    """Where the layer is made that gave a loss its scores: that one is changed where classes are too few."""
    if asked.rule != "loss" or not isinstance(error, IndexError):
        return None
    layer = produced_by(asked.takes[0][1], above)
    if layer is None:
        return None
    place = place_of(layer, above, (), words)
    return made_of(place.chain, layer, place.root, place.name)


def operation_of(asked: Asked, words: Words, path: str, layer: Any) -> tuple[Operation, tuple[ast.expr | None, ...]]:
    """The operation that a layer or a function asked for, in the reader's words, and where its operands stand."""
    operands, nodes = [], []
    for role, value in asked.takes:
        own = layer is not None and getattr(layer, role, None) is value
        name, node = (f"{path}.{role}", None) if own else words.of(value) or (f"{role} of {path}", None)
        spec = spec_of(value)
        operands.append(spec.named(name) if spec is not None else Operand(name, tuple(value.shape)))
        nodes.append(node)
    parts = words.parts(nodes)
    return Operation(asked.rule, tuple(operands), asked.settings, parts), tuple(nodes)


def clash_of(error: BaseException, operation: Operation, asked: Asked, remade: Remade) -> Clash | None:
    """The clash that the rule finds, or the values, its repairs with a place in the source first."""
    clash: Clash | None = None
    try:
        if operation.rule in RULES:
            results(operation)
        clash = clash_of_values(error, operation, asked)
    except Clash as found:
        clash = found
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    if clash is None:
        return None
    whole = clash
    return Clash(
        whole.says, whole.law, whole.marks, lambda: sorted(whole.repairs, key=remade.lost), whole.kind, operation
    )


@dataclass(frozen=True, slots=True)
class Remade:
    """The edit of a repair where the layer is made, or of a layer put before it."""

    made: Made | None
    nodes: tuple[ast.expr | None, ...]

    def __call__(self, repair: Repair) -> Edit | None:
        if self.made is None:
            return None
        if repair.layer:
            return self.made.edit(repair.layer)
        if list(repair.operands) == [0] and self.nodes and self.nodes[0] is None:
            before = _LAYERS.get(repair.operands[0])
            return self.made.before(before) if before else None
        return None

    def lost(self, repair: Repair) -> bool:
        """Whether a repair has no place in the source."""
        if not repair.layer and all(self.nodes[i : i + 1] != (None,) for i in repair.operands) and not repair.text:
            return False
        if repair.text:
            return bool(self.nodes) and self.nodes[0] is None
        return self(repair) is None
