"""Trainings written out in NumPy, recorded as ``tearless watch`` records them and judged by the same checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import Number
from tearless.core.picture import Axis, Line, Picture, values
from tearless.doctor.training import diagnosed
from tearless.readers.training.entries import line_of
from tearless.readers.training.source import from_lines

from .replay import Incident, Run

Floats = NDArray[np.float64]
Weights = dict[str, Floats]
Loss = Callable[[Weights], tuple[float, Weights]]
"""The loss at some weights, and its gradient."""
LOOKED = 12
STEPS = 60
STORIES = (
    Incident(
        name="rate-above-the-bound",
        title="A learning rate above the bound",
        story="A model of {rows} rows is trained by plain gradient descent at a rate of {rate}, as a table had it that "
        "promised convergence. The loss starts at {start} and after {steps} steps is {end}.",
        mend="The largest curvature of these columns is {curvature}, so no rate above {bound} can converge. Half of "
        "the bound, {mended_rate}, is taken.",
        moral="The same {steps} steps end at {mended_end}. The bound needed no trial: it was in the columns.",
        check="learning-rate-too-high",
        lesson="gradient-descent",
        broken=lambda: _line(1.15),
        mended=lambda: _line(0.5),
    ),
    Incident(
        name="exploding-recurrence",
        title="The recurrent net that exploded",
        story="A recurrent net reads {length} numbers and is to tell their mean. Its recurrent weights were drawn with "
        "a largest singular value of {singular}: the first gradient is {gradient} long at a loss of {start}, and the "
        "run ends at {end}.",
        mend="The recurrent weights start as an orthogonal matrix, whose singular values are all {mended_singular}: "
        "what goes back through the steps keeps its length.",
        moral="The first gradient is {mended_gradient} long, and the loss ends at {mended_end}.",
        check="exploding-gradient",
        lesson="vanishing-and-exploding",
        broken=lambda: _recurrent(orthogonal=False),
        mended=lambda: _recurrent(orthogonal=True),
    ),
)  # fmt: skip


def _line(of_bound: float) -> Run:
    """A straight line fitted by gradient descent at a share of the largest rate."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(120, 3)) @ np.array([[1.0, 0.9, 0.2], [0.0, 0.4, 0.1], [0.0, 0.0, 0.8]])
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(0, 0.3, 120)
    curvature = float(np.linalg.eigvalsh(x.T @ x / len(y))[-1])
    rate = of_bound * 2 / curvature

    def loss(w: Weights) -> tuple[float, Weights]:
        error = x @ w["w"] - y
        return float(np.mean(error**2) / 2), {"w": x.T @ error / len(y)}

    told = {
        "rows": Number(len(y), "rows", "rows of the table"),
        "curvature": Number(curvature, "1", "the largest curvature"),
        "bound": Number(2 / curvature, "1", "two over the largest curvature"),
    }
    return _trained(loss, {"w": np.zeros(3)}, rate, told)


def _recurrent(orthogonal: bool) -> Run:
    """A recurrent net that tells the mean of a series, by backpropagation through time."""
    rng = np.random.default_rng(7)
    length, width, batch = 40, 12, 64
    x = rng.normal(size=(batch, length))
    y = x.mean(axis=1) * math.sqrt(length)
    drawn = rng.normal(size=(width, width))
    recurrent = np.linalg.qr(drawn)[0] if orthogonal else 1.6 * drawn / math.sqrt(width)
    first = {
        "recurrent": np.asarray(recurrent, dtype=np.float64),
        "input": rng.normal(size=width) / math.sqrt(width),
        "output": rng.normal(size=width) / math.sqrt(width),
    }

    def loss(w: Weights) -> tuple[float, Weights]:
        states = [np.zeros((batch, width))]
        for t in range(length):
            states.append(states[-1] @ w["recurrent"].T + x[:, t, None] * w["input"])
        error = states[-1] @ w["output"] - y
        back = error[:, None] * w["output"] / batch
        found = {
            "recurrent": np.zeros((width, width)),
            "input": np.zeros(width),
            "output": states[-1].T @ error / batch,
        }
        for t in range(length - 1, -1, -1):
            found["recurrent"] += back.T @ states[t]
            found["input"] += (back * x[:, t, None]).sum(axis=0)
            back = back @ w["recurrent"]
        return float(np.mean(error**2) / 2), found

    singular = float(np.linalg.svd(first["recurrent"], compute_uv=False)[0])
    told = {
        "length": Number(length, "1", "numbers in a series"),
        "singular": Number(round(singular, 12), "1", "largest singular value of the recurrent weights"),
    }
    lengths = [1.0]
    back = first["output"] / np.linalg.norm(first["output"])
    for _ in range(length - 1):
        back = back @ first["recurrent"]
        lengths.append(float(np.linalg.norm(back)))
    found = _trained(loss, first, 0.002, told)
    return replace(found, pictures=(_going_back(lengths), *(found.pictures if orthogonal else ())))


