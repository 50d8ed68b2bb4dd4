"""A made-up run, as a healthy one is recorded, for the examples of checks: change in it what a fault changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tearless.core import Example

from .entries import line_of

LAYERS = (("net.0", 20, 64), ("net.2", 64, 64), ("net.4", 64, 3))
LOOKED = (1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 26, 34, 45, 59, 77, 100)
CLASSES = 3
SAMPLES = 128
Entries = list[dict[str, Any]]


def healthy_run(rng: np.random.Generator, steps: int = 100) -> Entries:
    """The entries of a healthy run: 20 standardised features, two hidden ReLU layers of 64, 3 classes, Adam at 0.001.

    Each looked-at step has its entries ``step``, ``values``, ``given`` and ``loss``; the loss falls from ln 3 to 0.2.

    >>> sorted({entry["kind"] for entry in healthy_run(np.random.default_rng(0))})  # doctest: +NORMALIZE_WHITESPACE
    ['counts', 'end', 'evaluation', 'given', 'graph', 'loader', 'loss', 'losses', 'model', 'optimizer', 'probe',
    'start', 'step', 'values']
    """
    curve = 0.2 + (np.log(CLASSES) - 0.2) * np.exp(-np.arange(steps) / 25) + rng.normal(0, 0.02, steps)
    looked = [step for step in LOOKED if step <= steps]
    entries: Entries = [{"kind": "start", "format": "tearless record 1", "source": "watch", "script": "train.py"}]
    entries += [_optimizer(), _model(), {"kind": "loader", "rows": 1024, "batch_size": SAMPLES, "shuffled": True}]
    entries.append(_graph())
    for step in looked:
        loss = float(curve[step - 1])
        entries += [_given(rng, step), _loss(rng, step, loss), _values(rng, step), _step(rng, step, loss)]
        entries.append({"kind": "probe", "probe": "reduction", "step": step, "numbers": _reduction(rng, loss)})
    for step in range(25, steps + 1, 25):
        entries.append(_evaluation(rng, step, float(curve[step - 1]) + 0.03))
    entries.append({"kind": "losses", "first": 1, "values": curve.tolist(), "rates": [1e-3] * steps})
    entries.append({"kind": "counts", "backwards": steps, "steps": steps, "zero_grads": steps, "optimizers": 1})
    entries.append({"kind": "end", "how": "done", "step": steps, "seconds": 2.0})
    return entries


def as_example(entries: Sequence[Mapping[str, Any]], **options: Any) -> Example:
    """The entries as an example that a check of a run is fed with: a table of their lines."""
    return Example({"entry": [line_of(entry) for entry in entries]}, options=options)


def of_kind(entries: Sequence[dict[str, Any]], kind: str) -> Entries:
    """The entries of one kind, to be changed in place.

    >>> of_kind([{"kind": "end", "how": "done"}, {"kind": "step"}], "end")[0]["how"]
    'done'
    """
    return [entry for entry in entries if entry["kind"] == kind]


def _names() -> list[tuple[str, tuple[int, ...]]]:
    return [
        one for name, a, b in LAYERS for one in ((f"{name}.weight", (b, a)), (f"{name}.bias", (b,)))
    ]  # fmt: skip


def _optimizer() -> dict[str, Any]:
    group = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0}
    names = [name for name, _ in _names()]
    return {"kind": "optimizer", "optimizer": 0, "name": "Adam", "groups": [group], "parameters": [names]}


def _model() -> dict[str, Any]:
    parameters = [
        {"name": name, "shape": list(shape), "distinct_rows": shape[0] if len(shape) > 1 else None, "std": 0.07}
        for name, shape in _names()
    ]
    modules = {f"net.{i}": "Linear" if i % 2 == 0 else "ReLU" for i in range(5)}
    return {"kind": "model", "model": "Net", "parameters": parameters, "modules": modules, "moody": {}}


def _graph() -> dict[str, Any]:
    """The ops: linear, relu, linear, relu, linear, cross_entropy."""
    ops: list[dict[str, Any]] = []
    for i, (name, a, b) in enumerate(LAYERS):
        before = 2 * i - 1 if i else "input"
        inputs = [before, f"parameter {name}.weight", f"parameter {name}.bias"]
        given = [[SAMPLES, a], [b, a], [b]]
        linear = {"function": "linear", "module": name, "kind": "Linear", "inputs": inputs, "given": given}
        ops.append({"op": 2 * i, **linear, "shape": [SAMPLES, b], "line": "train.py:9"})
        if i < len(LAYERS) - 1:
            relu = {"function": "relu", "module": f"net.{2 * i + 1}", "kind": "ReLU", "inputs": [2 * i]}
            ops.append({"op": 2 * i + 1, **relu, "given": [[SAMPLES, b]], "shape": [SAMPLES, b], "line": "train.py:9"})
    loss = {"function": "cross_entropy", "module": "", "kind": "CrossEntropyLoss", "inputs": [4, "target"]}
    ops.append({"op": 5, **loss, "given": [[SAMPLES, CLASSES], [SAMPLES]], "shape": [], "line": "train.py:21"})
    return {"kind": "graph", "graph": 0, "step": 1, "ops": ops, "loss": 5, "outputs": [4]}


def _given(rng: np.random.Generator, step: int) -> dict[str, Any]:
    x = rng.normal(size=(SAMPLES, 20))
    tensor = {
        "shape": [SAMPLES, 20], "dtype": "float32", "nan": 0, "inf": 0, "low": float(x.min()), "high": float(x.max()),
        "mean": float(x.mean()), "std": float(x.std()), "zeros": 0.0, "means": x.mean(0).tolist(),
        "stds": x.std(0).tolist(), "constant": 0.0,
    }  # fmt: skip
    rows = [f"{int(h):016x}" for h in rng.integers(0, 2**62, SAMPLES)]
    return {"kind": "given", "step": step, "model": "Net", "inputs": [tensor], "rows": rows}


def _loss(rng: np.random.Generator, step: int, value: float) -> dict[str, Any]:
    counts = rng.multinomial(SAMPLES, [1 / CLASSES] * CLASSES)
    labels = {str(k): int(n) for k, n in enumerate(counts)}
    scale = 0.2 + (np.log(CLASSES) - value) * 3
    given = {
        "shape": [SAMPLES, CLASSES], "dtype": "float32", "low": -2 * scale, "high": 2 * scale, "mean": 0.0,
        "std": scale,
    }  # fmt: skip
    target = {"shape": [SAMPLES], "dtype": "int64", "low": 0.0, "high": CLASSES - 1.0, "counts": labels}
    return {
        "kind": "loss", "step": step, "function": "cross_entropy", "line": "train.py:21", "op": 5, "value": value,
        "made_by": ["linear", "relu", "linear"], "input": given, "target": target, "predicted": labels,
        "right": float(np.clip(np.exp(-value) + 0.05, 0, 1)), "ends": [value / 20, value * 0.8, value * 4],
    }  # fmt: skip


def _values(rng: np.random.Generator, step: int) -> dict[str, Any]:
    zeros = [0.0, 0.5, 0.0, 0.5, 0.0, 0.0]
    grads = [0.001, 0.0012, 0.0015, 0.002, 0.004, 1.0]
    return {
        "kind": "values", "graph": 0, "step": step, "rms": [1.0, 0.7, 0.8, 0.55, 0.6, 0.9],
        "low": [-4.0, 0.0, -3.0, 0.0, -2.0, 0.9], "high": [4.0, 4.0, 3.0, 3.0, 2.0, 0.9],
        "mean": [0.0, 0.4, 0.0, 0.3, 0.0, 0.9], "std": [1.0, 0.6, 0.8, 0.45, 0.6, 0.0], "zeros": zeros,
        "nan": [0] * 6, "inf": [0] * 6, "still": [0.0, 0.02, 0.0, 0.02, 0.0, None],
        "slope": [None, 0.5, None, 0.5, None, None], "grad": [g * float(rng.uniform(0.8, 1.2)) for g in grads],
        "grad_bad": [0] * 6,
    }  # fmt: skip


def _step(rng: np.random.Generator, step: int, loss: float) -> dict[str, Any]:
    names = [name for name, _ in _names()]
    sizes = np.array([int(np.prod(shape)) for _, shape in _names()])
    gradient = (0.02 * rng.uniform(0.8, 1.2, len(names)) * np.sqrt(loss)).tolist()
    update = (1e-3 * np.sqrt(sizes) * 0.6).tolist()
    return {
        "kind": "step", "step": step, "optimizer": 0, "loss": loss, "rates": [1e-3], "backwards": 1,
        "parameters": names, "gradient": gradient, "weight": (0.07 * np.sqrt(sizes)).tolist(), "update": update,
        "same": [0.0] * len(names), "bad": [0] * len(names),
        "distinct_rows": [64, None, 64, None, 3, None] if step <= 4 else [],
        "slope": -float(np.dot(gradient, update)) * 0.5,
    }  # fmt: skip


def _reduction(rng: np.random.Generator, loss: float) -> dict[str, float]:
    predicted, ratio = -0.02 * loss, float(rng.uniform(0.85, 0.98))
    return {"before": loss, "after": loss + ratio * predicted, "predicted": predicted, "ratio": ratio}


def _evaluation(rng: np.random.Generator, step: int, loss: float) -> dict[str, Any]:
    rows = [f"{int(h):016x}" for h in rng.integers(0, 2**62, 256)]
    right = float(np.clip(np.exp(-loss) + 0.05, 0, 1))
    return {
        "kind": "evaluation",
        "step": step,
        "model": "Net",
        "samples": 256,
        "loss": loss,
        "right": right,
        "rows": rows,
    }
