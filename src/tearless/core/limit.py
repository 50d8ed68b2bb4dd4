"""The numbers that decide, each with its reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .number import Number
from .severity import Severity

Kind = Literal["derived", "calibrated", "convention"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that decides, with the argument for it.

    ``of`` names the evidence it limits. ``at`` is the limit itself: a float, or a function of other evidence, called
    by the names of its parameters (``lambda rows: 3 / rows``). It is crossed when the evidence is at or *above* it, or
    at or *below* it. ``severity=None`` makes it a gate: it must be crossed before any severity is reached.

    ``kind`` says where the number comes from: *derived* (a theorem or an identity), *calibrated* (``false_alarms`` is
    the share of healthy tables on which it fires, and a seeded simulation verifies it) or *convention* (nothing singles
    it out; ``because`` says what it means).
    """

    of: str
    at: float | Callable[..., float]
    unit: str
    kind: Kind
    because: str
    severity: Severity | None = None
    crossed: Literal["above", "below"] = "above"
    false_alarms: float | None = None
    name: str = ""

    def depends_on(self) -> tuple[str, ...]:
        """The evidence that the limit is a function of; empty for a plain number."""
        return _parameters(self.at) if callable(self.at) else ()

    def value(self, evidence: Mapping[str, Number]) -> float | None:
        """The limit for this evidence; ``None`` where it depends on a number that is not known."""
        if not callable(self.at):
            return self.at
        given = {name: evidence[name].value for name in self.depends_on()}
        return None if None in given.values() else float(self.at(**given))

    def is_crossed(self, evidence: Mapping[str, Number]) -> bool:
        """Whether the evidence is on the far side. An unknown number crosses nothing."""
        value, limit = evidence[self.of].value, self.value(evidence)
        if value is None or limit is None:
            return False
        return value >= limit if self.crossed == "above" else value <= limit


@lru_cache(maxsize=1024)
def _parameters(function: Callable[..., float]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def reached(limits: tuple[Limit, ...], evidence: Mapping[str, Number]) -> Severity | None:
    """The judgement: the highest severity of which every limit is crossed, and every gate with it.

    A severity with several limits needs all of them: they are joined by *and*. The limits are the whole judgement.
    """
    if not all(limit.is_crossed(evidence) for limit in limits if limit.severity is None):
        return None
    severities = {limit.severity for limit in limits if limit.severity is not None}
    crossed = [s for s in severities if all(x.is_crossed(evidence) for x in limits if x.severity == s)]
    return max(crossed, default=None)
