"""The page of a check, for a terminal and as Markdown: its sections, its limits, and its examples that were run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tearless.core.number import shown
from tearless.core.page import LimitText, Page
from tearless.core.seen import Seen

from .layout import LABEL, NAME, Sheet

_LIST = re.compile(r"\s|[-*|] |\d+[.)] ")
_CROSSED = {"above": "at least", "below": "at most"}
_SAYS_WHAT = {
    "healthy": "healthy, so the check must be silent",
    "sick": "sick, so the check must fire",
    "fooled": "an admitted weakness",
}


def to_text(path: str, page: Page, seen: Iterable[Seen], width: int = 80, color: bool = False) -> str:
    """The page of the check ``pillar/name`` wrapped to ``width`` columns."""
    sheet = Sheet(width, color)
    sheet.para((path, NAME))
    sheet.para(f"{page.title}.")
    for name, body in page.sections.items():
        sheet.blank()
        sheet.para((name, NAME))
        for block in blocks(body):
            for line in block:
                sheet.para(line, indent=3, hang=2 if is_listed(line) else 0)
    sheet.blank()
    sheet.para(("Limits", NAME))
    for limit in page.limits:
        sheet.para((limit.name, NAME), f": {_rule(limit)}", indent=3, hang=3)
        sheet.para(limit.because, indent=6)
    sheet.blank()
    sheet.para(("Seen on its own examples", NAME))
    for one in seen:
        sheet.para((one.role, LABEL), "  ", (one.example, NAME), f": {_said(one)}", indent=3, hang=3)
    return sheet.text()


def to_markdown(path: str, page: Page, seen: Iterable[Seen]) -> str:
    """The page as Markdown. The sections are Markdown as they stand in the check's file."""
    from .markdown import inert, table

    parts = [f"# {path}", f"{page.title}."]
    parts += [f"## {name}\n\n{body}" for name, body in page.sections.items()]
    parts += ["## Limits", _limits(page)]
    rows = [[_SAYS_WHAT[s.role], f"`{s.example}`", inert(_said(s), in_table=True)] for s in seen]
    parts += ["## Seen on its own examples", table(["example", "name", "what the check said"], rows)]
    return "\n\n".join(parts) + "\n"


def _limits(page: Page) -> str:
    from .markdown import inert, table

    heads = ["limit", "of", "crossed at", "unit", "kind", "leads to", "because"]
    rows = [
        [
            inert(text, in_table=True)
            for text in (
                limit.name,
                limit.of,
                f"{_CROSSED[limit.crossed]} {_at(limit)}",
                limit.unit,
                _kind(limit),
                limit.severity,
                limit.because,
            )
        ]
        for limit in page.limits
    ]
    return table(heads, rows)


def _rule(limit: LimitText) -> str:
    """One limit as a sentence: ``warning where `gain` is at least 10 times fewer steps (convention)``."""
    leads = "anything is said only" if limit.severity == "gate" else limit.severity
    unit = "" if limit.unit in ("1", "share") else f" {limit.unit}"
    return f"{leads} where `{limit.of}` is {_CROSSED[limit.crossed]} {_at(limit)}{unit} ({_kind(limit)})"


def _kind(limit: LimitText) -> str:
    if not limit.false_alarms:
        return limit.kind
    rate = _number(limit.false_alarms, "share")
    return f"{limit.kind}: {rate} false alarms on healthy tables"


def _at(limit: LimitText) -> str:
    return _number(limit.at, limit.unit)


def _number(text: str, unit: str) -> str:
    """A number as the reports show it; a formula as it stands in the source."""
    try:
        return shown(float(text), unit)
    except ValueError:
        return text


def _said(seen: Seen) -> str:
    said = "; ".join(seen.said) or "silent"
    return f"{said} (admitted: {seen.because})" if seen.because else said


def is_listed(line: str) -> bool:
    """Whether a line belongs to a list, a table or a formula, and so stands by itself."""
    return _LIST.match(line) is not None


def blocks(body: str) -> Iterator[list[str]]:
    """Paragraphs, each a list of lines: one for prose, which is wrapped anew; those of a list or formula stay."""
    for block in re.split(r"\n\s*\n", body):
        lines = block.splitlines()
        yield lines if any(map(is_listed, lines)) else [" ".join(line.strip() for line in lines)]
