"""Findings in a few lines of plain text, for an error or a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tearless.core.finding import Finding


def told(found: Sequence[Finding], most: int) -> list[str]:
    """The findings that none of the others explains, each with its remedy; the rest by their number."""
    from tearless.core.text import visible

    names = {finding.name for finding in found}
    causes = [finding for finding in found if finding.because not in names]
    lines = []
    for finding in causes[:most]:
        lines.append(f"  {finding.severity.name}  {finding.pillar}/{finding.name}  {visible(finding.headline)}")
        lines.append(f"      do: {visible(finding.do)}")
    rest = len(causes[most:])
    lines += [f"  and {rest:,} more"] if rest else []
    explained = len(found) - len(causes)
    whose = "these explain" if len(causes) > 1 else "this explains"
    return lines + ([f"  and {explained:,} that {whose}"] if explained else [])
