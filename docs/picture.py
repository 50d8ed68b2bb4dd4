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
    **dict.fromkeys(("evidence", "why", "do", "learn", "also", "rows"), "label"),
}


def picture(lines: Sequence[str], title: str) -> str:
    """The lines as SVG. The first word of a line is coloured where it is a severity or a label."""
    width = max(map(len, lines)) * LETTER + 40
    height = len(lines) * LINE + 36
    body = "\n".join(_line(text, 30 + i * LINE) for i, text in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="page" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>\n{body}\n</svg>\n'
    )


def _line(text: str, y: int) -> str:
    words = text.split(maxsplit=1)
    kind = WORDS.get(words[0]) if words else None
    if kind is None:
        return f'<text x="20" y="{y}" xml:space="preserve">{escape(text)}</text>'
    start = text.index(words[0])
    head, rest = text[: start + len(words[0])], text[start + len(words[0]) :]
    return (
        f'<text x="20" y="{y}" xml:space="preserve"><tspan class="{kind}">{escape(head)}</tspan>{escape(rest)}</text>'
    )
