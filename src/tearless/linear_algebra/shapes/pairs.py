"""Both of two shapes stretched by the same size: each sample of one against every sample of the other."""

from __future__ import annotations

import math

Plain = tuple[int, ...]


def paired(one: Plain, other: Plain) -> int:
    """The size n that broadcasting makes twice out of two shapes that hold it once; 0 where it does not.

    So it is where the ranks differ, the shorter shape has an axis of n against a 1, and the longer has one of n where
    the shorter has none: nobody wrote that axis. Shapes of one rank are stretched on purpose, and are left alone.

    >>> paired((32, 1), (32,)), paired((32,), (32, 1)), paired((32, 5), (5,)), paired((32, 1), (1, 32))
    (32, 32, 0, 0)
    >>> paired((3, 1), (4,)), paired((8, 8, 1), (8, 8))
    (0, 8)
    """
    long, short = (one, other) if len(one) > len(other) else (other, one)
    missing = len(long) - len(short)
    met = list(zip(long[missing:], short, strict=True))
    if not missing or any(a != b and 1 not in (a, b) for a, b in met):
        return 0
    stretched = {b for a, b in met if a == 1 and b > 1}
    return next((size for size in long[:missing] if size in stretched), 0)


def times_larger(one: Plain, other: Plain) -> float:
    """Numbers in the result of an operation entry by entry for each one in its larger operand.

    >>> times_larger((32, 1), (32,)), times_larger((32, 5), (5,))
    (32.0, 1.0)
    """
    rank = max(len(one), len(other))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one, other)]
    out = math.prod(b if a == 1 else a for a, b in zip(*padded, strict=True))
    return float(out / max(math.prod(one), math.prod(other), 1))
