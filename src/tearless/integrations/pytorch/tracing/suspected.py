"""Suspicions about a traced model as entries of the fact ``Seen``: those that hold in training and in evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .origins import symbolic
from .outgoing import Suspicion
from .swapped import suspicions
from .symbols import BATCH
from .traced import LayerCall, Traced

if TYPE_CHECKING:
    from .several import Runs

PRIMES = {values[0] for values in BATCH}


def suspected(
    training: Traced, evaluation: Traced | None, name: str = "n", batch: int | None = None
) -> Iterator[dict[str, Any]]:
    """An entry for each layer or function that takes an axis for another. What is so in training alone is meant so.

    ``training`` and ``evaluation`` ran at a prime for the size ``name``; ``batch`` is how many samples there are.
    """
    also = None
    if evaluation is not None and evaluation.error is None:
        also = {one["says"] for _, one in suspicions(evaluation, name)}
    by_step: dict[int, list[Suspicion]] = {}
    for at, one in suspicions(training, name, batch):
        if also is None or one["says"] in also:
            by_step.setdefault(at, []).append(one)
    yield from (entry_of_step(training, at, found) for at, found in by_step.items())


def entry_of_step(traced: Traced, at: int, found: list[Suspicion]) -> dict[str, Any]:
    """Suspicions as an entry of the layer or function that they are of."""
    step, symbols = traced.steps[at], traced.symbols
    return {
        "kind": "layer",
        "path": step.path if isinstance(step, LayerCall) else step.inside,
        "type": step.type if isinstance(step, LayerCall) else step.name,
        "takes": [[str(size) for size in symbolic(one.shape, symbols)] for one in step.takes],
        "gives": [[str(size) for size in symbolic(one.shape, symbols)] for one in step.gives],
        "file": step.at.file if step.at else "",
        "line": step.at.line if step.at else 0,
        "code": step.at.code if step.at else "",
        "suspicions": found,
    }


def suspected_in(runs: Runs) -> Iterator[dict[str, Any]]:
    """The same of the runs of a trace, where one of them had a prime for its batch; nothing elsewhere."""
    if runs.fixed is not None:
        yield entry_of_step(runs.shown.traced, 0, [_fixed(runs, runs.fixed)])
    training = _at_prime(runs.laws.runs) if runs.laws is not None else None
    if training is None:
        return
    traced, name = training
    if not runs.inputs.symbols() and _steps_first(traced, name):
        return
    evaluation = _at_prime(runs.inference.runs) if runs.inference is not None else None
    real = runs.point.get(name)
    shown = real if real is not None and real not in PRIMES else None
    yield from suspected(traced, evaluation[0] if evaluation is not None else None, name, shown)


def _fixed(runs: Runs, others: tuple[int, int]) -> Suspicion:
    size = next(one.sizes[0] for one in runs.inputs.all() if one.sizes)
    return {
        "kind": "batch-moved",
        "says": f"the model goes through with {size} samples, and not with {others[0]} or {others[1]}",
        "why": "something takes the axis of the samples for another, or joins samples; the last batch may be smaller",
        "proof": f"axis 0 of the input was {size}, {others[0]} and {others[1]} in three runs",
        "repair": f"trace it with a name, n in the place of {size}: that shows the line",
        "mixed": 0,
    }


def _steps_first(traced: Traced, name: str) -> bool:
    """Whether a layer takes axis 0 for the steps, where nobody said that it holds the samples: it may well not."""
    size = traced.symbols[name]
    return any(
        step.rule in ("rnn", "attention")
        and not step.settings.get("batch_first")
        and any(len(one.shape) == 3 and one.shape[0] == size for one in step.takes[:1])
        for step in traced.layers()
    )


def _at_prime(runs: Any) -> tuple[Traced, str] | None:
    """The first run that came to its end at a prime of the batch, and the name of that size."""
    for ran in runs:
        symbols: Mapping[str, int] = ran.traced.symbols
        for name, value in symbols.items():
            if value in PRIMES and ran.traced.error is None:
                return ran.traced, name
    return None
