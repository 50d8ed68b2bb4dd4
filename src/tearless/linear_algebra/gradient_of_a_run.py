"""Where a gradient first was not finite though the loss was: what the checks of nan and infinite gradients share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tearless.core import Measured, Number, listed, visible
from tearless.linear_algebra.break_of_a_run import (
    SINGULAR,
    bad_numbers,
    first_bad_gradient,
    first_broken,
    grown,
    looked_before,
)
from tearless.linear_algebra.flow_of_a_run import at_line
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.linear_algebra.steep_of_a_run import first_steep
from tearless.readers.training.made import Entries, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

HUGE = 1e15
"""Gradients that come near the largest float32 by their size: beyond, squares of them overflow."""


@dataclass(frozen=True)
class Hurt:
    """The first gradient that is not finite, and its ``step``; made by ``first_hurt``.

    ``nan``: some of it is nan; else it is infinite. ``numbers``: how many of it are not finite; ``parameters``: those
    with such a gradient, in words, out of so many (``of``). ``grown``: how far the run, or its gradient on the way
    back, had grown. ``op``: the function at which it begins, in words; ``line``: where it is called; ``low`` and
    ``high``: the ends of what it took, ``None`` where unknown.
    """

    step: int
    nan: bool
    numbers: int
    of: int
    parameters: str
    grown: float
    op: str
    line: str
    low: float | None
    high: float | None

    @property
    def place(self) -> str:
        return at_line(self.line)

    @property
    def singular(self) -> bool:
        return self.op in SINGULAR


def first_hurt(run: Run) -> Hurt | None:
    """The first looked-at gradient that is not finite while its loss is; ``None`` where there is none.

    >>> step = {"kind": "step", "step": 2, "parameters": ["w", "b"], "bad": [3, 0], "gradient": [math.nan, 0.1]}
    >>> found = first_hurt(Run.from_entries([step]))
    >>> found.step, found.numbers, found.of, found.parameters, found.nan
    (2, 3, 2, '`w`', True)
    """
    step = first_bad_gradient(run)
    if step is None:
        return _told(run)
    found = first_steep(run, step.step)
    op, low, high = found if found is not None else (None, None, None)
    name = visible(plain(op), 40) if op is not None else ""
    size = grown(run, step.step)
    if name not in SINGULAR:
        size = max(size, _steepest(run, step.step) / HUGE)
    hurt = [n for n, count in step.by_name("bad").items() if count]
    line = op.line if op is not None else ""
    many = len(step.by_name("bad"))
    return Hurt(step.step, _has_nan(run, step), bad_numbers(step), many, listed(hurt, 2), size, name, line, low, high)


def _told(run: Run) -> Hurt | None:
    """A gradient between two looks: the loss was a number, and at the next one weights were not finite already."""
    for breach in run.breaches("nan-gradient"):
        if breach.step == first_broken(run) and breach.step > 1:
            nan, inf = (int(breach.numbers.get(one, 0)) for one in ("nan", "inf"))
            size = grown(run, breach.step)
            return Hurt(
                breach.step - 1, nan > 0 or not inf, max(1, nan + inf), 1, "the weights", size, "", "", None, None
            )
    return None


def _has_nan(run: Run, step: Step) -> bool:
    """Whether the gradient is nan, and not infinite, where it first reaches a layer on its way back.

    ``values`` may tell nan apart (``grad_nan``); else the norms of the gradients do.
    """
    for entry in run.entries("values"):
        graph = run.graphs.get(entry.get("graph", -1))
        if entry.get("step") == step.step and entry.get("grad_nan") and graph is not None:
            rows = list(zip(graph.ops, entry.get("grad_bad", ()), entry["grad_nan"], strict=False))
            for op, bad, nan in reversed(rows):
                if bad and any(isinstance(one, str) and one.startswith("parameter") for one in op.inputs):
                    return bool(nan)
    return any(one is not None and math.isnan(one) for one in step.gradient)


def _steepest(run: Run, step: int) -> float:
    """The largest root mean square of a gradient on the way back at that step."""
    found = [g for _, values in looked_before(run, step) if values.step == step for g in values.grad if g is not None]
    return max((one for one in found if math.isfinite(one)), default=0.0)


def measured(hurt: Hurt | None) -> Measured:
    """The evidence and the words of such a gradient; of none, where there is none.

    >>> measured(None).numbers["numbers"].value
    0.0
    """
    origin, why, do = _words(hurt)
    return Measured(
        (),
        {
            "numbers": Number(hurt.numbers if hurt else 0, "numbers", "of the gradients that are nan or infinite"),
            "step": Number(hurt.step if hurt else 0, "1", "the first step at which they are"),
            "grown": Number(
                hurt.grown if hurt else 1.0, "times", "largest growth of the run before, or of its gradient"
            ),
            "low": Number(hurt.low if hurt else None, "1", "lowest number that the function took at which it begins"),
        },
        words={"origin": origin, "why": why, "do": do, "parameters": hurt.parameters if hurt else ""},
    )


def _words(hurt: Hurt | None) -> tuple[str, str, str]:
    why = "one step with it makes the weights nan, and all that is computed from them"
    if hurt is None or not hurt.op:
        return (
            "",
            why,
            "put `torch.autograd.set_detect_anomaly(True)` before the loop: it names the op at which it begins",
        )
    origin = f": it begins at `{hurt.op}`{hurt.place}"
    if hurt.singular:
        origin += "" if hurt.low is None else f", which takes numbers down to {hurt.low:.3g}"
        why = f"`{hurt.op}` is steep without end there, most often at 0: its value is finite, its slope is not"
        return (
            origin,
            why,
            f"keep what `{hurt.op}`{hurt.place} takes away from there: `x.clamp_min(1e-8)` or `x + 1e-8`",
        )
    return origin, why, f"look at what `{hurt.op}`{hurt.place} takes; smaller weights or steps keep its slope in range"


def spoilt_run(rng: np.random.Generator, bad: float, size: float) -> Entries:
    """A made-up run whose gradients are ``bad`` from step 11 on; the loss follows one step later.

    ``size``: the gradient's on its way back, just before.

    >>> of_kind(spoilt_run(np.random.default_rng(0), math.nan, 1.0), "step")[-1]["gradient"][0]
    nan
    """
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[3] |= {"function": "sqrt", "line": "train.py:12"}
    for step in of_kind(entries, "step"):
        if step["step"] >= 11:
            step["bad"] = [5] * 4 + [0, 0]
            step["gradient"] = [bad] * 4 + step["gradient"][4:]
    for values in of_kind(entries, "values"):
        if values["step"] >= 11:
            values["grad_bad"][:3], values["grad"][4] = [9, 9, 9], size
            values["low"][2] = 0.0
    (losses,) = of_kind(entries, "losses")
    losses["values"][11:] = [math.nan] * (len(losses["values"]) - 11)
    return entries
