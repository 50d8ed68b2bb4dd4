"""A clash drawn on its operands, in plain characters of one width: what clashes stands over carets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tearless.core import visible

from .operation import Clash, Operation
from .rules.letters import Unreadable, count, laid_out, read
from .size import product

LONGEST_NAME = 40
FLUSH_RIGHT = {"broadcast", "assign", "broadcast_to", "expand", "expand_as", "masked_select", "vstack"}
FLUSH_LEFT_BY_AXIS = {"cat", "stack", "gather", "scatter", "take_along_axis", "boolean_index", "tile"}
ASKED = {"reshape": "shape", "view": "shape", "broadcast_to": "shape", "expand": "shape", "layer_norm": ""}


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the picture: a name, sizes as texts, and which of them clash."""

    name: str
    sizes: tuple[str, ...]
    marked: frozenset[int]
    about: str = ""
    above: tuple[str, ...] = ()
    odd: frozenset[str] = frozenset()
    """Words of ``about`` that clash."""


def drawn(clash: Clash) -> str:
    """The operands below one another, the axes that clash marked; of an einsum the letters stand above their axes.

    >>> from .operation import Operand, Operation
    >>> from .rules import results
    >>> try:
    ...     results(Operation("matmul", (Operand("x", (32, 784), "float32"), Operand("w", (10, 784), "float32"))))
    ... except Clash as clash:
    ...     print(drawn(clash))
    x  (32, 784)  float32
            ^^^
    w  (10, 784)  float32
        ^^
    """
    if clash.operation is None:
        return ""
    rows = [*_rows(clash, clash.operation)]
    wide = max((len(row.name) for row in rows), default=0)
    widths = _widths(clash.operation, rows)
    lines = []
    for row in rows:
        pads, texts = _laid(clash.operation, row, widths, max(len(other.sizes) for other in rows))
        lines += [" " * (wide + 2) + line for line in _above(row, pads, texts)]
        lines.append(f"{row.name.ljust(wide)}  {pads}{_shape(texts)}  {row.about}".rstrip())
        under = _carets(row, pads, texts)
        if under.strip():
            lines.append((" " * (wide + 2) + under).rstrip())
    return "\n".join(lines)


def _rows(clash: Clash, operation: Operation) -> Iterator[_Row]:
    letters = _letters(operation)
    kinds = [one.dtype if clash.kind == "dtype" else one.device for one in operation.operands]
    clashing = frozenset(kinds) if clash.kind != "shape" and len({kind for kind in kinds if kind}) > 1 else frozenset()
    for i, one in enumerate(operation.operands):
        axes = frozenset(axis for operand, axis in clash.marks if operand == i)
        words = [visible(word) for word in (one.dtype, one.device) if word]
        sizes = tuple(map(str, one.shape))
        yield _Row(visible(one.name, LONGEST_NAME), sizes, axes, "  ".join(words), letters.get(i, ()), clashing - {""})
    yield from _asked(operation)


def _asked(operation: Operation) -> Iterator[_Row]:
    """The shape that is asked for, beneath, with how many numbers it holds where that is the matter."""
    asked = operation.settings.get(ASKED.get(operation.rule, ""), None)
    if not isinstance(asked, tuple | list) or len(operation.operands) != 1:
        return
    total = ""
    if operation.rule in ("reshape", "view"):
        left_open = [size for size in asked if size == -1]
        holds = product(size for size in asked if size != -1)
        total = f"any multiple of {holds} numbers" if left_open else f"{holds} numbers"
    yield _Row("asked for", tuple(map(str, asked)), frozenset(), total)


def _letters(operation: Operation) -> dict[int, tuple[str, ...]]:
    """The letters of an einsum by operand, where they fit its axes."""
    if operation.rule != "einsum":
        return {}
    try:
        texts = read(str(operation.settings.get("equation", ""))).operands
    except Unreadable:
        return {}
    found = {}
    for i, (text, one) in enumerate(zip(texts, operation.operands, strict=False)):
        rank = len(one.shape)
        exact = count(text) == rank or (count(text) < rank and "..." in text)
        found[i] = tuple(letter or "." for letter in laid_out(text, rank)) if exact else tuple(text.replace(".", ""))
    return found


def _widths(operation: Operation, rows: Sequence[_Row]) -> list[int]:
    """How wide each axis is drawn where axes stand below one another; counted from the right where laid from there."""
    right = operation.rule in FLUSH_RIGHT
    if not right and operation.rule not in FLUSH_LEFT_BY_AXIS:
        return []
    most = max((len(row.sizes) for row in rows), default=0)
    columns: list[int] = []
    for at in range(most):
        texts = [row.sizes[-1 - at if right else at] for row in rows if len(row.sizes) > at]
        columns.append(max(map(len, texts)))
    return columns


def _laid(operation: Operation, row: _Row, widths: Sequence[int], most: int) -> tuple[str, list[str]]:
    """What stands before a shape, and its sizes, filled up to the width of their axis."""
    if widths:
        rank = len(row.sizes)
        right = operation.rule in FLUSH_RIGHT
        columns = [widths[rank - 1 - at if right else at] for at in range(rank)]
        texts = [size.rjust(width) for size, width in zip(row.sizes, columns, strict=True)]
        missing = sum(widths[rank:most]) + 2 * (most - rank) if right else 0
        if texts and right:
            missing += len(texts[0]) - len(row.sizes[0])
            texts[0] = row.sizes[0]
        return " " * missing, texts
    above = row.above
    texts = [size.rjust(len(above[at])) if at < len(above) else size for at, size in enumerate(row.sizes)]
    return "", texts


def _shape(texts: Sequence[str]) -> str:
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def _starts(pads: str, texts: Sequence[str]) -> list[int]:
    """Where each size begins."""
    starts, here = [], len(pads) + 1
    for text in texts:
        starts.append(here)
        here += len(text) + 2
    return starts


def _above(row: _Row, pads: str, texts: Sequence[str]) -> Iterator[str]:
    """The letters over the last character of each size; letters without an axis stand behind."""
    if not row.above:
        return
    line = ""
    starts = _starts(pads, [*texts, *[" "] * (len(row.above) - len(texts))])
    for at, letter in enumerate(row.above):
        text = texts[at] if at < len(texts) else " "
        line = line.ljust(starts[at] + len(text) - 1) + letter
    yield line


def _carets(row: _Row, pads: str, texts: Sequence[str]) -> str:
    """Carets under the sizes that clash, and under the words that do."""
    line = ""
    for at, (start, text) in enumerate(zip(_starts(pads, texts), texts, strict=True)):
        if at in row.marked:
            bare = text.lstrip()
            line = line.ljust(start + len(text) - len(bare)) + "^" * len(bare)
    here = len(pads) + len(_shape(texts)) + 2
    for word in row.about.split("  "):
        if word in row.odd:
            line = line.ljust(here) + "^" * len(word)
        here += len(word) + 2
    return line
