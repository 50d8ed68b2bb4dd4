"""What a comparison of two models comes to: a difference, how sure it is, and the test that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from tearless.statistics.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Difference:
    """B less A, with its interval, the chance ``p`` of a difference at least as large by luck alone, and their names.

    ``p`` is two-sided, above 0 and at most 1. The interval holds 0 exactly where ``p`` is above 1 − ``estimate.level``,
    unless ``interval`` says otherwise. ``test`` and ``interval`` name the methods as the field does.

    >>> from tearless.statistics.estimate import Estimate
    >>> print(Difference(Estimate(0.03, 0.01, 0.01, 0.05), 0.003, "mid-p McNemar", "Tango"))
    0.03 (0.01 to 0.05), p = 0.003 by mid-p McNemar
    """

    estimate: Estimate
    p: float
    test: str
    interval: str

    @property
    def sure(self) -> bool:
        """Whether the difference is told from 0 at the interval's level."""
        return self.p <= 1 - self.estimate.level

    def __str__(self) -> str:
        return f"{self.estimate}, p = {self.p:.3g} by {self.test}"
