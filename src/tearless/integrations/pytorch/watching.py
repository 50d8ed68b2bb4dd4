"""A watch on every optimiser, model and loss of this process, through hooks that PyTorch offers for all of them.

Each optimiser step is counted and its loss kept. Only some steps are looked at closely: the first few, then ever fewer,
and never more than the time budget allows. Nothing random is drawn, nothing of the run is changed, and a fault in here
is told once and ends the watch, not the run.
"""

from __future__ import annotations

import functools
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, Self

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from tearless.core import InputError

from . import noting, probes
from .curve import Curve, mean
from .looking import local, norms, scalar
from .names import Names
from .optimizers import Optimizers, parameters_of
from .patches import compiled_before, wrapped
from .quiet import Quiet
from .record import Record
from .replay import Replay
from .residue import Residue
from .tape import Tape, tensors_in, transforming

FIRST = 4
"""Steps looked at one after another at the start: most faults show at once."""
GROWTH = 1.3
"""After these, each looked-at step lies so many times farther on than the one before."""
FREE = 0.2
"""Seconds of looking that are always allowed, so that a short run is seen at all."""
MOST_CLONED = 20_000_000
"""Numbers of all parameters together up to which a looked-at step keeps a copy to see what moved."""
MOST_IDLE = 8
"""Backward calls without a step after which looking grows rare, as it does with steps."""
MOST_OPTIMIZERS = 4
"""Optimisers whose parameters' first values are kept for experiments."""
ROWS = 256
FUSED = (torch.nn.TransformerEncoder, torch.nn.TransformerEncoderLayer, torch.nn.MultiheadAttention)
"""Layers that compute otherwise, without gradients, where calls are listened to: they are left alone then."""


