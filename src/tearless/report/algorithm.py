"""The page of a learning algorithm: what it learns, the pillars it stands on, what goes wrong, and the check for it."""

from __future__ import annotations

from collections.abc import Mapping

from .layout import NAME, Sheet
from .page import blocks, is_listed

Pillars = Mapping[str, tuple[str, ...]]


def to_text(
    name: str, title: str, sections: Mapping[str, str], pillars: Pillars, width: int = 80, color: bool = False
) -> str:
    """The page wrapped to ``width`` columns. ``pillars`` holds the functions taken from each, read from the imports."""
    sheet = Sheet(width, color)
    sheet.para((f"algorithms/{name}", NAME))
    sheet.para(f"{title}.")
    sheet.blank()
    sheet.para(("Stands on", NAME))
    for pillar, functions in pillars.items():
        sheet.para((pillar.replace("_", " "), NAME), f": {', '.join(functions)}", indent=3, hang=3)
    for heading, body in sections.items():
        sheet.blank()
        sheet.para((heading, NAME))
        for block in blocks(body):
            for line in block:
                sheet.para(line, indent=3, hang=2 if is_listed(line) else 0)
    return sheet.text()


def to_markdown(name: str, title: str, sections: Mapping[str, str], pillars: Pillars) -> str:
    """The page as Markdown."""
    stands = [
        f"- **{pillar.replace('_', ' ')}**: {', '.join(map('`{}`'.format, of))}" for pillar, of in pillars.items()
    ]
    parts = [f"# {name}", f"{title}.", "## Stands on", "\n".join(stands)]
    parts += [f"## {heading}\n\n{body}" for heading, body in sections.items()]
    return "\n\n".join(parts) + "\n"
