"""What the rules of layers ask of an operation: how many arrays and axes, settings by axis, types that agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Named, Size, written

from .layer_repairs import Turn, cast, hung, of_a_layer, offered, turned

Repairs = Callable[[], Sequence[Repair]]
FLOATS = ("float16", "bfloat16", "float32", "float64")
SIZES = ("kernel", "padding", "output")
"""Settings by axis that may be named sizes."""
LAW_DTYPE = "the numbers that a layer takes must be of the type of its parameters"
LAW_DEVICE = "everything that an operation takes must lie on one device"


def takes(operation: Operation, least: int, most: int) -> tuple[Operand, ...]:
    """The operands. Raises ``Clash`` where there are fewer or more."""
    count = len(operation.operands)
    if not least <= count <= most:
        span = str(least) if least == most else f"{least} to {most}"
        raise Clash(f"{operation.rule} takes {span} arrays, {count} came", f"{operation.rule} takes {span} arrays")
    return operation.operands


def whole(operation: Operation, name: str, default: int, least: int = 0, size: bool = False) -> Any:
    """A setting that is one whole number; with ``size``, or a named size."""
    value = operation.settings.get(name)
    value = default if value is None else value
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if size and isinstance(value, Named):
        return value
    if isinstance(value, bool) or not hasattr(value, "__index__") or (number := value.__index__()) < least:
        raise Clash(f"{name} is {_short(value)}: it must be a whole number from {least}", _law(name, least))
    return number


def each(operation: Operation, name: str, n: int, default: Any, least: int = 0, alone: bool = True) -> list[Any]:
    """A setting for each of ``n`` axes, given as one number for all or as ``n``; ``alone``: a tuple of one will do."""
    value = operation.settings.get(name)
    value = default if value is None else value
    values = list(value) if isinstance(value, tuple | list) else [value] * n
    if alone and len(values) == 1:
        values = values * n
    if len(values) != n:
        raise Clash(f"{name} has {len(values)} numbers for {n} axes", f"{name} is one number, or one for each axis")
    for one in values:
        if isinstance(one, Named) and name in SIZES:
            continue
        if not hasattr(one, "__index__") or one.__index__() < least:
            raise Clash(f"{name} is {_short(value)}: it must be whole numbers from {least}", _law(name, least))
    return values


def axes_are(operation: Operation, allowed: Sequence[int], meaning: str, repairs: Repairs, at: int = 0) -> None:
    """Raise ``Clash`` where an operand has another number of axes; every one of its axes is marked."""
    one = operation.operands[at]
    rank = len(one.shape)
    if rank not in allowed:
        counts = " or ".join(map(str, allowed))
        says = f"{one} has {rank} {'axis' if rank == 1 else 'axes'}, {counts} are needed: {meaning}"
        marks = [(at, axis) for axis in range(rank)]
        raise Clash(says, f"it takes {meaning}", marks, repairs)


def has(one: Operand, axis: int) -> str:
    """``x (32, 28) has 28 on axis 1``."""
    return f"{one} has {one.shape[axis]} on axis {axis % len(one.shape)}"


def agree(operation: Operation, which: Sequence[int], law: str = LAW_DTYPE, devices: bool = True) -> None:
    """Raise ``Clash`` where operands are of different types of numbers, then where they lie on different devices."""
    first = operation.operands[which[-1]]
    for i in which:
        one = operation.operands[i]
        if one.dtype and first.dtype and one.dtype != first.dtype:
            says = f"{one.name} is {one.dtype}, {first.name} is {first.dtype}: they must be of one type"
            raise Clash(says, law, (), lambda: offered(operation, _casts(operation, which)), "dtype")
    if devices:
        same_device(operation)


def _casts(operation: Operation, which: Sequence[int]) -> Iterator[Change | None]:
    last = operation.operands[which[-1]].dtype
    others = [i for i in which if operation.operands[i].dtype not in ("", last)]
    yield turned(operation, f"the parameters are {last}", {i: cast(operation.operands[i], last) for i in others})
    first = operation.operands[which[0]].dtype
    if first in FLOATS and not any(of_a_layer(operation.operands[i]) for i in which):
        odd = [i for i in which if operation.operands[i].dtype not in ("", first)]
        yield turned(operation, f"all is meant {first}", {i: cast(operation.operands[i], first) for i in odd})


def of_type(
    operation: Operation,
    at: int,
    allowed: Sequence[str],
    meaning: str,
    more: Iterable[Change | None] = (),
    every: bool = False,
) -> None:
    """Raise ``Clash`` where an operand's type of numbers is known and not allowed; the first allowed one mends it.

    ``more`` are other changes, likelier ones; with ``every`` all operands get that type.
    """
    one = operation.operands[at]
    if one.dtype and one.dtype not in allowed:
        which = range(len(operation.operands)) if every else (at,)
        turns = {i: cast(operation.operands[i], allowed[0]) for i in which}
        because = f"{one.name} holds whole numbers" if "int" in allowed[0] else f"{allowed[0]} is what is taken"
        last = turned(operation, because, turns)
        says = (
            f"{one.name} is {one.dtype}: {meaning} ({allowed[0]})"
            if not every
            else f"{one.name} is {one.dtype}: {meaning}"
        )
        raise Clash(says, meaning, (), lambda: offered(operation, [*more, last]), "dtype")


def same_device(operation: Operation) -> None:
    """Raise ``Clash`` where operands lie on different devices; single numbers on the CPU go with any."""
    there = [one for one in operation.operands if one.device and (one.shape or one.device != "cpu")]
    for one in there:
        other = there[-1]
        if one.device != other.device:
            says = f"{one.name} is on {one.device}, {other.name} is on {other.device}: they must be on one device"
            raise Clash(says, LAW_DEVICE, (), lambda: offered(operation, _sent(operation)), "device")


def _sent(operation: Operation) -> Iterator[Change | None]:
    operands = operation.operands
    homes = [one.device for one in reversed(operands) if one.device]
    for home in sorted(set(homes), key=lambda device: (device == "cpu", homes.index(device))):
        away = {i: one for i, one in enumerate(operands) if one.device not in ("", home)}
        turns = {i: hung(one, f'{{}}.to("{home}")', one.shape) for i, one in away.items()}
        yield turned(operation, f"the work is done on {home}", {i: _at(turn, home) for i, turn in turns.items()})


def _at(turn: Turn, device: str) -> Turn:
    return replace(turn, after=replace(turn.after, device=device))


def counted(size: Size, word: str) -> str:
    """``1 channel``, ``3 channels``."""
    return f"{size} {word}{'' if size == 1 else 's'}"


def below(one: Size, other: Size) -> bool:
    """Whether a size is surely smaller than another."""
    difference = other - one
    return not isinstance(difference, Named) and difference > 0


def _law(name: str, least: int) -> str:
    return f"{name} is a whole number from {least}"


def _short(value: Any) -> str:
    text = written(tuple(value)) if isinstance(value, tuple | list) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
