"""Lines for a terminal: wrapped by display width, hung under a label, coloured or plain. Nothing in them is markup."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from tearless.core import Severity, visible

WIDEST = 120
"""Columns beyond which a line of prose is hard to read: wider terminals do not widen it."""
NARROWEST = 20
NARROW = 60
"""Columns below which labels move closer, so that the text beside them keeps room."""

STYLES = {Severity.error: "bold red", Severity.warning: "bold yellow", Severity.note: "bold cyan"}
LABEL = "dim"
NAME = "bold"
_HELD = "\ue000"
"""Stands for the space in ``5 %`` while lines are broken. No text holds it: ``visible`` writes it as an escape."""
_NO_CONSOLE: Any = None
"""Wrapping asks the console for nothing; making one would double the time to start."""


class Sheet:
    """Lines from top to bottom on a page of fixed width."""

    def __init__(self, width: int = 80, color: bool = False, widest: int = WIDEST) -> None:
        self.width = max(NARROWEST, min(widest, width))
        self.narrow = self.width < NARROW
        self._color = color
        self._lines: list[str] = []

    def blank(self) -> None:
        self._lines.append("")

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line as it is, never wrapped."""
        self._put(joined(*parts))

    def para(self, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
        """A paragraph wrapped to the page; its later lines start ``hang`` columns further in."""
        whole = joined(*parts)
        lines = [whole] if whole.cell_len + indent <= self.width else self._wrapped(whole, indent + hang)
        for i, line in enumerate(lines):
            self._put(Text(" " * (indent if i == 0 else indent + hang)) + line)

    def labelled(self, label: str, *parts: str | tuple[str, str], label_style: str = LABEL) -> None:
        """A paragraph hung beside a label in the margin."""
        indent, at = (1, 11) if self.narrow else (3, 14)
        self.beside(indent, (label.ljust(at - indent), label_style), *parts)

    def beside(self, indent: int, label: tuple[str, str], *parts: str | tuple[str, str]) -> None:
        """A paragraph beside a label, all its lines starting where the label ends."""
        margin = Text(" " * indent) + joined(label)
        at = margin.cell_len
        for i, line in enumerate(self._wrapped(joined(*parts), at)):
            self._put((margin if i == 0 else Text(" " * at)) + line)

    def text(self) -> str:
        """All lines written so far."""
        return "".join(f"{line}\n" for line in self._lines)

    def _wrapped(self, text: Text, taken: int) -> list[Text]:
        whole = Text(text.plain.replace(" %", f"{_HELD}%"), spans=text.spans)
        lines = whole.wrap(_NO_CONSOLE, max(8, self.width - taken), overflow="fold")
        return [Text(line.plain.replace(_HELD, " "), spans=line.spans) for line in lines] or [Text()]

    def _put(self, line: Text) -> None:
        line.rstrip()
        self._lines.append(_coloured(line) if self._color else line.plain)


def _coloured(line: Text) -> str:
    """The line with the escapes of its styles, which do not overlap."""
    from rich.color import ColorSystem
    from rich.style import Style

    out, at = [], 0
    for span in sorted(line.spans, key=lambda span: span.start):
        styled = Style.parse(str(span.style)).render(
            line.plain[span.start : span.end], color_system=ColorSystem.STANDARD
        )
        out += [line.plain[at : span.start], styled]
        at = span.end
    return "".join([*out, line.plain[at:]])


def joined(*parts: str | tuple[str, str]) -> Text:
    """Parts, each plain or with a style, as one text; control characters become escapes."""
    text = Text()
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(visible(words), style=style or None)
    return text
