"""A made-up run through many layers with sigmoids between them, for the examples of checks of its gradient's way."""

from __future__ import annotations

import numpy as np

from tearless.readers.training.made import Entries, healthy_run, of_kind


def deep_run(rng: np.random.Generator, gain: float, depth: int, late: float, scale: float) -> Entries:
    """A run of ``depth`` layers of 64 whose gradients change by ``gain`` a layer, its steps with them (no momentum).

    Its steps are the gradients times ``scale``; its loss falls from 1.1 to ``late``.

    >>> run = deep_run(np.random.default_rng(0), gain=0.5, depth=3, late=0.2, scale=0.1)
    >>> of_kind(run, "step")[0]["gradient"], of_kind(run, "values")[0]["grad"][0]
    ([0.005, 0.01, 0.02], 0.0025)
    """
    entries = healthy_run(rng)
    graph, model = of_kind(entries, "graph")[0], of_kind(entries, "model")[0]
    names = [f"net.{2 * i}.weight" for i in range(depth)]
    ops = []
    for i, name in enumerate(names):
        inputs = [2 * i - 1 if i else "input", f"parameter {name}"]
        linear = {"op": 2 * i, "function": "linear", "module": name[:-7], "inputs": inputs}
        ops.append({**linear, "given": [[128, 64], [64, 64]], "shape": [128, 64], "line": "train.py:9"})
        act = {"op": 2 * i + 1, "function": "sigmoid", "module": f"net.{2 * i + 1}", "kind": "Sigmoid"}
        ops.append({**act, "inputs": [2 * i], "given": [[128, 64]], "shape": [128, 64], "line": "train.py:9"})
    ops[-1] = {"op": 2 * depth - 1, "function": "cross_entropy", "inputs": [2 * depth - 2], "shape": []}
    graph.update(ops=ops, loss=2 * depth - 1, outputs=[2 * depth - 2])
    model["parameters"] = [{"name": name, "shape": [64, 64], "std": 0.07} for name in names]
    for values in of_kind(entries, "values"):
        faded = [0.01 * gain ** (depth - 1 - i // 2) for i in range(2 * depth - 1)]
        values.update(grad=[*faded, 1.0], rms=[0.5] * (2 * depth))
    for step in of_kind(entries, "step"):
        g = [0.02 * gain ** (depth - 1 - i) for i in range(depth)]
        step.update(parameters=names, gradient=g, weight=[4.5] * depth, update=[scale * one for one in g])
    curve = 1.1 - (1.1 - late) * np.minimum(1, np.arange(100) / 60) + rng.normal(0, 0.01, 100)
    of_kind(entries, "losses")[0]["values"] = curve.tolist()
    for call in of_kind(entries, "loss"):
        call.update(op=2 * depth - 1, value=float(curve[call["step"] - 1]))
    return entries
