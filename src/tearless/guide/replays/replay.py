"""One incident: what was seen, the run that failed, the same run mended, and what the checks say of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tearless.core import Number
from tearless.core.picture import Picture
from tearless.report.report import Report


@dataclass(frozen=True)
class Run:
    """One of the two runs: the report of the checks on it, its numbers, and what it looked like."""

    report: Report
    numbers: Mapping[str, Number]
    pictures: tuple[Picture, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, str]:
        """What stands in the place of each ``{name}`` of the story."""
        return {**{name: str(number) for name, number in self.numbers.items()}, **self.words}


@dataclass(frozen=True)
class Incident:
    """An incident. ``story``, ``mend`` and ``moral`` are templates: ``{name}`` is a number of the run that failed,
    ``{mended_name}`` one of the run that was mended. ``check`` is what the checks must find in the first and no more in
    the second, ``lesson`` explains it."""

    name: str
    title: str
    story: str
    mend: str
    moral: str
    check: str
    lesson: str
    broken: Callable[[], Run]
    mended: Callable[[], Run]


@dataclass(frozen=True)
class Replayed:
    """An incident that was run, twice."""

    incident: Incident
    broken: Run
    mended: Run
    fields: Mapping[str, str] = field(default_factory=dict)


def replayed(incident: Incident) -> Replayed:
    """Run an incident and its mended form now."""
    broken, mended = incident.broken(), incident.mended()
    fields = {**broken.said, **{f"mended_{name}": said for name, said in mended.said.items()}}
    return Replayed(incident, broken, mended, fields)
