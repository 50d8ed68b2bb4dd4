"""The way from a batch to its loss, run again on a copy: with other weights, other inputs, or one call left out.

Nothing of the run is touched: buffers are copied, and the state of the random numbers is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from .looking import has_storage
from .tape import Call, Leaf, Ref, Tape, ancestors, autocast_now, tensors_in

AGREES = 1e-3
"""Relative distance from the loss that was seen up to which a replay counts as the same computation."""
MOST_NUMBERS = 8_000_000
"""Numbers of the data of one batch up to which it is kept."""

Change = Callable[[int, Call, tuple[Any, ...], dict[str, Any]], Any]


class Unlike(Exception):
    """The calls could not be run again, or gave another loss: nothing can be said from a copy."""


@dataclass(frozen=True, eq=False)
class Replay:
    """The calls that a loss depends on, with the tensors that they start from. ``value`` is the loss that was seen."""

    calls: Sequence[tuple[int, Call]]
    leaves: Mapping[int, torch.Tensor]
    labels: Mapping[int, str]
    loss: Ref
    step: int
    value: float | None
    random: torch.Tensor | None

    @classmethod
    def of(cls, tape: Tape, loss: Ref, step: int, value: Any) -> Replay:
        """What a tape holds of the way to one loss; without its tensors where these are too many to keep."""
        used = ancestors(tape.calls, loss.op)
        calls = [(i, call) for i, call in enumerate(tape.calls) if i in used]
        at = {ref.at for _, call in calls for ref in call.inputs if isinstance(ref, Leaf)}
        leaves = {i: tape.leaves[i] for i in sorted(at)}
        labels = {i: tape.labels[i] for i in sorted(at)}
        data = sum(x.numel() for i, x in leaves.items() if labels[i] != "parameter")
        if data > MOST_NUMBERS or any(_draws_elsewhere(call) for _, call in calls):
            calls, leaves = [], {}
        return cls(calls, leaves, labels, loss, step, float(value) if value is not None else None, tape.random)

    def parameters(self) -> dict[int, torch.Tensor]:
        """The leaves that learn, by place."""
        return {i: x for i, x in self.leaves.items() if self.labels[i] == "parameter"}

    def inputs(self) -> dict[int, torch.Tensor]:
        """What the models were given, by place."""
        return {i: x for i, x in self.leaves.items() if self.labels[i] == "input"}

    def data(self) -> dict[int, torch.Tensor]:
        """The other tensors: labels, masks, buffers."""
        return {i: x for i, x in self.leaves.items() if self.labels[i] in ("data", "elsewhere")}

    def run(
        self,
        leaves: Mapping[int, torch.Tensor] | None = None,
        change: Change | None = None,
        keep: Sequence[int] = (),
    ) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
        """The loss with some leaves replaced, and the outputs of the ops in ``keep``.

        ``change`` gets each call and may make another one of it. Raises ``Unlike`` where a call cannot be run.
        """
        if not self.calls:
            raise Unlike("the batch was too large to be kept")
        if any(x.numel() and (hasattr(x, "to_local") or not has_storage(x)) for x in self.leaves.values()):
            raise Unlike("the tensors are split over processes, or were given back")
        new = {i: x.clone() if i in self._written else x for i, x in (leaves or {}).items()}
        given = {**{i: self._own(i, x) for i, x in self.leaves.items() if i not in new}, **new}
        made: dict[Ref, Any] = {}
        kept: dict[int, torch.Tensor] = {}
        try:
            for number, call in self.calls:
                args, kwargs = _filled(call.args, given, made), _filled(call.kwargs, given, made)
                if call.random is not None:
                    torch.set_rng_state(call.random)
                with _as_cast(call), torch.no_grad() if call.quiet else nullcontext():
                    result = change(number, call, args, kwargs) if change else call.function(*args, **kwargs)
                _store(made, number, call, args, result)
                if number in keep:
                    kept[number] = result
            return made[self.loss], kept
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError, NotImplementedError) as fault:
            raise Unlike(str(fault)) from None

    def _own(self, at: int, x: torch.Tensor) -> torch.Tensor:
        """A leaf that may be written to: a copy where a call works in place, and of what a call changes."""
        return x.detach().clone() if self._in_place or at in self._written else x.detach()

    @cached_property
    def _in_place(self) -> bool:
        return any(call.in_place for _, call in self.calls)

    @cached_property
    def _written(self) -> set[int]:
        return {at for _, call in self.calls for at in call.writes}

    def loss_at(self, leaves: Mapping[int, torch.Tensor] | None = None, change: Change | None = None) -> float:
        """The loss as a number, without gradients, the random numbers as they were. Raises ``Unlike``."""
        with as_before(self.random), torch.no_grad():
            return float(self.run(leaves, change)[0])

    def gradients(
        self,
        leaves: Mapping[int, torch.Tensor],
        change: Change | None = None,
        others: Mapping[int, torch.Tensor] | None = None,
    ) -> tuple[float, dict[int, torch.Tensor]]:
        """The loss and its gradient by the given leaves (those that it depends on), ``others`` replaced meanwhile.

        Raises ``Unlike``.
        """
        with as_before(self.random), torch.enable_grad():
            own = {i: x.detach().requires_grad_(True) for i, x in leaves.items()}
            loss, _ = self.run({**(others or {}), **own}, change)
            if not loss.requires_grad:
                raise Unlike("the loss does not depend on what it was asked for")
            grads = torch.autograd.grad(loss, list(own.values()), allow_unused=True)
            found = {i: g.detach() for i, g in zip(own, grads, strict=True) if g is not None}
            return float(loss.detach()), found

    def reduction(self, slope: float | None) -> dict[str, float] | None:
        """The same batch before and after its step (the parameters are now those after it); ``None`` if unknown."""
        if slope is None or slope == 0 or self.value is None:
            return None
        try:
            after = self.loss_at()
        except Unlike:
            return None
        found = {"before": self.value, "after": after, "predicted": slope}
        return {**found, "ratio": (after - self.value) / slope}

    def is_faithful(self, at: Mapping[int, torch.Tensor]) -> bool:
        """Whether the replay with these parameters gives the loss that was seen."""
        try:
            again = self.loss_at(at)
        except Unlike:
            return False
        return self.value is not None and abs(again - self.value) <= AGREES * max(abs(self.value), 1e-6)


def _as_cast(call: Call) -> AbstractContextManager[Any]:
    """Autocast as it was when the call was made."""
    now = autocast_now()
    if call.autocast == now:
        return nullcontext()
    device, dtype = call.autocast or now or ("cpu", torch.bfloat16)
    return torch.autocast(device, dtype, enabled=call.autocast is not None, cache_enabled=False)


def _draws_elsewhere(call: Call) -> bool:
    """Whether a call draws from a generator of the script's own, whose stream must not move."""
    return any(isinstance(x, torch.Generator) for x in (*call.args, *call.kwargs.values()))


