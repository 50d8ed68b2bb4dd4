"""A watch on every optimiser, model and loss of this process, through hooks that PyTorch offers for all of them.

Each optimiser step is counted and its loss kept. Only some steps are looked at closely: the first few, then ever fewer,
and never more than the time budget allows. Nothing random is drawn, nothing of the run is changed, and a fault in here
is told once and ends the watch, not the run.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, ClassVar, Self

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from tearless.core import InputError

from . import noting, trail
from .hearing import FIRST, careful
from .light import step_hooks
from .looking import norms, scalar
from .optimizers import parameters_of
from .patches import compiled_before, wrapped
from .record import Record
from .replay import Replay
from .stepping import Stepping
from .tape import Tape, tensors_in

MOST_GRAPHS = 16


class Watch(Stepping):
    """Hooks on this process, and the record they write. A context manager, or ``start`` and ``stop``.

    ``budget`` is the share of the run's time that looking may take. ``told`` is called with the name of each contract
    seen broken, at once.
    """

    def __init__(self, record: Record, budget: float = 0.02, told: Callable[[str], None] | None = None) -> None:
        super().__init__(record, budget, told)
        self.backwards = self.zeroed = self.clips = 0
        self._form: int | None = None
        self._uncut: float | None = None
        self._traced = False
        self._graphs: dict[tuple[Any, ...], int] = {}
        self.in_backward = False
        self.last_clip: tuple[str, float] | None = None
        self._handles: list[Any] = []
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Set the hooks. Raises ``InputError`` where another watch is at work in this process."""
        Watch.refuse_two()
        Watch._at_work = self
        self.on, self._thread, self._began = True, threading.get_ident(), time.perf_counter()
        before, after = step_hooks(self)
        self._handles = [register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)]
        self._undo.enter_context(wrapped(self))
        self._modes_off = compiled_before()
        self._look(True)

    @classmethod
    def refuse_two(cls) -> None:
        """Raises ``InputError`` where a watch is at work in this process."""
        if cls._at_work is not None:
            raise InputError("watch: another watch is at work in this process; end that one first, or use it alone")

    @careful
    def know(self, models: list[torch.nn.Module], optimizers: list[torch.optim.Optimizer]) -> None:
        """Models and optimisers that were made before the watch began."""
        for model in models:
            self.names.learn(model)
        self.optimizers.made += [weakref.ref(optimizer) for optimizer in optimizers]

    def stop(self) -> None:
        """Take every hook away, and write what is left."""
        if not self._handles:
            return
        self.on = self.light = False
        for handle in (*self._handles, *self._layer_handles):
            handle.remove()
        self._handles, self._layer_handles = [], []
        self._undo.close()
        self.tape.leave()
        Watch._at_work = None
        try:
            self.write_down()
        except Exception:  # noqa: BLE001 - the run's own end is not hidden by a fault of ours
            self.failed()
        self.tape.clear()
        self._before, self._stack = {}, []

    def write_down(self) -> None:
        """What has been seen until now and was not yet written: the last steps, new models, the counts."""
        self.quiet.closes()
        self.curve.write()
        self.optimizers.note_models()
        counts = {
            "backwards": self.backwards, "steps": self.steps, "zero_grads": self.zeroed, "clips": self.clips,
            "optimizers": len(self.optimizers.made), "unmoved": self.unmoved,
        }  # fmt: skip
        self.record.add({"kind": "counts", **counts})
        self.record.flush()

    @careful
    def optimizer_made(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizers.made.append(weakref.ref(optimizer))
        self._fresh = FIRST
        self.look_now()

    @careful
    def cleared(self, owner: Any) -> None:
        """Gradients were cleared: those of an optimiser's parameters, or of a module's."""
        self.zeroed += 1
        self._last = "zero"
        self._cleared, self._since = self._cleared + self._since, 0
        if self.residue.used:
            of_optimizer = isinstance(owner, torch.optim.Optimizer)
            self.residue.forget(parameters_of(owner) if of_optimizer else list(owner.parameters()))

    @careful
    def loaded(self, module: torch.nn.Module) -> None:
        """A module got saved weights."""
        self.optimizers.loaded |= {id(p) for p in module.parameters()}

    @careful
    def clips_values(self, parameters: list[torch.Tensor]) -> None:
        """Single numbers of the gradient are about to be cut: at steps that are looked at, its length before."""
        if self._looking:
            self._uncut = math.hypot(*(one for one in norms([p.grad for p in parameters]) if one is not None))

    @careful
    def clipped(self, by: str, norm: Any, most: Any) -> None:
        self.clips += 1
        self.last_clip = (by, float(most))
        self.residue.refresh()
        if self._looking:
            length = self._uncut if by == "value" else scalar(norm)
            entry = {"kind": "clip", "step": self.steps + 1, "by": by, "norm": length, "most": float(most)}
            self.record.add(entry, always=False)
        self._uncut = None

    @careful
    def scaled(self, outputs: Any, result: Any) -> None:
        self.curve.scaled(outputs, result)

    @careful
    def before_backward(self, tensors: Any) -> None:
        tensor = tensors[0] if isinstance(tensors, (list, tuple)) and tensors else tensors
        if not isinstance(tensor, torch.Tensor):
            return
        self.quiet.closes(keep=False)
        if not self._stepping:
            self._by_hand()
        self.tape.on = False
        self._last = "backward"
        self.curve.hear(tensor)
        self._trace(tensor)
        if not self._stepping:
            kept = self.residue.before_backward()
            if kept:
                self.residue.pending = [self.names.of(p) for p in kept]
        if self._looking and self.tape.calls:
            self._note_forward(tensor)

    def _trace(self, tensor: torch.Tensor) -> None:
        """Where the first loss that is not finite came from, read off the graph before backward frees it."""
        value = self.curve.values[-1]
        if self._traced or not isinstance(value, float) or math.isfinite(value):
            return
        self._traced = True
        found = trail.origin(tensor)
        if found:
            self.breach(found.pop("breach"), **found)

    @careful
    def after_backward(self) -> None:
        self.backwards += 1
        self._since += 1
        self.residue.after_backward()
        if not self._stepping and not self.optimizers.known():
            self.hand.remember(self._looking, self.steps < FIRST)
        if not self._looking:
            return
        if self.tape.measuring and self._noted and self._form is not None:
            self.record.add(noting.output_values(self.tape, self._form, self.steps + 1), always=False)
        self.tape.clear()
        self._given = []
        self.tape.measuring = not self._noted
        self.tape.on = not self._modes_off and self.tape.listen()

    def _note_forward(self, tensor: torch.Tensor) -> None:
        """The calls since the last step, as graph, losses and inputs; the first time in a step as a replay as well."""
        ref = self.tape.ref(tensor)
        loss = ref.op if ref is not None else None
        if not self._noted:
            self._noted = True
            self._form = self._note_graph(self.tape, loss)
            if ref is not None:
                value = scalar(tensor)
                kept = [*self.replays, Replay.of(self.tape, ref, self.steps + 1, value)]
                self.replays = kept if len(kept) <= 2 * FIRST else [*kept[:FIRST], *kept[FIRST + 1 :]]
        for entry in noting.loss_calls(self.tape, self.steps + 1, loss):
            self.record.add(entry, always=False)
        used = noting.leaves_of(self.tape, loss)
        for args, entry in self._given:
            known = [id(x) in used for x in tensors_in(args) if id(x) in self.tape.known_leaves()]
            self.record.add({**entry, "used": any(known) or not known}, always=False)
        self._given = []

    def _note_graph(self, tape: Tape, loss: int | None) -> int:
        self.names.learn_hidden(tape)
        form = noting.shape_of(tape, self.names.known)
        if form not in self._graphs and len(self._graphs) < MOST_GRAPHS:
            self._graphs[form] = len(self._graphs)
            self.record.add(noting.graph(tape, self._graphs[form], self.steps + 1, loss, self.names.known))
        return self._graphs.get(form, -1)

    def note_again(self, tape: Tape, loss: int) -> None:
        """A batch that was run again when the run was over, as a step that was looked at."""
        form = self._note_graph(tape, loss)
        for entry in (noting.output_values(tape, form, self.steps), *noting.loss_calls(tape, self.steps, loss)):
            self.record.add(entry, always=False)

    _at_work: ClassVar[Watch | None] = None
