"""Gradients that an optimiser has used and that nobody cleared before the next ones were added to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from .looking import local


@dataclass
class _Used:
    parameter: torch.Tensor
    gradient: torch.Tensor
    version: int
    added_to: bool = False


@dataclass
class Residue:
    """Gradients as they stood after a step, told apart by identity and by PyTorch's count of changes in place.

    A gradient is residue where it is added to (a backward call) unchanged since the step that used it, and the same
    optimiser then uses the sum. ``forget`` is called where gradients were cleared, ``refresh`` where they were clipped.
    """

    used: dict[int, _Used] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)

    def remember(self, parameters: list[torch.Tensor]) -> None:
        """After a step: what each of its parameters still holds, where that is not 0."""
        self.used = {
            id(p): _Used(p, p.grad, p.grad._version)
            for p in parameters
            if p.grad is not None and p.grad.layout == torch.strided and bool((local(p.grad) != 0).any())
        }

    def forget(self, parameters: list[torch.Tensor]) -> None:
        """Gradients of these parameters were cleared."""
        for p in parameters:
            self.used.pop(id(p), None)

    def before_backward(self) -> list[torch.Tensor]:
        """The parameters whose used gradient is about to be added to."""
        if not self.used:
            return []
        self._drop_changed()
        return [one.parameter for one in self.used.values()]

    def after_backward(self) -> None:
        """Backward added to them: that is no change of the user's."""
        for one in self.used.values():
            if one.parameter.grad is one.gradient and one.gradient._version != one.version:
                one.version, one.added_to = one.gradient._version, True

    def refresh(self) -> None:
        """Clipping changed them in place."""
        for one in self.used.values():
            one.version = one.gradient._version

    def before_step(self, parameters: list[torch.Tensor]) -> list[torch.Tensor]:
        """The parameters whose optimiser is about to use a sum of used and new gradients."""
        if not self.used:
            return []
        self._drop_changed()
        own = [self.used.pop(id(p)) for p in parameters if id(p) in self.used]
        return [one.parameter for one in own if one.added_to]

    def _drop_changed(self) -> None:
        self.used = {
            key: one
            for key, one in self.used.items()
            if one.parameter.grad is one.gradient and one.gradient._version == one.version
        }
