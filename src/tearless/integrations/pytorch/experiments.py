"""A suspicion tested on a copy: the same batches from the same first weights, with one thing changed.

The copy's steps are made by an optimiser like the run's own on the batches that were kept. What comes of it is the loss
at the end as it is and as changed; nothing of the run is touched.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .noting import options
from .replay import Change, Replay, Unlike
from .settings import Settings
from .tape import Call

STEPS = 60
"""Steps of an experiment: as many as the first look at a run sees, and few enough for seconds."""
Leaves = dict[int, torch.Tensor]


@dataclass(frozen=True)
class Altered:
    """What an experiment changes: a setting of the optimiser, the calls, the data of each batch, the first weights."""

    settings: Mapping[str, float] = field(default_factory=dict)
    change: Change | None = None
    data: Callable[[Replay], Leaves] | None = None
    weights: Callable[[torch.Tensor, Sequence[int]], torch.Tensor] | None = None
    all_learn: bool = False
    cleared: bool = False
    unclipped: bool = False


@dataclass(frozen=True, eq=False)
class Copy:
    """What is needed to make steps on a copy: kept batches of one graph, the first weights, the settings.

    ``uncleared``: each step adds its gradient to those before, as the run did; ``clip``: how it clipped, and at what.
    """

    batches: tuple[Replay, ...]
    initial: Mapping[int, torch.Tensor]
    settings: Settings
    uncleared: bool = False
    clip: tuple[str, float] | None = None

    def losses(self, altered: Altered, until: float, steps: int = STEPS) -> list[float] | None:
        """The loss at each step; ``None`` where the calls cannot be run again, time runs out, or nothing learns."""
        try:
            return self._losses(altered, until, steps)
        except Unlike:
            return None

    def _losses(self, altered: Altered, until: float, steps: int) -> list[float]:
        copies: dict[int, torch.Tensor] = {}
        found: list[float] = []
        optimizer: torch.optim.Optimizer | None = None
        for k in range(steps):
            if time.perf_counter() > until:
                raise Unlike("no time is left")
            batch = self.batches[k % len(self.batches)]
            own = {i: self._copy_of(x, copies, altered) for i, x in batch.parameters().items()}
            if optimizer is None:
                held = {i for group in self.settings.held for i in group}
                more = [x for i, x in copies.items() if i not in held] if altered.all_learn else []
                optimizer = self.settings.again(copies, more, **altered.settings)
                if optimizer is None:
                    raise Unlike("an optimiser of this kind cannot be made again")
            others = altered.data(batch) if altered.data else {}
            value, grads = batch.gradients(own, altered.change, others)
            found.append(value)
            if not math.isfinite(value):
                return found + [value] * (steps - k - 1)
            for i, leaf in own.items():
                add = self.uncleared and leaf.grad is not None and i in grads and not altered.cleared
                leaf.grad = leaf.grad + grads[i] if add and leaf.grad is not None else grads.get(i)
            if self.clip and not altered.unclipped:
                by, most = self.clip
                clip = torch.nn.utils.clip_grad_norm_ if by == "norm" else torch.nn.utils.clip_grad_value_
                clip(list(own.values()), most)
            optimizer.step()
        return found

    def _copy_of(self, x: torch.Tensor, copies: dict[int, torch.Tensor], altered: Altered) -> torch.Tensor:
        if id(x) not in copies:
            first = self.initial.get(id(x), x).detach().clone()
            copies[id(x)] = altered.weights(first, list(first.shape)) if altered.weights else first
        return copies[id(x)]


def copy_of(
    replays: Sequence[Replay],
    initial: Mapping[int, torch.Tensor],
    settings: Settings,
    uncleared: bool = False,
    clip: tuple[str, float] | None = None,
) -> Copy | None:
    """A copy to make steps on: the batches of the first graph whose replay gives the loss that was seen."""
    usable = [replay for replay in replays if replay.calls]
    if not usable or not initial:
        return None
    form = [call.name for _, call in usable[0].calls]
    alike = tuple(replay for replay in usable if [call.name for _, call in replay.calls] == form)
    first = alike[0]
    at = {i: initial.get(id(x), x) for i, x in first.parameters().items()}
    return Copy(alike, initial, settings, uncleared, clip) if first.is_faithful(at) else None


def without(*names: str) -> Change:
    """Calls of these functions pass their input on."""

    def change(_: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args[0] if call.name in names else call.function(*args, **kwargs)

    return change


def last_without(replay: Replay, *names: str) -> Change:
    """The last call of one of these functions passes its input on."""
    last = max((number for number, call in replay.calls if call.name in names), default=-1)

    def change(number: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args[0] if number == last else call.function(*args, **kwargs)

    return change


def along_the_last_axis(_: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Softmax over the last axis wherever it ran over the first."""
    if call.name in ("softmax", "log_softmax") and options(call).get("dim") == 0:
        return call.function(args[0], dim=-1)
    return call.function(*args, **kwargs)


def of_one_shape(_: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Where two tensors of as many numbers would be stretched against each other, both get one shape."""
    if len(args) >= 2 and all(isinstance(x, torch.Tensor) for x in args[:2]):
        a, b = args[:2]
        if a.shape != b.shape and a.numel() == b.numel() and a.numel() > 1:
            args = (a, b.reshape(a.shape), *args[2:])
    return call.function(*args, **kwargs)


def negated(replay: Replay) -> Change:
    """The loss with the other sign."""
    at = replay.loss.op

    def change(number: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = call.function(*args, **kwargs)
        return -result if number == at else result

    return change


def standardised_inputs(replay: Replay) -> Leaves:
    """Each input column with mean 0 and spread 1 (over this batch); images as a whole."""
    found: Leaves = {}
    for i, x in replay.inputs().items():
        if x.is_floating_point() and x.ndim >= 2 and len(x) > 1:
            axes = [0] if x.ndim == 2 else list(range(x.ndim))
            spread = x.std(axes, keepdim=True, correction=0)
            found[i] = (x - x.mean(axes, keepdim=True)) / torch.where(spread > 0, spread, torch.ones_like(spread))
    return found


def shuffled_targets(replay: Replay) -> Leaves:
    """Labels and targets dealt to other samples."""
    found: Leaves = {}
    for i, y in replay.data().items():
        if y.ndim and len(y) > 1 and any(len(x) == len(y) for x in replay.inputs().values() if x.ndim):
            found[i] = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(0))]
    return found


def fresh(first: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """First weights of variance 2 / fan-in for matrices and kernels, vectors as they were."""
    if len(shape) < 2 or not first.is_floating_point():
        return first
    inputs = math.prod(shape[1:])
    generator = torch.Generator().manual_seed(shape[0] * 7919 + inputs)
    return (torch.randn(list(shape), generator=generator) * math.sqrt(2 / inputs)).to(first)
