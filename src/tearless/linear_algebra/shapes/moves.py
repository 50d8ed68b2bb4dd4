"""What one does to an array to give it another shape: as code that runs in its library, with the shape it then has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

from .operation import Operand
from .size import Named, Shape, code, product

FEW_AXES = 5
FEW_SIGNS = 60
_ENTRIES = re.compile(r"(?!\d)[\w.]+\[[^()\[\]{}]*\]")
"""A name, or a name of something's, with one key behind it: the length of what it picks can be asked for again."""


@dataclass(frozen=True, slots=True)
class Move:
    """One change of an operand: ``template`` is the code, ``{}`` standing for what is there, and the shape it then has.

    ``because`` may speak of ``{name}``; ``price`` as in ``repairs``. The moves of an axis come from ``transposed``.
    """

    template: str
    shape: Shape
    because: str
    price: float = 1.0
    loses: bool = False
    """Whether it leaves out entries that nothing says are not needed."""


def transposed(one: Operand, usual: str = "{name} is kept the other way round") -> Iterator[Move]:
    """Its axes in another order.

    >>> [(move.template, move.shape) for move in transposed(Operand("w", (10, 784)))]
    [('{}.T', (784, 10))]
    """
    rank = len(one.shape)
    if rank == 2:
        yield Move("{}.T", one.shape[::-1], usual)
    if not 3 <= rank <= FEW_AXES:
        return
    for order in permutations(range(rank)):
        moved = [axis for axis in range(rank) if order[axis] != axis]
        if not moved:
            continue
        shape = tuple(one.shape[axis] for axis in order)
        if len(moved) == 2:
            last = moved == [rank - 2, rank - 1]
            axes = "-1, -2" if last else f"{moved[0]}, {moved[1]}"
            words = "the last two axes" if last else f"axes {moved[0]} and {moved[1]}"
            because = f"{words} of {{name}} are kept the other way round"
            yield Move(f"{{}}.swapaxes({axes})", shape, because, 1.0 if last else 1.5)
        else:
            yield Move(_ordered(one, order), shape, "the axes of {name} are kept in another order", _turned(order))


def _turned(order: tuple[int, ...]) -> float:
    """Less where only one axis moves, to the end or from it: channels last for channels first."""
    rank = len(order)
    lasts = {(*range(at), rank - 1, *range(at, rank - 1)) for at in range(2)}
    firsts = {(*range(at), *range(at + 1, rank), at) for at in range(2)}
    return 1.4 if order in lasts | firsts else 1.8


def _ordered(one: Operand, order: Iterable[int]) -> str:
    """The template that puts axes in this order."""
    verb = "permute" if one.library == "torch" else "transpose"
    return f"{{}}.{verb}({', '.join(map(str, order))})"


def widened(one: Operand, rank: int) -> Iterator[Move]:
    """Axes of 1 put in, so that it has up to ``rank`` axes.

    >>> [(move.template, move.shape) for move in widened(Operand("b", (32,)), 2)]
    [('{}[None]', (1, 32)), ('{}[:, None]', (32, 1))]
    """
    here = len(one.shape)
    for total in range(here + 1, min(rank, here + 3, 8) + 1):
        for places in combinations(range(total), total - here):
            yield with_ones(one, places)


def with_ones(one: Operand, places: Iterable[int]) -> Move:
    """Axes of 1 at these places of the new shape.

    >>> with_ones(Operand("x", (2, 3)), [1]).template, with_ones(Operand("x", (2, 3)), [2]).template
    ('{}[:, None]', '{}[..., None]')
    """
    new = sorted(places)
    total = len(one.shape) + len(new)
    kept = iter(one.shape)
    shape = tuple(1 if axis in new else next(kept) for axis in range(total))
    keys = ["None" if axis in new else ":" for axis in range(total)]
    if keys[-1] == "None" and keys.count(":") > 1 and ":" not in keys[keys.index("None") :]:
        keys = ["..."] + [key for key in keys if key == "None"]
    while keys[-1] == ":":
        keys.pop()
    at = ", ".join(map(str, new))
    because = f"{{name}} needs {'an axis' if len(new) == 1 else 'axes'} of 1 at {at}"
    return Move(f"{{}}[{', '.join(keys)}]", shape, because, 0.8 + 0.2 * len(new))


def squeezed(one: Operand) -> Iterator[Move]:
    """Axes of 1 taken out.

    >>> [(move.template, move.shape) for move in squeezed(Operand("y", (32, 1)))]
    [('{}.squeeze(-1)', (32,))]
    """
    ones = [axis for axis, size in enumerate(one.shape) if size == 1]
    rank = len(one.shape)
    for axis in ones:
        shape = one.shape[:axis] + one.shape[axis + 1 :]
        written = -1 if axis == rank - 1 else axis
        yield Move(f"{{}}.squeeze({written})", shape, f"axis {axis} of {{name}}, of size 1, is not meant", 1.2)
    if len(ones) > 1:
        shape = tuple(size for size in one.shape if size != 1)
        yield Move("{}.squeeze()", shape, "the axes of size 1 of {name} are not meant", 1.6)


