"""What a check says: measured evidence, and the finding made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .number import Number
from .picture import Picture
from .severity import Mend, Severity


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``measure`` yields: one subject with its numbers, not yet judged.

    ``subject`` holds the columns concerned, empty for the whole table. ``p`` is the chance of evidence at least this
    strong when nothing is wrong, where the check tests; the doctor corrects it for all the tests on the table and adds
    it to the evidence as ``q``. ``words`` are texts for the templates (made safe where they hold names from the data);
    ``rows`` are the row numbers concerned, counted from 0 without the header.
    """

    subject: tuple[str, ...]
    numbers: Mapping[str, Number]
    p: float | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with the evidence, the reason and the remedy."""

    name: str
    pillar: str
    severity: Severity
    mend: Mend
    subject: tuple[str, ...]
    headline: str
    evidence: Mapping[str, Number]
    why: str
    do: str
    rows: tuple[int, ...] = ()
    because: str | None = None
    """The check whose finding explains this one, when the doctor found such a cause."""
    said: str = ""
    """The evidence as one sentence, where the check has one; else empty, and the numbers speak."""
    picture: Picture | None = None
    """The evidence drawn; ``None`` for findings that are not shown in full."""

    @property
    def page(self) -> str:
        return f"tearless explain {self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check. ``reason`` says why it does not apply, what is missing, or who skipped it."""

    name: str
    pillar: str
    result: Literal["fired", "silent", "not applicable", "cannot tell", "skipped"]
    reason: str = ""
    fault: str = ""
    """The traceback, when the check itself failed: an internal fault to report."""
    rests_on: str = ""
    """Which rows a check that ran looked at: ``every row``, or those drawn; empty where no rows are looked at."""
