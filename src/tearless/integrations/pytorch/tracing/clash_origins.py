"""Where the numbers of a clash come from: those of the axes that clash, each followed back to the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tearless.core import visible
from tearless.linear_algebra.shapes import Clash, Explanation, Size
from tearless.linear_algebra.shapes.assumption import as_sentences, assumed
from tearless.linear_algebra.shapes.forward_steps import steps_before
from tearless.linear_algebra.shapes.origin import followed, given_axes, told
from tearless.linear_algebra.shapes.sliding import Step

from .origins import INPUT, Chain, chain_of, from_source, sentences, short, symbolic, told_of, uncalled, written_at
from .traced import FunctionCall, Held, LayerCall, Traced

ASKED = {
    "Conv": "in_channels",
    "BatchNorm": "num_features",
    "InstanceNorm": "num_features",
    "GroupNorm": "num_channels",
}
"""The setting in which a layer says how many channels it takes, by the beginning of its class's name."""


def with_origins(found: Explanation, traced: Traced) -> Explanation:
    """The explanation of an error that ended a run, with where its numbers come from and what was taken for granted."""
    at = _failed_at(traced)
    if at is None or found.clash.kind != "shape":
        return found
    call = traced.steps[at]
    if isinstance(call, LayerCall) and call.made is None:
        call.made = found.made
    said = sentences(traced, call, at) if isinstance(call, LayerCall) else ()
    said = said or tuple(dict.fromkeys(visible(one) for one in _marked(traced, call, at, found.clash) if one))
    return replace(found, origins=said or (() if traced.symbols else found.origins))


def _failed_at(traced: Traced) -> int | None:
    """The innermost step that did not come to its end."""
    for at in range(len(traced.steps) - 1, -1, -1):
        step = traced.steps[at]
        if not step.ended and (isinstance(step, FunctionCall) or step.leaf):
            return at
    return None


def _marked(traced: Traced, call: LayerCall | FunctionCall, at: int, clash: Clash) -> Iterator[str]:
    """The origin of each axis that clashes, then what is known of the number it met."""
    operation = clash.operation
    of_reshape = isinstance(call, FunctionCall) and call.name in ("view", "reshape")
    for operand, axis in () if of_reshape else clash.marks:
        held = _held(traced, call, operation.operands[operand].shape) if operation is not None else None
        if held is not None and axis < len(held.shape):
            yield told_of(traced, held, axis, at)
    if isinstance(call, LayerCall):
        asked = next((name for start, name in ASKED.items() if call.type.startswith(start)), "")
        number = getattr(call.module, asked, None) if asked else None
        if isinstance(number, int):
            yield written_at(call.made, call.path, number)
    elif of_reshape:
        yield from _of_reshape(traced, call, at)


def _held(traced: Traced, call: LayerCall | FunctionCall, shape: tuple[Size, ...]) -> Held | None:
    """The tensor of this shape that the step took."""
    return next((one for one in call.takes if shape in (one.shape, symbolic(one.shape, traced.symbols))), None)


def _of_reshape(traced: Traced, call: FunctionCall, at: int) -> Iterator[str]:
    """A size written in a reshape, ``x.view(-1, 400)``: what a sample really has, and what leads to that size."""
    sizes = call.arguments[1:]
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple) else sizes
    expected = sizes[-1] if len(sizes) == 2 else None
    chain = chain_of(traced, call.takes[0].number, at) if call.takes else None
    if not isinstance(expected, int) or expected < 1 or not call.takes:
        return
    if chain is None or chain.says != INPUT:
        chain = _read_to(traced, call, expected) or chain
    if chain is None:
        return
    steps = (*chain.steps, Step("flatten", {"start": 1}, "", short(call.at)))
    axes = followed(given_axes(chain.given, chain.says), steps)
    if not axes or axes[-1].size == expected:
        return
    yield told(axes[-1])
    guesses = assumed(chain.given, steps, expected, uncalled(traced), from_input=chain.says == INPUT)
    yield from as_sentences(guesses)
    yield f"{_code(call)} lays samples together where the sizes happen to divide: x.flatten(1) never does"


def _read_to(traced: Traced, call: FunctionCall, expected: int) -> Chain | None:
    """The chain that the source has before the reshape: it is the last step before a layer that was not reached."""
    reached = {id(one.module) for one in traced.layers()}
    for layer in traced.model.modules():
        steps = () if id(layer) in reached else steps_before(traced.model, layer) or ()
        if steps and steps[-1].rule == "reshape" and steps[-1].get("shape")[-1] == expected:
            return from_source(traced, steps[:-1], symbolic(call.takes[0].shape, traced.symbols))
    return None


def _code(call: FunctionCall) -> str:
    code: Any = call.at.code if call.at is not None else ""
    return f"`{visible(code, 60).replace('`', 'ʼ')}`" if code else call.name
