"""What a model did to its samples and maps on the way to a clash outside its layers: rows laid apart, a way round."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from types import FrameType, FunctionType
from typing import Any

from tearless.integrations.shapes.source.bodies import body_of, own_nodes
from tearless.integrations.shapes.source.frames import span

from .library_frames import is_module
from .places import children

MOST_STEPS = 64
_SIZES = re.compile(
    r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)"
)
_ROUND = re.compile(r"short|skip|down|proj|res|ident", re.I)


def laid_apart(frames: Sequence[FrameType]) -> tuple[str, ...]:
    """Sentences on a prediction that has several rows for each sample because a reshape laid its numbers apart."""
    for frame in reversed(frames):
        x, target = (frame.f_locals.get(name) for name in ("input", "target"))
        rows, samples = _first(x), _first(target)
        if not samples or not rows or rows == samples or rows % samples:
            continue
        shape = next((one for one in _reshaped(x) if one[0] == samples and math.prod(one) % rows == 0), None)
        if shape is None:
            return ()
        whole, width = math.prod(shape[1:]), math.prod(shape) // rows
        made = list(_calls(frames))
        what = made[0] if len(made) == 1 else f"a reshape to rows of {width}"
        return (
            f"{rows} = {rows // samples}·{samples}: {what} laid the {samples} samples of {whole} numbers apart, into "
            f"{rows} rows of {width}",
            f"x.flatten(1) keeps each sample in one row of {whole}, which the next layer must then take",
        )
    return ()


def short_parameter(module: Any, message: str) -> tuple[str, ...]:
    """A sentence on a parameter of a module that is one short of what it is added to: a token was put in front."""
    found = _SIZES.search(message)
    small, large = sorted(map(int, found.groups()[:2])) if found else (0, 0)
    if found is None or not is_module(module) or large != small + 1 or small < 2:
        return ()
    axis = int(found[3])
    parameters = vars(module).get("_parameters", {})
    names = [
        name
        for name, one in parameters.items()
        if one is not None and len(one.shape) > axis + 1 and one.shape[axis] == small and set(one.shape[:axis]) <= {1}
    ]
    if len(names) != 1:
        return ()
    return (f"{names[0]} is made with {small} on axis {axis}, one fewer than it meets: made with {large} it fits",)


def way_round(block: Any, message: str) -> tuple[str, ...]:
    """Sentences on a block that adds its input to maps that one of its convolutions made smaller."""
    found = _SIZES.search(message)
    small, large = sorted(map(int, found.groups()[:2])) if found else (0, 0)
    if not small or not is_module(block):
        return ()
    convs = [(path, one) for path, one in _convolutions(block, "") if hasattr(one, "stride")]
    strided = [(path, one) for path, one in convs if max(one.stride) > 1]
    if len(strided) != 1 or max(strided[0][1].stride) != -(-large // small):
        return ()
    (path, first), stride = strided[0], max(strided[0][1].stride)
    rest = [(name, one) for name, one in convs if set(one.kernel_size) == {1} and one is not first]
    named = [(name, one) for name, one in rest if _ROUND.search(name)]
    head = f"{large} = {stride}·{small}" if large == stride * small else f"{small} = ⌈{large}/{stride}⌉"
    if len(named) == 1:
        says = f"{head}: {path} has stride {stride}, {named[0][0]} has stride 1: stride={stride} there too"
        return (f"{says} makes both {small}",)
    if rest or named or len(first.stride) != 2:
        return ()
    ins, outs = convs[0][1].in_channels, convs[-1][1].out_channels
    layer = f"nn.Conv2d({ins}, {outs}, 1, stride={stride})"
    return (f"{head}: {path} has stride {stride}, and what is added went round it: {layer} on that way fits",)


def _first(value: Any) -> int:
    shape = getattr(value, "shape", ())
    return int(shape[0]) if isinstance(shape, tuple) and len(shape) > 0 and isinstance(shape[0], int) else 0


def _reshaped(value: Any) -> Iterator[tuple[int, ...]]:
    """The shapes that were reshaped on the way to an array, the nearest first."""
    row, seen = [getattr(value, "grad_fn", None)], 0
    while row and seen < MOST_STEPS:
        step = row.pop(0)
        seen += 1
        if step is None:
            continue
        shape = getattr(step, "_saved_self_sym_sizes", None) if "View" in type(step).__name__ else None
        if isinstance(shape, tuple) and len(shape) > 2 and all(isinstance(size, int) for size in shape):
            yield shape
        row += [one for one, _ in getattr(step, "next_functions", ())]


def _calls(frames: Sequence[FrameType]) -> Iterator[str]:
    """The reshapes to rows of their own number in the reader's modules: code and place."""
    kinds = {type(value) for frame in frames for value in list(frame.f_locals.values()) if is_module(value)}
    for kind in [one for one in kinds if not one.__module__.startswith("torch.")]:
        forward = vars(kind).get("forward")
        body = body_of(forward, kind) if isinstance(forward, FunctionType) else None
        for node in own_nodes(body.function) if body is not None else ():
            if body is not None and _is_open(node) and isinstance(node, ast.Call):
                file = body.source.file.rpartition("/")[2]
                yield f"{body.source.text(node)} at {file}:{span(node)[0]}"


def _is_open(node: ast.AST) -> bool:
    """``x.view(-1, ...)``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="view" | "reshape"), args=[ast.UnaryOp(ast.USub(), ast.Constant(1)), _]):
            return True
    return False


def _convolutions(module: Any, path: str, deep: int = 0) -> Iterator[tuple[str, Any]]:
    for name, one in children(module).items() if deep < MOST_STEPS else ():
        there = f"{path}.{name}" if path else name
        if re.fullmatch(r"Conv\dd", type(one).__name__):
            yield there, one
        elif one is not None:
            yield from _convolutions(one, there, deep + 1)
