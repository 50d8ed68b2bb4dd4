"""A run at a glance: how far its loss came, drawn in one line, and how gradients and steps spread over its layers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tearless.core import Number, quoted
from tearless.core.number import shown
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step
from tearless.report.answer import Answer, Bar, Table

from .run_pictures import pictures

WIDTH = 40
"""Characters of the line that draws the loss."""
LEVELS = "▁▂▃▄▅▆▇█"
DECADES = 6
"""Powers of ten that a full bar of the gradient flow spans, down from the largest."""
FEW_LAYERS = 12
WAYS = {"exception": "ended by an error", "interrupted": "was interrupted", "": "was cut off: the record has no end"}


def summary(run: Run) -> Answer:
    """The verdict, the loss as a line, and the flow of gradients at the last step that was looked at."""
    losses = run.losses
    known = np.isfinite(losses).any()
    said = [("loss", f"{sparkline(losses)}  {_ends(losses[run.kept], len(losses))}")] if known else []
    if run.evaluations:
        said.append(("held out", _held_out(run)))
    looked = [step for step in run.steps if step.gradient]
    tables = (_flow(looked[-1]),) if looked else ()
    return Answer(_verdict(run), tuple(said), _numbers(losses), tables, pictures(run))


def sparkline(values: NDArray[np.float64], width: int = WIDTH) -> str:
    """A series as a line of blocks, each the median of its part; ``×`` where a part holds no finite number.

    >>> sparkline(np.array([8.0, 4.0, 2.0, 1.0, np.nan]), 5)
    '█▄▂▁×'
    """
    parts = [part[np.isfinite(part)] for part in np.array_split(values, min(width, len(values)))]
    middles = [float(np.median(part)) if part.size else math.nan for part in parts]
    known = [m for m in middles if math.isfinite(m)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    step = (high - low) / (len(LEVELS) - 1) or 1.0
    return "".join(LEVELS[round((m - low) / step)] if math.isfinite(m) else "×" for m in middles)


def _verdict(run: Run) -> str:
    steps = len(run.losses) or run.counts.steps
    way = WAYS.get(run.end.how, "")
    told = f"{steps:,} optimiser steps" if steps != 1 else "1 optimiser step"
    if run.start.get("source") in ("log", "checkpoint"):
        return f"{told} in this {run.start['source']}" if steps else f"a {run.start['source']} of a training run"
    looked = f", {len(run.steps):,} of them looked at" if run.steps else ""
    return f"{told}{looked}{'; the run ' + way if way else ''}"


def _ends(losses: NDArray[np.float64], steps: int) -> str:
    known = losses[np.isfinite(losses)]
    some = max(1, len(known) // 20)
    first, last = float(np.median(known[:some])), float(np.median(known[-some:]))
    broken = int((~np.isfinite(losses)).sum())
    all_of = f"{steps:,} steps" if len(losses) == steps else f"{len(losses):,} steps whose loss is known"
    more = f"; no finite loss at {broken:,} of {all_of}" if broken else ""
    return f"{shown(first)} at the start, {shown(last)} at the end{more}"


def _held_out(run: Run) -> str:
    last = run.evaluations[-1]
    told = [f"loss {shown(last.loss)}"] if last.loss is not None else []
    told += [f"{shown(last.right, 'share')} right"] if last.right is not None else []
    return f"{', '.join(told) or 'no loss known'} at step {last.step:,} ({last.samples:,} samples)"


def _numbers(losses: NDArray[np.float64]) -> dict[str, Number]:
    known = losses[np.isfinite(losses)]
    return {
        "steps": Number(float(len(losses)), "steps", "optimiser steps"),
        "first_loss": Number(float(known[0]) if known.size else None, "1", "the first finite loss"),
        "last_loss": Number(float(known[-1]) if known.size else None, "1", "the last finite loss"),
        "least_loss": Number(float(known.min()) if known.size else None, "1", "the smallest loss of a step"),
    }


def _flow(step: Step) -> Table:
    """Each weight: the gradient's norm, the update as a share of the weight, and a bar on a scale of powers of ten."""
    gradient, weight, update = (step.by_name(of) for of in ("gradient", "weight", "update"))
    most = max((g for g in gradient.values() if math.isfinite(g)), default=0.0)
    names = [n for n in step.parameters if n.rpartition(".")[2] not in ("bias",)] or list(step.parameters)
    rows = tuple(
        (
            quoted(name),
            Number(gradient.get(name), "1", "norm of the gradient") if name in gradient else "none",
            Number(_share(update.get(name), weight.get(name)), "1", "norm of the update by that of the weight"),
            Bar(_height(gradient.get(name), most)),
        )
        for name in names
    )
    title = f"Gradient flow at step {step.step:,} (a full bar is the largest, an empty one a millionth of it)"
    return Table(title, ("parameter", "gradient", "update/weight", ""), rows, max(0, len(rows) - FEW_LAYERS))


def _share(update: float | None, weight: float | None) -> float | None:
    return update / weight if update is not None and weight else None


def _height(gradient: float | None, most: float) -> float:
    if not gradient or not math.isfinite(gradient) or not most:
        return 0.0
    return 1 + math.log10(gradient / most) / DECADES
