"""Axes taken for others in a traced model: what mixes samples, and whether each prediction is of its own sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tearless.core import visible
from tearless.linear_algebra.shapes import Shape, written
from tearless.linear_algebra.shapes.swapped import (
    axes_with,
    channels_last,
    contracted,
    implicit_axis,
    reduced_axes,
    scrambled,
    steps_over,
)

from .meant import centres, of_itself
from .origins import chain_of
from .outgoing import Call, Look, Suspicion, of_output
from .traced import FunctionCall, Held, LayerCall, Traced

ALONG = {"softmax", "log_softmax", "softmin", "cumsum", "cumprod", "logcumsumexp", "normalize"}
REDUCE = {"mean", "sum", "prod", "max", "min", "amax", "amin", "std", "var", "norm", "logsumexp", "median", "argmax"}
RESHAPES = {"view", "reshape", "flatten", "unflatten"}
PRODUCTS = {"matmul", "mm", "bmm", "rmatmul"}


def suspicions(traced: Traced, name: str = "n", batch: int | None = None) -> list[tuple[int, Suspicion]]:
    """What mixes samples in a run, each with the step that does: (its number in ``traced.steps``, the suspicion).

    ``name`` is that of the size of the batch in ``traced.symbols``, ``batch`` how many samples there really are. Of
    what one layer of PyTorch does inside, the outermost is named. Empty where the batch has no name.
    """
    if name not in traced.symbols:
        return []
    look = Look(traced, name, batch or traced.symbols[name])
    found: dict[int, Suspicion] = {}
    for at, step in enumerate(traced.steps):
        if not step.takes or _normalises(traced, step):
            continue
        for one in _of_step(look, at, step):
            found.setdefault(_outermost(traced, at), one)
    if traced.error is None:
        for at, one in of_output(look, bool(found) or any(of_itself(traced, one) for one in traced.functions())):
            found.setdefault(at, one)
    return sorted(found.items())


def _of_step(look: Look, at: int, step: Call) -> Iterator[Suspicion]:
    if isinstance(step, LayerCall):
        yield from _of_layer(look, at, step)
        return
    x = step.takes[0]
    name = step.name.strip("_")
    if name in ALONG:
        yield from _along(look, at, step, _axis(step, look.shape(x)))
    elif name in REDUCE and not _two_tensors(step):
        yield from _reduction(look, at, step)
    elif name in RESHAPES and step.gives:
        yield from _reshape(look, step)
    elif name in PRODUCTS and len(step.takes) > 1 and look.shape(x)[-1:] and _last_holds(look, x):
        yield from _sum_over(look, at, step, len(x.shape) - 1)
    elif name == "einsum" and isinstance(step.arguments[0], str):
        if contracted(step.arguments[0], [look.shape(one) for one in step.takes], look.name):
            yield from _sum_over(look, at, step, None)
    elif name == "scaled_dot_product_attention" and len(x.shape) > 1 and len(x.shape) - 2 in look.holds(x):
        yield _attention(look, x, len(x.shape) - 2, "the attention", "put the words on the last axis but one")
    elif name == "getitem":
        yield from _table(look, at, step)


def _of_layer(look: Look, at: int, step: LayerCall) -> Iterator[Suspicion]:
    x = step.takes[0]
    shape, name = look.shape(x), f"`{visible(step.path, 60)}`" if step.path else "the layer"
    if step.rule in ("rnn", "attention") and len(shape) in (2, 3):
        axis = steps_over(shape, bool(step.settings.get("batch_first")))
        if look.holds(x) == [axis]:
            yield _recurrence(look, step, shape, axis, name)
    elif step.type in ("Softmax", "LogSoftmax", "Softmin"):
        said = getattr(step.module, "dim", None)
        yield from _along(look, at, step, implicit_axis(len(shape)) if said is None else said)
    elif step.rule == "conv" and step.ended and channels_last(shape) and not _of_maps(look, at, x):
        yield {
            "kind": "channels-last",
            "says": f"{name} takes axis 1 of {written(shape)} for channels",
            "why": "rows of pixels are summed as if they were colours",
            "proof": f"the last axis has {shape[-1]}, as colours have; axes 1 and 2 look like a picture",
            "repair": "x.permute(0, 3, 1, 2)",
            "mixed": 0,
        }


def _recurrence(look: Look, step: LayerCall, shape: Shape, axis: int, name: str) -> Suspicion:
    repair, first = "x.transpose(0, 1)", bool(step.settings.get("batch_first"))
    if len(shape) == 2:
        repair = "x.unsqueeze(1), if each sample is one vector"
    elif not first:
        repair = f"nn.{step.type}(..., batch_first=True)"
    if step.rule == "attention":
        return _attention(look, step.takes[0], axis, name, repair)
    return {
        "kind": "sequence-first",
        "says": f"{name} steps over axis {axis} of {written(shape)}, which holds the samples",
        "why": "each sample is made to follow the one before it in the batch",
        "proof": f"batch_first is {first}, and the size of the batch stands on axis {axis}",
        "repair": repair,
        "mixed": look.batch,
    }


def _attention(look: Look, x: Held, axis: int, name: str, repair: str) -> Suspicion:
    return {
        "kind": "sequence-first",
        "says": f"{name} looks along axis {axis} of {written(look.shape(x))}, which holds the samples",
        "why": "each sample attends to the other samples of its batch, not to its own words",
        "proof": f"the size of the batch stands on axis {axis}, which attention takes for the words",
        "repair": repair,
        "mixed": look.batch,
    }


def _along(look: Look, at: int, step: Call, axis: Any) -> Iterator[Suspicion]:
    """A softmax and the like along the samples, where what comes out goes into the prediction."""
    x = step.takes[0]
    axes = [one for one in reduced_axes(len(x.shape), axis) if one in look.holds(x)]
    if not axes or not _reaches(look, at, step) or _pairs(look, x):
        return
    what = step.path if isinstance(step, LayerCall) else step.name
    other = "-1" if len(x.shape) > 1 else "its own axis"
    yield {
        "kind": "batch-mixed",
        "says": f"`{visible(what, 40)}` runs along axis {axes[0]} of {written(look.shape(x))}, which holds the samples",
        "why": "each prediction depends on what else is in the batch",
        "proof": f"the size of the batch stands on axis {axes[0]}",
        "repair": f"dim={other}" if other == "-1" else "keep the axis of the classes before it",
        "mixed": look.batch,
    }


def _pairs(look: Look, x: Held) -> bool:
    """Whether a table holds samples on both axes: they are compared on purpose."""
    return len(look.holds(x)) > 1


def _reduction(look: Look, at: int, step: FunctionCall) -> Iterator[Suspicion]:
    """A mean or sum over the samples that goes into the prediction."""
    x = step.takes[0]
    axis = _axis(step, look.shape(x), None)
    over = [one for one in reduced_axes(len(x.shape), axis) if one in look.holds(x)]
    if not over or _pairs(look, x) or not _reaches(look, at, step) or (axis is not None and centres(look.traced, at)):
        return
    said = "without an axis" if axis is None else f"over axis {over[0]}"
    yield {
        "kind": "batch-lost",
        "says": f"`{visible(step.name, 40)}` {said} of {written(look.shape(x))} takes all samples together",
        "why": "each prediction depends on what else is in the batch",
        "proof": f"the size of the batch stands on axis {over[0]}, and the result goes into the prediction",
        "repair": f"name the axes of one sample: dim={_others(x, over)}",
        "mixed": look.batch,
    }


def _others(x: Held, over: list[int]) -> str:
    axes = [axis for axis in range(len(x.shape)) if axis not in over]
    return str(tuple(axes)) if len(axes) > 1 else str(axes[0]) if axes else "-1"


def _sum_over(look: Look, at: int, step: FunctionCall, axis: int | None) -> Iterator[Suspicion]:
    if not _reaches(look, at, step) or of_itself(look.traced, step):
        return
    where = f"axis {axis} of {written(look.shape(step.takes[0]))}" if axis is not None else "an axis"
    yield {
        "kind": "batch-mixed",
        "says": f"`{visible(step.name, 40)}` sums over {where}, which holds the samples",
        "why": "each prediction depends on what else is in the batch",
        "proof": "the size of the batch stands on the axis that the product sums over",
        "repair": "keep the samples on the first axis of the left operand",
        "mixed": look.batch,
    }


def _reshape(look: Look, step: FunctionCall) -> Iterator[Suspicion]:
    """A reshape that moves the samples from one axis to another, which only a permutation does."""
    before, after = look.shape(step.takes[0]), look.shape(step.gives[0])
    if not scrambled(before, after, look.name):
        return
    was, now = axes_with(before, look.name)[0], axes_with(after, look.name)[0]
    yield {
        "kind": "batch-mixed",
        "says": f"`{visible(step.name, 40)}` makes {written(after)} of {written(before)}: samples are cut and mixed",
        "why": "numbers are read in the order they lie in memory, so that a row holds numbers of several samples",
        "proof": f"the samples stood on axis {was}; what stands before axis {now} is another size than before",
        "repair": f"x.transpose(0, {was}).flatten(1)"
        if len(after) == 2
        else f"x.transpose({min(was, now)}, {max(was, now)})",
        "mixed": min(look.batch, 2) if look.batch > 1 else 2,
    }


def _table(look: Look, at: int, step: FunctionCall) -> Iterator[Suspicion]:
    """As many rows of a table as there are samples: positions counted along the samples."""
    x = step.takes[0]
    if not step.gives or look.holds(x) or len(step.takes) > 1 or look.holds(step.gives[0]) != [0]:
        return
    if len(step.gives[0].shape) < 2 or not _reaches(look, at, step):
        return
    yield {
        "kind": "sequence-first",
        "says": f"one row of {written(look.shape(x))} is taken for each sample, {written(look.shape(step.gives[0]))}",
        "why": "a sample gets the row of its place in the batch, as if the batch were the sequence",
        "proof": "the rows are as many as the batch has samples",
        "repair": "take as many rows as the sequence is long: x.size(1)",
        "mixed": 0,
    }


def _reaches(look: Look, at: int, step: Call) -> bool:
    """Whether what a step gives goes into the prediction: the first result of the model that has axes.

    Where the run ended early nothing is known to; it is then taken to.
    """
    traced = look.traced
    if traced.error is not None:
        return False
    main = next((one.number for one in traced.gives if one.shape), None)
    if main is None:
        return False
    reached = {one.number for one in step.gives}
    for later in traced.steps[at + 1 :]:
        if any(one.number in reached for one in later.takes):
            reached.update(one.number for one in later.gives)
    return main in reached


def _of_maps(look: Look, at: int, x: Held) -> bool:
    """Whether a tensor was made by layers: its axes are then what they were made."""
    chain = chain_of(look.traced, x.number, at)
    return chain is None or any(step.rule not in ("permute", "reshape") for step in chain.steps)


def _normalises(traced: Traced, step: Call) -> bool:
    """Whether a step is part of a layer that sums over the samples on purpose, by its name."""
    at = step.parent
    while at >= 0:
        above = traced.steps[at]
        if isinstance(above, LayerCall) and "norm" in above.type.lower():
            return True
        at = above.parent
    return False


def _outermost(traced: Traced, at: int) -> int:
    """The outermost layer of PyTorch's own that a step is part of; the step itself otherwise."""
    above = traced.steps[at].parent
    while above >= 0:
        step = traced.steps[above]
        own = isinstance(step, LayerCall) and type(step.module).__module__.startswith("torch.")
        if not own or (isinstance(step, LayerCall) and step.type in ("Sequential", "ModuleList")):
            return at
        at, above = above, step.parent
    return at


def _two_tensors(step: FunctionCall) -> bool:
    return len(step.takes) > 1


def _last_holds(look: Look, x: Held) -> bool:
    return len(x.shape) > 1 and len(x.shape) - 1 in look.holds(x)


def _axis(step: FunctionCall, shape: Shape, default: Any = "implicit") -> Any:
    """The axis that a call says; that which PyTorch takes where it says none."""
    given: Mapping[str, Any] = step.keywords
    for name in ("dim", "axis"):
        if name in given:
            return given[name]
    rest = [one for one in step.arguments[1:] if isinstance(one, int | tuple) and not isinstance(one, bool)]
    if step.name == "norm" or step.name == "normalize":
        rest = rest[1:]
    if rest:
        return rest[0]
    if step.name == "normalize":
        return 1
    return implicit_axis(len(shape)) if default == "implicit" else default
