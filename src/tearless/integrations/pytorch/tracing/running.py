"""One run of a model on fake tensors: the forward pass, what it keeps, and the backward pass after it."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from tearless.linear_algebra.shapes import Where

from .costs import Costs
from .fake import without_numbers
from .layers import Recorder, tensors_in
from .traced import FunctionCall, LayerCall, Traced


@dataclass(frozen=True, slots=True)
class Ran:
    """A run and what it cost."""

    traced: Traced
    costs: Costs
    peak: int = 0
    """The most bytes held at once beside parameters and buffers, in the forward and the backward pass."""
    mixed: bool = False
    """Whether the model asked for mixed precision, which is not followed."""


def run(
    model: torch.nn.Module,
    args: Sequence[Any],
    named: Mapping[str, Any],
    *,
    symbols: Mapping[str, int] | None = None,
    made: Mapping[str, Where] | None = None,
    device: torch.device | None = None,
    training: bool = True,
    backward: bool = True,
    loud: bool = False,
) -> Ran:
    """Run a model whose tensors are fake. What ends it stands in ``traced.error``; Ctrl-C goes through.

    ``args`` and ``named`` are fake tensors, or values of other kinds. Modules are put in training or evaluation mode.
    What the model prints goes to the error stream where ``loud``, and nowhere else.
    """
    recorder = Recorder(device or torch.device("cpu"), made or {}, run.__code__)
    costs = recorder.costs
    costs.known(t for t in (*model.parameters(), *model.buffers()) if not is_lazy(t))
    model.train(training)
    traced = Traced(model, recorder.steps, dict(symbols or {}))
    peak = 0
    with without_numbers(recorder.device, costs, recorder), _silent(loud), recorder.listening(model):
        for tensor in tensors_in((args, named)):
            costs._hold(tensor)
        traced.takes = recorder.held((args, named))
        try:
            with torch.set_grad_enabled(training), torch.autograd.graph.saved_tensors_hooks(costs.keep, _as_it_is):
                traced.outputs = model(*args, **named)
            traced.gives = recorder.held(traced.outputs)
            costs.forward = False
            if training and backward:
                _backward(traced.outputs)
            peak = costs.peak
        except Exception as error:  # noqa: BLE001 - whatever ends the model is told
            traced.error = error
    count(traced, costs)
    return Ran(traced, costs, peak, recorder.mixed)


@contextlib.contextmanager
def _silent(loud: bool) -> Iterator[None]:
    """What the model prints goes to the error stream or nowhere; PyTorch's own log of odd operations nowhere."""
    log = logging.getLogger("torch")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with contextlib.redirect_stdout(sys.stderr if loud else io.StringIO()):
            yield
    finally:
        log.setLevel(level)


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether it gets its shape at the first forward pass."""
    return isinstance(tensor, (UninitializedBuffer, UninitializedParameter))


def _as_it_is(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def _backward(outputs: Any) -> None:
    """The backward pass from everything that the model gave; none where it cannot be run on fake tensors."""
    ends = [t for t in tensors_in(outputs) if t.requires_grad]
    if not ends:
        return
    with contextlib.suppress(RuntimeError, NotImplementedError, TypeError), torch._C.DisableTorchFunction():
        torch.autograd.backward(functools.reduce(torch.add, [t.sum() for t in ends]))


def count(traced: Traced, costs: Costs) -> None:
    """Put what was counted to the steps that asked for it, and to the layers that they ran in."""
    steps = traced.steps
    for product in costs.products:
        amount = math.prod(product.factors)
        for step in _up(steps, product.owner):
            step.multiply_adds += amount
    for kept in costs.kept:
        for step in _up(steps, kept.owner):
            step.kept += kept.bytes
    for call in traced.layers():
        call.parameters = sum(p.numel() for p in call.module.parameters() if not is_lazy(p))


def _up(steps: Sequence[LayerCall | FunctionCall], owner: int) -> Iterator[LayerCall | FunctionCall]:
    while owner >= 0:
        yield steps[owner]
        owner = steps[owner].parent
