"""When to look closely, and what is heard then: calls of functions, layers at work, and stretches without gradients."""

from __future__ import annotations

import functools
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from . import noting
from .names import Names
from .quiet import Quiet
from .ranks import together
from .record import Record
from .tape import Tape, tensors_in, transforming

FIRST = 4
"""Steps looked at one after another at the start: most faults show at once."""
GROWTH = 1.2
"""After these, each looked-at step lies so many times farther on than the one before."""
FREE = 0.2
"""Seconds of looking that are always allowed, so that a short run is seen at all."""
MOST_IDLE = 8
"""Backward calls without a step after which looking grows rare, as it does with steps."""
ROWS = 256
FUSED = (torch.nn.TransformerEncoder, torch.nn.TransformerEncoderLayer, torch.nn.MultiheadAttention)
"""Layers that compute otherwise, without gradients, where calls are listened to: they are left alone then."""


def careful(function: Callable[..., Any]) -> Callable[..., Any]:
    """A fault in a hook is told once, and the watch switched off; the run never sees it.

    Time is counted where there is a look: asking for it would take longer than what else is done at other steps.
    """

    @functools.wraps(function)
    def guarded(self: Hearing, *args: Any, **kwargs: Any) -> None:
        if not self.on or self._busy or threading.get_ident() != self._thread or transforming():
            return
        counted = self._looking or self.quiet.on
        began = self._began_call = time.thread_time() if counted else 0.0
        self._busy = self.tape.paused = True
        try:
            with torch._C.DisableTorchFunction():  # our own calls need not pass by what listens to the script's
                function(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the run goes on
            self.failed()
        finally:
            self._busy = self.tape.paused = False
            self.settle()
            if counted:
                self.spent += time.thread_time() - began

    return guarded


class Hearing:
    """The part of a watch that decides when to look, and that hears of calls and layers while it does."""

    def __init__(self, record: Record, budget: float, told: Callable[[str], None] | None) -> None:
        self.record, self.budget, self._told = record, budget, told
        self._loaders: set[int] = set()
        self.on, self.fault, self.spent = False, "", 0.0
        self.light, self.wake = False, 0
        self._began_call = 0.0
        self._mark: tuple[float, float, int] | None = None
        self._usual: float | None = None
        self.names = Names()
        self.tape = Tape(lambda: self.names.inside(self._stack))
        self.tape.fault = self.failed
        self.quiet = Quiet(self)
        self._busy, self._thread = False, threading.get_ident()
        self._looking = self._modes_off = self._noted = self._stepping = False
        self._next, self._began = 1, 0.0
        self._fresh = 0
        self._stack: list[torch.nn.Module] = []
        self._aside: torch.nn.Module | None = None
        self._root: weakref.ref[torch.nn.Module] | None = None
        self._given: list[tuple[Any, dict[str, Any]]] = []
        self._layer_handles: list[Any] = []

    @property
    def steps(self) -> int:
        """Optimiser steps made so far."""
        raise NotImplementedError

    def failed(self) -> None:
        """A fault of our own: keep it to be told, and let the run go on alone."""
        self.fault = self.fault or traceback.format_exc()
        self.on = self.tape.on = self.light = False

    def settle(self) -> None:
        """After a hook: whether the next ones have anything to do but count (``light``), and for how many steps."""
        raise NotImplementedError

    def _look(self, wanted: bool) -> None:
        """Look closely at the step to come, or stop looking: only then are there hooks on layers and on calls."""
        self._charge(wanted)
        self._looking = wanted
        self.tape.clear()
        self._given, self._noted = [], False
        self.hooks(wanted)
        if wanted and not self._modes_off and self.tape.listen():
            self.tape.on = self.tape.measuring = True
        elif not wanted:
            self.tape.leave()

    def _charge(self, wanted: bool) -> None:
        """A look begins or ends. Its whole step counts as spent as far as it took longer than steps do without a look:
        calls that are listened to take longer themselves. What cannot be ours is left out: more than was counted."""
        now, extra = time.thread_time(), 0.0
        under_way = now - self._began_call if self._busy and self._began_call else 0.0
        counted = self.spent + self.tape.cost + under_way
        if self._mark is not None and self.steps > self._mark[2]:
            took, own, steps = now - self._mark[0], counted - self._mark[1], self.steps - self._mark[2]
            if not self._looking:
                self._usual = (took - own) / steps
            elif self._usual is not None:
                extra = min(max(0.0, took - own - steps * self._usual), own)
        self.spent += extra
        if wanted or self._looking:
            self._mark = (now, counted + extra, self.steps)

    def look_now(self) -> None:
        """Look at the step that comes next."""
        if not self._looking:
            self._look(True)

    def hooks(self, wanted: bool) -> None:
        """Set or remove the hooks on every layer."""
        for handle in self._layer_handles:
            handle.remove()
        self._layer_handles, self._stack, self._aside = [], [], None
        if wanted and not self._modes_off:
            self._layer_handles = [
                register_module_forward_pre_hook(self._before_layer),
                register_module_forward_hook(self._after_layer, always_call=True),
            ]

    def affordable(self, more: float = 0.0) -> bool:
        """Whether looking has taken no more of the run's time than it may; seconds of this thread, others left out."""
        elapsed = time.perf_counter() - self._began
        return self.spent + self.tape.cost <= self.budget * elapsed + FREE + more

    def _due(self, count: int) -> bool:
        """Whether what follows is to be looked at: near the start always, later as the budget allows.

        Where several processes train together, only at steps of one series that all of them have.
        """
        if count + 1 <= FIRST:
            return True
        if self._fresh and self.affordable(FREE):
            self._fresh -= 1
            return True
        if count + 1 < self._next:
            return False
        fits, after = self.affordable(), max(count + 2, int((count + 1) * GROWTH))
        if together():
            at = FIRST + 1
            while at < count + 1:
                at = max(at + 1, int(at * GROWTH))
            fits, after = fits and at == count + 1, max(at + 1, int(at * GROWTH)) if at == count + 1 else at
        if fits or together():
            self._next = after
        return fits

    @careful
    def compiled(self) -> None:
        """From now on a model may be compiled: calls and layers are left alone, since looking would recompile it."""
        self._modes_off = True
        self.hooks(False)
        self.tape.leave()

    @careful
    def quiet_begins(self) -> None:
        if not self._stepping:
            self.quiet.begins()

    @careful
    def quiet_ends(self) -> None:
        self.quiet.ends()

    @careful
    def mode_set(self, training: bool) -> None:
        """A module was put into training or evaluation mode: a stretch of evaluation may begin, also with gradients."""
        if training:
            self.quiet.closes()
        elif not self._looking and not self._stepping:
            self.quiet.opens()

    @careful
    def _before_layer(self, module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        if not self._stack:
            self._enter(module, args)
            if not self._layer_handles:
                return  # the look ended with this call
        self._stack.append(module)
        if self._aside is None and isinstance(module, FUSED) and not module.training and self.tape.listens():
            learns = torch.is_grad_enabled() and any(p.requires_grad for p in module.parameters())
            if not learns and self.tape.leave():
                self._aside = module

    def _enter(self, root: torch.nn.Module, args: tuple[Any, ...]) -> None:
        """A call of a whole model: its names, once, and what it is given."""
        name = self.names.learn(root)
        if next(root.parameters(), None) is None:
            return
        self.quiet.settles()
        if self.quiet.on:
            self.quiet.called(root, name, args)
            return
        if torch.is_grad_enabled() and self.tape.on:
            for x in args:
                if isinstance(x, torch.Tensor):
                    self.tape.give(x)
            self._root = weakref.ref(root)
            entry = noting.given(root, name, args, self.steps + 1, ROWS)
            self._given.append((args, {**entry, "instance": self.names.number(root)}))

    @careful
    def _after_layer(self, module: torch.nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        if module is self._aside:
            self._aside = None
            self.tape.on = self.tape.listen()
            for x in tensors_in(output):
                self.tape.give(x)
        if module in self._stack:
            del self._stack[self._stack.index(module) :]

    def breach(self, name: str, **more: Any) -> None:
        """Write down a contract seen broken, and tell of it."""
        self.record.add({"kind": "breach", "breach": name, "step": self.steps + 1, **more})
        self.record.flush()
        if self._told:
            self._told(name)

    @careful
    def loader_read(self, loader: Any) -> None:
        """A loader is read from its start."""
        if id(loader) not in self._loaders:
            self._loaders.add(id(loader))
            self.record.add(noting.loader(loader, len(self._loaders)))
