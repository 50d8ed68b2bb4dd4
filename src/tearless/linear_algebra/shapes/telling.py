"""An explanation as plain text of a given width: the code with carets, the operands drawn, the rule, the repairs."""

from __future__ import annotations

import linecache
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from tearless.core import visible

from .drawing import drawn
from .operation import Clash, Operation, Repair, renamed
from .places import near
from .size import written

if TYPE_CHECKING:
    from .explanation import Edit, Explanation, Where

MOST_REPAIRS = 3
NARROWEST = 40
LONGEST = 600
MOST_LINES = 6
MOST_MARKED = 4
"""Lines of one expression that are marked."""


def told(explanation: Explanation, width: int) -> Iterator[str]:
    """The lines of an explanation, each at most ``width`` columns (40 at least).

    >>> from .explanation import Explanation
    >>> list(told(Explanation(Clash("x has 3 columns, w has 4 rows", "the inner sizes are equal")), 80))
    ['shape clash: x has 3 columns, w has 4 rows', '  rule: the inner sizes are equal']
    """
    width = max(width, NARROWEST)
    clash, where = explanation.clash, explanation.where
    yield from _wrapped(f"{clash.kind} clash: {_plain(clash.says)}", width)
    if where is not None:
        inside = f", in {visible(where.function, 40)}" if where.function and where.function != "<module>" else ""
        yield from _wrapped(f"at {_place(where, width - 12)}{inside}", width, 2)
        yield from _code(where, width - 6)
    yield from _drawn(clash, width)
    if explanation.layer:
        kind = f" ({visible(explanation.layer_type, 40)})" if explanation.layer_type else ""
        made = f", made at {_place(explanation.made, width - 20)}" if explanation.made else ""
        yield from _wrapped(f"layer: {visible(explanation.layer, 80)}{kind}{made}", width, 2)
    if clash.law:
        yield from _wrapped(f"rule: {_plain(clash.law)}", width, 2)
    for origin in explanation.origins:
        yield from _wrapped(f"origin: {_plain(origin)}", width, 2)
    yield from _repairs(explanation, width)


def _repairs(explanation: Explanation, width: int) -> Iterator[str]:
    clash = explanation.clash
    edits = [*explanation.edits, *[None] * len(clash.repairs)]
    pairs = list(zip(clash.repairs, edits, strict=False))[:MOST_REPAIRS]
    for number, (repair, edit) in enumerate(pairs):
        code = code_of(explanation, repair, edit)
        if not code:
            continue
        yield "  it runs with entries left out:" if repair.loses else "  to mend it:" if number == 0 else "  or:"
        yield from _cut([f"      {visible(line)}" for line in code.expandtabs(4).splitlines()], width)
        about = f"gives {written(repair.gives)}" if repair.gives is not None else ""
        at = _elsewhere(explanation, edit, width)
        words = "; ".join(part for part in (_plain(repair.because), about, at) if part)
        yield from _wrapped(words, width, 8)


def code_of(explanation: Explanation, repair: Repair, edit: Edit | None) -> str:
    """What a repair writes, as it is shown: the whole call, where the edit is of one of its arguments.

    >>> from .explanation import Explanation
    >>> linear = Explanation(Clash("x has 5408 features", ""), layer_type="Linear")
    >>> code_of(linear, Repair("", layer={"in_features": "5408"}), None)
    'Linear(..., in_features=5408)'
    """
    if edit is not None:
        return _as_written(explanation, edit)
    return _unplaced(repair, explanation.clash.operation, explanation.layer_type)


def _unplaced(repair: Repair, operation: Operation | None, layer: str) -> str:
    """A repair that has no place in the source: the operation anew, or the layer with other sizes."""
    if repair.layer:
        sizes = ", ".join(f"{name}={value}" for name, value in repair.layer.items())
        return f"{layer or 'layer'}(..., {sizes})"
    return operation.mended(repair) if operation is not None else ""


def _as_written(explanation: Explanation, edit: Edit) -> str:
    """What an edit writes; away from the failing expression with what stands round it."""
    where, made = explanation.where, explanation.made
    if where is None or edit.where.file != where.file or edit.where.line != where.line:
        for whole in (made, _line_of(edit.where)):
            if whole is not None and _holds(whole, edit.where) and "\n" not in whole.code:
                left, right = edit.where.column - whole.column, edit.where.end_column - whole.column
                return whole.code[:left] + edit.new + whole.code[right:]
    return edit.new


