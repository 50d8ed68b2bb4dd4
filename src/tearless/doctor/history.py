"""The answer to ``--against``: whether a table is like the days before it, and what each of them was like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tearless.core import Finding, Number, Severity, listed, quoted, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Picture, Role, Rule, values
from tearless.report.answer import Answer, Cell, Table
from tearless.report.words import counted
from tearless.statistics.against.advancing import BY_NATURE
from tearless.statistics.against.by_day import rows_by_day
from tearless.statistics.against.change import Change
from tearless.statistics.against.changes import Changes, said_of_nights
from tearless.statistics.against.standing_out import standing_out
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

IN_TEXT = 8
"""Days that a terminal shows, the newest."""
NAMED = 3
LONGEST = 30
"""Characters of a cell that is shown whole in a narrow terminal."""
DRAWN = 12
MOST = 0.995
"""The share of rows that is as good as all of them."""
CERTAIN = 0.01
"""The chance from which the checks call a change certain, drawn in another colour."""
WARNED = 0.05
"""The share of rows from which the check of a column warns, drawn beside the sizes."""


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of the checks that compare a table with the days before it."""

    findings: tuple[Finding, ...]


def history(past: Past, profile: Profile, changes: Changes, found: Found) -> Answer:
    """The verdict, how it was reached, and the days with what stood out on each.

    >>> from tearless.core import Asked
    >>> from tearless.readers.source import Batch
    >>> from tearless.statistics.facts import Columns
    >>> import polars as pl
    >>> batch = Batch(pl.DataFrame({"x": [1.5, 2.0, 4.0] * 20}))
    >>> day = Profile.of(batch)
    >>> past = Past.of([("monday", day)])
    >>> history(past, day, Changes.derive(day, past, Columns.of(batch)), Found(())).verdict
    'this table is like `monday`, the one earlier table'
    """
    warned = [f for f in found.findings if f.severity >= Severity.warning]
    names = list(dict.fromkeys(name for f in warned for name in f.subject))
    return Answer(
        _verdict(past, profile, warned, names, changes),
        tuple(_said(past, changes)),
        _numbers(past, changes),
        (_table(past, profile, changes, found),),
        tuple(_pictures(past, profile, changes)),
    )


def _verdict(past: Past, profile: Profile, warned: Sequence[Finding], names: Sequence[str], changes: Changes) -> str:
    days = len(past.days)
    before = (
        f"{quoted(visible(past.days[0].label, 40))}, the one earlier table"
        if days == 1
        else f"the {days:,} earlier tables"
    )
    if not past.whole.rows:
        return (
            f"nothing of this table can be compared with {before}, for {'it has' if days == 1 else 'they have'} no rows"
        )
    if not profile.rows:
        return f"this table has no rows: nothing of it can be compared with {before}"
    whole = [f.headline for f in warned if not f.subject]
    if not warned and not changes.changes:
        return f"nothing of this table can be compared with {before}"
    if not warned and not changes.of("values"):
        return f"no values of this table can be compared with {before}; {_beside(changes)} as before"
    if not warned:
        unknown = set(changes.left.values()) - set(BY_NATURE)
        return f"this table is like {before}{', in the columns that can be compared' if unknown else ''}"
    told = [_some(names)] if names else []
    told += ["the number of rows"] if whole else []
    return f"this table is like {before}, but for {' and '.join(told)}"


def _beside(changes: Changes) -> str:
    """What was compared, where no values were."""
    rows, empty = bool(changes.of("rows")), bool(changes.of("missing"))
    both = ["its rows"] * rows + ["its empty cells"] * empty
    return f"{' and '.join(both)} are"


