"""The list of all checks, by pillar."""

from __future__ import annotations

import json
from itertools import groupby

from tearless.core.catalogue import catalogue

from .layout import LABEL, NAME, Sheet


def to_text(width: int = 80, color: bool = False) -> str:
    """Every check with its title, under its pillar."""
    sheet = Sheet(width, color)
    entries = catalogue()
    longest = max(len(entry.name) for entry in entries)
    for pillar, checks in groupby(entries, key=lambda entry: entry.pillar):
        sheet.para((pillar.replace("-", " "), NAME))
        for entry in checks:
            title = f"{entry.title()}."
            if sheet.narrow:
                sheet.para((entry.name, NAME), indent=1)
                sheet.para(title, indent=3)
            else:
                sheet.beside(3, (entry.name.ljust(longest + 2), ""), title)
        sheet.blank()
    sheet.para((f"{len(entries)} checks; the page of one: tearless explain NAME", LABEL))
    return sheet.text()


def to_json() -> str:
    """The same as JSON: ``[{name, pillar, title}]``."""
    rows = [{"name": e.name, "pillar": e.pillar, "title": e.title()} for e in catalogue()]
    return json.dumps(rows, indent=2) + "\n"
