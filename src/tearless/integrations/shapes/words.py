"""Values in the reader's words: how the failing line writes them, or the name under which they lie there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tearless.linear_algebra.shapes import Place

from .library_frames import Spoken

Part = str | Place


@dataclass(frozen=True, slots=True)
class Words:
    """What the failing line passed on, and the frame that it stands in."""

    spoken: Sequence[Spoken]
    frame: FrameType
    call: ast.expr | None = None
    text: Callable[[ast.expr], str] = ast.unparse

    def of(self, value: Any, taken: Sequence[ast.expr | None] = ()) -> tuple[str, ast.expr | None] | None:
        """How a value is written, and where in the line it stands; ``None`` for one that the line does not know.

        Where it stands there more than once (``attn(x, x, x)``), the first place that is not ``taken`` counts.
        """
        same = [one for one in self.spoken if one.value is value]
        for one in [*(one for one in same if one.node not in taken), *same]:
            return one.text, one.node
        for name, there in self.frame.f_locals.items():
            if there is value and not name.startswith("_"):
                return name, None
        return None

    def parts(self, nodes: Sequence[ast.expr | None]) -> tuple[Part, ...]:
        """The text of the call in pieces, with a place where an operand stands; empty where none stands there."""
        if self.call is None or not any(nodes):
            return ()
        lines = [line.encode() for line in self.text(self.call).splitlines(keepends=True)]
        starts = [sum(map(len, lines[:i])) for i in range(len(lines))]
        whole, parts, done = b"".join(lines), [], 0
        spans = sorted((*self._span(node, starts), i) for i, node in enumerate(nodes) if node is not None)
        for start, end, i in spans:
            if start < done:
                continue
            parts += [whole[done:start].decode(), Place(i)]
            done = end
        return tuple(part for part in (*parts, whole[done:].decode()) if part != "")

    def _span(self, node: ast.expr, starts: Sequence[int]) -> tuple[int, int]:
        first = self.call
        assert first is not None  # noqa: S101 - asked for by ``parts`` alone

        def place(line: int, column: int) -> int:
            row = min(line - first.lineno, len(starts) - 1)
            return starts[row] + column - (first.col_offset if row == 0 else 0)

        return place(node.lineno, node.col_offset), place(node.end_lineno or 0, node.end_col_offset or 0)
