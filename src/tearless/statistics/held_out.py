"""What one column tells about another on rows that were held out: each row is told by the others, never by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
REACHES = (16, 4, 2)
"""Neighbours on each side that tell a row's class, from the widest view to the nearest."""


def own_class_by_group(groups: Codes, classes: Codes) -> Floats:
    """The chance that the other rows of a row's group give to its class. Shape ``(n,)`` in and out, inside (0, 1).

    Leave one out: (n_gk − 1 + π_k)/(n_g − 1 + 1), where π_k is the share of the class among all other rows; a row alone
    in its group is told π_k only, so a column of identifiers tells nothing. The codes are not negative.

    >>> own_class_by_group(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0])).round(3).tolist()
    [0.458, 0.458, 0.125, 0.375]
    """
    k = int(classes.max(initial=0)) + 1
    _, key, joint = np.unique(groups * k + classes, return_inverse=True, return_counts=True)
    size = np.bincount(groups)[groups]
    told: Floats = (joint[key] - 1 + _others_share(classes)) / size
    return told


def _others_share(classes: Codes) -> Floats:
    """The share of each row's class among the other rows, half a row added to each class so that none is zero.

    Shape (n,).
    """
    counts = np.bincount(classes)
    share: Floats = (counts[classes] - 0.5) / (len(classes) - 1 + 0.5 * np.count_nonzero(counts))
    return share


def own_class_by_order(x: Floats, classes: Codes) -> Floats:
    """The chance that a row's neighbours in x give to its class; ``x`` ascends. Shapes ``(n,)``.

    The share of the class among all other rows is corrected by the 16 neighbours on each side, that by the nearest 4,
    that by the nearest 2, that by the one nearest in value, each view counting as one row for the next; the depth with
    the fewest bits over the column is kept. Rows of equal value must stand in an order that is not that of the classes.

    >>> bool(own_class_by_order(np.arange(100.0) ** 2, np.repeat([0, 1], 50)).mean() > 0.95)
    True
    """
    n = len(classes)
    told = best = _others_share(classes)
    if n < 3:
        return best
    same = _same_nearby(classes)
    least = -np.log2(told).sum()
    place = np.arange(n)
    for reach in REACHES:
        seen = np.minimum(place, reach) + np.minimum(n - 1 - place, reach)
        told = (same[reach] + told) / (seen + 1)
        bits = -np.log2(told).sum()
        if bits < least:
            least, best = bits, told
    told = (_same_as_nearest(x, classes) + told) / 2
    return told if -np.log2(told).sum() < least else best


def _same_as_nearest(x: Floats, classes: Codes) -> NDArray[np.bool_]:
    """Whether the one neighbour nearest in value shares the class."""
    with np.errstate(over="ignore", invalid="ignore"):
        gap = x[1:] - x[:-1]
    same = classes[1:] == classes[:-1]
    before = np.ones(len(x), dtype=bool)
    before[0], before[1:-1] = False, gap[:-1] <= gap[1:]
    nearest = np.empty(len(x), dtype=bool)
    nearest[before], nearest[~before] = same[before[1:]], same[~before[:-1]]
    return nearest


def _same_nearby(classes: Codes) -> dict[int, NDArray[np.uint8]]:
    """How many rows within each reach share the class of the row."""
    small = classes.astype(np.uint8 if classes.max(initial=0) < 256 else np.int32)
    count = np.zeros(len(classes), dtype=np.uint8)
    found = {}
    for step in range(1, REACHES[0] + 1):
        if step < len(classes):
            equal = (small[step:] == small[:-step]).view(np.uint8)
            count[step:] += equal
            count[:-step] += equal
        if step in REACHES:
            found[step] = count.copy()
    return found


def bent(values: Floats) -> Floats:
    """The values on a scale that no tail dominates: asinh((x − median)/spread), the spread a quarter-range or mean gap.

    Shape ``(n,)``, nan kept, infinities taken as the largest floats. Strictly increasing, the same for x and any
    positive multiple plus a constant, and odd in x − median. A column of one value becomes zero.

    >>> bool(np.allclose(bent(np.array([1.0, 2.0, 4.0, 8.0])), bent(np.array([21.0, 22.0, 24.0, 28.0]))))
    True
    """
    biggest = np.finfo(np.float64).max / 8
    x: Floats = np.clip(values, -biggest, biggest)
    known = x[~np.isnan(x)]
    if not known.size:
        return x
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    x = x - middle
    spread = (high - low) or float(np.mean(np.abs(known / len(known) - middle / len(known))) * len(known))
    if spread == 0 or not np.isfinite(spread):
        spread = 1.0
    with np.errstate(over="ignore"):
        return np.asarray(np.arcsinh(np.clip(x / spread, -biggest, biggest)))


def gaps_by_order(x: Floats, y: Floats) -> Floats:
    """Unbiased squares of the noise in y given x, one for each row, from its two neighbours in x. Shape ``(n,)`` all.

    ``x`` ascends. Each inner row is told by the straight line between its neighbours: with weight w on the later one,
    its squared miss over 1 + w² + (1−w)² estimates the noise; an end row is told by its one neighbour. A smooth
    function, rising or not, leaves nearly nothing. Rows of equal x must stand in an order that does not depend on y.
    Two rows or more. Gasser, Sroka and Jennen-Steinmetz, Biometrika 73, 1986, 625-633.

    >>> gaps_by_order(np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 2.0, 6.0, 8.0]))[1:-1].tolist()
    [0.0, 0.0]
    """
    squares = np.empty(len(y))
    squares[0], squares[-1] = (y[1] - y[0]) ** 2 / 2, (y[-1] - y[-2]) ** 2 / 2
    span, before = x[2:] - x[:-2], x[1:-1] - x[:-2]
    w = np.full(len(span), 0.5)
    np.divide(before, span, out=w, where=span > 0)
    miss = y[1:-1] - (1 - w) * y[:-2] - w * y[2:]
    squares[1:-1] = miss**2 / (1 + w**2 + (1 - w) ** 2)
    return squares


def gaps_by_group(groups: Codes, y: Floats) -> Floats:
    """Unbiased squares of the noise in y inside the groups, one for each row; a row alone counts its distance from all.

    Shapes ``(n,)``. A row is told by the mean of the others in its group: (y − ȳ_g)² m/(m−1). Two rows or more.

    >>> gaps_by_group(np.array([0, 0, 1]), np.array([1.0, 3.0, 2.0])).tolist()
    [2.0, 2.0, 0.0]
    """
    size = np.bincount(groups)
    mean = np.bincount(groups, weights=y) / np.maximum(size, 1)
    m = size[groups]
    alone = m < 2
    inside = (y - mean[groups]) ** 2 * m / np.maximum(m - 1, 1)
    squares: Floats = np.where(alone, (y - y.mean()) ** 2, inside)
    return squares
