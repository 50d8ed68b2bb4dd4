"""One operation of an expression, put to its rule: its operands with their names, its text in pieces, its steps."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tearless.core import InputError
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Place
from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.rules import RULES, results
from tearless.linear_algebra.shapes.size import Named, Shape, Size, names_in, product, written
from tearless.linear_algebra.shapes.tokens import LARGEST, refusal

from .counts import multiply_adds
from .strides import strides_after
from .trails import origins_of, trail_of
from .values import Array, Given, Layer, Step, Stopped

MOST_AXES = 64
LONGEST_NAME = 40
"""Characters of an operand's own text; that of a longer call is left out between its brackets."""
MOST_TERMS = 64
MOST_STEPS = 1_000
ENTRY_BY_ENTRY = frozenset(["broadcast"])
_BOOL = frozenset(["<", "<=", ">", ">=", "==", "!="])
_ODD = (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError, OverflowError, AttributeError)


class Operating:
    """The operations of one expression in one library, in order."""

    def __init__(self, text: str, library: str) -> None:
        self.text = text
        self.library = library
        self.steps: list[Step] = []
        self.reduced: dict[int, str] = {}
        """For a step entry by entry, the reduction that takes all of its result."""
        self.declared: dict[str, Array] = {}
        self.shorts: list[tuple[int, int, str]] = []
        """Stretches of the text that are shown as a name: declarations."""
        self.renamed: dict[Node, str] = {}
        """Parts that stand for something else for a while: what a chain of layers has made of its input."""
        self.sizes: set[str] = set()
        """Names that stand for sizes."""
        self.label = ""
        """What a step is called, where not by its own text."""
        self.made: dict[str, Node] = {}
        """Where arrays are declared."""
        self.callee = (0, 0)
        """Where the function or layer stands that is called."""
        self.layer: Layer | None = None

    def refused(self, node: Node, says: str) -> InputError:
        """A refusal with the caret under a part of the text."""
        return refusal(self.text, node.place[0], says)

    def apply(
        self,
        node: Node,
        rule: str,
        operands: Sequence[Given],
        settings: Mapping[str, Any] | None = None,
        at: Mapping[str, Node] | None = None,
        dtype: str | None = None,
        names: Mapping[int, str] | None = None,
    ) -> tuple[Array, ...]:
        """The results of a rule. Raises ``Stopped`` where it clashes, ``InputError`` where it is not known."""
        settings, at, names = settings or {}, at or {}, names or {}
        if rule not in RULES:
            raise self.refused(node, f"the rule of `{rule}` is not known here; leave this operation out")
        if len(self.steps) >= MOST_STEPS:
            raise self.refused(node, f"expected at most {MOST_STEPS:,} operations; give the expression in parts")
        places: list[Node | None] = [
            None if i in names or one.node in self.renamed else one.node for i, one in enumerate(operands)
        ]
        taken = tuple(self._operand(one, names.get(i)) for i, one in enumerate(operands))
        operation = Operation(rule, taken, settings, self._parts(node, places, at))
        try:
            gives = results(operation)
        except Clash as clash:
            origins = origins_of(clash, operands[0].value) if operands and isinstance(operands[0].value, Array) else ()
            raise Stopped(clash, node, tuple(places), at, self.layer, origins, self.label) from None
        except _ODD:
            raise self.refused(node, "expected settings that this operation takes; look at its numbers") from None
        for shape in gives:
            self._bounded(node, shape)
        number = len(self.steps)
        self.steps.append(
            Step(self.label or self.short(node.start, node.end), operation, gives, multiply_adds(operation, gives))
        )
        if dtype is None:
            dtype = "bool" if settings.get("symbol") in _BOOL else _common([one.dtype for one in taken])
        since = {n for one in operands if isinstance(one.value, Array) for n in one.value.since}
        kept = tuple(sorted({*since, number})) if rule in ENTRY_BY_ENTRY else ()
        return tuple(self._trailed(Array(shape, dtype, kept), operands, operation) for shape in gives)

    def _trailed(self, array: Array, operands: Sequence[Given], operation: Operation) -> Array:
        """The result with the way that it has come, and how it lies in memory."""
        before = operands[0].value if operands else None
        given = [one.value.strides if isinstance(one.value, Array) else None for one in operands]
        array = replace(array, strides=strides_after(operation, given, array.shape))
        if not isinstance(before, Array) or before.trail is None:
            return array
        path = self.label.removeprefix("-> ").removeprefix("| ") or self.short(*self.callee) or operation.rule
        return replace(array, trail=trail_of(before, operation, array, path))

    def stopped(self, node: Node, rule: str, operands: Sequence[Given], clash: Clash) -> Stopped:
        """A clash that is found here, not by a rule."""
        taken = tuple(self._operand(one, None) for one in operands)
        places = tuple(one.node for one in operands)
        return Stopped(
            clash.of(Operation(rule, taken, {}, self._parts(node, places, {}))), node, places, {}, self.layer
        )

    def _operand(self, one: Given, name: str | None) -> Operand:
        array = one.value if isinstance(one.value, Array) else Array(())
        return Operand(name or self.name_of(one.node), array.shape, array.dtype, "", self.library)

    def name_of(self, node: Node) -> str:
        """How an operand is called: its text without the brackets around it, declarations by their names."""
        name = self.renamed.get(node) or self.short(node.start, node.end)
        callee = node.parts[0] if node.kind == "call" else None
        if len(name) > LONGEST_NAME and callee is not None:
            return f"{self.short(*callee.place)[:LONGEST_NAME]}(...)"
        return name

    def short(self, start: int, end: int) -> str:
        """A stretch of the text, declarations by their names, blanks and line ends as one blank."""
        out, at = "", start
        for first, last, name in self.shorts[bisect_left(self.shorts, (start, start, "")) :]:
            if first >= end:
                break
            if first >= at and last <= end:
                out, at = out + self.text[at:first] + name, last
        return re.sub(r"\s+", " ", out + self.text[at:end]).strip()

    def _parts(self, node: Node, operands: Sequence[Node | None], at: Mapping[str, Node]) -> tuple[str | Place, ...]:
        """The text of an operation in pieces, a ``Place`` where an operand or a setting stands."""
        start, end = node.place if node.kind != "binary" else (node.start, node.end)
        spans: list[tuple[int, int, int | str]] = [
            (one.start, one.end, i) for i, one in enumerate(operands) if one is not None
        ]
        spans += [(*one.place, name) for name, one in at.items()]
        pieces: list[str | Place] = []
        here = start
        for first, last, of in sorted(spans, key=lambda span: (span[0], str(span[2]))):
            if here <= first and last <= end:
                pieces += [self._piece(here, first), Place(of)]
                here = last
        return tuple(piece for piece in (*pieces, self._piece(here, end)) if piece != "")

    def _piece(self, start: int, end: int) -> str:
        shown = self.short(start, end)
        left = " " if self.text[start:end][:1].isspace() else ""
        right = " " if shown and self.text[start:end][-1:].isspace() else ""
        return left + shown + right if shown else left

    def _bounded(self, node: Node, shape: Shape) -> None:
        """Raises ``InputError`` for more axes, larger sizes or longer polynomials than there may be."""
        if len(shape) > MOST_AXES:
            raise self.refused(node, f"expected at most {MOST_AXES} axes, got {len(shape)}; use fewer")
        total = 1
        for size in shape:
            self.bounded(node, size)
            self.sizes |= names_in(size)
            total *= len(size.terms) if isinstance(size, Named) else 1
        if total > MOST_TERMS**2 or (total == 1 and _too_many(shape)):
            raise self.refused(node, f"expected at most 2^63 - 1 entries, got {written(shape)[:60]}; use smaller sizes")

    def bounded(self, node: Node, size: Size) -> Size:
        """The size, where it is one that an array may have."""
        if isinstance(size, int) and not 0 <= size <= LARGEST:
            what = "0 or more" if size < 0 else "at most 2^63 - 1"
            raise self.refused(node, f"expected a size of {what}, got {size}; use another")
        if isinstance(size, Named) and len(size.terms) > MOST_TERMS:
            raise self.refused(node, f"expected a size of at most {MOST_TERMS} terms; give it a name of its own")
        return size


def _too_many(shape: Shape) -> bool:
    """Whether plain sizes come to more entries than there can be; where one is 0 there are none, as NumPy has it."""
    total = product(size for size in shape if isinstance(size, int) and size)
    return isinstance(total, int) and total > LARGEST


def _common(dtypes: Sequence[str]) -> str:
    """The type of a result: the one that all operands have that say theirs."""
    return dtypes[0] if len(set(dtypes)) == 1 else ""