def _some(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return listed(names)
    some = ", ".join(quoted(visible(name, 24)) for name in names[:NAMED])
    return f"{some} and {counted(len(names) - NAMED, 'other column')}"


def _said(past: Past, changes: Changes) -> Iterator[tuple[str, str]]:
    """How it was reached: what was compared, how the days differ, how sure it is, and from which size on."""
    compared = {one.column for one in changes.of("values")}
    left = "".join(f"; not {why}: {_some(names)}" for why, names in _by_reason(changes.left))
    made = f", in {counted(len(changes.changes), 'comparison')}" if compared else ""
    yield "compared", f"the values of {counted(len(compared), 'column')}{made}{left}"
    if compared:
        typical = sorted(changes.changes, key=lambda one: one.nights)[len(changes.changes) // 2]
        yield "days", f"{changes.days}, {said_of_nights(typical, changes.looks)}"
        least = median(changes.found_from(one) for one in changes.of("values"))
        tonight = shown(0.01 / (changes.looks * (changes.looks + 1) / 2), "share")
        sure = (
            f"a change from about {shown(least, 'share')} of the rows on is" if least < 0.995 else "no change would be"
        )
        yield (
            "sure",
            f"in the middle column {sure} certain; a false alarm has a chance of at most {tonight} in this look, "
            "and of 2 % in all looks of a growing history",
        )
    if past.private:
        yield "private", "the earlier facts hold no values: means, spreads and empty cells alone are compared"


def _by_reason(left: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    reasons: dict[str, list[str]] = {}
    for name, why in left.items():
        reasons.setdefault(why, []).append(name)
    return list(reasons.items())


def _numbers(past: Past, changes: Changes) -> dict[str, Number]:
    numbers = {
        "days": Number(float(len(past.days)), "days", "earlier tables"),
        "comparisons": Number(float(len(changes.changes)), "comparisons", "made with them, corrected together"),
    }
    for one in changes.changes:
        name = f"{one.what}:{one.column}" if one.column else one.what
        numbers[name] = Number(one.size, "share", f"change of the {one.what}; chance {shown(one.chance, 'chance')}")
    return numbers


def _table(past: Past, profile: Profile, changes: Changes, found: Found) -> Table:
    """The newest first: this table, then the days before it."""
    cells = sum(column.missing for column in profile.columns.values())
    now = list(dict.fromkeys(name for f in found.findings if f.severity >= Severity.warning for name in f.subject))
    rows = [_row("this table", profile.rows, cells, len(profile.columns), now)]
    out = standing_out(past, changes)
    for i in reversed(range(len(past.days))):
        day = past.days[i]
        missing = sum(column.missing for column in day.columns.values())
        rows.append(_row(visible(day.label, 40), day.rows, missing, len(day.columns), out.get(i, [])))
    heads = ("table", "rows", "empty cells", "stands out")
    return Table("The earlier tables", heads, tuple(rows), max(0, len(rows) - IN_TEXT))


def _row(label: str, rows: int, missing: int, columns: int, out: Sequence[str]) -> tuple[Cell, ...]:
    share = missing / (rows * columns) if rows and columns else 0.0
    return label, Number(float(rows), "1", "rows"), Number(share, "share", "empty cells"), _brief(out)


def _brief(names: Sequence[str]) -> str:
    """As many names as a narrow cell takes, and how many others there are: nothing of it is cut.

    >>> _brief(["price", "n"]), _brief([f"column {i}" for i in range(9)])
    ('`price`, `n`', '`column 0` and 8 others')
    """
    told = [quoted(visible(name, 18)) for name in names]
    for many in range(len(told), 0, -1):
        others = len(told) - many
        said = ", ".join(told[:many]) + (f" and {counted(others, 'other')}" if others else "")
        if len(said) <= LONGEST:
            return said
    return f"{counted(len(told), 'column')}" if told else ""


def _pictures(past: Past, profile: Profile, changes: Changes) -> Iterator[Picture]:
    """How far each column is from the days before, the farthest first; and the rows by day."""
    sizes = sorted((one for one in changes.of("values") if math.isfinite(one.size)), key=lambda one: -one.size)[:DRAWN]
    if sizes:
        far = f"{quoted(visible(sizes[0].column, 24))} {sizes[0].said}"
        yield Picture(
            "How far each column is from the earlier tables",
            f"The farthest: {far}.",
            (*_bars(sizes), Rule(WARNED, f"limit {shown(WARNED, 'share')}")),
            Axis("share of rows that would have to be others", low=0.0),
            Axis(names=tuple(visible(one.column, 24) for one in sizes)),
        )
    if len(past.days) > 1:
        yield rows_by_day(past, profile)


def _bars(sizes: Sequence[Change]) -> Iterator[Bars]:
    """The sizes in two colours: those that are certain, and those that honest days may bring."""
    kinds: tuple[tuple[bool, str, Role], ...] = ((True, "certain", "main"), (False, "as days differ", "soft"))
    for sure, label, role in kinds:
        here = [(float(i), one.size) for i, one in enumerate(sizes) if (one.chance <= CERTAIN) == sure]
        if here:
            at, lengths = (values(part) for part in zip(*here, strict=True))
            yield Bars(at, lengths, label, role, along="x")
