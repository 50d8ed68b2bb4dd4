"""What was meant by a key that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tearless.linear_algebra.shapes.moves import Move, cut, size_of, squeezed, transposed, widened, with_ones
from tearless.linear_algebra.shapes.operation import Operation, Place, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, instead, on_operands, ranked
from tearless.linear_algebra.shapes.size import Size

from .keys import Item, items, spelled

FEW_ITEMS = 16


def too_many_repairs(operation: Operation, some: Sequence[Item | None]) -> list[Repair]:
    """One item less: a number first, then a slice of everything; or an axis of 1 more."""
    a = operation.operands[0]

    def changes() -> Iterator[Change]:
        for at in list(reversed(range(len(some))))[:FEW_ITEMS]:
            one = some[at]
            if one is None or one.kind == "none":
                continue
            left = [*some[:at], *some[at + 1 :]]
            plain = one.kind == "slice" and one.value == slice(None)
            first = at == 0 and len(a.shape) > 1
            price = (0.9 if first else 1.0) if one.kind == "int" else 1.2 if plain else 2.0
            because = f"{a.name} has not the axis that '{spelled([one])}' is for"
            yield _keyed(operation, left, because.replace("{", "").replace("}", ""), price)
        taking = [at for at, one in enumerate(some) if one is not None and one.takes]
        if len(taking) > len(a.shape) >= 1 and None not in some:
            begins = some[: taking[len(a.shape)]]
            yield _keyed(operation, begins, f"{a.name} has no more axes", 1.8)
        yield from every_move(operation, lambda _: widened(a, len(a.shape) + 1), (0,))

    return ranked(operation, changes())


def _keyed(operation: Operation, some: Sequence[Item | None], because: str, price: float) -> Change:
    """The operation with another key."""
    whole = all(one is None or (one.kind == "slice" and one.value == slice(None)) for one in some)
    text = "{0}" if whole else f"{{0}}[{spelled(some)}]"
    key: tuple[Any, ...] = tuple(_value(one) for one in some)
    return instead(because, price, text, replace(operation, rule="index", settings={**operation.settings, "key": key}))


def _value(one: Item | None) -> Any:
    if one is None:
        return Ellipsis
    return Place(one.operand) if one.operand is not None else one.value


def number_repairs(operation: Operation, axis: int) -> list[Repair]:
    """The last entry; the number on another axis, where it is one."""
    some = items(operation)
    at = _place(operation, some, axis)
    one = some[at]
    if one is None:
        return []
    changes: list[Change] = []
    last = replace(one, value=-1)
    changes.append(_keyed(operation, [*some[:at], last, *some[at + 1 :]], "the last entry is meant", 1.2))
    for move in range(1, len(operation.operands[0].shape) - axis):
        every = [Item("slice", slice(None), 1)] * move
        because = f"axis {axis + move} is meant"
        changes.append(_keyed(operation, [*some[:at], *every, *some[at:]], because, 1.0))
    for back in range(1, at + 1):
        before = some[at - back]
        if before is not None and before.kind == "slice" and before.value == slice(None):
            left = [*some[: at - back], *some[at - back + 1 :]]
            changes.append(_keyed(operation, left, f"axis {axis - 1} is meant", 1.1))
            break
    return ranked(operation, changes)


def slice_repairs(operation: Operation, axis: int) -> list[Repair]:
    """PyTorch turns an axis round with ``flip``."""
    some = items(operation)
    at = _place(operation, some, axis)
    one = some[at]
    if one is None or one.value.step != -1 or one.value.start is not None or one.value.stop is not None:
        return []
    kept = [*some[:at], Item("slice", slice(None), 1), *some[at + 1 :]]
    change = _keyed(operation, kept, "the axis is turned round", 1.0)
    text = f"{change.repair.text}.flip({axis})"
    return ranked(operation, [Change(change.price, change.after, replace(change.repair, text=text))])


def _place(operation: Operation, some: Sequence[Item | None], axis: int) -> int:
    """Where in the key the item stands that takes this axis."""
    free = len(operation.operands[0].shape) - sum(one.takes for one in some if one is not None)
    here = 0
    for at, one in enumerate(some):
        takes = free if one is None else one.takes
        if here <= axis < here + takes:
            return at
        here += takes
    return len(some) - 1


def array_repairs(operation: Operation) -> list[Repair]:
    """Rows and columns picked one with all others: an axis of 1 behind the first array."""

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        if one.shape:
            because = "every entry of {name} is meant with every one of the other"
            yield replace(with_ones(one, [len(one.shape)]), because=because, price=1.0)
        yield from squeezed(one)
        for other in operation.operands[1:]:
            for size in other.shape:
                if isinstance(size, int) and one.shape:
                    yield from cut(one, len(one.shape) - 1, size)

    arrays = range(1, len(operation.operands))
    if any(operation.operands[i].name.startswith(("[", "(", "range(")) for i in arrays):
        return _outer_index(operation)
    changes = [
        Change(change.price + 0.1 * min(change.repair.operands), change.after, change.repair)
        for change in every_move(operation, moves, arrays, later=0.0)
    ]
    return ranked(operation, changes)


def _outer_index(operation: Operation) -> list[Repair]:
    """Lists take no key: ``np.ix_`` picks every row of the one with every column of the other."""
    key = operation.settings["key"]
    arrays = [one.of for one in key if isinstance(one, Place) and isinstance(one.of, int)] if len(key) > 1 else []
    shapes = [operation.shapes[i] for i in arrays]
    if len(arrays) < len(key) or operation.library not in ("numpy", "jax") or any(len(one) != 1 for one in shapes):
        return []
    call = "np.ix_" if operation.library == "numpy" else "jnp.ix_"
    operands = list(operation.operands)
    for at, i in enumerate(arrays):
        shape = tuple(shapes[at][0] if axis == at else 1 for axis in range(len(arrays)))
        operands[i] = replace(operands[i], shape=shape)
    text = f"{{0}}[{call}({', '.join(f'{{{i}}}' for i in arrays)})]"
    because = "every entry of the one is meant with every one of the other"
    return ranked(operation, [instead(because, 1.0, text, replace(operation, operands=tuple(operands)))])


def mask_repairs(operation: Operation, one: Item | None) -> list[Repair]:
    """The mask on the axis that it fits; an axis of 1 taken out of it; any or all of its rows."""
    mask = 1 if one is None else one.operand
    if mask is None:
        return []
    a, picks = operation.operands[0], operation.operands[mask]

    def moves(i: int) -> Iterator[Move]:
        if i != mask:
            if len(picks.shape) > 1:
                yield from transposed(a)
            return
        yield from squeezed(picks)
        yield from transposed(picks)
        for axis in range(min(len(a.shape), len(picks.shape))):
            size: Size = a.shape[axis]
            if isinstance(size, int):
                yield from cut(picks, axis, size)

    def changes() -> Iterator[Change]:
        if len(items(operation)) == 1 if operation.rule == "index" else True:
            for axis in range(1, len(a.shape)):
                every = [Item("slice", slice(None), 1)] * axis
                here = replace(operation, operands=(a, replace(picks, dtype="bool")))
                masked = Item("mask", None, len(picks.shape), picks.shape, 1)
                if len(operation.operands) == 2:
                    change = _keyed(here, [*every, masked], f"{picks.name} is for axis {axis}", 1.0)
                    yield change
        yield from every_move(operation, moves, (0, mask))
        for axis, size in enumerate(picks.shape[: len(a.shape)]):
            if isinstance(size, int):
                moves_of_a = cut(a, axis, size, size_of(picks, axis) or "")
                yield from (on_operands(operation, {0: move}) for move in moves_of_a)

    return ranked(operation, changes())
