"""The table of layers: a row for each, what it takes and gives, holds, computes and keeps; equal blocks in one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tearless.core.amounts import in_bytes, in_short
from tearless.linear_algebra.shapes import Shape
from tearless.report.answer import Table

from .amounts import in_row
from .laws import Laws
from .origins import symbolic
from .running import Ran, is_lazy
from .traced import FunctionCall, Held, LayerCall, Traced

MOST_ROWS = 40
LONGEST_PATH, LONGEST_TYPE = 26, 16
"""Characters in a cell: the end of a path tells more than its start."""


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, or a function in the code of one, with all of its calls."""

    path: str
    type: str
    takes: str
    gives: str
    parameters: int
    multiply_adds: int
    kept: int
    calls: int = 1

    @property
    def like(self) -> tuple[object, ...]:
        """What equal blocks have in common."""
        return self.type, self.takes, self.gives, self.parameters, self.multiply_adds, self.kept, self.calls


def rows_of(ran: Ran, laws: Laws | None, values: Mapping[str, int] | None = None) -> list[Row]:
    """A row for each layer that does something itself, in the order of the first calls.

    With ``values`` of the names, costs are those at these sizes; they are left out where laws do not tell them.
    """
    products, kept = _amounts(ran, laws, values)
    found: dict[tuple[str, str], Row] = {}
    counted: set[int] = set()
    for i, (step, takes, gives) in enumerate(_with_shapes(ran.traced, laws)):
        if isinstance(step, LayerCall):
            row = _of_layer(step, takes, gives, counted, products.get(i, 0), kept.get(i, 0))
        else:
            row = _of_function(step, takes, gives, products.get(i, 0), kept.get(i, 0))
        if row is not None:
            key = (row.path, row.type)
            found[key] = _with(found[key], row) if key in found else row
    return list(found.values())


def _amounts(ran: Ran, laws: Laws | None, values: Mapping[str, int] | None) -> tuple[dict[int, int], dict[int, int]]:
    """Multiply-adds and bytes kept, by the step that makes them."""
    products: list[int] | None = [math.prod(one.factors) for one in ran.costs.products]
    kept: list[int] | None = [one.bytes for one in ran.costs.kept]
    if values is not None:
        products = laws.each_product(values) if laws is not None else None
        kept = laws.each_kept(values) if laws is not None else None
    by_step: dict[int, int] = {}
    for one, amount in zip(ran.costs.products, products or (), strict=False):
        by_step[one.owner] = by_step.get(one.owner, 0) + amount
    kept_by: dict[int, int] = {}
    for held, amount in zip(ran.costs.kept, kept or (), strict=False):
        kept_by[held.owner] = kept_by.get(held.owner, 0) + amount
    return by_step, kept_by


def _with(row: Row, other: Row) -> Row:
    return replace(
        row,
        calls=row.calls + other.calls,
        parameters=row.parameters + other.parameters,
        multiply_adds=row.multiply_adds + other.multiply_adds,
        kept=row.kept + other.kept,
    )


def _with_shapes(traced: Traced, laws: Laws | None) -> Iterator[tuple[LayerCall | FunctionCall, str, str]]:
    for i, step in enumerate(traced.steps):
        takes = _in_cell(shapes_at(i, step, "takes", laws))
        gives = _in_cell(shapes_at(i, step, "gives", laws))
        yield step, takes, gives or ("" if step.ended else "-")


def _in_cell(shapes: Sequence[Shape]) -> str:
    """Shapes in few characters: equal ones once, with how many there are; two kinds at most."""
    kinds: dict[str, int] = {}
    for shape in shapes:
        kinds[in_row(shape)] = kinds.get(in_row(shape), 0) + 1
    texts = [text if count == 1 else f"{text} ({count})" for text, count in list(kinds.items())[:2]]
    return " ".join([*texts, *(["…"] if len(kinds) > 2 else [])])


def shapes_at(i: int, step: LayerCall | FunctionCall, side: str, laws: Laws | None) -> list[Shape]:
    """The shapes that a step takes or gives, with names in them where the runs were alike."""
    held: tuple[Held, ...] = getattr(step, side)
    if laws is None or not laws.fits.names:
        return [one.shape for one in held]
    if not laws.same:
        return [symbolic(one.shape, laws.runs[0].traced.symbols) for one in held]
    found: list[Shape] = []
    for j, one in enumerate(held):

        def pick(ran: Ran, j: int = j) -> Held | None:
            there = getattr(ran.traced.steps[i], side)
            return there[j] if j < len(there) else None

        found.append(laws.shape(pick) or one.shape)
    return found