def _going_back(lengths: list[float]) -> Picture:
    says = f"A gradient of length one is {lengths[-1]:.3g} long after {len(lengths) - 1} steps back."
    log = max(lengths) / min(lengths) > 30
    axis = Axis("length", log=True) if log else Axis("length", low=0.0)
    mark = Line(values(range(len(lengths))), values(lengths))
    return Picture("A gradient of length one, going back", says, (mark,), Axis("steps back"), axis)


def _trained(loss: Loss, w: Weights, rate: float, told: Mapping[str, Number]) -> Run:
    """Gradient descent, recorded, and judged by the checks of training runs."""
    entries, losses, looked = _head(w, rate), [], set(range(1, 5)) | set(range(5, STEPS + 1, STEPS // LOOKED))
    gradients: list[float] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(1, STEPS + 1):
            value, gradient = loss(w)
            losses.append(value)
            gradients.append(_norm(gradient))
            after = {name: w[name] - rate * gradient[name] for name in w}
            if step in looked and math.isfinite(value):
                entries += _looked_at(step, loss, value, w, gradient, after, rate)
            w = after
            if not math.isfinite(value):
                break
    entries.append({"kind": "losses", "first": 1, "values": losses, "rates": [rate] * len(losses)})
    entries.append({"kind": "counts", "backwards": len(losses), "steps": len(losses), "zero_grads": len(losses)})
    entries.append({"kind": "end", "how": "done", "step": len(losses), "seconds": 1.0})
    report = diagnosed(from_lines([line_of(entry) for entry in entries], "this training"))
    finite = [value for value in losses if math.isfinite(value)]
    numbers = {
        **told,
        "rate": Number(rate, "1", "the learning rate"),
        "steps": Number(STEPS, "steps", "steps asked for"),
        "start": Number(losses[0], "1", "the loss before the first step"),
        "end": Number(finite[-1], "1", "the last loss that is a number"),
        "gradient": Number(gradients[0], "1", "length of the first gradient"),
    }
    return Run(report, numbers, (_picture(finite),))


def _picture(losses: list[float]) -> Picture:
    says = f"The loss from {losses[0]:.3g} to {losses[-1]:.3g} over {len(losses)} steps."
    log = min(losses) > 0 and max(losses) / min(losses) > 30
    mark = Line(values(range(len(losses))), values(losses))
    return Picture("The loss, step by step", says, (mark,), Axis("step"), Axis("loss", log=log))


def _head(w: Weights, rate: float) -> list[dict[str, Any]]:
    parameters = [{"name": name, "shape": list(value.shape), "std": float(value.std())} for name, value in w.items()]
    return [
        {"kind": "start", "format": "tearless record 1", "source": "watch", "script": "train.py"},
        {"kind": "optimizer", "optimizer": 0, "name": "SGD", "groups": [{"lr": rate}], "parameters": [list(w)]},
        {"kind": "model", "model": "Model", "parameters": parameters, "modules": {}, "moody": {}},
    ]


def _looked_at(
    step: int, loss: Loss, value: float, w: Weights, gradient: Weights, after: Weights, rate: float
) -> list[dict[str, Any]]:
    """What a look at a step records: norms, and what the step took off the loss of its own batch."""
    fall = rate * _norm(gradient) ** 2
    then, _ = loss(after)
    norms = {"gradient": gradient, "weight": w, "update": {name: after[name] - w[name] for name in w}}
    lengths = {of: [float(np.linalg.norm(each[name])) for name in w] for of, each in norms.items()}
    return [
        {
            "kind": "step", "step": step, "optimizer": 0, "loss": value, "rates": [rate], "backwards": 1,
            "parameters": list(w), **lengths, "same": [0.0] * len(w), "bad": [0] * len(w), "slope": -fall,
        },
        {
            "kind": "probe", "probe": "reduction", "step": step,
            "numbers": {"before": value, "after": then, "predicted": -fall},
        },
    ]  # fmt: skip


def _norm(gradient: Weights) -> float:
    return float(math.sqrt(sum(float(np.vdot(g, g)) for g in gradient.values())))
