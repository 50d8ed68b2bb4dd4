"""Which experiment tests which suspicion, and what came of it, into the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .experiments import (
    STEPS,
    Altered,
    Copy,
    along_the_last_axis,
    copy_of,
    fresh,
    last_without,
    negated,
    of_one_shape,
    shuffled_targets,
    standardised_inputs,
    without,
)

if TYPE_CHECKING:
    from .watching import Watch

MOST_SECONDS = 8.0
"""Seconds that all experiments together may take."""

Make = Callable[[Copy], Iterable[tuple[str, float | None, Altered]]]


def _rates(*factors: float) -> Make:
    def make(copy: Copy) -> Iterable[tuple[str, float | None, Altered]]:
        for factor in factors:
            rate = float(copy.settings.groups[0]["lr"]) * factor
            yield "rate", rate, Altered(settings={"rate": factor})

    return make


def _one(name: str, altered: Callable[[Copy], Altered], value: float | None = None) -> Make:
    return lambda copy: [(name, value, altered(copy))]


OF: dict[str, Make] = {
    "learning-rate-too-high": _rates(0.1, 0.01),
    "learning-rate-too-low": _rates(10.0, 100.0, 1000.0),
    "momentum-too-high": _one("momentum", lambda _: Altered(settings={"momentum": 0.9}), 0.9),
    "weight-decay-too-strong": _one("weight_decay", lambda _: Altered(settings={"weight_decay": 0.0}), 0.0),
    "dropout-too-strong": _one("dropout", lambda _: Altered(change=without("dropout")), 0.0),
    "double-softmax": _one(
        "softmax", lambda c: Altered(change=last_without(c.batches[0], "softmax", "log_softmax", "sigmoid"))
    ),
    "softmax-over-batch": _one("axis", lambda _: Altered(change=along_the_last_axis)),
    "broadcast-loss": _one("shape", lambda _: Altered(change=of_one_shape)),
    "gradient-ascent": _one("sign", lambda c: Altered(change=negated(c.batches[0]))),
    "unscaled-input": _one("inputs", lambda _: Altered(data=standardised_inputs)),
    "bad-init": _one("weights", lambda _: Altered(weights=fresh)),
    "symmetric-init": _one("weights", lambda _: Altered(weights=fresh)),
    "exploding-activation": _one("weights", lambda _: Altered(weights=fresh)),
    "frozen-parameters": _one("learning", lambda _: Altered(all_learn=True)),
    "labels-unrelated": _one("labels", lambda _: Altered(data=shuffled_targets)),
    "missing-zero-grad": _one("cleared", lambda _: Altered(cleared=True)),
    "clipping-too-tight": _one("unclipped", lambda _: Altered(unclipped=True)),
}
"""The experiments of each check: what to change, and to what."""


def confirmed(watch: Watch, suspected: Iterable[str], seconds: float = MOST_SECONDS) -> int:
    """Test each suspicion that has an experiment; write down what came of it. Returns how many were made."""
    live = watch.optimizers.live()
    if len(live) != 1 or len(watch.optimizers.settings) != 1:
        return 0
    suspected = list(suspected)
    uncleared = "missing-zero-grad" in suspected
    copy = copy_of(watch.replays, watch.initial, watch.optimizers.settings[0], uncleared, watch.last_clip)
    if copy is None:
        return 0
    until = time.perf_counter() + seconds
    as_it_is: list[float] | None = None
    count = 0
    for name in suspected:
        for what, value, altered in OF[name](copy) if name in OF else ():
            if as_it_is is None:
                as_it_is = copy.losses(Altered(), until)
                if as_it_is is None:
                    return count
            changed = copy.losses(altered, until)
            if changed is None:
                continue
            count += 1
            tail = len(copy.batches)
            watch.record.add({
                "kind": "experiment", "experiment": what, "check": name, "value": value, "steps": STEPS,
                "start": as_it_is[0], "before": _mean(as_it_is[-tail:]), "changed_start": changed[0],
                "after": _mean(changed[-tail:]),
            })  # fmt: skip
    return count


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
