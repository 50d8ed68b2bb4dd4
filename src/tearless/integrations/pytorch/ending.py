"""What is measured when the run is over, on the batches that were kept: nothing of it can disturb the run any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

import torch

from tearless.doctor.training import diagnosed
from tearless.readers.training.source import from_lines
from tearless.report.report import Report

from . import probes
from .confirming import confirmed
from .lines import line_of_error
from .replay import Replay, Unlike, as_before
from .settings import bound, divisors
from .tape import Tape

if TYPE_CHECKING:
    from .watching import Watch

MOST_SECONDS = 2.0
"""Seconds for measurements of the last moments, whatever the run took."""
LAST = 4
"""Kept batches that are looked at again with the last weights."""
PARTS = (
    "tensors are split over processes: norms are those of this one's parts; `tearless check RECORD` joins the records "
    "of all of them where each was kept"
)
FORWARDS_OF_CURVATURE = 60
"""Forward passes that the curvature costs: a dozen products with the Hessian, each about five."""


def measured(watch: Watch) -> None:
    """Curvature at the last weights, and what the answers depend on: into the record."""
    began = time.perf_counter()
    usable = [replay for replay in watch.replays if replay.calls]
    if not usable:
        return
    for replay in usable[-LAST:]:
        if time.perf_counter() - began < MOST_SECONDS / 2:
            looked_again(watch, replay)
    for name, of in (("future", probes.future), ("answer", probes.answer_in_input)):
        watch.probe(name, attempted(of, usable[0]))
    for replay in usable[-1:]:
        left = MOST_SECONDS - (time.perf_counter() - began)
        if FORWARDS_OF_CURVATURE * _forward_seconds(replay) < left:
            watch.probe("curvature", attempted(lambda last: curvature(watch, last), replay))


def attempted(measure: Callable[[Replay], dict[str, float] | None], replay: Replay) -> dict[str, float] | None:
    """A measurement; nothing where this batch does not allow it, so that the others are still made."""
    try:
        return measure(replay)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return None


def looked_again(watch: Watch, replay: Replay) -> None:
    """A kept batch with the last weights: its graph, values and losses, as those of a step that was looked at."""
    tape = Tape(lambda: ("", ""))
    tape.measuring = True
    own = replay.parameters()
    batch = {i: x.detach().clone() for i, x in replay.inputs().items()}
    for x in batch.values():
        tape.give(x)
    with as_before(replay.random), torch.enable_grad():
        tape.on = tape.listen()
        try:
            loss, _ = replay.run({**own, **batch})
        except Unlike:
            return
        finally:
            tape.leave()
        ref = tape.ref(loss)
        if ref is None or len(tape.calls) != len(replay.calls) or not loss.requires_grad:
            return
        for call, (_, old) in zip(tape.calls, replay.calls, strict=True):
            call.line, call.module, call.kind = old.line, old.module, old.kind
        torch.autograd.grad(loss, list(own.values()), allow_unused=True)
    watch.note_again(tape, ref.op)
    tape.clear()
    watch.probe("halves", probes.halves(replay))


def _forward_seconds(replay: Replay) -> float:
    """Seconds of one replay; without end where it cannot be run."""
    began = time.perf_counter()
    try:
        replay.loss_at()
    except Unlike:
        return float("inf")
    return time.perf_counter() - began


def curvature(watch: Watch, replay: Replay) -> dict[str, float] | None:
    """The largest eigenvalue as the optimiser scales it, beside the bound beyond which its steps grow."""
    live = watch.optimizers.live()
    if len(live) != 1:
        return None
    divide = divisors(live[0])
    found = probes.bend(replay, lambda p: divide.get(id(p)))
    limit = bound(live[0])
    if found is None or limit is None:
        return found
    return {**found, "bound": limit, "rate": float(live[0].param_groups[0]["lr"])}


def concluded(
    watch: Watch,
    label: str,
    seconds: float,
    *,
    how: str = "done",
    error: str = "",
    trace: TracebackType | None = None,
    confirm: bool = True,
) -> Report:
    """What is left to measure, the last entry, and the report. The watch has been stopped before.

    ``confirm``: also test on a copy what is suspected.
    """
    if not watch.fault:
        _tested(watch, label, confirm)
    watch.record.add({
        "kind": "end", "how": how, "error": error, "line": line_of_error(trace), "step": watch.steps,
        "seconds": seconds, "threads": torch.get_num_threads(), "watched": watch.spent + watch.tape.cost,
    })  # fmt: skip
    watch.record.close()
    return diagnosed(from_lines(watch.record.lines, label, (PARTS,) if watch.split else ()))


def _tested(watch: Watch, label: str, confirm: bool) -> None:
    """A fault in here is told, and ends it: the run is over, its report is not lost for this."""
    try:
        measured(watch)
        if confirm:
            suspected = [f.name for f in diagnosed(from_lines(watch.record.lines, label)).findings]
            confirmed(watch, dict.fromkeys(suspected))
    except Exception:  # noqa: BLE001
        watch.failed()
