"""The optimisers that make steps, and the models whose parameters they move."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from . import noting
from .names import Names
from .record import Record
from .settings import Settings


class Optimizers:
    """Each optimiser and each model once into the record; the last optimiser is held, to be asked at the end."""

    def __init__(self, record: Record, names: Names) -> None:
        self._record, self._names = record, names
        self.made: list[weakref.ref[Any]] = []
        self.settings: list[Settings] = []
        self._numbers: dict[int, tuple[int, weakref.ref[Any]]] = {}
        self._moved: dict[int, weakref.ref[torch.Tensor]] = {}
        self._models: set[tuple[int, ...]] = set()
        self.loaded: set[int] = set()
        self.last: torch.optim.Optimizer | None = None

    def __len__(self) -> int:
        return len(self._numbers)

    def known(self) -> bool:
        """Whether any optimiser was made or made a step."""
        return bool(self.made or self._numbers)

    def live(self) -> list[torch.optim.Optimizer]:
        """Those that made steps and still live."""
        return [o for _, ref in self._numbers.values() if (o := ref()) is not None]

    def number(self, optimizer: torch.optim.Optimizer) -> int:
        return self._numbers[id(optimizer)][0]

    def learn(self, optimizer: torch.optim.Optimizer) -> bool:
        """An optimiser makes a step: at the first one, what it is. Whether it was the first."""
        if self.again(optimizer):
            return False
        self.last = optimizer
        number = len(self._numbers)
        self._numbers[id(optimizer)] = (number, weakref.ref(optimizer))
        self.settings.append(Settings.of(optimizer))
        self._moved |= {id(p): weakref.ref(p) for p in parameters_of(optimizer)}
        groups = [
            {k: v for k, v in g.items() if isinstance(v, (bool, int, float, str, tuple)) or v is None}
            for g in optimizer.param_groups
        ]
        entry = {"kind": "optimizer", "optimizer": number, "name": type(optimizer).__name__, "groups": groups}
        names = [[self._names.of(p) for p in g["params"]] for g in optimizer.param_groups]
        stale = sum(not self._names.has(p) for p in parameters_of(optimizer))
        self._record.add({**entry, "parameters": names, "stale": stale})
        return True

    def again(self, optimizer: torch.optim.Optimizer) -> bool:
        """A step of an optimiser: whether it made one before."""
        known = self._numbers.get(id(optimizer))
        if known is None or known[1]() is not optimizer:
            return False
        self.last = optimizer
        return True

    def note_models(self) -> None:
        """Each model once, and again where it or the optimisers changed: what no optimiser moves, what it has not."""
        new = [root for root in self._names.models() if self._form(root) not in self._models]
        if not new:
            return
        optimized = {key for key, ref in self._moved.items() if ref() is not None}
        for root in new:
            self._models.add(self._form(root))
            hidden = self._names.hidden_of(root)
            self._record.add(noting.model(root, self._names.known, optimized, hidden, self.loaded))

    def _form(self, root: torch.nn.Module) -> tuple[int, ...]:
        """What a model is made of, and how many optimisers there were."""
        return id(root), len(self._numbers), *(id(p) for p in root.parameters())


def parameters_of(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """The parameters of every group, in order."""
    return [p for group in optimizer.param_groups for p in group["params"]]
