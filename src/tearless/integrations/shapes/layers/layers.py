"""Layers that refused what they were given, and library functions written in Python: which, on what, and where made."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType, TracebackType
from typing import Any, TypeAlias

from tearless.integrations.shapes.operations.held import spec_of
from tearless.integrations.shapes.operations.modules import Asked, asked_of
from tearless.linear_algebra.shapes import RULES, Clash, Operand, Operation, results

from .backwards import of_backward
from .batches import of_batch
from .calls import LayerCall
from .inner import of_inner
from .library_frames import function_at_work, is_module, layer_at_work, spoken
from .loaders import Loader
from .made_at import made_at
from .onwards import onwards
from .places import place_of
from .ranges import LAW_ONE, clash_of_values
from .remaking import Remade
from .state_dicts import of_state_dict
from .wholes import of_whole
from .widening import layer_before, widened
from .words import Words

Nodes: TypeAlias = tuple[ast.expr | None, ...]
__all__ = ["LayerCall", "model_path", "of_call"]
_PARAMETERS = ("weight", "bias", "running_mean", "pos_weight")


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
    told = of_state_dict(words, above, below) or of_batch(error, words, above, below) or of_backward(words, below)
    if told is not None:
        return told
    found = [one for one in _ways(error, words, above, below) if one is not None]
    sure = next((one for one in found if one.clash is not None), None)
    return sure or of_whole(words, above, below) or of_inner(words, trail, at) or next(iter(found), None)


def _ways(
    error: BaseException, words: Words, above: list[FrameType], below: list[FrameType]
) -> Iterator[LayerCall | None]:
    """The innermost layer that was called, on what it was given and on what hooks made of that; the nearest function.

    A layer that was only moved, loaded or set was given nothing.
    """
    work = layer_at_work(below)
    for given in (work.given, work.inside) if work is not None else ():
        asked = asked_of(work.layer, given) if work is not None and given else None
        if work is not None and asked is not None:
            yield _of_layer(error, work.layer, asked, words, above, below)
    function = function_at_work(below)
    if function is not None:
        yield _of_function(error, *function, words, above)


def model_path(trail: Sequence[TracebackType], at: int) -> tuple[str, str]:
    """The path and the type of the innermost module whose own code is at ``trail[at]``; empty where there is none."""
    frames = [one.tb_frame for one in trail[: at + 1]]
    me = frames[-1].f_locals.get("self") if frames else None
    if not is_module(me):
        return "", ""
    place = place_of(me, frames[:-1], [], Words([], frames[-1]))
    return place.path if place.chain else "", type(me).__name__


def _of_layer(
    error: BaseException, layer: Any, asked: Asked, words: Words, above: list[FrameType], below: list[FrameType]
) -> LayerCall:
    place = place_of(layer, above, below, words)
    direct = below[0].f_locals.get("self") is layer
    operation, nodes = operation_of(asked, words, place.path, layer, direct)
    made = made_at(place, layer)
    clash = clash_of(error, operation, asked)
    where = made.where() if made is not None else None
    if clash is not None and clash.law == LAW_ONE:
        loader = Loader(above[-1], words)
        return LayerCall(operation, nodes, clash, place.path, type_of(layer), where, loader)
    remade, clash = _with_before(Remade(made, operation, nodes, direct), clash, asked, words, above)
    if clash is not None:
        clash = remade.placed(onwards(clash, layer, place.chain[0][0]) if place.chain else clash)
    return LayerCall(operation, nodes, clash, place.path, type_of(layer), where, remade)


def type_of(layer: Any) -> str:
    """The name of a layer's class; of the class of PyTorch's that another was made from while running."""
    kinds = type(layer).__mro__
    made = kinds[0].__module__ == "torch.nn.utils.parametrize" and len(kinds) > 1
    return kinds[1].__name__ if made else kinds[0].__name__


def _of_function(error: BaseException, name: str, asked: Asked, words: Words, above: list[FrameType]) -> LayerCall:
    operation, nodes = operation_of(asked, words, name, None)
    clash = clash_of(error, operation, asked)
    remade, clash = _with_before(Remade(None, operation, nodes), clash, asked, words, above)
    return LayerCall(operation, nodes, clash and remade.placed(clash), remade=remade)


def _with_before(
    remade: Remade, clash: Clash | None, asked: Asked, words: Words, above: list[FrameType]
) -> tuple[Remade, Clash | None]:
    """The repairs of the layer before too, and where it is made, for what is not mended where it came to light."""
    if clash is None or asked.rule not in ("loss", "pixel_shuffle"):
        return remade, clash
    layer, before = layer_before(asked, words, above)
    return replace(remade, before=before), widened(clash, remade.operation, asked, layer)


def operation_of(asked: Asked, words: Words, path: str, layer: Any, direct: bool = True) -> tuple[Operation, Nodes]:
    """The operation that a layer or a function asked for, in the reader's words, and where its operands stand."""
    operands: list[Operand] = []
    nodes: list[ast.expr | None] = []
    for role, value in asked.takes:
        own = layer is not None and role in _PARAMETERS
        name, node = (f"{path}.{role}", None) if own else _said(words, role, value, nodes, path)
        spec = spec_of(_as_given(words, node, value))
        operands.append(spec.named(name) if spec is not None else Operand(name, tuple(value.shape)))
        nodes.append(node)
    parts = words.parts(nodes) if direct else ()
    return Operation(asked.rule, tuple(operands), asked.settings, parts), tuple(nodes)


def _as_given(words: Words, node: ast.expr | None, value: Any) -> Any:
    """What the reader's line passed on there, where a library has made it anew on its way: a mask as numbers."""
    given = (one.value for one in words.spoken if node is not None and one.node is node)
    same = (one for one in given if getattr(one, "shape", None) == getattr(value, "shape", ()))
    return next(same, value)


def _said(
    words: Words, role: str, value: Any, taken: Sequence[ast.expr | None], path: str
) -> tuple[str, ast.expr | None]:
    return words.of(value, taken) or words.by_role(role, value) or (f"{role} of {path}", None)


def clash_of(error: BaseException, operation: Operation, asked: Asked) -> Clash | None:
    """The clash that the rule finds, or else the values."""
    try:
        if operation.rule in RULES:
            results(operation)
        return clash_of_values(error, operation, asked)
    except Clash as found:
        return found
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
