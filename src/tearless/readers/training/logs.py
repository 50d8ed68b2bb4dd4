"""Metrics along the steps of a run, as entries of a record: losses, rates, evaluations, and each metric by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .entries import FORMAT
from .metrics import main, role_of

MOST_STEPS = 20_000_000
"""The last step up to which the losses are laid out by step: 160 MB of numbers."""
MOST_VALUES = 20_000
"""Values of one metric that are kept; of more, evenly spaced ones and all that are not finite."""
MOST_METRICS = 300
Series = Mapping[int, float]
Entry = dict[str, Any]


@dataclass
class Log:
    """Metrics by name, each by step; ``unit`` is what the log counts: its ``step``, ``epoch`` or ``row``.

    >>> log = Log()
    >>> log.add("loss", 1, 0.5)
    >>> log.metrics["loss"]
    {1: 0.5}
    """

    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    unit: str = "step"
    notes: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    left_out: int = 0

    def add(self, name: str, step: int, value: float) -> None:
        """Keep one value; a later one for the same step, as a resumed run writes it, stands in place of the first."""
        if name not in self.metrics and len(self.metrics) >= MOST_METRICS:
            self.left_out += 1
            return
        self.metrics.setdefault(name, {})[step] = value

    @property
    def tells(self) -> bool:
        """Whether it holds any metric."""
        return any(self.metrics.values())


def entries_of_log(log: Log, what: str) -> list[Entry]:
    """The entries of a log: ``what`` says which kind of file told them.

    >>> log = Log({"train_loss": {1: 0.9, 2: 0.7}, "val_loss": {2: 0.8}})
    >>> [entry["kind"] for entry in entries_of_log(log, "a CSV log")]
    ['start', 'losses', 'evaluation', 'metric', 'metric', 'metric', 'metric', 'metric']
    """
    _counted_from_one(log)
    if log.left_out:
        log.notes.append(f"{log.left_out:,} values of metrics beyond the first {MOST_METRICS} are left out")
    start = {"kind": "start", "format": FORMAT, "source": "log", "what": what, "unit": log.unit, **log.about}
    return [start, *_losses(log), *_evaluations(log), *_metrics(log)]


def loss_of(log: Log) -> str | None:
    """The metric that is the training loss."""
    return main(log.metrics, "loss", ("training", ""))


def _counted_from_one(log: Log) -> None:
    """Steps counted from 1, where the log counts those of its loss from 0."""
    name = loss_of(log) or main(log.metrics, "loss", ("validation", "test"))
    if name is None or min(log.metrics[name], default=1) != 0:
        return
    log.metrics = {n: {step + 1: value for step, value in series.items()} for n, series in log.metrics.items()}
    log.notes.append(f"the log counts its {log.unit}s from 0, here they are counted from 1")


def _losses(log: Log) -> Iterator[Entry]:
    """The loss, a stretch of consecutive steps an entry, with the learning rate of each step where it has one.

    A loss that the log gives as nan stands there as nan; a step that it does not tell is in no stretch."""
    name = loss_of(log)
    series = log.metrics[name] if name else {}
    if not series:
        return
    if max(series) > MOST_STEPS:
        log.notes.append(f"the loss is not laid out by step: the last is {max(series):,}, at most {MOST_STEPS:,} are")
        return
    rate = main(log.metrics, "rate")
    rates = log.metrics[rate] if rate else {}
    for first, last in _stretches(sorted(step for step in series if step >= 1)):
        steps = range(first, last + 1)
        entry: Entry = {"kind": "losses", "first": first, "values": [series[step] for step in steps]}
        if any(step in rates for step in steps):
            entry["rates"] = [rates.get(step) for step in steps]
        yield entry


def _stretches(steps: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each stretch of consecutive steps."""
    if not steps:
        return
    first = last = steps[0]
    for step in steps[1:]:
        if step != last + 1:
            yield first, last
            first = step
        last = step
    yield first, last


def _evaluations(log: Log) -> Iterator[Entry]:
    """A validation at each step that has its loss or its accuracy; tests stand in only where there is no validation."""
    phases = ("validation",) if any(_is_validation(name) for name in log.metrics) else ("test",)
    loss, right = main(log.metrics, "loss", phases), main(log.metrics, "right", phases)
    losses = log.metrics[loss] if loss else {}
    shares = _as_shares(log.metrics[right]) if right else {}
    for step in sorted({*losses, *shares}):
        yield {"kind": "evaluation", "step": step, "loss": losses.get(step), "right": shares.get(step)}


def _is_validation(name: str) -> bool:
    role = role_of(name)
    return role is not None and role.phase == "validation"


def _as_shares(series: Series) -> Series:
    """An accuracy as a share of 1: one that goes beyond 1 and not beyond 100 is in percent, another is none."""
    finite = [value for value in series.values() if math.isfinite(value)]
    if not finite or min(finite) < 0 or max(finite) > 100:
        return {}
    return {step: value / 100 for step, value in series.items()} if max(finite) > 1 else series


def _metrics(log: Log) -> Iterator[Entry]:
    """Every metric under its own name, and those whose role is plain under that of the role as well."""
    own = dict(log.metrics)
    for known, name in _plain_names(log):
        if name is not None and known not in log.metrics:
            own[known] = log.metrics[name]
    for name, series in own.items():
        for step in _kept(series):
            yield {"kind": "metric", "name": name, "step": step, "value": series[step]}


def _plain_names(log: Log) -> Iterator[tuple[str, str | None]]:
    yield "loss", loss_of(log)
    yield "val_loss", main(log.metrics, "loss", ("validation", "test"))
    yield "val_accuracy", main(log.metrics, "right", ("validation", "test"))
    yield "train_accuracy", main(log.metrics, "right", ("training",))
    yield "lr", main(log.metrics, "rate")
    yield "grad_norm", main(log.metrics, "norm")


def _kept(series: Series) -> list[int]:
    """Steps of the values that are kept, in order."""
    steps = sorted(series)
    if len(steps) <= MOST_VALUES:
        return steps
    stride = -(-len(steps) // MOST_VALUES)
    return [step for i, step in enumerate(steps) if i % stride == 0 or not math.isfinite(series[step])][
        : 2 * MOST_VALUES
    ]
