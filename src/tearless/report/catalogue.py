"""The list of all checks, by pillar, and of the algorithms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby

from tearless.core.catalogue import catalogue

from .layout import LABEL, NAME, Sheet


def to_text(algorithms: Mapping[str, str], width: int = 80, color: bool = False) -> str:
    """Every check with its title, under its pillar; then the algorithms with theirs."""
    sheet = Sheet(width, color)
    entries = catalogue()
    longest = max(len(name) for name in (*(entry.name for entry in entries), *algorithms))
    groups = [(k, {e.name: e.title() for e in checks}) for k, checks in groupby(entries, key=lambda e: e.pillar)]
    for heading, titles in (*groups, ("algorithms", algorithms)):
        sheet.para((heading.replace("-", " "), NAME))
        for name, title in titles.items():
            if sheet.narrow:
                sheet.para((name, NAME), indent=1)
                sheet.para(f"{title}.", indent=3)
            else:
                sheet.beside(3, (name.ljust(longest + 2), ""), f"{title}.")
        sheet.blank()
    said = f"{len(entries)} checks and {len(algorithms)} algorithms; the page of one: tearless explain NAME"
    sheet.para((said, LABEL))
    return sheet.text()


def to_json() -> str:
    """The same as JSON: ``[{name, pillar, title, about, looks_at}]``; what rows a check of tables looks at."""
    rows = [
        {"name": e.name, "pillar": e.pillar, "title": e.title(), "about": check.about, "looks_at": check.looks_at}
        for e in catalogue()
        for check in [e.load()]
    ]
    return json.dumps(rows, indent=2) + "\n"
