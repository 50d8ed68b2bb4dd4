"""What each day was like, in means of bounded scores: from these it is told how much nights differ (see ``nights``).

Numbers are scored by their place in the distribution of all days together, which no tail and no unit moves: whether the
day lay high or low, in the middle or at the ends, leaning up or down (Legendre polynomials of the place, as in
J. Neyman, Skand. Aktuarietidskr. 20, 1937).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tearless.statistics.profile.past import Day, DayColumn

from .nights import Floats, Series

FEWEST = 5.0
"""Rows of a kind expected on a day before their number can tell how much days differ."""
COMPARED = 8
"""Commonest categories whose shares are followed."""
ORDERS = ("place", "spread", "lean")


def of_numbers(days: Sequence[DayColumn | None]) -> dict[str, Series]:
    """The mean place of each day's numbers, and two scores of how they spread, by name; empty where nothing was kept.

    >>> from tearless.statistics.profile.histogram import Histogram
    >>> days = [DayColumn(0, histogram=Histogram.of(np.arange(10.0) + k)) for k in range(2)]
    >>> of_numbers(days)["place"].means.round(6).tolist()
    [-0.095, 0.095]
    """
    found = [d.histogram if d is not None else None for d in days]
    kept = [(k, h) for k, h in enumerate(found) if h is not None and len(h.cells)]
    if not kept:
        return {}
    level = max(h.level for _, h in kept)
    cells, counts, day = (
        np.concatenate(parts)
        for parts in zip(
            *((h.cells >> (level - h.level), h.counts, np.full(len(h.cells), k)) for k, h in kept), strict=True
        )
    )
    named, at = np.unique(cells, return_inverse=True)
    table: Floats = np.zeros((len(days), len(named)))
    np.add.at(table, (day, at), counts)
    rows, whole = table.sum(axis=1), table.sum(axis=0)
    share = whole / whole.sum()
    place = np.cumsum(share) - share / 2
    u = 2 * place - 1
    scores = (u, 1.5 * u * u - 0.5, 2.5 * u**3 - 1.5 * u)
    return {name: _series(table, rows, share, score) for name, score in zip(ORDERS, scores, strict=True)}


def _series(table: Floats, rows: Floats, share: Floats, score: Floats) -> Series:
    centred = score - float(share @ score)
    means = np.divide(table @ centred, rows, out=np.zeros(len(rows)), where=rows > 0)
    return Series(means, rows, float(share @ centred**2))


def of_categories(days: Sequence[DayColumn | None]) -> dict[str, Series]:
    """The share that each of the commonest values has of each day, by value.

    A value that is not kept of a day has half the rows that it may have had.

    >>> from tearless.statistics.profile.categories import Categories
    >>> days = [DayColumn(0, categories=Categories({"a": 60, "b": 40 - k}, k, 0)) for k in range(2)]
    >>> of_categories(days)["b"].means.tolist()
    [0.4, 0.39]
    """
    kept = [d.categories if d is not None else None for d in days]
    rows = np.array([0.0 if c is None else float(sum(c.counts.values()) + c.others) for c in kept])
    whole: dict[str, int] = {}
    for one in kept:
        for value, count in one.counts.items() if one is not None else ():
            whole[value] = whole.get(value, 0) + count
    commonest = sorted(whole, key=lambda value: (-whole[value], value))[:COMPARED]
    found = {}
    for value in commonest:
        counts = np.array([0.0 if c is None else float(c.counts.get(value, c.error / 2)) for c in kept])
        found[value] = of_shares(counts, rows)
    return found


def of_missing(days: Sequence[Day], name: str) -> Series:
    """The share of each day's cells that is empty or, in a column of numbers, infinite.

    >>> of_missing([Day("monday", 100, {"x": DayColumn(10)})], "x").means.tolist()
    [0.1]
    >>> of_missing([Day("monday", 100, {"x": DayColumn(10, count=70)})], "x").means.tolist()
    [0.3]
    """
    there = [(day.rows, day.columns[name].lacking(day.rows)) if name in day.columns else (0, 0) for day in days]
    rows, missing = (np.array(part, dtype=np.float64) for part in zip(*there, strict=True))
    return of_shares(missing, rows)


def of_shares(counts: Floats, rows: Floats) -> Series:
    """Shares of rows as a series: shapes ``(K,)``. Where too few rows are expected a day, it tells nothing.

    >>> of_shares(np.array([1.0, 3.0]), np.array([10.0, 10.0])).variance
    0.0
    """
    total = rows.sum()
    share = counts.sum() / total if total else 0.0
    typical = total / max(1, np.count_nonzero(rows))
    enough = typical * min(share, 1 - share) >= FEWEST
    means = np.divide(counts, rows, out=np.zeros(len(rows)), where=rows > 0)
    return Series(means, rows, share * (1 - share) if enough else 0.0)


def of_means(days: Sequence[DayColumn | None], kurtosis: float = 0.0) -> dict[str, Series]:
    """The day's means and the logarithms of its spreads, where moments alone are kept.

    ``kurtosis`` is the excess one of the numbers: the more, the less sure is a spread.

    >>> days = [DayColumn(0, 100, 5.0 + k, 2.0) for k in range(2)]
    >>> of_means(days)["place"].means.tolist(), of_means(days)["place"].variance
    ([-0.25, 0.25], 1.0)
    """
    known = [d is not None and d.count is not None and d.count > 1 and bool(d.std) for d in days]
    there = list(_known(days, known))
    if not there:
        return {}
    rows = np.array([0.0 if d is None else d[0] for d in there])
    mean = np.array([0.0 if d is None else d[1] for d in there])
    std = np.array([1.0 if d is None else d[2] for d in there])
    weights = rows / max(1.0, rows.sum())
    largest = float(std.max())
    within = largest * float(np.sqrt(weights @ (std / largest) ** 2)) or 1.0
    centre = float(weights @ mean)
    places = np.where(rows > 0, (mean - centre) / within, 0.0)
    spreads = np.where(rows > 0, np.log(std / within), 0.0)
    return {"place": Series(places, rows, 1.0), "spread": Series(spreads, rows, (kurtosis + 2) / 4)}


def _known(days: Sequence[DayColumn | None], known: Sequence[bool]) -> Iterator[tuple[float, float, float] | None]:
    for day, there in zip(days, known, strict=True):
        if there and day is not None and day.count is not None and day.mean is not None and day.std is not None:
            yield float(day.count), day.mean, day.std
        else:
            yield None
