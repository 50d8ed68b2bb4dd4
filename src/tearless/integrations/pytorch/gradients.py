"""Gradient norms of a live model: one that is in memory, one that a factory makes, or one that a script trains."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tearless.core import InputError, quoted
from tearless.report.gradients import Gradients, LayerGradient

from . import needs_torch

if TYPE_CHECKING:
    import torch

SAVED = {".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".onnx", ".keras", ".h5", ".pkl", ".npz", ".gguf", ".pte"}
NOT_STORED = (
    "expected a model in memory, a script or module:factory, got the saved model {file}; gradients are not stored in a "
    "saved model: load it, call loss.backward() on a batch, and give the model"
)


def gradients(model: Any, loss: Any = None) -> Gradients:
    """The gradient norm of each layer of a model in memory, and of all together.

    ``model`` has gradients already, or they are those of ``loss``: ``loss.backward()`` is called on it. Layers are the
    modules that own parameters; a parameter that two of them share counts once, where it stands first.

    Raises ``InputError`` where PyTorch is missing, there is no model or no gradient, or a saved model was named.
    """
    needs_torch("gradients")
    import torch

    if isinstance(model, (str, Path)):
        raise InputError(f"model: {NOT_STORED.format(file=quoted(str(model)))}")
    if not isinstance(model, torch.nn.Module):
        kind = quoted(type(model).__name__)
        raise InputError(f"model: expected a torch.nn.Module, got {kind}; give the model itself")
    if loss is not None:
        _backward(loss)
    parameters = list(model.named_parameters())
    if all(p.grad is None for _, p in parameters):
        raise InputError(
            "model: expected a model with gradients, got one whose parameters have none; call loss.backward() first, "
            "or give the loss as well"
        )
    return of_parameters(parameters, type(model).__name__)


def _backward(loss: Any) -> None:
    import torch

    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        raise InputError(f"loss: expected a tensor of one number, got {quoted(type(loss).__name__)}; give the loss")
    if not loss.requires_grad:
        raise InputError("loss: expected a loss that depends on the model, got one without a graph; compute it again")
    loss.backward()  # type: ignore[no-untyped-call]


def of_parameters(parameters: Sequence[tuple[str, torch.Tensor]], source: str) -> Gradients:
    """The layers of named parameters."""
    from .looking import norms

    names = [name for name, _ in parameters]
    gradient = norms([p.grad for _, p in parameters])
    weight = norms([p for _, p in parameters])
    numbers = {name: p.numel() for name, p in parameters}
    return Gradients(tuple(_layers(names, numbers, _named(names, gradient), _named(names, weight), {})), quoted(source))


def _named(names: Sequence[str], values: Sequence[float | None]) -> Mapping[str, float]:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _layers(
    names: Iterable[str],
    numbers: Mapping[str, int],
    gradient: Mapping[str, float],
    weight: Mapping[str, float],
    update: Mapping[str, float],
) -> Iterable[LayerGradient]:
    """Parameters gathered by the module that owns them, in order."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    for layer, own in layers.items():
        seen = [name for name in own if name in gradient]
        size = sum(numbers.get(name, 0) for name in seen or own)
        yield LayerGradient(layer, size, _norm(own, gradient), _norm(own, weight), _norm(own, update))


def _norm(names: Sequence[str], values: Mapping[str, float]) -> float | None:
    known = [values[name] for name in names if name in values]
    return math.hypot(*known) if known else None


def of_target(target: str, arguments: Sequence[str] = ()) -> tuple[Gradients | None, int]:
    """Of a script that is run until its first steps were looked at, or of ``module:factory``; and the exit status.

    Without gradients (``None``) where the script ended by itself with a status other than 0.
    """
    needs_torch("gradients")
    path = Path(target)
    if path.suffix.lower() in SAVED:
        raise InputError(f"TARGET: {NOT_STORED.format(file=quoted(target))}")
    if path.suffix != ".py" and not path.exists() and ":" in target:
        return _of_factory(target), 0
    return _of_script(target, arguments)


def _of_factory(target: str) -> Gradients:
    """Call ``module:factory``: it gives a model that has gradients, or the model and a loss."""
    place, _, name = target.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(place)
    except ModuleNotFoundError as fault:
        if fault.name != place.partition(".")[0] and fault.name != place:
            raise
        raise InputError(f"TARGET: expected module:factory, got {quoted(target)}; there is no such module") from None
    factory = getattr(module, name, None)
    if not callable(factory):
        raise InputError(f"TARGET: expected a function after the colon, got {quoted(name)}; name one of {place}")
    made = factory()
    return gradients(*made) if isinstance(made, tuple) and len(made) == 2 else gradients(made)


def _of_script(script: str, arguments: Sequence[str]) -> tuple[Gradients | None, int]:
    from torch.optim.optimizer import register_optimizer_step_post_hook

    from tearless.integrations.script import Stop, run_script
    from tearless.readers.training.run import Run

    from .hearing import FIRST
    from .record import Record
    from .watching import Watch

    record = Record()
    watch = Watch(record)

    def enough(*_: object) -> None:
        if watch.steps >= FIRST:
            raise Stop

    with watch:
        handle = register_optimizer_step_post_hook(enough)
        try:
            ended = run_script(script, arguments)
        finally:
            handle.remove()
    run = Run(tuple(record.lines))
    if not run.steps:
        if ended.status:
            return None, ended.status
        raise InputError(f"TARGET: expected a script that makes optimiser steps, got {quoted(script)}, which made none")
    return _of_run(run, Path(script).name), 0


def _of_run(run: Any, source: str) -> Gradients:
    """What the last looks at each parameter say."""
    found: dict[str, dict[str, float]] = {"gradient": {}, "weight": {}, "update": {}}
    numbers: dict[str, int] = {}
    for name, parameter in run.parameters.items():
        numbers[name] = math.prod(parameter.shape)
    seen: dict[str, None] = {}
    for step in run.steps:
        seen |= dict.fromkeys(step.parameters)
        for what, values in found.items():
            values.update(step.by_name(what))
    names = dict.fromkeys([*(n for n in run.parameters), *seen])
    layers = tuple(_layers(names, numbers, found["gradient"], found["weight"], found["update"]))
    return Gradients(layers, quoted(source), run.steps[-1].step)
