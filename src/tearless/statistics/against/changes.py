"""Every comparison of a table with the days before it, made once, with one correction over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from tearless.core.number import shown
from tearless.statistics.facts import Columns
from tearless.statistics.profile.past import DayColumn, Past
from tearless.statistics.profile.profile import ColumnProfile, Profile

from . import change, scores
from .advancing import advancing
from .chances import Sizes, corrected
from .change import QUIET, Change, What
from .comparable import how_of, not_compared, sort_of, without_value
from .dated import dated
from .new_values import of_new_values
from .nights import Floats, Series, posterior
from .one_value import is_one_value, of_one_value
from .own_values import as_much, may_be_label, shares_of_own

LITTLE = 0.005
"""Standard deviations of a row: nights that differ by less are said to differ by nothing."""


@dataclass(frozen=True)
class Changes:
    """What was compared, each with its chance, and why the other columns could not be. Derived.

    ``left`` says of a column why its values are not compared. ``chance`` of each change holds for all of them (Holm)
    and for every look: the number of days k in the past charges it k(k + 1)/2 times (see ``chances.corrected``).

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> day, now = (Batch(pl.DataFrame({"x": [0.5 + k, 2.5, 3.5] * 50})) for k in (0, 1))
    >>> found = Changes.derive(Profile.of(now), Past.of([("monday", Profile.of(day))]), Columns.of(now))
    >>> found.days, [one.said for one in found.of("values")]
    ('1 earlier day', ['is spread otherwise: 33.3 % of the earlier values and 0 % now are at most 0.5'])
    """

    changes: tuple[Change, ...]
    left: Mapping[str, str]
    looks: int
    series: Mapping[tuple[str, str], tuple[Series, Floats]] = field(default_factory=dict, repr=False)
    """What each day was like, by column and score, and how likely each effect of a night is."""

    @classmethod
    def derive(cls, profile: Profile, past: Past, columns: Columns) -> Self:
        """Of a table and the days before it."""
        distinct = dict(zip(columns.names, columns.distinct.tolist(), strict=True))
        found = _Compared(profile, past, distinct)
        changes = list(found.all())
        chances = corrected([one.alone for one in changes], len(past.days))
        return cls(
            tuple(replace(one, chance=float(p)) for one, p in zip(changes, chances, strict=True)),
            found.left,
            len(past.days),
            found.series,
        )

    def of(self, what: What) -> tuple[Change, ...]:
        """The comparisons of one sort."""
        return tuple(one for one in self.changes if one.what == what)

    def found_from(self, one: Change) -> float:
        """About the smallest change of this kind that would be certain: 0.01 of chance over all comparisons and looks.

        By the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart, the days taken to differ as they were found to.
        """
        each = 0.01 / (max(1, len(self.changes)) * self.looks * (self.looks + 1) / 2)
        return math.sqrt(math.log(2 / each) / 2 * one.spread)

    @property
    def days(self) -> str:
        """How many days are behind, in words."""
        return "1 earlier day" if self.looks == 1 else f"{self.looks:,} earlier days"

    def reckoned(self, one: Change) -> str:
        """What the chance rests on, in words."""
        return f"{self.days}, {said_of_nights(one, self.looks)}; {len(self.changes):,} comparisons"


def said_of_nights(one: Change, looks: int) -> str:
    """How much the days were found to differ for one comparison, in words.

    >>> some = Change("x", "values", 0.1, 0.5, 1.0, 2.0, "column unit", "median", "moved", nights=0.3)
    >>> said_of_nights(some, 9)
    'which differ by 0.3 standard deviations more than sampling explains'
    """
    if looks == 1:
        return "from which nobody can tell how much days differ"
    if one.nights < LITTLE:
        return "which differ by no more than sampling explains"
    return f"which differ by {shown(one.nights, digits=2)} standard deviations more than sampling explains"


class _Compared:
    """The comparisons of one table with its past."""

    def __init__(self, now: Profile, past: Past, distinct: Mapping[str, float]) -> None:
        self.now, self.past = now, past
        self.left: dict[str, str] = {}
        self.series: dict[tuple[str, str], tuple[Series, Floats]] = {}
        self.names = [name for name in now.columns if name in past.whole.columns]
        rows = np.array([day.rows for day in past.days], dtype=np.float64)
        looks = len(past.days) * (len(past.days) + 1) / 2
        self.certain = 0.01 / (looks * (3 * len(self.names) + 1))
        self.days = float((rows**2).sum() / max(1.0, rows.sum()) ** 2)
        self.stopped: set[str] = set()
        for name in self.names:
            why = self._why_not(name, distinct.get(name, 0.0))
            if why:
                self.left[name] = why
        self.weights = self._weights()

    def _why_not(self, name: str, distinct: float) -> str:
        now, past = self._pair(name)
        if why := not_compared(now, past, self.past.private):
            return why
        found = advancing(now, past, self._days_of(name), distinct)
        if found.stopped:
            self.stopped.add(name)
        return found.why

    def _pair(self, name: str) -> tuple[ColumnProfile, ColumnProfile]:
        return self.now.columns[name], self.past.whole.columns[name]

    def _days_of(self, name: str) -> list[DayColumn | None]:
        return [day.columns.get(name) for day in self.past.days]

    def _weights(self) -> dict[tuple[str, str], Floats]:
        """How likely each effect of a night is, by column and score; a sort of score is judged over all columns."""
        if len(self.past.days) < 2:
            return {}
        sorts: dict[str, list[tuple[tuple[str, str], Series]]] = {}
        for name in self.names:
            sorts.setdefault("missing", []).append(((name, "missing"), scores.of_missing(self.past.days, name)))
            for key, series in self._scores(name).items():
                sort = key if key in scores.ORDERS else "share"
                sorts.setdefault(sort, []).append(((name, key), series))
        found: dict[tuple[str, str], Floats] = {}
        for held in sorts.values():
            keys = [key for key, _ in held]
            likely = posterior([series for _, series in held])
            found |= dict(zip(keys, likely, strict=True))
            self.series |= {key: (series, w) for (key, series), w in zip(held, likely, strict=True)}
        return found

    def _scores(self, name: str) -> Mapping[str, Series]:
        if name in self.left or name in self.stopped:
            return {}
        now, past = self._pair(name)
        days = self._days_of(name)
        match how_of(now, past):
            case "categories":
                return {f"={value}": series for value, series in scores.of_categories(days).items()}
            case "numbers":
                return scores.of_numbers(days)
            case "moments":
                return scores.of_means(days, change.kurtosis(now, past))
        return {}

    def sizes(self, now: float, past: float, weights: Floats) -> Sizes:
        return Sizes(now, past, self.days, weights)

    def all(self) -> Iterator[Change]:
        """Every comparison that can be made."""
        by_column: dict[str, dict[str, Floats]] = {}
        for (column, key), weights in self.weights.items():
            by_column.setdefault(column, {})[key] = weights
        rows, before = self.now.rows, self.past.whole.rows
        if found := change.of_rows(rows, [day.rows for day in self.past.days]):
            yield found
        for name in self.names if rows and before else ():
            now, past = self._pair(name)
            known = by_column.get(name, {})
            missing = known.pop("missing", QUIET)
            if cells := without_value(now, past):
                lacking = (now.missing + now.infinite, rows), (past.missing + past.infinite, before)
                yield change.of_missing(name, *lacking, missing, self.sizes, cells)
            if name not in self.left:
                yield from self._of_values(name, now, past, known)

    def _of_values(
        self, name: str, now: ColumnProfile, past: ColumnProfile, known: Mapping[str, Floats]
    ) -> Iterator[Change]:
        weights = list({one.tobytes(): one for one in known.values()}.values()) or [QUIET]
        how = how_of(now, past)
        if how == "categories" and now.categories is not None and past.categories is not None:
            found = change.of_categories(name, now.categories, past.categories, weights, self.sizes)
            if now.kind == "bool":
                yield found
                return
            days = self._days_of(name)
            usual = as_much(found.size, shares_of_own(days, past.categories))
            usual = max(usual, float(may_be_label(now.categories, past.categories, len(days))))
            yield replace(found, alone=max(found.alone, usual))
            yield of_new_values(name, now.categories, past.categories, days, self.certain)
        elif how == "numbers" and now.histogram is not None and past.histogram is not None:
            ends = [end for end in (now.low, now.high, past.low, past.high) if end is not None]
            found = change.of_numbers(name, now.histogram, past.histogram, weights, self.sizes, ends)
            yield dated(found) if sort_of(now) == "time" else found
        elif how == "moments":
            both = {"place": QUIET, "spread": QUIET} | dict(known)
            one = change.of_moments(name, now, past, self._days_of(name), both, self.sizes)
            if one := one or of_one_value(name, now, past, both["place"], self.sizes):
                yield dated(one) if sort_of(now) == "time" else one
            elif is_one_value(now):
                self.left[name] = "what holds one value now, which a mean and a spread cannot tell from before"
            else:
                self.left[name] = "what has too few numbers for a mean and a spread"
