"""Values in the reader's words: how the failing line writes them, or the name under which they lie there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from tearless.integrations.shapes.source.bodies import source_at
from tearless.integrations.shapes.source.frames import span
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
        for name, there in list(self.frame.f_locals.items()):
            if there is value and not name.startswith("_"):
                return name, None
        return None

    def by_role(self, role: str, value: Any) -> tuple[str, ast.expr | None] | None:
        """The argument whose name ends in this role, of the same shape: one that a library has made anew on its way."""
        shape = getattr(value, "shape", None)
        for keyword in self.call.keywords if isinstance(self.call, ast.Call) else ():
            same = [
                one for one in self.spoken if one.node is keyword.value and getattr(one.value, "shape", ()) == shape
            ]
            if keyword.arg is not None and keyword.arg.endswith(role) and same:
                return same[0].text, keyword.value
        return None

    def parts(self, nodes: Sequence[ast.expr | None]) -> tuple[Part, ...]:
        """The text of the call in pieces, with a place where an operand stands; empty where none stands there."""
        source = source_at(self.frame.f_code.co_filename, self.frame.f_globals)
        if self.call is None or not any(nodes) or source is None:
            return ()
        whole = span(self.call)
        parts: list[Part] = []
        at = whole[:2]
        for place, i in sorted((span(node), i) for i, node in enumerate(nodes) if node is not None):
            if place[:2] >= at:
                parts += [source.between(*at, *place[:2]), Place(i)]
                at = place[2:]
        return tuple(part for part in (*parts, source.between(*at, *whole[2:])) if part != "")
