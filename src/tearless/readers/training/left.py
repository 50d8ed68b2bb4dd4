"""What checkpoints tell of a run, for the checks of weights: entries ``checkpoint`` and ``moved``; and made-up ones.

The entries are those of ``checkpoints.entries_of_checkpoints``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tearless.core import CannotTell, NotApplicable

from .entries import FORMAT
from .made import LAYERS, Entries
from .run import Run

Told = Mapping[str, Any]


def checkpoints(run: Run) -> list[dict[str, Any]]:
    """The checkpoints of a run, in order. Raises ``NotApplicable`` where it was told by something else.

    >>> len(checkpoints(Run.from_entries(made_checkpoints(np.random.default_rng(0)))))
    2
    """
    found = run.entries("checkpoint")
    if not found:
        raise NotApplicable("no checkpoint was given: `tearless check` takes the files of one or of several")
    return found


def kept(run: Run) -> list[Told]:
    """What the optimisers of the last checkpoint kept, a parameter each. Raises ``CannotTell`` where there is none."""
    found = [one for optimizer in checkpoints(run)[-1].get("optimizers") or () for one in optimizer["parameters"]]
    if not found:
        raise CannotTell("no optimiser's state is in the checkpoint: save optimizer.state_dict() beside the weights")
    return found


def last_move(run: Run) -> Told:
    """What lies between the last two checkpoints. Raises ``CannotTell`` where there is one alone."""
    checkpoints(run)
    found = run.entries("moved")
    if not found:
        raise CannotTell("a second checkpoint of the same run is needed: give both files")
    return found[-1]


def made_checkpoints(rng: np.random.Generator) -> Entries:
    """The entries of two checkpoints of a healthy run, 500 steps apart, with the state of Adam.

    >>> [entry["kind"] for entry in made_checkpoints(np.random.default_rng(0))]
    ['start', 'model', 'checkpoint', 'checkpoint', 'moved']
    """
    shapes = [
        one for name, a, b in LAYERS for one in ((f"{name}.weight", [b, a]), (f"{name}.bias", [b]))
    ]  # fmt: skip
    tensors = [_tensor(rng, name, shape) for name, shape in shapes]
    tensors.append(_variance(rng))
    start = {"kind": "start", "format": FORMAT, "source": "checkpoint", "what": "a checkpoint of torch.save"}
    entries: Entries = [start, {"kind": "model", "model": "step_500.pt", "parameters": []}]
    for step in (500, 1000):
        own = {"kind": "checkpoint", "name": f"step_{step}.pt", "step": step, "tensors": [dict(t) for t in tensors]}
        entries.append({**own, "optimizers": [_adam(rng, tensors[:-1])]})
    moves = [_move(rng, tensor) for tensor in tensors]
    pair = {"kind": "moved", "first": "step_500.pt", "second": "step_1000.pt", "steps": 500, "only": 0}
    return [*entries, {**pair, "tensors": moves}]


def _tensor(rng: np.random.Generator, name: str, shape: Sequence[int]) -> dict[str, Any]:
    told = {"name": name, "shape": list(shape), "dtype": "float32", "nan": 0, "inf": 0, "zeros": 0.0, "low": -0.3}
    rows = {"distinct_rows": shape[0], "zero_rows": 0, "row_spread": 0.98} if len(shape) > 1 else {}
    return {**told, "high": 0.3, "mean": float(rng.normal(0, 0.01)), "std": 0.07, **rows}


def _variance(rng: np.random.Generator) -> dict[str, Any]:
    return {**_tensor(rng, "norm.running_var", [64]), "low": float(rng.uniform(0.1, 0.3)), "high": 2.0, "mean": 0.8}


def _adam(rng: np.random.Generator, tensors: Sequence[Told]) -> dict[str, Any]:
    parameters = [
        {"name": tensor["name"], "state": True, "rate": 1e-3, "step": 500.0, "live": 1000, "eps": 1e-8,
         "below_eps": float(rng.uniform(0, 0.01)), "lost": float(rng.uniform(0, 0.01)), "dtype": "float32",
         "state_dtype": "float32"}
        for tensor in tensors
    ]  # fmt: skip
    return {"groups": [{"lr": 1e-3, "eps": 1e-8}], "parameters": parameters}


def _move(rng: np.random.Generator, tensor: Told) -> dict[str, Any]:
    size = float(np.sqrt(np.prod(tensor["shape"])))
    return {
        "name": tensor["name"], "shape": tensor["shape"], "dtype": "float32", "same": float(rng.uniform(0, 0.001)),
        "change": 0.01 * size, "weight": 0.07 * size,
    }  # fmt: skip
