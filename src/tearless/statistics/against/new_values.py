"""Values that no earlier day has, or that no earlier day can have had as often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tearless.core import quoted, visible
from tearless.statistics.profile.categories import Categories
from tearless.statistics.profile.past import DayColumn
from tearless.statistics.profile.published import FEWEST_HELD

from .chances import at_least
from .change import Change
from .own_values import as_much, may_be_label, shares_of_own

NAMED = 3
CERTAIN = 0.01


def of_new_values(
    name: str,
    now: Categories,
    past: Categories,
    days: Sequence[DayColumn | None] = (),
    certain: float = CERTAIN,
) -> Change:
    """The values that are kept of a table and of no earlier day, and the chance that one of so many rows is new.

    If all rows come from one source, every division of them between now and the past is equally likely: a value of c
    rows lies in the n rows of now alone with chance C(n, c)/C(n + m, c), and any value of at least so many rows with at
    most the sum of these. A value that the past may have lost sight of (``error``) counts for that many rows there, and
    there are as many such values as its rows without a name allow; only values of chance ``certain`` or less are then
    told. All of them together are also beside the rows without a name. ``days`` say how much of a day is new as a
    matter of course. ``size`` is the share of rows with new values; ``before`` how many values are known, ``after`` how
    many are new, ``value`` what is known of the past about them; ``unit`` is "labels" where they may be one of the day.

    >>> found = of_new_values("x", Categories({"a": 60, "b": 40}, 0, 0), Categories({"a": 100}, 0, 0))
    >>> found.after, found.size, found.alone < 1e-9, found.said, found.value
    (1.0, 0.4, True, '`b`', 'that no earlier table has')
    """
    n = max(1, now.total)
    unkept = {value: rows for value, rows in now.counts.items() if value not in past.counts}
    most = max(unkept.values(), default=0)
    chance = _chance(most, now, past) if most else 1.0
    new = _told(unkept, now, past, certain)
    size = sum(new.values()) / n
    chance = max(chance, as_much(size, shares_of_own(days, past)))
    if past.error:
        together, more = _together(now, past, max(1, len(days)))
        together = max(together, as_much(more, shares_of_own(days, past, sure=False)))
        if together <= certain and more > size:
            new, size = unkept, more
        chance = min(1.0, 2 * min(chance, together))
    known, fresh = float(len(past.counts)), float(len(new))
    label = may_be_label(now, past, len(days))
    where = "that the earlier table does not have, and may be a label of the day" if label else _known_of(past)
    unit, meaning = "labels" if label else "values", "values that an earlier day holds"
    return Change(name, "new", size, chance, known, fresh, unit, meaning, _said(new), value=where)


def _said(new: Mapping[str, int]) -> str:
    names = sorted(new, key=lambda value: (-new[value], value))
    told = ", ".join(_called(value) for value in names[:NAMED])
    return (told + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")) or "values of few rows each"


def _called(value: str) -> str:
    return quoted(visible(value, 24)) if value else "the empty text"


def _known_of(past: Categories) -> str:
    """What is known of the earlier tables about a value that they did not keep."""
    if not past.error or not past.others:
        return "that no earlier table has"
    rows = "1 row" if past.error == 1 else f"{past.error:,} rows"
    return f"that the earlier tables hold in at most {rows}, if at all"


def _told(unkept: Mapping[str, int], now: Categories, past: Categories, certain: float) -> Mapping[str, int]:
    """The values that are new for certain: all where the past kept every value, else those of too many rows."""
    if not past.error:
        return unkept
    least = now.total + 1
    for rows in sorted(set(unkept.values()), reverse=True):
        if _chance(rows, now, past) > certain:
            break
        least = rows
    return {value: rows for value, rows in unkept.items() if rows >= least}


def _chance(most: int, now: Categories, past: Categories) -> float:
    """Bound of the chance that any value has at least so many rows now, and no more than ``past.error`` before.

    Values without a name may be many: of the rows that they have together each value of t has a share t, and the sum of
    their chances is largest where t is the least or the most that fits.
    """
    n, m, error = now.total, past.total, past.error
    pooled = dict(past.counts)
    for value, rows in now.counts.items():
        if not error or value in past.counts:
            pooled[value] = pooled.get(value, 0) + rows
    held = np.array([count for count in pooled.values() if count >= most + error], dtype=np.float64)
    chance = float(at_least(held - error, n, np.full(len(held), error), m).sum())
    if error:
        rows = past.others + now.total - sum(rows for value, rows in now.counts.items() if value in past.counts)
        hidden = np.array([0.0, float(error)])
        each = at_least(np.full(2, float(most)), n, hidden, m)
        chance += float((each * np.maximum(1.0, rows / (most + hidden))).max())
    return min(1.0, chance)


def _together(now: Categories, past: Categories, days: int) -> tuple[float, float]:
    """The chance of so many rows of values that the past did not keep, and by what share of rows they are too many.

    Those of now are at least all rows but those that the kept values may have.
    Values that are kept for a single row would else be without a name as likely, so their rows count as such. A value
    takes up to ``error`` rows of a day with it: the past tells as much as that many times fewer rows.
    """
    n, m = now.total, max(1, past.total)
    rows = max(0, n - sum(now.counts.get(value, 0) + now.error for value in past.counts))
    border = sum(count for count in past.counts.values() if count <= FEWEST_HELD)
    before = min(m, past.others + border)
    clump = max(1.0, past.error / days)
    chance = float(at_least(np.array([float(rows)]), n, np.array([before / clump]), m / clump)[0])
    return chance, max(0.0, rows / max(1, n) - before / m)
