"""A terminal's text as a picture: one SVG, no font and no style from elsewhere, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

LINE = 19
LETTER = 8.43
SIZE = 14
STYLE = """
  text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
  .page { fill: #ffffff; stroke: #d1d9e0 } .error { fill: #cf222e; font-weight: bold }
  .warning { fill: #9a6700; font-weight: bold } .label { fill: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117; stroke: #3d444d } .error { fill: #ff7b72 }
    .warning { fill: #d29922 } .label { fill: #9198a1 }
  }
"""
WORDS = {
    "error": "error",
    "warning": "warning",
    **{f"   {word}": "label" for word in ("evidence", "why", "do", "learn", "also", "rows")},
}
"""How a line begins, and the class of that beginning."""


def picture(lines: Sequence[str], title: str) -> str:
    """The lines as SVG. A severity or a label at the start of a line is coloured."""
    width = max(map(len, lines)) * LETTER + 40
    height = len(lines) * LINE + 36
    body = "\n".join(_line(text, 30 + i * LINE) for i, text in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="page" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>\n{body}\n</svg>\n'
    )


def _line(text: str, y: int) -> str:
    begun = next((start for start in WORDS if text.startswith(f"{start} ")), "")
    head = f'<tspan class="{WORDS[begun]}">{begun}</tspan>' if begun else ""
    return f'<text x="20" y="{y}" xml:space="preserve">{head}{escape(text[len(begun) :])}</text>'
