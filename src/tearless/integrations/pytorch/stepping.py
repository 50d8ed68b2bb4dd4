"""Each optimiser step of the run: counted, its loss kept, and at some of them weights, gradients and moves measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from . import noting, probes
from .by_hand import ByHand
from .curve import KEPT, Curve, mean
from .hearing import FIRST, MOST_IDLE, Hearing, careful
from .looking import local, norms
from .optimizers import Optimizers, parameters_of
from .ranks import parts
from .record import Record
from .replay import Replay
from .residue import Residue

PROGRESS_EVERY = 30.0
"""Seconds between two calls of ``progress``."""
CHECKS = 128
"""Where a look is overdue and not affordable, that is asked again after this part of the steps so far."""
MOST_OPTIMIZERS = 4
"""Optimisers whose parameters' first values are kept for experiments."""


class Stepping(Hearing):
    """What is done before and after each step of an optimiser, or of the script itself."""

    def __init__(self, record: Record, budget: float, told: Callable[[str], None] | None) -> None:
        super().__init__(record, budget, told)
        self.unmoved = 0
        self._slope: float | None = None
        self._since = self._cleared = 0
        self.hand = ByHand(self.names)
        self.residue = Residue()
        self.replays: list[Replay] = []
        self.initial: dict[int, torch.Tensor] = {}
        self._forms: dict[str, Any] = {}
        self._before: dict[int, torch.Tensor] = {}
        self.curve = Curve(record)
        self.optimizers = Optimizers(record, self.names)
        self.split = False
        self.progress: Callable[[int, float | None], None] | None = None
        self._told_at = time.monotonic()
        self._last = ""

    @property
    def steps(self) -> int:
        """Optimiser steps made so far."""
        return self.curve.steps

    @careful
    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        self.quiet.closes()
        self._stepping = True
        new = self.optimizers.learn(optimizer)
        if new:
            self.hand.forget()
        if new or self._looking:
            self.optimizers.note_models()
        if not self._looking and not self.residue.used:
            return
        parameters = parameters_of(optimizer)
        kept = self.residue.before_step(parameters)
        if kept:
            subject = [self.names.of(p) for p in kept][:20]
            self.breach("missing-zero-grad", subject=subject, line=noting.line_of_script())
        if not self._looking:
            return
        grads = [p.grad for p in parameters]
        closure = len(args) > 1 or kwargs.get("closure")  # the first of them is the optimiser itself
        if self._last == "zero" and self.curve.values and not closure:
            self._note_erased(parameters, grads)
        if not closure:  # else the gradients are yet to be made, within the step
            self._forms = noting.step(parameters, [self.names.of(p) for p in parameters], grads, self.steps < FIRST)
        if sum(p.numel() for p in parameters) <= noting.MOST_CLONED:
            self._before = {id(p): local(p.detach()).clone() for p in parameters}
            if len(self.optimizers) <= MOST_OPTIMIZERS:
                for p in parameters:
                    self.initial.setdefault(id(p), self._before[id(p)])

    def _note_erased(self, parameters: list[torch.Tensor], grads: list[torch.Tensor | None]) -> None:
        if all(norm is None or norm == 0 for norm in norms(grads)):
            subject = [self.names.of(p) for p in parameters][:20]
            self.breach("gradient-erased", subject=subject, line=noting.line_of_script())

    @careful
    def _after_step(self, optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        self._stepping = False
        groups = optimizer.param_groups
        values = self.curve.numbers() if self._looking else []
        self.curve.step(self.curve.rate(groups[0]["lr"]) if groups else 0.0, self._mode())
        parameters = parameters_of(optimizer) if self._looking else []
        if self._looking:
            rates = [float(group["lr"]) for group in groups]
            self._add_step(parameters, values, {"optimizer": self.optimizers.number(optimizer), "rates": rates})
            self._reduced()
        self._end_of_step(parameters)

    def _end_of_step(self, parameters: list[torch.Tensor]) -> None:
        if self._looking:
            self.residue.remember(parameters)
        self._before, self._forms, self._last = {}, {}, "step"
        self._since = self._cleared = 0
        due = self._due(self.steps)
        if due or self._looking:
            self._look(due)

    def settle(self) -> None:
        waits = self._looking or self.quiet.on or self.quiet._open or self.residue.used or self.hand.waits
        self.light = self.on and not waits and self.optimizers.known()
        if self.light:
            soon = self.steps + 1 + self.steps // CHECKS
            due = self._next - 1 if self._next - 1 > self.steps and not self._fresh else soon
            self.wake = min(due, self.steps + KEPT - len(self.curve.losses))

    @careful
    def waken(self) -> None:
        """After a light step: a look may be due, and a block of losses full."""
        if len(self.curve.losses) >= KEPT:
            began = time.thread_time()
            self.curve.write()
            self.spent += time.thread_time() - began
        if self._due(self.steps):
            self._look(True)
        if self.progress is not None and time.monotonic() - self._told_at > PROGRESS_EVERY:
            self._told_at = time.monotonic()
            self.progress(self.steps, mean(self.curve.last))

    def _add_step(self, parameters: list[torch.Tensor], values: list[float | None], more: Mapping[str, Any]) -> None:
        """The step just made, as an entry."""
        grads = [p.grad for p in parameters]
        if all(norm is None for norm in self._forms.get("gradient", [])):  # a closure made the gradients meanwhile
            self._forms = noting.step(parameters, [self.names.of(p) for p in parameters], grads, self.steps <= FIRST)
        moves = noting.moves(parameters, grads, self._before)
        entry = {
            "kind": "step", "step": self.steps, "backwards": len(values), "loss": mean(values), "values": values[:64],
            "cleared": self._cleared, **self._forms, **moves, **more,
        }  # fmt: skip
        split = parts(parameters)
        self.split = self.split or bool(split)
        self.record.add({**entry, "parts": split} if split else entry, always=False)
        self.optimizers.note_models()
        self._slope = moves["slope"] if len(values) == 1 else None  # the batch that is kept is that of one call

    def _reduced(self) -> None:
        """What the step did to its own batch, and how alike the halves of that batch pull."""
        if self.replays and self.replays[-1].step == self.steps:
            self.probe("reduction", self.replays[-1].reduction(self._slope))
            if self.affordable():
                self.probe("halves", probes.halves(self.replays[-1]))

    def probe(self, name: str, numbers: Mapping[str, float] | None) -> None:
        """Write down a measurement made on a copy, where one could be made."""
        if numbers:
            self.record.add({"kind": "probe", "probe": name, "step": self.steps, "numbers": dict(numbers)})

    def _by_hand(self) -> None:
        """Backward is called again with no optimiser between: did the script move the weights itself?"""
        moved = self.hand.moved()
        if moved is None:
            return
        if self.optimizers.known() or not moved:
            self.unmoved += 1
            if self.unmoved >= MOST_IDLE and self._looking and not self.steps:
                self._look(self._due(self.unmoved))
            return
        values, self.unmoved = self.curve.numbers(), 0
        self.curve.step(0.0, self._mode())
        entry = self.hand.entry() if self._looking else {}
        if entry:
            self._add_step(self.names.parameters(), values, entry)
            self._reduced()
        self._end_of_step([])

    def _mode(self) -> bool | None:
        """Whether the model called last stands in training mode."""
        root = self._root() if self._root is not None else None
        return root.training if root is not None else None