def _of_layer(call: LayerCall, takes: str, gives: str, counted: set[int], products: int, kept: int) -> Row | None:
    own = [p for p in call.module.parameters(recurse=call.leaf) if id(p) not in counted]
    counted |= {id(p) for p in own}
    parameters = sum(p.numel() for p in own if not is_lazy(p))
    if not (call.leaf or parameters or products or kept or not call.ended):
        return None
    return Row(call.path, call.type, takes, gives, parameters, products, kept)


def _of_function(call: FunctionCall, takes: str, gives: str, products: int, kept: int) -> Row | None:
    if not products and not kept and call.ended:
        return None
    place = f":{call.at.line}" if call.at is not None else ""
    return Row(f"{call.inside} {call.name}{place}".strip(), "function", takes, gives, 0, products, kept)


def folded(rows: Sequence[Row]) -> list[Row]:
    """Blocks that are alike and follow one another, ``h.0`` to ``h.11``, in one row each.

    >>> block = [Row(f"h.{i}.fc", "Linear", "n×8", "n×8", 72, 64, 0) for i in range(12)]
    >>> [(row.path, row.parameters, row.calls) for row in folded(block)]
    [('h.0-11.fc', 864, 12)]
    """
    return _folded(list(rows), 0)


def _folded(rows: list[Row], deep: int) -> list[Row]:
    out: list[Row] = []
    blocks = _blocks(rows, deep)
    at = 0
    while at < len(blocks):
        prefix, _, first = blocks[at]
        end = at + 1
        while end < len(blocks) and prefix is not None and _alike(blocks[at], blocks[end]):
            end += 1
        if end - at > 1 and prefix is not None:
            out += [_as_one([blocks[k] for k in range(at, end)], i) for i in range(len(first))]
        elif prefix is not None and deep < 4:
            out += _folded(first, deep + 1)
        else:
            out += first
        at = end
    return out


Block = tuple[str | None, int, list[Row]]


def _blocks(rows: list[Row], deep: int) -> list[Block]:
    """Rows that stand under the same numbered part of a path, the ``deep``-th numbered one."""
    found: list[Block] = []
    for row in rows:
        prefix, number = _numbered(row.path, deep)
        if found and prefix is not None and found[-1][:2] == (prefix, number):
            found[-1][2].append(row)
        else:
            found.append((prefix, number, [row]))
    return found


def _numbered(path: str, deep: int) -> tuple[str | None, int]:
    parts = path.split(" ")[0].split(".")
    places = [i for i, part in enumerate(parts) if part.isdigit()]
    if deep >= len(places):
        return None, -1
    at = places[deep]
    return ".".join(parts[:at]), int(parts[at])


def _alike(block: Block, other: Block) -> bool:
    if block[0] != other[0] or len(block[2]) != len(other[2]):
        return False
    pairs = zip(block[2], other[2], strict=True)
    return all(a.like == b.like and _rest(a, block) == _rest(b, other) for a, b in pairs)


def _rest(row: Row, block: Block) -> str:
    start = f"{block[0]}.{block[1]}" if block[0] else str(block[1])
    return row.path.removeprefix(start)


def _as_one(blocks: list[Block], i: int) -> Row:
    prefix, first, rows = blocks[0]
    row = rows[i]
    span = f"{first}-{blocks[-1][1]}"
    path = (f"{prefix}." if prefix else "") + span + _rest(row, blocks[0])
    total = row
    for block in blocks[1:]:
        total = _with(total, block[2][i])
    return replace(total, path=path)


def table_of(rows: Sequence[Row], title: str) -> Table:
    """The rows as a table."""
    shown = folded(rows)
    calls = any(row.calls > 1 for row in shown)
    heads = ("layer", "type", "in", "out", "params", "MACs", "kept")
    cells = tuple(
        (
            _ending(row.path, LONGEST_PATH) or "(the model)",
            row.type if len(row.type) <= LONGEST_TYPE else f"{row.type[: LONGEST_TYPE - 1]}…",
            row.takes,
            row.gives,
            in_short(row.parameters) if row.parameters else "",
            in_short(row.multiply_adds) if row.multiply_adds else "",
            in_bytes(row.kept) if row.kept else "",
            *((str(row.calls) if row.calls > 1 else "",) if calls else ()),
        )
        for row in shown
    )
    return Table(title, (*heads, *(("calls",) if calls else ())), cells, max(0, len(cells) - MOST_ROWS))


def _ending(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"…{text[1 - longest :]}"
