"""Which axis holds the samples, and what mixes them: told from shapes in which the batch has a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .size import Shape, divided, names_in, product

COLOURS = (1, 3, 4)
"""Channels that pictures have: grey, colour, colour with opacity."""


def axes_with(shape: Shape, name: str) -> list[int]:
    """The axes in whose size the name stands.

    >>> from .size import named
    >>> axes_with((3, named("n"), 2 * named("n")), "n")
    [1, 2]
    """
    return [axis for axis, size in enumerate(shape) if name in names_in(size)]


def scrambled(before: Shape, after: Shape, name: str) -> bool:
    """Whether a reshape puts numbers of different samples side by side: what stands before the named axis must stay.

    The axis of the samples is one of its own in ``before``; in ``after`` it may be laid together with its neighbours.

    >>> from .size import named
    >>> n = named("n")
    >>> scrambled((n, 10, 8), (10, n, 8), "n"), scrambled((10, n, 8), (n, 80), "n")
    (True, True)
    >>> scrambled((n, 10, 8), (10 * n, 8), "n"), scrambled((10, n, 8), (10 * n, 8), "n")
    (False, False)
    """
    was, now = axes_with(before, name), axes_with(after, name)
    if len(was) != 1 or len(now) != 1 or str(before[was[0]]) != name:
        return False
    lead, kept = product(before[: was[0]]), product(after[: now[0]])
    inside = divided(after[now[0]], before[was[0]])
    ahead = divided(lead, kept)
    return ahead is None or inside is None or divided(inside, ahead) is None


def steps_over(shape: Shape, batch_first: bool) -> int:
    """The axis that a recurrent layer or attention takes for time.

    >>> steps_over((32, 10, 8), False), steps_over((32, 10, 8), True), steps_over((32, 8), False)
    (0, 1, 0)
    """
    return 1 if batch_first and len(shape) == 3 else 0


def implicit_axis(rank: int) -> int:
    """The axis over which PyTorch's softmax runs where none is said.

    >>> [implicit_axis(rank) for rank in (1, 2, 3, 4)]
    [0, 1, 0, 1]
    """
    return 0 if rank in (0, 1, 3) else 1


def reduced_axes(rank: int, axis: Any) -> list[int]:
    """The axes that a reduction runs over, counted from 0; all where none is said.

    >>> reduced_axes(3, -1), reduced_axes(3, (0, 2)), reduced_axes(3, None)
    ([2], [0, 2], [0, 1, 2])
    """
    if axis is None or axis == ():
        return list(range(rank))
    axes = list(axis) if isinstance(axis, Sequence) else [axis]
    return [one % rank for one in axes if isinstance(one, int) and rank and -rank <= one < rank]


def channels_last(shape: Shape) -> bool:
    """Whether the channels of pictures seem to stand last: (n, 28, 28, 3).

    >>> channels_last((8, 28, 28, 3)), channels_last((8, 3, 28, 28)), channels_last((8, 64, 3, 3))
    (True, False, False)
    """
    if len(shape) != 4 or not all(isinstance(size, int) for size in shape[1:]):
        return False
    rows, columns, last = (size for size in shape[1:] if isinstance(size, int))
    return last in COLOURS and rows > 4 and columns > 4 and max(rows, columns) <= 4 * min(rows, columns)


def contracted(equation: str, shapes: Sequence[Shape], name: str) -> bool:
    """Whether an einsum sums over an axis that holds the samples.

    >>> from .size import named
    >>> contracted("bi,bj->ij", [(named("n"), 3), (named("n"), 4)], "n")
    True
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or "..." in left or len(terms) != len(shapes):
        return False
    for term, shape in zip(terms, shapes, strict=True):
        for letter, size in zip(term, shape, strict=False):
            if name in names_in(size) and letter not in right:
                return True
    return False
