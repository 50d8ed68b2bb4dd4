"""What the doctor says, whole: the findings, what was silent, and what could not be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tearless.core import Finding, Number, Outcome, Severity
from tearless.core.errors import FoundProblems
from tearless.core.lesson import Opened

from .answer import Answer


@dataclass(frozen=True)
class Report:
    """Findings, worst first, and the outcome of every check. Renders itself as text, JSON, Markdown and more.

    ``source`` and ``test`` say what was looked at, ``rows`` and ``columns`` how much of it; ``target`` is the column to
    predict, ``notes`` are words about how the tables had to be read, ``path`` is the file where there is one, and
    ``seed`` is what random draws started from. The same input and seed give the same report but for ``seconds``.

    >>> report = Report(findings=(), outcomes=(), source="train.csv", rows=3, columns=2, seed=0)
    >>> report.raise_for("warning")
    >>> print(report.to_text().strip())
    no findings; no checks. train.csv: 3 rows, 2 columns; 0.0 s, seed 0.
    """

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    source: str
    rows: int
    columns: int
    seed: int
    target: str | None = None
    test: str | None = None
    seconds: float = 0.0
    stopped: bool = False
    """Whether reading or checking was broken off: the report is of what was read until then."""
    notes: tuple[str, ...] = ()
    path: str | None = None
    header_lines: int = 0
    """Lines of a text file before the first row; 0 if unknown."""
    tests: int = 0
    """How many chances were computed, and corrected together for the false discovery rate."""
    answer: Answer | None = None
    """The answer to what the command was asked, where it was asked more than what is wrong."""
    lessons: Mapping[str, Opened] = field(default_factory=dict, compare=False, repr=False)
    """For the checks that found something, the lesson about it on the same data, where it can be had on them."""

    def __getitem__(self, name: str) -> Number:
        """One number of the answer, by name. Raises ``KeyError`` naming those that there are."""
        numbers = self.answer.numbers if self.answer else {}
        if name not in numbers:
            raise KeyError(f"{name!r}: the answer has {', '.join(numbers) or 'no numbers'}")
        return numbers[name]

    def at_least(self, severity: Severity | str) -> tuple[Finding, ...]:
        """The findings of this severity or worse. Raises ``InputError`` for an unknown severity."""
        least = Severity.of(severity)
        return tuple(f for f in self.findings if f.severity >= least)

    def count(self, result: str) -> int:
        """How many checks had this outcome: ``fired``, ``silent``, ``not applicable``, ``cannot tell``, ``skipped``."""
        return sum(o.result == result for o in self.outcomes)

    @property
    def faults(self) -> tuple[Outcome, ...]:
        """The checks that failed themselves: internal faults, to be reported."""
        return tuple(o for o in self.outcomes if o.fault)

    def raise_for(self, severity: Severity | str = "error") -> None:
        """Raise ``FoundProblems`` (an ``AssertionError``) naming every finding at or above ``severity``.

        In a test one line is enough: ``tearless.check("train.csv", target="y").raise_for("error")``. Raises
        ``InputError`` for an unknown severity.
        """
        found = self.at_least(severity)
        if found:
            lines = "".join(f"\n  {f.severity.name}  {f.pillar}/{f.name}  {f.headline}" for f in found)
            count = f"{len(found):,} finding{'' if len(found) == 1 else 's'}"
            raise FoundProblems(f"{count} at or above {Severity.of(severity).name} in {self.source}:{lines}")

    def to_text(self, width: int = 80, color: bool = False, verbose: bool = False, concise: bool = False) -> str:
        """The report as a terminal shows it: ``width`` columns wide, or one line a finding where ``concise``."""
        from .text import to_text

        return to_text(self, width, color, verbose, concise)

    def to_json(self) -> str:
        """The report as JSON, by the schema that ``tearless schema`` prints. The same input gives the same bytes."""
        from .json import to_json

        return to_json(self)

    def to_markdown(self) -> str:
        """The report as Markdown, with everything that came from the data made inert."""
        from .markdown import to_markdown

        return to_markdown(self)

    def to_github(self) -> str:
        """The report as annotations of a GitHub workflow."""
        from .github import to_github

        return to_github(self)

    def to_sarif(self) -> str:
        """The report as SARIF 2.1.0, for code scanning."""
        from .sarif import to_sarif

        return to_sarif(self)

    def to_junit(self, fail_on: Severity | str | None = "error") -> str:
        """The report as JUnit XML: each check a test case, failed where it found something at or above ``fail_on``."""
        from .junit import to_junit

        return to_junit(self, fail_on)

    def to_html(self) -> str:
        """The report as one page that needs nothing else."""
        from .html import to_html

        return to_html(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from .html import fragment

        return fragment(self)
