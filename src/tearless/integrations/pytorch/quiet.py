"""Stretches without gradients between steps in which a model is called: validations and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from . import noting
from .lines import line_of_script
from .looking import row_hashes, scalar
from .tape import Ref

if TYPE_CHECKING:
    from .hearing import Hearing

MOST_EMPTY = 20
"""Stretches in which no model was called, after which they are listened to only now and then."""
FIRST = 3
"""Evaluations after which the next step is looked at, whatever is due: did training go on as it was?"""
MOST_ROWS = 2048
LATER_ROWS = 128
FREE = 0.2
"""Seconds of listening to evaluations beyond what steps may take."""


class Quiet:
    """What the watch sees between the begin and the end of one such stretch."""

    def __init__(self, watch: Hearing) -> None:
        self.watch = watch
        self.on = self._open = self._waits = False
        self._depth = self._count = self._empty = self._found = 0
        self._was = (False, False, False)

    def begins(self) -> None:
        """Gradients are switched off."""
        self.settles()
        self._depth += 1
        if self._depth == 1 and not self.on:
            self._begin()

    def ends(self) -> None:
        """Gradients are switched on again."""
        self._depth = max(0, self._depth - 1)
        if not self._depth and self.on and not self._open:
            if self._unheard():
                self._waits = True
            else:
                self._end()

    def settles(self) -> None:
        """What the script computes of the answers after the stretch is over now: a model is called again."""
        if self._waits:
            self._end()
            self._waits = False

    def opens(self) -> None:
        """A model was put into evaluation mode, gradients or not."""
        self.settles()
        if not self.on:
            self._begin()
            self._open = self.on

    def closes(self, keep: bool = True) -> None:
        """Training goes on, or the run is over; without ``keep`` what was seen was training itself."""
        self.settles()
        if self._open:
            self._open = False
            if not self._depth:
                self._end(keep)

    def _begin(self) -> None:
        watch = self.watch
        self._count += 1
        rare = self._empty > MOST_EMPTY and self._count % 64
        dear = self._found >= FIRST and not watch.affordable(FREE)
        if rare or dear or watch._modes_off or watch._stack or watch.tape.depth:
            return
        self._was = (watch.tape.on, watch.tape.measuring, bool(watch._layer_handles))
        if not self._was[2]:
            watch.hooks(True)
        self._saved = watch.tape.snapshot()
        watch.tape.clear()
        watch.tape.measuring = False
        watch.tape.on = watch.tape.listen()
        self.on = True
        self._model: dict[str, Any] | None = None
        self._losses: list[tuple[float, int]] = []
        self._functions: set[str] = set()
        self._right: list[tuple[float, int]] = []
        self._rows: list[str] = []
        self._samples = 0

    def _unheard(self) -> bool:
        """Whether a model answered and nothing was made of it yet, while no training step is under way."""
        compared = any(call.name in noting.LOSSES or call.name == "eq" for call in self.watch.tape.calls)
        told = compared or self._losses or self._right or self._saved["calls"]
        return self._model is not None and not told

    def _end(self, keep: bool = True) -> None:
        watch = self.watch
        self.on = False
        self._harvest()
        watch.tape.on, watch.tape.measuring, hooked = self._was
        watch.tape.restore(self._saved)
        if not hooked:
            watch.hooks(False)
            if not watch._looking:
                watch.tape.leave()
        if self._model is None or not keep:
            self._empty += 1
            return
        self._empty, self._found = 0, self._found + 1
        entry = {**self._model, "samples": self._samples, "rows": self._rows}
        entry |= {"loss": _weighted(self._losses), "right": _weighted(self._right)}
        if len(self._functions) == 1:
            entry["function"] = next(iter(self._functions))
        watch.record.add(entry, always=False)
        if self._found <= FIRST:
            watch.look_now()

    def called(self, root: torch.nn.Module, name: str, args: tuple[Any, ...]) -> None:
        """A model is called: what the call before it led to is gathered first."""
        if self._open and not self._depth and root.training:
            return
        self._harvest()
        tensors = [x for x in args if isinstance(x, torch.Tensor)]
        for x in tensors:
            self.watch.tape.give(x)
        if self._model is None:
            training = [n or name for n, m in root.named_modules() if noting.is_moody(m) and m.training]
            self._model = {
                "kind": "evaluation", "step": self.watch.steps, "model": name, "training": root.training,
                "instance": self.watch.names.number(root),
                "training_modes": training[: noting.MOST_NAMES], "line": line_of_script(),
            }  # fmt: skip
        if tensors and tensors[0].ndim:
            self._samples += len(tensors[0])
            room = (MOST_ROWS if self._found < FIRST else LATER_ROWS) - len(self._rows)
            if room > 0:
                self._rows += row_hashes(tensors[0], room)

    def _harvest(self) -> None:
        """The losses and the shares of right answers that the calls so far led to."""
        tape = self.watch.tape
        tape.on = False
        for entry in noting.loss_calls(tape, self.watch.steps, None, quiet=True):
            samples = (entry.get("input", {}).get("shape") or [1])[0]
            if self._waits and tape.calls[entry["op"]].learns:
                continue  # a training loss that took an answer given without gradients for its target
            if entry["value"] is not None:
                scale = 1 / samples if entry["reduction"] == "sum" else 1.0
                self._losses.append((entry["value"] * scale, samples))
                self._functions.add(entry["function"])
            if entry.get("right") is not None:
                self._right.append((entry["right"], samples))
        if not self._right or len(self._right) < len(self._losses):
            self._compared()
        tape.clear()
        tape.on = self.on

    def _compared(self) -> None:
        """Where what a model answered was compared with labels: the share that agrees."""
        tape = self.watch.tape
        for i, call in enumerate(tape.calls):
            if call.name != "eq" or len(call.inputs) != 2 or call.given[0] != call.given[1] or not call.shape:
                continue
            value = scalar(tape.tensor(Ref(i)).double().mean())
            if value is not None:
                self._right.append((value, call.shape[0]))


def _weighted(pairs: list[tuple[float, int]]) -> float | None:
    total = sum(n for _, n in pairs)
    return sum(v * n for v, n in pairs) / total if total else None
