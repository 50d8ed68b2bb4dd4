"""The loss and the learning rate of every step, kept at little cost and written in blocks."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from .looking import scalar
from .record import Record
from .thinning import shortened

KEPT = 256
"""Steps after which a block is written. Losses on a device are brought over then, not at each step."""


class Curve:
    """What backward was called on since the last step, and the blocks of steps."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.steps = 0
        self.values: list[Any] = []
        self.losses: list[list[Any]] = []
        self._before: list[Any] = []
        self.rates: list[Any] = []
        self.modes: list[bool | None] = []
        self._scaled: dict[int, tuple[weakref.ref[torch.Tensor], torch.Tensor]] = {}

    def scaled(self, outputs: Any, result: Any) -> None:
        """A gradient scaler made ``result`` of the loss ``outputs``: the loss is what counts."""
        if isinstance(outputs, torch.Tensor) and isinstance(result, torch.Tensor):
            self._scaled = {id(result): (weakref.ref(result), outputs.detach())}

    def is_scaled(self, tensor: torch.Tensor) -> bool:
        found = self._scaled.get(id(tensor))
        return found is not None and found[0]() is tensor

    def scaling(self) -> bool:
        """Whether a gradient scaler is at work: backward is called on what it made of the loss."""
        return bool(self._scaled)

    @staticmethod
    def rate(rate: Any) -> Any:
        """A learning rate as a number; one that lies on a device is brought over with the block."""
        if isinstance(rate, torch.Tensor) and not rate.is_cpu:
            return rate.detach().clone()
        return float(rate)

    def hear(self, tensor: torch.Tensor) -> None:
        """Backward is called on a tensor."""
        if tensor.is_cpu and not self._scaled and tensor.numel() == 1:
            number = tensor.item()
            self.values.append(None if isinstance(number, complex) else float(number))
            return
        value = self._scaled[id(tensor)][1] if self.is_scaled(tensor) else tensor.detach()
        if value.numel() != 1 or value.is_complex() or value.is_meta:
            self.values.append(None)
        else:
            self.values.append(float(value) if value.device.type == "cpu" else value.clone())

    def numbers(self) -> list[float | None]:
        """What backward was called on since the last step, as numbers."""
        return [scalar(v) if isinstance(v, torch.Tensor) else v for v in self.values]

    def step(self, rate: Any, training: bool | None = None) -> None:
        """A step was made at this rate, the model in this mode."""
        self.steps += 1
        self.losses.append(self.values)
        self.rates.append(rate)
        self.modes.append(training)
        self.values = []
        if len(self.losses) >= KEPT:
            self.write()

    @property
    def last(self) -> list[Any]:
        """What backward was called on for the step made last, where it is still held."""
        return self.losses[-1] if self.losses else self._before

    def write(self) -> None:
        """Write the steps since the last block."""
        if not self.losses:
            return
        first = self.steps - len(self.losses) + 1
        values = [mean(one) for one in self.losses]
        rates = shortened([float(rate) for rate in self.rates])
        entry = {"kind": "losses", "first": first, "values": values, "rates": rates, "training": shortened(self.modes)}
        self._record.add(entry)
        self._before = self.losses[-1]
        self.losses, self.rates, self.modes = [], [], []


def mean(values: list[Any]) -> float | None:
    """The mean of the losses that one step was made of.

    >>> mean([1.0, None, 2.0])
    1.5
    """
    known = [float(v) for v in values if v is not None]
    return sum(known) / len(known) if known else None
