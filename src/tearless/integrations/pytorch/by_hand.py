"""Steps that the script makes itself, without an optimiser: seen by the weights that changed between backward calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from . import noting
from .looking import has_storage, local
from .names import Names


class ByHand:
    """The weights and their gradients as they stood after the last backward call."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._versions: list[tuple[torch.Tensor, int]] = []
        self._before: dict[int, torch.Tensor] = {}
        self._gradients: list[torch.Tensor | None] = []
        self._form: Mapping[str, Any] = {}

    @property
    def waits(self) -> bool:
        """Whether weights are remembered."""
        return bool(self._versions)

    def remember(self, closely: bool, rows: bool) -> None:
        """After a backward call: which weights stand where; ``closely``: with copies, to see how far they go."""
        parameters = self._names.parameters()
        self._versions = [(p, p._version) for p in parameters]
        self._before, self._gradients, self._form = {}, [], {}
        if closely and sum(p.numel() for p in parameters) <= noting.MOST_CLONED:
            self._before = {id(p): local(p.detach()).clone() for p in parameters if has_storage(p)}
            self._gradients = [None if p.grad is None else local(p.grad.detach()).clone() for p in parameters]
            self._form = noting.step(parameters, [self._names.of(p) for p in parameters], self._gradients, rows)

    def moved(self) -> bool | None:
        """Whether a weight has changed since; ``None`` where no backward call came before."""
        return any(p._version != version for p, version in self._versions) if self._versions else None

    def entry(self) -> dict[str, Any]:
        """The step just made, as far as it was looked at."""
        parameters = [p for p, _ in self._versions]
        if not self._before:
            return {}
        return {**self._form, **noting.moves(parameters, self._gradients, self._before), "by_hand": True}

    def forget(self) -> None:
        """An optimiser makes the steps."""
        self._versions, self._before, self._gradients = [], {}, []
