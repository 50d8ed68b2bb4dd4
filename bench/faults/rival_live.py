"""Real packages that must see a training run: attached to an unchanged script, as their manuals attach them.

``torch-audit`` through its ``autopatch`` on the first model that is called and its optimizer; ``traintools``
(``GradientHealthMonitor``, ``BatchInspector``) and ``torchdiag`` (``check_gradients``, ``check_dead_neurons``) just
before an optimizer's step. Each looks at the first step and every 25th. Every rival only reads, but for the extra
forward pass of ``check_dead_neurons``, after which random numbers and buffers are put back.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from rival_rules import Alarm

EVERY = 25
MOST_MODELS = 4
LIVE = ("torch-audit", "traintools", "torchdiag")
IN_GRADIENTS = {
    "non-finite gradients": "gradient not finite",
    "appears vanished": "gradient vanished",
    "is very large": "gradient large",
    "ratio is high": "update ratio high",
    "ratio is tiny": "update ratio tiny",
    "no gradients found": "no gradients",
}
"""How ``traintools`` words what it says of gradients."""
IN_BATCHES = {
    "non-finite values": "batch not finite",
    "abs max": "batch large",
    "nearly constant": "batch constant",
    "dominant class": "dominant class",
    "is empty": "batch empty",
}
"""And of batches."""
LOSSES = (
    "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)  # fmt: skip


class Attached:
    """What was seen of the models, optimizers and targets of a script, and what the rivals said."""

    def __init__(self) -> None:
        self.alarms: dict[tuple[str, str], Alarm] = {}
        self.optimizers: list[Any] = []
        self.auditors: dict[int, Any] = {}
        self.parts: set[int] = set()
        self.troubles: dict[str, str] = {}
        self.given: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        self.target: Any = None
        self.steps = 0
        self.inside = False

    def say(self, rival: str, rule: str, grave: bool = True) -> None:
        self.alarms.setdefault((rival, rule), Alarm(rule, self.steps, grave))

    def called(self, model: Any, args: tuple[Any, ...]) -> None:
        """A whole model is about to be called with gradients."""
        if not self.optimizers or next(model.parameters(), None) is None or id(model) in self.parts:
            return
        self.given[id(model)] = (model, args)
        if id(model) in self.auditors or len(self.auditors) >= MOST_MODELS:
            return
        self.parts |= {id(part) for part in model.modules() if part is not model}
        own = {id(p) for p in model.parameters()}
        holds = [o for o in self.optimizers if any(id(p) in own for g in o.param_groups for p in g["params"])]
        optimizer = holds[-1] if holds else self.optimizers[-1]
        self.auditors[id(model)] = import_module("torch_audit").autopatch(
            model, optimizer=optimizer, every_n_steps=EVERY, reporters=[]
        )

    def stepping(self, optimizer: Any, *_: Any) -> None:
        """An optimizer is about to step."""
        if self.steps % EVERY == 0:
            for model, args in list(self.given.values()):
                rate = float(optimizer.param_groups[0]["lr"])
                for rival, ask in (("traintools", self._traintools), ("torchdiag", self._torchdiag)):
                    try:
                        ask(model, args, rate)
                    except Exception as fault:  # noqa: BLE001 - a rival that fails must not end the training
                        self.troubles[rival] = f"{rival} failed: {type(fault).__name__}"
        self.given.clear()
        self.steps += 1

    def _traintools(self, model: Any, args: tuple[Any, ...], rate: float) -> None:
        import torch

        tools = import_module("traintools")
        target = self.target if isinstance(self.target, torch.Tensor) else None
        told = tools.BatchInspector().inspect(list(args), target, step=self.steps).warnings
        for words in told:
            self.say("traintools", next((kind for part, kind in IN_BATCHES.items() if part in words), words))
        for words in tools.GradientHealthMonitor().inspect(model, step=self.steps, lr=rate).warnings:
            self.say("traintools", next((kind for part, kind in IN_GRADIENTS.items() if part in words), words))

    def _torchdiag(self, model: Any, args: tuple[Any, ...], _: float) -> None:
        import torch

        with contextlib.redirect_stdout(io.StringIO()):
            for told in import_module("torchdiag").check_gradients(model).values():
                if told["status"] != "OK":
                    self.say("torchdiag", told["status"])
        if len(args) == 1 and isinstance(args[0], torch.Tensor):
            self._dead(model, args[0])

    def _dead(self, model: Any, sample: Any) -> None:
        import torch

        kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
        with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()):
            told = import_module("torchdiag").check_dead_neurons(model, sample)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
        for layer in told.values():
            if layer["dead_pct"] > 20:
                self.say("torchdiag", "dead neurons")

    def finish(self) -> dict[str, list[Alarm]]:
        """Everything that was said, by rival."""
        for auditor in self.auditors.values():
            for one in auditor.finish().findings:
                alarm = Alarm(one.rule_id, int(one.step or 0), one.severity.value != "INFO")
                self.alarms.setdefault(("torch-audit", one.rule_id), alarm)
        found: dict[str, list[Alarm]] = {rival: [] for rival in LIVE}
        for (rival, _), alarm in self.alarms.items():
            found[rival].append(alarm)
        return {rival: sorted(alarms, key=lambda alarm: alarm.step) for rival, alarms in found.items()}


def attach(to: Attached) -> None:
    """Lets what was attached see every model, optimizer and loss that is used from now on."""
    import torch
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    made, call = torch.optim.Optimizer.__init__, torch.nn.Module.__call__

    def making(optimizer: Any, *args: Any, **kwargs: Any) -> None:
        made(optimizer, *args, **kwargs)
        to.optimizers.append(optimizer)

    def calling(module: Any, *args: Any, **kwargs: Any) -> Any:
        if to.inside or not torch.is_grad_enabled():
            return call(module, *args, **kwargs)
        to.called(module, args)
        to.inside = True
        try:
            return call(module, *args, **kwargs)
        finally:
            to.inside = False

    replaced: list[tuple[Any, str, Any]] = [
        (torch.optim.Optimizer, "__init__", making),
        (torch.nn.Module, "__call__", calling),
    ]
    for owner, name, new in replaced:
        setattr(owner, name, new)
    register_optimizer_step_pre_hook(to.stepping)
    for name in LOSSES:
        setattr(torch.nn.functional, name, _noting(getattr(torch.nn.functional, name), to))


def _noting(loss: Callable[..., Any], to: Attached) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        to.target = args[1] if len(args) > 1 else kwargs.get("target")
        return loss(*args, **kwargs)

    return noted


def _child(script: Path, answer: Path) -> None:
    with _silent(answer.with_suffix(".out")):
        os.chdir(answer.parent)
        to = Attached()
        trouble = ""
        attach(to)
        sys.argv = [str(script)]
        sys.path.insert(0, str(script.parent))
        try:
            runpy.run_path(str(script), run_name="__main__")
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - some broken scripts end so; what was said counts
            trouble = f"the script ended with {type(fault).__name__}"
        told = {r: [[a.rule, a.step, a.grave] for a in alarms] for r, alarms in to.finish().items()}
        trouble = ", ".join(filter(None, [trouble, *to.troubles.values()]))
        answer.write_text(json.dumps({"alarms": told, "trouble": trouble}), encoding="utf-8")


@contextlib.contextmanager
def _silent(file: Path) -> Iterator[None]:
    with file.open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def watched(script: Path, answer: Path, limit: float) -> tuple[dict[str, list[Alarm]] | None, str]:
    """What the three say of a script, run in a child; ``None`` where it did not end in time, and any trouble.

    An answer that is there already is used.
    """
    if not answer.exists():
        child = multiprocessing.get_context("fork").Process(target=_child, args=(script, answer))
        child.start()
        child.join(limit)
        if child.is_alive():
            child.kill()
            child.join()
            return None, f"longer than {limit:g} s"
    try:
        told = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, "ended without an answer"
    return {rival: [Alarm(*one) for one in alarms] for rival, alarms in told["alarms"].items()}, told["trouble"]
