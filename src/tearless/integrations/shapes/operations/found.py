"""An operation found in an expression: its operands and settings, and the stretches of source where they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tearless.integrations.shapes.source.frames import Source, Span, span
from tearless.linear_algebra.shapes import Operation, Place

from .values import Spec, spec_of

FEW = 8
"""Arrays of a list that are written out."""


@dataclass(frozen=True, slots=True)
class Given:
    """One operand as it stands: its text, the array, and the stretch of source; ``None`` where it has no place."""

    name: str
    spec: Spec | None
    node: ast.expr | None = None


@dataclass(slots=True)
class Found:
    """An operation in an expression. ``places`` say where settings stand, ``lists`` where lists of operands do."""

    node: ast.AST
    rule: str
    library: str
    function: str = ""
    """The library's name of it (``nn.functional.linear``, ``view``); empty for an operator."""
    given: list[Given] = field(default_factory=list)
    roles: list[tuple[int, str]] = field(default_factory=list)
    """The parameter that each operand is given for, by number and name."""
    settings: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    """What the library calls a setting."""
    spread: set[str] = field(default_factory=set)
    """Settings that are given as several arguments."""
    lists: list[tuple[ast.expr, int, int]] = field(default_factory=list)
    """A list of operands that is held by a name: its place, the first operand, how many."""

    def operation(self, source: Source | None = None) -> Operation | None:
        """The operation; ``None`` where an operand is not known."""
        operands = []
        for one in self.given:
            if one.spec is None:
                return None
            spec = one.spec
            library = spec.library or (self.library if spec.shape else "")
            operands.append(Spec(spec.shape, spec.dtype, spec.device, library).named(one.name))
        return Operation(self.rule, tuple(operands), self.settings, tuple(self._parts(source)) if source else ())

    def _parts(self, source: Source) -> Iterator[str | Place]:
        """Its text in pieces; a short list that is held by a name is written out."""
        stands: list[tuple[Span, list[str | Place]]] = [
            (span(one.node), [Place(i)]) for i, one in enumerate(self.given) if one.node is not None
        ]
        stands += [(place, [Place(name)]) for name, place in self.places.items() if self._reads(source, name)]
        stands += [(span(node), _listed(node, *held)) for node, *held in self.lists if held[1] <= FEW]
        whole = span(self.node)
        at = whole[:2]
        for place, what in sorted(stands, key=lambda pair: pair[0]):
            if place[:2] < at:
                continue
            yield source.between(*at, *place[:2])
            yield from what
            at = place[2:]
        yield source.between(*at, *whole[2:])

    def _reads(self, source: Source, name: str) -> bool:
        value = self.settings[name]
        return source.between(*self.places[name]) == (repr(value) if isinstance(value, str) else str(value))


def _listed(node: ast.expr, first: int, many: int) -> list[str | Place]:
    """``[xs[0], xs[1]]`` in pieces; without brackets where it stands for several arguments."""
    inside: list[str | Place] = []
    for i in range(first, first + many):
        inside += [", ", Place(i)] if inside else [Place(i)]
    return inside if isinstance(node, ast.Starred) else ["[", *inside, "]"]


def text_of(node: ast.AST, source: Source | None) -> str:
    """An expression as it is written, on one line."""
    if source is not None and hasattr(node, "lineno"):
        text = source.text(node)
        if text and "\n" not in text:
            return text
    return ast.unparse(node)


def shape_of_list(value: object, like: Spec | None = None) -> Spec | None:
    """A list of numbers, or of lists of them, as the array that it becomes."""
    shape: list[int] = []
    while isinstance(value, list | tuple):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    inner = spec_of(value)
    if not shape or (value and inner is None):
        return None
    more = inner.shape if inner is not None else ()
    return Spec((*shape, *more), inner.dtype if inner else "", "", like.library if like else "")
