"""One comparison of a table with the days before it: by how much they differ, how sure, and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from tearless.core import quoted, visible
from tearless.core.number import shown
from tearless.statistics.profile.categories import Categories
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.profile.past import DayColumn
from tearless.statistics.profile.profile import ColumnProfile

from .chances import Sizes, of_counts, of_gap, of_shares, of_step
from .gaps import both, largest_gap, moved, quantiles
from .nights import EFFECTS, Floats, apart
from .wording import in_words, normal_gap

FEW = 30
"""Different values up to which numbers are few."""
What = Literal["values", "missing", "new", "rows"]
Weights = Mapping[str, Floats]
"""How likely each effect of a night is, for each of the scores that its days were given."""
QUIET: Floats = np.eye(len(EFFECTS))[0]
"""Nights that differ by sampling alone."""
ToSizes = Callable[[float, float, Floats], Sizes]
"""Rows now and in the past, and those weights, as what the chances are reckoned with."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one column, or the number of rows (``column`` empty), differs from the days before.

    ``size`` is the share of rows that would have to be others for the two to agree; ``before`` and ``after`` are what
    the words compare, in ``unit``, and ``meaning`` says what that is. ``alone`` is the chance of this comparison by
    itself, ``chance`` the one that holds for all of them and every look; ``nights`` is by how many standard deviations
    of a row the days differ beyond sampling, and ``spread`` the variance of the difference of two means in variances of
    a row, of that and sampling. ``value`` is the category that moved most. Made by ``of_numbers`` and its like;
    ``said`` is the change in words.
    """

    column: str
    what: What
    size: float
    alone: float
    before: float
    after: float
    unit: str
    meaning: str
    said: str
    nights: float = 0.0
    spread: float = 0.0
    value: str = ""
    chance: float = 1.0


def of_numbers(
    name: str,
    now: Histogram,
    past: Histogram,
    weights: Sequence[Floats],
    sizes: ToSizes,
    ends: Sequence[float] = (),
) -> Change:
    """Numbers, by the largest gap of their distribution functions; of the scores of a day the least sure one counts.

    ``weights``: how likely each effect of a night is, an entry a score, of shape ``(T,)``; ``ends``: the smallest and
    largest values of both, for the words. Neither may be empty.

    >>> now, past = Histogram.of(np.arange(100.0) + 60), Histogram.of(np.arange(100.0))
    >>> found = of_numbers("x", now, past, [QUIET], lambda n, m, one: Sizes(n, m, 1.0, one))
    >>> round(found.size, 12), found.said
    (0.6, 'moved up: median 49 earlier, 109 now')
    """
    gap = largest_gap(past, now)
    n, m = float(now.counts.sum()), float(past.counts.sum())
    chances = [(_of_gap(gap.distance, now, past, sizes(n, m, one)), apart(one)) for one in weights]
    chance, nights = max(chances)
    half = np.array([0.5])
    before, after = float(quantiles(past, half)[0]), float(quantiles(now, half)[0])
    said = in_words(now, past, gap, ends)
    meaning = "median of the finite cells"
    spread = _spread(sizes(n, m, QUIET), nights)
    return Change(name, "values", gap.distance, chance, before, after, "column unit", meaning, said, nights, spread)


def _of_gap(distance: float, now: Histogram, past: Histogram, sizes: Sizes) -> float:
    """Of few different values each threshold is looked at by itself too, for gaps at the ends are rarer by chance."""
    whole = of_gap(distance, sizes)
    if max(now.level, past.level) > 0 or len(now.cells) + len(past.cells) > 2 * FEW:
        return whole
    _, f, g = both(now, past)
    each = of_counts(f * sizes.today, g * sizes.past, sizes)
    return min(1.0, 2 * min(whole, len(each) * float(each.min())))


def of_moments(
    name: str,
    now: ColumnProfile,
    past: ColumnProfile,
    days: Sequence[DayColumn | None],
    weights: Weights,
    sizes: ToSizes,
) -> Change | None:
    """Numbers of which the past kept moments alone: by the mean and the spread, as if both were normal.

    One far value makes a column wide, and the past does not tell whether it had one: a past that was wider counts as
    wide as the narrowest of three days or more. ``None`` where either has no two values that differ.

    >>> from tearless.linear_algebra.moments import Moments
    >>> now, past = (ColumnProfile("number", "Float64", 0, 0, Moments.of([np.arange(100.0) + k])) for k in (40, 0))
    >>> quiet = {"place": QUIET, "spread": QUIET}
    >>> of_moments("x", now, past, [], quiet, lambda n, m, one: Sizes(n, m, 1.0, one)).said
    'moved up: mean 49.5 earlier, 89.5 now'
    """
    if now.moments is None or past.moments is None:
        return None
    (n, m), (mean, earlier) = _of(now.moments.n, past.moments.n), _of(now.moments.mean, past.moments.mean)
    spread, wide = _of(now.moments.std(), past.moments.std())
    stds = [day.std for day in days if day is not None and day.std is not None]
    narrowest = min(stds) if len(stds) >= 3 else 0.0
    if not (n > 1 and m > 1 and wide > 0 and math.isfinite(spread) and spread > 0):
        return None
    heavy = kurtosis(now, past)
    most = max(spread, wide)
    a, b = (spread / most) ** 2, (wide / most) ** 2
    unit = most * math.sqrt(max((a / n + b / m) / (1 / n + 1 / m), (n * a + m * b) / (n + m)))
    step, stretch = (mean - earlier) / unit, math.log(spread / wide)
    if stretch < 0:
        stretch = math.log(spread / narrowest) if spread < narrowest else 0.0
    place, width = weights["place"], weights["spread"]
    moved_by = of_step(step, sizes(n, m, place), heavy)
    stretched_by = of_step(stretch / math.sqrt(max(heavy + 2, 1e-9) / 4), sizes(n, m, width), heavy)
    chance = min(1.0, 2 * min(moved_by, stretched_by))
    if moved_by <= stretched_by:
        size, nights = 2 * float(special.ndtr(abs(mean - earlier) / wide / 2)) - 1, apart(place)
        meaning = "mean of the finite cells"
        said = f"moved {'up' if step > 0 else 'down'}: mean {shown(earlier)} earlier, {shown(mean)} now"
        return Change(
            name, "values", size, chance, earlier, mean, "column unit", "mean of the finite cells", said, nights
        )
    size = normal_gap(spread / wide)
    said = f"is spread otherwise: standard deviation {shown(wide)} earlier, {shown(spread)} now"
    meaning = "standard deviation of the finite cells"
    nights = apart(width)
    apart_by = _spread(sizes(n, m, QUIET), nights)
    return Change(name, "values", size, chance, wide, spread, "column unit", meaning, said, nights, apart_by)


def kurtosis(now: ColumnProfile, past: ColumnProfile) -> float:
    """The larger excess kurtosis of the two, as far as it is known, and at least that of a normal column: 0.

    >>> from tearless.linear_algebra.moments import Moments
    >>> column = ColumnProfile("number", "Float64", 0, 0, Moments.of([np.array([0.0] * 99 + [1.0])]))
    >>> round(kurtosis(column, column))
    95
    """
    known = [float(one.moments.kurtosis()[0]) for one in (now, past) if one.moments is not None]
    return max([0.0, *(k for k in known if math.isfinite(k))])


def _of(*arrays: Floats) -> tuple[float, ...]:
    return tuple(float(a[0]) for a in arrays)


def of_categories(name: str, now: Categories, past: Categories, weights: Sequence[Floats], sizes: ToSizes) -> Change:
    """Classes, by total variation; the chance is twice the smaller of that of the whole and that of one class.

    ``weights``: how likely each effect of a night is, an entry a score, of shape ``(T,)``. Neither may be empty.

    >>> now, past = Categories({"a": 60, "b": 40}, 0, 0), Categories({"a": 90, "b": 10}, 0, 0)
    >>> of_categories("x", now, past, [QUIET], lambda n, m, one: Sizes(n, m, 1.0, one)).said
    'holds `a` in 90 % of the earlier rows, in 60 % now'
    """
    found = moved(now, past)
    n, m = found.total_first, found.total_second
    shares = (found.first + found.second) / (n + m)
    chances = []
    for one in weights:
        reckoned = sizes(n, m, one)
        whole = of_shares(found.distance, shares, reckoned)
        each = of_counts(found.first, found.second, reckoned)
        chances.append((min(1.0, 2 * min(whole, len(each) * float(each.min()))), apart(one)))
    chance, nights = max(chances)
    most = int(np.argmax(np.abs(found.first / n - found.second / m)))
    if set(found.names[:-1]) == {"true", "false"}:
        most = found.names.index("true")
    before, after = float(found.second[most]) / m, float(found.first[most]) / n
    named = quoted(visible(found.names[most], 40)) if found.names[most] else "the empty text"
    which = named if most + 1 < len(found.names) else "a value beyond the 30 commonest"
    said = f"holds {which} in {shown(before, 'share')} of the earlier rows, in {shown(after, 'share')} now"
    meaning = f"share of filled cells that hold {which}"
    spread, value = _spread(sizes(n, m, QUIET), nights), found.names[most]
    return Change(name, "values", found.distance, chance, before, after, "share", meaning, said, nights, spread, value)


def of_missing(
    name: str,
    now: tuple[int, int],
    past: tuple[int, int],
    weights: Floats,
    sizes: ToSizes,
    cells: str = "empty",
) -> Change:
    """Cells without a value, which are ``cells`` (empty, infinite, or either): of how many rows, now and in the past.

    ``weights``: how likely each effect of a night is, shape ``(T,)``.

    >>> of_missing("x", (30, 100), (5, 100), QUIET, lambda n, m, one: Sizes(n, m, 1.0, one)).said
    'is empty in 5 % of the earlier rows, in 30 % now'
    """
    (x, n), (y, m) = now, past
    chance = float(of_counts([x], [y], sizes(float(n), float(m), weights))[0])
    before, after = y / max(1, m), x / max(1, n)
    said = f"is {cells} in {shown(before, 'share')} of the earlier rows, in {shown(after, 'share')} now"
    meaning = f"share of rows whose cell is {cells}"
    size, nights = abs(after - before), apart(weights)
    spread = _spread(sizes(float(n), float(m), QUIET), nights)
    return Change(name, "missing", size, chance, before, after, "share", meaning, said, nights, spread)


def _spread(sizes: Sizes, nights: float) -> float:
    return float(sizes.spread()[0]) + nights**2 * (1 + sizes.days)


def of_rows(now: int, days: Sequence[int]) -> Change | None:
    """The number of rows, by Student's t on its logarithm over the days; ``None`` where that cannot be told.

    Fewer than three days do not tell how much rows differ; but no rows, where every day had some, is a load that did
    not come. Else a table without rows stands for half a row; a count has at least the spread of a Poisson number.

    >>> of_rows(50, [100, 102, 98]).said
    '50 rows, where the days before have about 100'
    >>> of_rows(0, [100]).said, of_rows(1, [100])
    ('no rows, where the day before has 100', None)
    """
    if not now and min(days, default=0) > 0:
        usual = round(math.exp(float(np.log(np.asarray(days, dtype=np.float64)).mean())))
        before = f"the day before has {usual:,}" if len(days) == 1 else f"the days before have about {usual:,}"
        return Change("", "rows", 1.0, 0.0, usual, 0.0, "rows", "rows of a day", f"no rows, where {before}")
    if len(days) < 3:
        return None
    logs = np.log(np.maximum(np.asarray(days, dtype=np.float64), 0.5))
    mean, log = float(logs.mean()), math.log(max(now, 0.5))
    typical = math.exp(mean)
    variance = max(float(logs.var(ddof=1)), 1 / max(1.0, typical)) * (1 + 1 / len(days))
    chance = 2 * float(special.stdtr(len(days) - 1, -abs(log - mean) / math.sqrt(variance)))
    size = 1 - math.exp(-abs(log - mean))
    said = f"{now:,} {'row' if now == 1 else 'rows'}, where the days before have about {typical:,.0f}"
    return Change("", "rows", size, chance, round(typical), float(now), "rows", "rows of a day", said)
