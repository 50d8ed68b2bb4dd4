"""What is measured when the run is over, on the batches that were kept: nothing of it can disturb the run any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from . import probes
from .replay import Replay
from .settings import bound, divisors

if TYPE_CHECKING:
    from .watching import Watch

MOST_SECONDS = 2.0
"""Seconds for measurements of the last moments, whatever the run took."""


def measured(watch: Watch) -> None:
    """Curvature at the last weights, and what the answers depend on: into the record."""
    began = time.perf_counter()
    usable = [replay for replay in watch.replays if replay.calls]
    if not usable:
        return
    watch.probe("future", probes.future(usable[0]))
    watch.probe("answer", probes.answer_in_input(usable[0]))
    for replay in usable[-1:]:
        if time.perf_counter() - began < MOST_SECONDS:
            watch.probe("curvature", curvature(watch, replay))


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