def careful(function: Callable[..., Any]) -> Callable[..., Any]:
    """A fault in a hook is told once, and the watch switched off; the run never sees it. Time spent is counted."""

    @functools.wraps(function)
    def guarded(self: Watch, *args: Any, **kwargs: Any) -> None:
        if not self.on or self._busy or threading.get_ident() != self._thread or transforming():
            return
        began, self._busy, self.tape.paused = time.thread_time(), True, True
        try:
            function(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the run goes on
            self.failed()
        finally:
            self._busy = self.tape.paused = False
            self.spent += time.thread_time() - began

    return guarded


class Watch:
    """Hooks on this process, and the record they write. A context manager, or ``start`` and ``stop``.

    ``budget`` is the share of the run's time that looking may take. ``told`` is called with the name of each contract
    seen broken, at once.
    """

    def __init__(self, record: Record, budget: float = 0.02, told: Callable[[str], None] | None = None) -> None:
        self.record, self.budget, self._told = record, budget, told
        self.on, self.fault, self.spent = False, "", 0.0
        self.backwards = self.unmoved = self.zeroed = self.clips = 0
        self.names = Names()
        self.residue = Residue()
        self.replays: list[Replay] = []
        self.initial: dict[int, torch.Tensor] = {}
        self.tape = Tape(lambda: self.names.inside(self._stack))
        self.tape.fault = self.failed
        self.quiet = Quiet(self)
        self._busy, self._thread = False, threading.get_ident()
        self._looking = self._modes_off = False
        self._next, self._began = 1, 0.0
        self._stack: list[torch.nn.Module] = []
        self._graphs: dict[tuple[Any, ...], int] = {}
        self._given: list[dict[str, Any]] = []
        self._forms: dict[str, Any] = {}
        self._before: dict[int, torch.Tensor] = {}
        self.curve = Curve(record)
        self.optimizers = Optimizers(record, self.names)
        self._noted = self._stepping = self.in_backward = False
        self._last = ""
        self._loaders: set[int] = set()
        self.last_clip: tuple[str, float] | None = None
        self._handles: list[Any] = []
        self._layer_handles: list[Any] = []
        self._undo = ExitStack()

    @property
    def steps(self) -> int:
        """Optimiser steps made so far."""
        return self.curve.steps

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
        self._handles = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ]
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
        self.on = False
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
        self.curve.write()
        self.optimizers.note_models()
        counts = {
            "backwards": self.backwards, "steps": self.steps, "zero_grads": self.zeroed, "clips": self.clips,
            "optimizers": len(self.optimizers.made), "unmoved": self.unmoved,
        }  # fmt: skip
        self.record.add({"kind": "counts", **counts})
        self.record.flush()

    def failed(self) -> None:
        """A fault of our own: keep it to be told, and let the run go on alone."""
        self.fault = self.fault or traceback.format_exc()
        self.on = self.tape.on = False

    def breach(self, name: str, **more: Any) -> None:
        """Write down a contract seen broken, and tell of it."""
        self.record.add({"kind": "breach", "breach": name, "step": self.steps + 1, **more})
        self.record.flush()
        if self._told:
            self._told(name)

    def _look(self, wanted: bool) -> None:
        """Look closely at the step to come, or stop looking: only then are there hooks on layers and on calls."""
        self._looking = wanted
        self.tape.clear()
        self._given, self._noted = [], False
        self.hooks(wanted)
        if wanted and not self._modes_off and self.tape.listen():
            self.tape.on = self.tape.measuring = True
        elif not wanted:
            self.tape.leave()

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
        """Whether what follows is to be looked at: near the start always, later as the budget allows."""
        if count + 1 <= FIRST:
            return True
        if self._fresh and self.affordable(FREE):
            self._fresh -= 1
            return True
        if count + 1 < self._next or not self.affordable():
            return False
        self._next = max(count + 2, int((count + 1) * GROWTH))
        return True

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
        parameters = parameters_of(owner) if isinstance(owner, torch.optim.Optimizer) else list(owner.parameters())
        self.residue.forget(parameters)

    @careful
    def clipped(self, by: str, norm: Any, most: Any) -> None:
        self.clips += 1
        self.last_clip = (by, float(most))
        self.residue.refresh()
        if self._looking:
            entry = {"kind": "clip", "step": self.steps + 1, "by": by, "norm": scalar(norm), "most": float(most)}
            self.record.add(entry, always=False)

    @careful
    def scaled(self, outputs: Any, result: Any) -> None:
        self.curve.scaled(outputs, result)

    @careful
    def compiled(self) -> None:
        """From now on a model may be compiled: calls and layers are left alone, since looking would recompile it."""
        self._modes_off = True
        self.hooks(False)
        self.tape.leave()

    @careful
    def loader_read(self, loader: Any) -> None:
        if id(loader) in self._loaders:
            return
        self._loaders.add(id(loader))
        sampler = type(getattr(loader, "sampler", None)).__name__
        rows = len(loader.dataset) if hasattr(loader.dataset, "__len__") else None
        known = {"RandomSampler": True, "SequentialSampler": False}
        entry = {"kind": "loader", "loader": len(self._loaders), "rows": rows, "batch_size": loader.batch_size}
        self.record.add({**entry, "sampler": sampler, "shuffled": known.get(sampler), "drop_last": loader.drop_last})

    @careful
    def quiet_begins(self) -> None:
        if not self._stepping:
            self.quiet.begins()

    @careful
    def quiet_ends(self) -> None:
        self.quiet.ends()

    @careful
    def before_backward(self, tensors: Any) -> None:
        tensor = tensors[0] if isinstance(tensors, (list, tuple)) and tensors else tensors
        if not isinstance(tensor, torch.Tensor):
            return
        if self._last == "backward" and not self._stepping:
            self._by_hand()
        self.tape.on = False
        self._last = "backward"
        self.curve.hear(tensor)
        if not self._stepping:
            kept = self.residue.before_backward()
            if kept:
                self.residue.pending = [self.names.of(p) for p in kept]
        if self._looking and self.tape.calls:
            self._note_forward(tensor)

    @careful
    def after_backward(self) -> None:
        self.backwards += 1
        self.residue.after_backward()
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
            self._form = self._note_graph(loss)
            if ref is not None:
                value = scalar(tensor)
                kept = [*self.replays, Replay.of(self.tape, ref, self.steps + 1, value)]
                self.replays = kept if len(kept) <= 2 * FIRST else [*kept[:FIRST], *kept[FIRST + 1 :]]
        for entry in noting.loss_calls(self.tape, self.steps + 1, loss):
            self.record.add(entry, always=False)
        for entry in self._given:
            self.record.add(entry, always=False)
        self._given = []

    def _note_graph(self, loss: int | None) -> int:
        self.names.learn_hidden(self.tape)
        form = noting.shape_of(self.tape)
        if form not in self._graphs and len(self._graphs) < 12:
            self._graphs[form] = len(self._graphs)
            self.record.add(noting.graph(self.tape, self._graphs[form], self.steps + 1, loss, self.names.known))
        return self._graphs.get(form, -1)

    @careful
    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        self._stepping = True
        self.optimizers.learn(optimizer)
        parameters = parameters_of(optimizer)
        kept = self.residue.before_step(parameters)
        if kept:
            subject = [self.names.of(p) for p in kept][:20]
            self.breach("missing-zero-grad", subject=subject, line=noting.line_of_script())
        if not self._looking:
            return
        grads = [p.grad for p in parameters]
        if self._last == "zero" and self.curve.values and not args and not kwargs.get("closure"):
            self._note_erased(parameters, grads)
        if not args and not kwargs.get("closure"):  # else the gradients are yet to be made, within the step
            self._forms = noting.step([self.names.of(p) for p in parameters], grads, self.steps < FIRST)
        if sum(p.numel() for p in parameters) <= MOST_CLONED:
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
        self.curve.step(float(groups[0]["lr"]) if groups else 0.0)
        parameters = parameters_of(optimizer)
        if self._looking:
            rates = [float(group["lr"]) for group in groups]
            self._add_step(parameters, values, {"optimizer": self.optimizers.number(optimizer), "rates": rates})
            self._reduced()
        self._end_of_step(parameters)

    def _end_of_step(self, parameters: list[torch.Tensor]) -> None:
        if self._looking:
            self.residue.remember(parameters)
        self._before, self._forms, self._last = {}, {}, "step"
        due = self._due(self.steps)
        if due or self._looking:
            self._look(due)

    def _add_step(self, parameters: list[torch.Tensor], values: list[float | None], more: Mapping[str, Any]) -> None:
        """The step just made, as an entry."""
        grads = [p.grad for p in parameters]
        if all(norm is None for norm in self._forms.get("gradient", [])):  # a closure made the gradients meanwhile
            self._forms = noting.step([self.names.of(p) for p in parameters], grads, self.steps <= FIRST)
        moves = noting.moves(parameters, grads, self._before)
        entry = {
            "kind": "step", "step": self.steps, "backwards": len(values), "loss": mean(values), "values": values[:64],
            "weight": norms(parameters), **self._forms, **moves, **more,
        }  # fmt: skip
        self.record.add(entry, always=False)
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
        """Backward was called twice with no optimiser between: did the script move the parameters itself?"""
        if not self._before:
            self._before = {id(p): p.detach().clone() for p in self.names.parameters()}
            self._versions = {id(p): p._version for p in self.names.parameters()}
            return
        parameters = [p for p in self.names.parameters() if id(p) in self._before]
        changed = any(p._version != self._versions.get(id(p)) for p in parameters)
        if self.optimizers.made or not changed:
            self.unmoved += 1
            if self.unmoved >= MOST_IDLE and self._looking and not self.steps:
                self._look(self._due(self.unmoved))
            return
        values = self.curve.numbers()
        self.curve.step(0.0)
        if self._looking:
            self._add_step(parameters, values, {"by_hand": True})
        self._end_of_step([])

    @careful
    def _before_layer(self, module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        if not self._stack:
            self._enter(module, args)
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
        if self.quiet.on:
            self.quiet.called(root, name, args)
            return
        if torch.is_grad_enabled() and self.tape.on:
            for x in args:
                if isinstance(x, torch.Tensor):
                    self.tape.give(x)
            self._given.append(noting.given(root, name, args, self.steps + 1, ROWS))

    @careful
    def _after_layer(self, module: torch.nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        if module is self._aside:
            self._aside = None
            self.tape.on = self.tape.listen()
            for x in tensors_in(output):
                self.tape.give(x)
        if module in self._stack:
            del self._stack[self._stack.index(module) :]

    _at_work: ClassVar[Watch | None] = None
    _aside: torch.nn.Module | None = None
    _form: int | None = None
    _fresh: int = 0
    _slope: float | None = None
    _versions: Mapping[int, int] = {}