def flattened(one: Operand) -> Iterator[Move]:
    """Everything in one row, or everything after the first axis.

    >>> [(move.template, move.shape) for move in flattened(Operand("x", (32, 28, 28), library="torch"))]
    [('{}.flatten(1)', (32, 784)), ('{}.ravel()', (25088,))]
    """
    if len(one.shape) >= 3:
        rest = product(one.shape[1:])
        because = "each entry of {name} along axis 0 is one sample, its numbers in a row"
        yield Move(_rows(one), (one.shape[0], rest), because, 1.5)
    if len(one.shape) >= 2:
        yield Move("{}.ravel()", (product(one.shape),), "{name} is one list of numbers", 1.7)


def _rows(one: Operand) -> str:
    """The template that keeps axis 0 and lays the rest in a row."""
    if one.library == "torch":
        return "{}.flatten(1)"
    first = code(one.shape[0])
    if first is None or (one.library and plain(one)):
        first = "len({})"
    return f"{{}}.reshape({first}, -1)"


def reshaped(one: Operand, shape: Shape) -> Iterator[Move]:
    """Another shape of as many numbers.

    >>> [move.template for move in reshaped(Operand("x", (6, 4)), (2, 12))]
    ['{}.reshape(2, 12)']
    >>> list(reshaped(Operand("x", (6, 4)), (5, 5)))
    []
    """
    if _without_ones(shape) == _without_ones(one.shape) or product(shape) != product(one.shape):
        return
    sizes = [code(size) for size in shape]
    if sizes and None not in sizes:
        written = ", ".join(size for size in sizes if size is not None)
        yield Move(f"{{}}.reshape({written})", shape, "{name} holds the same numbers in another shape", 2.0)


def stretched(one: Operand, other: Operand, along: int | None) -> Iterator[Move]:
    """Said over again along axis 0, once for each entry of another operand, unless joined along that axis.

    >>> [move.template for move in stretched(Operand("a", (1, 3)), Operand("b", (32, 3)), along=1)]
    ['{}.repeat(32, axis=0)']
    """
    rank = len(other.shape)
    short = rank - len(one.shape)
    if short not in (0, 1) or not rank or (along is not None and along % rank == 0):
        return
    if short == 0 and (one.shape[0] != 1 or other.shape[0] == 1):
        return
    shape = (other.shape[0], *one.shape[1 - short :])
    times = size_of(other, 0)
    if times is None:
        return
    if one.library == "torch":
        template = f"{{}}.expand({', '.join([times, *['-1'] * (rank - 1)])})"
    else:
        template = f"{{}}{'[None]' if short else ''}.repeat({times}, axis=0)"
    yield Move(template, shape, "{name} is the same for every entry along axis 0", 1.2)


def size_of(one: Operand, axis: int) -> str | None:
    """The code of a size: asked of the array where it is no call, so that it holds for other batches too.

    >>> size_of(Operand("x", (32, 784), library="numpy"), 0), size_of(Operand("x", (32, 784)), 0)
    ('x.shape[0]', '32')
    """
    if one.library and plain(one):
        return f"{one.name}.shape[{axis}]"
    if one.library and len(one.name) <= FEW_SIGNS and _ENTRIES.fullmatch(one.name):
        return f"{one.name}.shape[{axis}]" if axis else f"len({one.name})"
    return code(one.shape[axis])


def plain(one: Operand) -> bool:
    """Whether it is written as a name, or a name of something's: ``self.w``.

    >>> plain(Operand("self.w", (3,))), plain(Operand("x + 1", (3,)))
    (True, False)
    """
    return all(part.isidentifier() for part in one.name.split("."))


def _without_ones(shape: Shape) -> list[str]:
    """Sizes that tell shapes apart: reshaping between shapes of the same sizes would mix up their numbers."""
    return sorted(str(size) for size in shape if size != 1)


def cut(one: Operand, axis: int, size: int, written: str = "", freely: bool = False) -> Iterator[Move]:
    """The entries after the first ``size`` along an axis left out; only where it is surely longer.

    More than one entry is left out ``freely`` where it is known that what comes last is not needed; else the move says
    that it loses them, and comes last.

    >>> [(move.template, move.loses) for size in (4, 3) for move in cut(Operand("x", (32, 5)), 1, size)]
    [('{}[:, :-1]', False), ('{}[:, :3]', True)]
    >>> [(move.template, move.loses) for move in cut(Operand("x", (32, 5)), 1, 3, freely=True)]
    [('{}[:, :3]', False)]
    """
    here = one.shape[axis]
    if isinstance(here, Named) or not 0 < size < here:
        return
    loses = not freely and here - size > 1
    last = axis == len(one.shape) - 1 and axis > 1
    end = f":{written}" if written else ":-1" if here - size == 1 else f":{size}"
    key = f"..., {end}" if last else ", ".join([":"] * axis + [end])
    shape = (*one.shape[:axis], size, *one.shape[axis + 1 :])
    left = f"the last {here - size} of {here}" if here - size > 1 else "the last one"
    if loses:
        yield Move(f"{{}}[{key}]", shape, f"only by leaving out {left} along axis {axis} of {{name}}", 6.0, True)
    else:
        yield Move(f"{{}}[{key}]", shape, f"{left} along axis {axis} of {{name}} may be left out", 4.5)