def _line_of(where: Where) -> Where | None:
    line = linecache.getline(where.file, where.line).rstrip("\n")
    start = len(line) - len(line.lstrip())
    code = line.strip()
    return replace(where, column=start, end_column=start + len(code), code=code) if code else None


def _holds(whole: Where, part: Where) -> bool:
    same = whole.file == part.file and whole.line == part.line == part.end_line == whole.end_line
    return same and whole.column <= part.column and part.end_column <= whole.end_column


def _elsewhere(explanation: Explanation, edit: Edit | None, width: int) -> str:
    """The place of an edit."""
    if edit is None or not edit.where.file:
        return ""
    where = explanation.where
    same = where is not None and where.file == edit.where.file
    return f"line {edit.where.line}" if same else f"at {_place(edit.where, width - 20)}"


def _drawn(clash: Clash, width: int) -> Iterator[str]:
    operation = clash.operation
    if operation is None or not operation.operands:
        return
    long = max(len(written(one.shape)) + len(one.dtype) + len(one.device) + 6 for one in operation.operands)
    room = max(12, width - 4 - long)
    named = renamed(operation, [visible(one.name, room) for one in operation.operands])
    lines = drawn(Clash(clash.says, clash.law, clash.marks, tuple, clash.kind, named)).splitlines()
    yield from (line for line in _cut([f"    {line}" for line in lines if line.strip()], width, 3 * MOST_LINES))


def _code(where: Where, width: int) -> Iterator[str]:
    """The lines of the failing expression, that part of each over carets; of many the first few."""
    line = linecache.getline(where.file, where.line).rstrip("\n") if where.end_line else ""
    if not line or where.column >= len(line):
        if where.code:
            yield from _cut([f"      {visible(one)}" for one in where.code.splitlines()[:1]], width + 6)
        return
    last = max(where.line, min(where.end_line, where.line + MOST_MARKED - 1))
    lines = [linecache.getline(where.file, number).rstrip() for number in range(where.line, last + 1)]
    shift = min(len(one) - len(one.lstrip()) for one in lines if one.strip())
    for number, one in enumerate(lines, where.line):
        start = max(len(one) - len(one.lstrip()), where.column if number == where.line else 0)
        end = where.end_column if number == where.end_line else len(one)
        if start < end:
            yield from _marked(one, shift, start, end, width)
    if where.end_line > last:
        yield f"      … {where.end_line - last} more lines"


def _marked(line: str, shift: int, start: int, end: int, width: int) -> Iterator[str]:
    """One line without its first ``shift`` columns, a stretch of it over carets."""
    before, inside, after = (
        visible(part.expandtabs(4)) for part in (line[shift:start], line[start:end], line[end:].rstrip())
    )
    if _columns(before) + min(_columns(inside), width // 2) > width:
        keep = max(4, width - min(_columns(inside), width // 2) - 2)
        before = "…" + before[-keep:]
    text = _shortened(before + inside + after, width)
    room = max(0, _columns(text) - _columns(before))
    yield f"      {text}"
    yield f"      {' ' * _columns(before)}{'^' * max(1, min(_columns(inside), room))}"


def _place(where: Where, width: int) -> str:
    """The file and the line; of a long path its end."""
    text = visible(near(where.file))
    if len(text) > width:
        name = visible(PurePath(where.file).name)
        text = f"…/{name}" if len(name) + 2 <= width else f"…{name[-max(width - 1, 8) :]}"
    return f"{text}:{where.line}"


def _plain(text: str) -> str:
    return visible(" ".join(text.split()), LONGEST)


def _wrapped(text: str, width: int, indent: int = 0) -> Iterator[str]:
    """A sentence in lines; words longer than a line are cut up."""
    pad = " " * indent
    yield from textwrap.wrap(text, width, initial_indent=pad, subsequent_indent=pad + "  ", break_on_hyphens=False)


def _cut(lines: list[str], width: int, most: int = MOST_LINES) -> Iterator[str]:
    for line in lines[:most]:
        yield _shortened(line, width)
    if len(lines) > most:
        yield f"      … {len(lines) - most} more lines"


def _shortened(text: str, width: int) -> str:
    if _columns(text) <= width:
        return text
    while _columns(text) > width - 1:
        text = text[: len(text) - max(1, (_columns(text) - width) // 2)]
    return text + "…"


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
