"""A training run as its record tells it: the fact that every check of a run names.

Logs that tell less than a record (a CSV of losses, a checkpoint) are runs too: a check asks for what it needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell
from tearless.core.fact import About
from tearless.readers.source import Batch

from .also_told import Breach, Counts, End, Experiment, Loader, Probe
from .decoding import decoded
from .entries import entries_of, line_of
from .in_a_step import outside_steps
from .series import Series, series_of
from .told import Evaluation, Given, Graph, Loss, Model, Optimizer, Parameter, Step, Values

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Run:
    """A training run: its entries in order, and views of them. ``source`` says what told it.

    >>> run = Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 1.5]}, {"kind": "end", "how": "done"}])
    >>> run.losses.tolist(), run.end.how
    ([2.0, 1.5], 'done')
    """

    about: ClassVar[About] = "training"
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The entries of some lines of a record: a table with one column, ``entry``."""
        return cls(tuple(batch.frame["entry"].drop_nulls().to_list()))

    @classmethod
    def from_entries(cls, entries: list[dict[str, Any]]) -> Self:
        """A run of entries as they are."""
        return cls(tuple(map(line_of, entries)))

    def merge(self, later: Self) -> Self:
        """These entries, then the later ones."""
        return type(self)(self.lines + later.lines)

    @cached_property
    def _by_kind(self) -> Mapping[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in entries_of(self.lines)[0]:
            found[entry["kind"]].append(entry)
        return found

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The entries of one kind, as they are."""
        return self._by_kind.get(kind, [])

    def _all(self, kind: str, of: type[T]) -> tuple[T, ...]:
        return tuple(decoded(of, entry) for entry in self.entries(kind))

    @cached_property
    def start(self) -> Mapping[str, Any]:
        """What the first entry says: ``script``, ``torch``, ``source`` (``watch``, ``log``, ``checkpoint``)."""
        return self.entries("start")[0] if self.entries("start") else {}

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """The loss of each optimiser step, nan where it was not known or was nan; shape (steps,).

        Of a long run the record keeps some, alike over the run, and the others are nan (``kept``).
        """
        return self._series.losses

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """For each step whether its loss was known and kept, be it a number or nan; shape (steps,)."""
        return self._series.kept

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """The learning rate of the first group at each step; shape (steps,)."""
        return self._series.rates

    @cached_property
    def modes(self) -> NDArray[np.float64]:
        """1 for each step whose model stood in training mode, 0 in evaluation, nan where unknown; shape (steps,)."""
        return self._series.modes

    @cached_property
    def _series(self) -> Series:
        return series_of(self.entries("losses"), self.entries("step"))

    def known_losses(self, least: int = 2) -> NDArray[np.float64]:
        """The losses where at least so many steps have one. Raises ``CannotTell``."""
        if np.isfinite(self.losses).sum() < least:
            raise CannotTell(f"the loss of at least {least} steps is needed; this run tells fewer")
        return self.losses

    @cached_property
    def optimizers(self) -> tuple[Optimizer, ...]:
        return self._all("optimizer", Optimizer)

    @cached_property
    def models(self) -> tuple[Model, ...]:
        return self._all("model", Model)

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """All parameters of all models by name."""
        return {p.name: p for model in self.models for p in model.parameters}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps that were looked at, in order."""
        return self._all("step", Step)

    def looked_at(self, least: int = 1) -> tuple[Step, ...]:
        """The steps looked at. Raises ``CannotTell`` where there are fewer than ``least``."""
        if len(self.steps) < least:
            raise CannotTell("this needs steps that were watched: run the script under `tearless watch`")
        return self.steps

    @cached_property
    def graphs(self) -> Mapping[int, Graph]:
        return {graph.graph: graph for graph in self._all("graph", Graph)}

    @cached_property
    def values(self) -> tuple[Values, ...]:
        return self._all("values", Values)

    def seen(self) -> Iterator[tuple[Graph, Values]]:
        """Each looked-at step's graph with its values."""
        for values in self.values:
            if values.graph in self.graphs:
                yield self.graphs[values.graph], values

    @cached_property
    def given(self) -> tuple[Given, ...]:
        return self._all("given", Given)

    @cached_property
    def loss_calls(self) -> tuple[Loss, ...]:
        """Calls of loss functions in training (those without gradients: ``evaluating``), in order."""
        return self._all("loss", Loss)

    @cached_property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """Those between steps: what a step asked a model for without gradients, as of a teacher, is none."""
        return outside_steps(self._all("evaluation", Evaluation), self.given, len(self.losses))

    @cached_property
    def loaders(self) -> tuple[Loader, ...]:
        return self._all("loader", Loader)

    @cached_property
    def clips(self) -> tuple[Mapping[str, Any], ...]:
        """Calls of gradient clipping at looked-at steps: ``step``, ``norm`` before, ``most`` allowed, ``by``."""
        return tuple(self.entries("clip"))

    def breaches(self, name: str) -> tuple[Breach, ...]:
        """Breaches of one contract, in order."""
        return tuple(b for b in self._all("breach", Breach) if b.breach == name)

    def probes(self, name: str) -> tuple[Probe, ...]:
        return tuple(p for p in self._all("probe", Probe) if p.probe == name)

    def experiments(self, name: str) -> tuple[Experiment, ...]:
        return tuple(e for e in self._all("experiment", Experiment) if e.experiment == name)

    def metric(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Steps and values of a metric that a log holds (``val_loss``, ``grad_norm``); both empty where it does not."""
        rows = [e for e in self.entries("metric") if e.get("name") == name]
        at = np.array([float(e["step"]) for e in rows])
        return at, np.array([float("nan") if e.get("value") is None else float(e["value"]) for e in rows])

    @cached_property
    def counts(self) -> Counts:
        found = self._all("counts", Counts)
        return found[-1] if found else Counts()

    @cached_property
    def end(self) -> End:
        found = self._all("end", End)
        return found[-1] if found else End()
