"""Whether each prediction of a traced model is of its own sample: the axis of the samples in what the model gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from tearless.core import visible
from tearless.linear_algebra.shapes import Shape, named, written
from tearless.linear_algebra.shapes.size import divided
from tearless.linear_algebra.shapes.swapped import axes_with

from .origins import symbolic
from .traced import FunctionCall, Held, LayerCall, Traced

Suspicion: TypeAlias = dict[str, Any]
Call: TypeAlias = LayerCall | FunctionCall


@dataclass(frozen=True, slots=True)
class Look:
    """What each rule looks at: the run, the name of the batch, and how many samples there really are."""

    traced: Traced
    name: str
    batch: int

    def shape(self, held: Held) -> Shape:
        return symbolic(held.shape, self.traced.symbols)

    def holds(self, held: Held) -> list[int]:
        """The axes of a tensor that hold samples."""
        return axes_with(self.shape(held), self.name)


def of_output(look: Look, known: bool) -> Iterator[tuple[int, Suspicion]]:
    """Whether the prediction starts with the samples, as the input does."""
    main = next((one for one in look.traced.gives if one.shape), None)
    start = next((look.holds(one) for one in look.traced.takes if look.holds(one)), None)
    if main is None or not start:
        return
    shape, axes = look.shape(main), look.holds(main)
    if axes and (axes[0] == start[0] or axes[0] == 0) and str(shape[axes[0]]) == look.name:
        return
    at = _culprit(look, main)
    if not axes:
        if not known:
            yield at, _lost(look, at, shape)
    elif axes[0] == 0 or axes[0] == start[0]:
        rows = divided(shape[axes[0]], named(look.name))
        if isinstance(rows, int) and not _joins(look):
            yield at, _several(shape, rows)
    elif not known:
        yield at, _moved(shape, axes[0], start[0])


def _lost(look: Look, at: int, shape: Shape) -> Suspicion:
    step = look.traced.steps[at]
    what = step.name if isinstance(step, FunctionCall) else step.path or step.type
    index = what.strip("_") == "getitem"
    return {
        "kind": "batch-lost",
        "says": f"the model gives {written(shape)}: no axis holds the samples",
        "why": "one sample is taken and the others are dropped" if index else "all samples are made into one result",
        "proof": f"the size of the batch is gone after `{visible(what, 40)}`",
        "repair": "name the axis of the sequence: x[:, -1]" if index else "keep axis 0",
        "mixed": 0 if index else look.batch,
    }


def _several(shape: Shape, rows: int) -> Suspicion:
    return {
        "kind": "batch-lost",
        "says": f"the model gives {written(shape)}: {rows} rows for each sample",
        "why": "there are more predictions than targets, and rows no longer meet their own",
        "proof": f"axis 0 has {rows} times the size of the batch",
        "repair": "x.flatten(1)",
        "mixed": 0,
    }


def _moved(shape: Shape, axis: int, start: int) -> Suspicion:
    return {
        "kind": "batch-moved",
        "says": f"the model gives {written(shape)}: the samples are on axis {axis}, in the input on axis {start}",
        "why": "a loss compares row by row, and rows are no samples here",
        "proof": f"the size of the batch stands on axis {axis}",
        "repair": f"out.transpose({start}, {axis})",
        "mixed": 0,
    }


def _joins(look: Look) -> bool:
    """Whether samples are joined on purpose: two views of each, windows of each."""
    names = {"cat", "concat", "concatenate", "stack", "repeat", "repeat_interleave", "tile", "vstack", "expand"}
    return any(step.name in names for step in look.traced.functions())


def _culprit(look: Look, main: Held) -> int:
    """The latest step from whose result the size of the batch is gone, or changed; the model itself otherwise."""
    wanted = look.name
    number = main.number
    for at in range(len(look.traced.steps) - 1, -1, -1):
        step = look.traced.steps[at]
        if not any(one.number == number for one in step.gives) or not step.takes or step.parent < 0:
            continue
        if isinstance(step, LayerCall) and not step.leaf:
            continue
        x = step.takes[0]
        if any(str(look.shape(x)[axis]) == wanted for axis in look.holds(x)):
            return at
        number = x.number
    return 0
