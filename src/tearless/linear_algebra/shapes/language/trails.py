"""Where the sizes of an array come from: the layers that it came through since it was declared."""

from __future__ import annotations

from tearless.linear_algebra.shapes.assumption import as_sentences, assumed
from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.origin import followed, given_axes, told
from tearless.linear_algebra.shapes.sliding import Step

from .values import Array, Trail

SAME = frozenset(["broadcast", "batch_norm", "layer_norm", "rms_norm", "group_norm", "instance_norm", "along"])
"""Rules that keep the shape of their first operand, where it is the result's."""
LAYERS = frozenset(["linear", "conv", "conv_transpose", "batch_norm", "layer_norm", "rnn"])
MOST_STEPS = 60


def trail_of(before: Array, operation: Operation, after: Array, path: str) -> Trail | None:
    """The way of an array through one more operation; ``None`` where it cannot be told."""
    if before.trail is None or len(before.trail[1]) >= MOST_STEPS:
        return None
    start, steps = before.trail
    if operation.rule in SAME:
        return before.trail if after.shape == before.shape else None
    step = _step(operation, path)
    return None if step is None else (start, (*steps, step))


def _step(operation: Operation, path: str) -> Step | None:
    settings, shapes = dict(operation.settings), operation.shapes
    match operation.rule:
        case "conv" | "conv_transpose":
            weight = shapes[1]
            out = weight[0] if operation.rule == "conv" else weight[1] * settings.get("groups", 1)
            return Step(operation.rule, {**settings, "out": out, "kernel": weight[2:]}, path)
        case "pool" | "adaptive_pool":
            return Step(operation.rule, settings, path)
        case "flatten":
            return Step("flatten", {"start": settings.get("start", 0), "end": settings.get("end", -1)}, path)
        case "reshape" | "view":
            return Step("reshape", {"shape": settings["shape"]}, path)
        case "permute":
            return Step("permute", settings, path)
        case "linear":
            return Step("linear", {"out": shapes[1][0]}, path)
        case "embedding":
            return Step("embedding", {"out": shapes[1][-1]}, path)
    return None


def origins_of(clash: Clash, first: Array) -> tuple[str, ...]:
    """Where the sizes that a layer refuses come from, and what was taken for granted; a sentence each."""
    operation = clash.operation
    if operation is None or operation.rule not in LAYERS or first.trail is None or not first.trail[1]:
        return ()
    marked = [axis for i, axis in clash.marks if i == 0]
    axes = followed(given_axes(first.trail[0]), first.trail[1])
    if len(marked) != 1 or axes is None or len(axes) != len(first.shape):
        return ()
    sentences = [told(axes[marked[0]])]
    expected = [operation.shapes[i][axis] for i, axis in clash.marks if i]
    if operation.rule == "linear" and marked[0] == len(first.shape) - 1 and expected and isinstance(expected[0], int):
        sentences += as_sentences(assumed(*first.trail, expected[0]))
    return tuple(one for one in sentences if one)