@contextmanager
def as_before(random: torch.Tensor | None) -> Iterator[None]:
    """Random numbers as they were at the batch; afterwards as they are now. Nothing in here is watched."""
    now = torch.get_rng_state()
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = list(range(torch.cuda.device_count())) if used else []
    others = [torch.cuda.get_rng_state(i) for i in devices]
    try:
        if random is not None:
            torch.set_rng_state(random)
        yield
    finally:
        torch.set_rng_state(now)
        for i, state in zip(devices, others, strict=True):
            torch.cuda.set_rng_state(state, i)


def _filled(value: Any, leaves: Mapping[int, torch.Tensor], made: Mapping[Ref, Any]) -> Any:
    if isinstance(value, Leaf):
        return leaves[value.at]
    if isinstance(value, Ref):
        return made[value]
    if type(value) in (list, tuple):
        return type(value)(_filled(one, leaves, made) for one in value)
    if type(value) is dict:
        return {key: _filled(one, leaves, made) for key, one in value.items()}
    return value


def _store(made: dict[Ref, Any], number: int, call: Call, args: tuple[Any, ...], result: Any) -> None:
    for i, x in enumerate(tensors_in(result)):
        made[Ref(number, i)] = x
    if call.in_place and args and isinstance(args[0], torch.Tensor):
        made[Ref(number, -1)] = args[0]
